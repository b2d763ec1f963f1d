"""A fitted learner as the files of a model repo folder: learner, safetensors, ONNX, int8 and config.json."""

import copy
import json
import logging
import pickle
import platform
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import torch
from fastai.layers import AdaptiveConcatPool2d
from fastai.learner import Learner
from safetensors.torch import save
from torch import Tensor, nn

from carpark.hub.revisions import digest_file
from carpark.model.architectures import TIMM
from carpark.model.config import MODEL_FILES, Engine, read_config
from carpark.model.engines import Pixels, load_engine
from carpark.model.fullness import Fullness
from carpark.model.known_pictures import draw_known_pictures
from carpark.model.neighbours import NEIGHBOURS_FILE
from carpark.model.network import FromPixels
from training.export.int8 import only_errors, write_int8
from training.folding import fold_norms

PINNED = ("torch", "torchvision", "fastai", "fastcore", "onnxruntime", "numpy", "pillow")


def write_forms(learner: Learner, folder: Path, *, config: dict[str, Any], calibration: Pixels, photos: Pixels) -> None:
    """model.pkl with its pyproject.toml, model.safetensors, model.onnx, model.int8.onnx and config.json, into `folder`.

    `config` is the content of config.json without files and versions. `calibration` are training pixels, which set the int8 ranges;
    `photos` are those by which `write_int8` sees how far that form strays.
    """
    write_learner(learner, folder / MODEL_FILES["learner"])
    (folder / MODEL_FILES["safetensors"]).write_bytes(
        save({name: tensor.contiguous() for name, tensor in learner.model.state_dict().items()})
    )
    network = copy.deepcopy(learner.model).eval()
    if isinstance(network[1][0], AdaptiveConcatPool2d):
        network[1][0] = ConcatPool()
    fullness = Fullness(**config["fullness"]) if config.get("fullness") else None
    before_last = config.get("features_before_last", 0)
    whole = FromPixels(network, config["mean"], config["std"], fullness, features_before_last=before_last)
    write_onnx(whole, folder / MODEL_FILES["fp32"], config["input_size"])
    write_int8(folder / MODEL_FILES["fp32"], folder / MODEL_FILES["int8"], calibration=calibration, photos=photos)
    # `from_pretrained_fastai` checks these versions before it unpickles the learner.
    needed = ("fastai", "fastcore", *_needed_by(config["architecture"]))
    requires = ", ".join(f'"{name}={version(name)}"' for name in needed)  # one "=", because it splits there
    (folder / "pyproject.toml").write_text(f'[build-system]\nrequires = [{requires}]\nbuild-backend = "setuptools.build_meta"\n')
    write_config(folder, config)


def write_learner(learner: Learner, path: Path) -> None:
    """Writes what `Learner.export` writes, but without paths: a path may name a home directory, and a POSIX path does not load on Windows.

    Uses pickle instead of fastai's cloudpickle, whose bytecode would load on this Python version only.
    """
    dls, optimizer, folder = learner.dls, learner.opt, learner.path
    learner.dls, learner.opt, learner.path = dls.new_empty(), None, "."
    learner.dls.path = "."
    for loader in learner.dls.loaders:
        loader.path = "."
    try:
        torch.save(learner, path, pickle_module=pickle, pickle_protocol=2)
    finally:
        learner.dls, learner.opt, learner.path = dls, optimizer, folder


def _needed_by(architecture: str) -> tuple[str, ...]:
    """The packages that the pickle needs besides torch and fastai."""
    return ("timm",) if architecture.startswith(TIMM) else ()


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Writes config.json: `config`, the versions of the libraries, and the sha256 of each file that is loaded."""
    names = [name for name in (*MODEL_FILES.values(), NEIGHBOURS_FILE) if (folder / name).is_file()]
    files = {name: {"sha256": digest_file(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
    versions = {"python": platform.python_version()} | {name: version(name) for name in (*PINNED, *_needed_by(config["architecture"]))}
    text = json.dumps(config | {"versions": versions, "files": files}, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n")


def answer_known_pictures(folder: Path) -> dict[Engine, list[list[float]]]:
    """The probabilities of each format in `folder` for the known pictures. `load_engine` compares its own answers with them."""
    pictures = draw_known_pictures(read_config(folder).input_size)
    return {engine: np.round(load_engine(folder, engine).forward(pictures)[0].astype(float), 5).tolist() for engine in get_args(Engine)}


def write_onnx(whole: torch.nn.Module, path: Path, input_size: Sequence[int]) -> None:
    """Writes the float32 ONNX file of a network whose input are pixels of (height, width).

    In place, its batch norms are folded, and no layer changes its input any more.
    """
    example = torch.zeros((2, *input_size, 3), dtype=torch.uint8)
    fold_norms(whole, example)
    for layer in whole.modules():
        if hasattr(layer, "inplace"):
            cast(Any, layer).inplace = False  # the exporter takes a second and a half longer for layers that change their input
    with warnings.catch_warnings(), only_errors(logging.getLogger("torch.onnx")):
        warnings.simplefilter("ignore")  # the exporter warns about its own internals; `prove_agreement` checks the result
        program = torch.onnx.export(
            whole,
            (example,),
            input_names=["pixels"],
            output_names=["probabilities", "features", "fullness"],
            dynamic_shapes=({0: torch.export.Dim("photos", min=1, max=4096)},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # it returns None only when it is given a path
    program.save(path, external_data=False)


class ConcatPool(nn.Module):
    """fastai's AdaptiveConcatPool2d to one pixel, as two reductions that the ONNX exporter supports."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, 2c, 1, 1): maxima, then means."""
        return torch.cat([features.amax((2, 3), keepdim=True), features.mean((2, 3), keepdim=True)], dim=1)
