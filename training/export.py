"""A fitted learner as a model repo folder: four forms of one network, the proof that they agree, and config.json.

`training.train` calls this; `python -m training.export --model artifacts/model --data DIR` proves a folder again on any photos.
"""

import argparse
import copy
import json
import logging
import pickle
import platform
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import onnxruntime.quantization as quantization
import pandas as pd
import torch
from fastai.layers import AdaptiveConcatPool2d
from fastai.learner import Learner, load_learner
from fastai.vision.core import PILImage
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.torch import save
from torch import Tensor, nn

from carpark.errors import BadModel, one_line_errors
from carpark.hub.revisions import digest_file
from carpark.model.config import MODEL_FILES, Engine, read_config
from carpark.model.engines import Features, Pixels, Probabilities, load_model
from carpark.model.neighbours import NEIGHBOURS_FILE, load_neighbours
from carpark.model.network import FromPixels, pool_features
from training.labels import LABELS
from training.photos import load_photos

# Largest |difference in P(full)| from what fastai says with the learner that a form may show on any photo.
BOUNDS: dict[Engine, float] = {"learner": 1e-3, "safetensors": 1e-3, "fp32": 1e-3, "int8": 0.2}
PINNED = ("torch", "torchvision", "fastai", "fastcore", "onnxruntime", "numpy", "pillow")


def write_forms(learner: Learner, folder: Path, *, config: dict[str, Any], calibration: Pixels) -> None:
    """model.pkl with its pyproject.toml, model.safetensors, model.onnx, model.int8.onnx and config.json, into `folder`.

    `config` is what config.json shall say beyond files and versions; `calibration` are training pixels that set the int8 ranges.
    """
    learner.path = folder
    # Plain pickle instead of fastai's cloudpickle: that would put bytecode into the file, which loads on this Python version only.
    learner.export(MODEL_FILES["learner"], pickle_module=pickle)
    (folder / MODEL_FILES["safetensors"]).write_bytes(
        save({name: tensor.contiguous() for name, tensor in learner.model.state_dict().items()})
    )
    network = copy.deepcopy(learner.model).eval()
    if isinstance(network[1][0], AdaptiveConcatPool2d):
        network[1][0] = ConcatPool()
    whole = FromPixels(network, config["mean"], config["std"])
    write_onnx(whole, folder / MODEL_FILES["fp32"], config["input_size"])
    write_int8(folder / MODEL_FILES["fp32"], folder / MODEL_FILES["int8"], calibration)
    # What `from_pretrained_fastai` wants to see before it unpickles.
    requires = ", ".join(f'"{name}={version(name)}"' for name in ("fastai", "fastcore"))  # one "=": it splits there
    (folder / "pyproject.toml").write_text(f'[build-system]\nrequires = [{requires}]\nbuild-backend = "setuptools.build_meta"\n')
    write_config(folder, config)


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """config.json: `config`, the versions of what made the model, and the sha256 of each file that is there to be loaded."""
    names = [name for name in (*MODEL_FILES.values(), NEIGHBOURS_FILE) if (folder / name).is_file()]
    files = {name: {"sha256": digest_file(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
    versions = {"python": platform.python_version()} | {name: version(name) for name in PINNED}
    text = json.dumps(config | {"versions": versions, "files": files}, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n")


def prove_agreement(folder: Path, pixels: Pixels, labels: pd.Series) -> dict[str, Any]:
    """How far each form strays from fastai's `get_preds` with the learner on these photos. Raises BadModel where one goes beyond its bound.

    Empty and full photos must also keep their class, unless the learner itself is within the bound of 0.5.
    """
    full, neighbours = read_config(folder).labels.index("full"), load_neighbours(folder)
    learner, seen_by_learner = _by_fastai(folder / MODEL_FILES["learner"], pixels)
    p_learner = learner[:, full]
    verdicts = [neighbours.is_car_park(feature) for feature in seen_by_learner]
    proof: dict[str, Any] = {"n": len(pixels)}
    for engine, bound in BOUNDS.items():
        probabilities, features = _in_batches(folder, engine, pixels)
        p_full = probabilities[:, full]
        gap = float(np.abs(p_full - p_learner).max())
        flips = ((p_full >= 0.5) != (p_learner >= 0.5)) & labels.isin(LABELS).to_numpy() & (np.abs(p_learner - 0.5) > bound)
        if gap > bound or flips.any():
            raise BadModel(
                f"{MODEL_FILES[engine]} does not agree with the learner: |ΔP(full)| up to {gap:.4f} (at most {bound} is allowed) "
                f"and {int(flips.sum())} of {len(pixels)} photos in another class. Nothing was written."
            )
        proof[engine] = {
            "max_abs_dp": round(gap, 6),
            "bound": bound,
            "other_class": int(((p_full >= 0.5) != (p_learner >= 0.5)).sum()),
            "min_similarity": round(float((features * seen_by_learner).sum(axis=1).min()), 4),
            "other_car_park": sum(neighbours.is_car_park(f) != verdict for f, verdict in zip(features, verdicts, strict=True)),
        }
    return proof


def _by_fastai(path: Path, pixels: Pixels) -> tuple[Probabilities, Features]:
    """What whoever loads the learner with fastai alone gets: its own loader and normalisation, callbacks and loss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of pickle; the file was written just now
        learner = load_learner(path)
    pooled: list[Features] = []
    learner.model[0].register_forward_hook(lambda body, pictures, maps: pooled.append(pool_features(maps.detach()).cpu().numpy()))
    with learner.no_bar(), learner.no_logging():
        loader = learner.dls.test_dl([PILImage.create(image) for image in pixels], num_workers=0)
        probabilities, _ = learner.get_preds(dl=loader)
    return np.asarray(probabilities), np.concatenate(pooled)


def _in_batches(folder: Path, engine: Engine, pixels: Pixels, size: int = 32) -> tuple[Probabilities, Features]:
    forward = load_model(folder, engine).forward
    seen = [forward(pixels[start : start + size]) for start in range(0, len(pixels), size)]
    return np.concatenate([probabilities for probabilities, _ in seen]), np.concatenate([features for _, features in seen])


def write_onnx(whole: torch.nn.Module, path: Path, input_size: Sequence[int]) -> None:
    """The float32 form of a network from pixels of (height, width)."""
    example = torch.zeros((2, *input_size, 3), dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals; the proof below is what counts
        program = torch.onnx.export(
            whole,
            (example,),
            input_names=["pixels"],
            output_names=["probabilities", "features"],
            dynamic_shapes=({0: torch.export.Dim("photos", min=1, max=4096)},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # None is answered only when a path is handed in
    program.save(path, external_data=False)


class ConcatPool(nn.Module):
    """fastai's AdaptiveConcatPool2d to one pixel, written as the two reductions that the ONNX exporter knows."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, 2c, 1, 1): maxima, then means."""
        return torch.cat([features.amax((2, 3), keepdim=True), features.mean((2, 3), keepdim=True)], dim=1)


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Hands training pixels to the quantiser, eight photos at a time."""

    def __init__(self, pixels: Pixels) -> None:
        self.batches: Iterable[dict[str, Pixels]] = iter({"pixels": pixels[i : i + 8]} for i in range(0, len(pixels), 8))

    def get_next(self) -> dict[str, Pixels] | None:
        """The next batch, or None when all were seen."""
        return next(iter(self.batches), None)


def write_int8(onnx_path: Path, path: Path, calibration: Pixels) -> None:
    """Static quantisation to QDQ form, weights per channel: the form that ONNX Runtime runs fastest on CPUs.

    Networks with narrow layers lose the most in their first half; it stays float where all of int8 strays too far on `calibration`.
    """
    prepared = path.with_suffix(".prepared.onnx")
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser logs advice that was followed on the line above
    quant_pre_process(onnx_path, prepared, skip_symbolic_shape=True)
    convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
    exact = _probabilities(onnx_path, calibration)
    for n_float in (0, len(convolutions) // 2):
        quantization.quantize_static(
            prepared,
            path,
            _Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "MaxPool", "Relu", "Clip"],  # head, normalisation, softmax: cheap, so they stay exact
            nodes_to_exclude=convolutions[:n_float],
            extra_options={"CalibMovingAverage": True},  # ranges of usual photos rather than of the oddest one
        )
        if np.abs(_probabilities(path, calibration) - exact).max() <= 0.75 * BOUNDS["int8"]:  # leaves room for photos not seen here
            break
    prepared.unlink()


def _probabilities(path: Path, pixels: Pixels) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["probabilities"], {"pixels": pixels[i : i + 8]})[0] for i in range(0, len(pixels), 8)])


def main(argv: list[str] | None = None) -> None:
    """Prove once more that the four forms of a model folder agree, on photos of your choice."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--data", type=Path, required=True, help="photos folder")
    args = parser.parse_args(argv)
    with one_line_errors():
        config = read_config(args.model)
        photos, pixels = load_photos(args.data, config.input_size, scene_boxes=config.scene_boxes)
        print(json.dumps(prove_agreement(args.model, pixels, photos.label)))


if __name__ == "__main__":
    main()
