"""The published model: its labels and preprocessing read from the folder, P(full) for images by any of its four forms.

model = load_model(Path("artifacts/model"))          # the int8 ONNX; engine="learner" unpickles model.pkl
model.p_full([open_image(Path("photo.jpg"))])        # array([0.97], dtype=float32)
model.predict([open_image(Path("photo.jpg"))]).features # (1, width): where `carpark.model.neighbours` looks for similar photos
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from PIL.Image import Image, Resampling

from carpark.errors import BadModel
from carpark.model.config import MODEL_FILES, Box, Engine, Label, ModelConfig, check_file, read_config
from carpark.model.known_pictures import check_answers, draw_known_pictures

if TYPE_CHECKING:
    from carpark.model.network import FromPixels  # brings torch, which the ONNX engines do without

Pixels = npt.NDArray[np.uint8]  # (n, height, width, 3)
Probabilities = npt.NDArray[np.float32]  # (n, labels), rows sum to 1
Features = npt.NDArray[np.float32]  # (n, width), rows of length 1
Shares = npt.NDArray[np.float32]  # (n,), 0 to 1; NaN from a model made before 2026-11-26
Answers = tuple[Probabilities, Features, Shares]
Forward = Callable[[Pixels], Answers]
Verdicts = npt.NDArray[np.bool_]  # (n,)

BATCH = 4  # images a worker thread prepares and classifies at a time; larger batches leave the CPU's caches


class Predictions(NamedTuple):
    """What a model makes of n images, in order."""

    p_full: npt.NDArray[np.float32]  # (n,), 0 to 1
    features: Features
    fullness: Shares  # of bays, or of the road, that are taken
    are_car_parks: Verdicts | None = None  # whether pictures are like the training photos; None where the model cannot tell


@dataclass(frozen=True)
class Model:
    """A loaded model; safe to share between threads."""

    config: ModelConfig
    engine: Engine
    forward: Forward
    compare: Callable[[Features], Verdicts | None] = lambda features: None  # with the training photos
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)  # threads of one `predict`

    def p_full(self, images: Iterable[Image]) -> npt.NDArray[np.float32]:
        """P(full), 0 to 1, of each RGB image, in order; (0,) for none. A lazy iterable is decoded while others are classified."""
        return self.predict(images).p_full

    def predict(self, images: Iterable[Image]) -> Predictions:
        """What the model makes of each RGB image, in order; arrays of length 0 for none. A lazy iterable will do, as above."""

        def classify(batch: list[Image]) -> Answers:
            return self.forward(np.stack([prepare(image, self.config.input_size, self.config.scene_boxes) for image in batch]))

        with ThreadPoolExecutor(self.workers) as pool:
            seen = list(pool.map(classify, _batches(images, BATCH)))
        if not seen:
            return Predictions(np.empty(0, np.float32), np.empty((0, 0), np.float32), np.empty(0, np.float32))
        probabilities, features, fullness = (np.concatenate(parts) for parts in zip(*seen, strict=True))
        return Predictions(probabilities[:, self.config.labels.index("full")], features, fullness, self.compare(features))

    def answer(self, p_full: float) -> tuple[Label, bool]:
        """The likelier label for one P(full), and whether that is sure."""
        sure = p_full <= self.config.thresholds.empty_at_most or p_full >= self.config.thresholds.full_at_least
        return "full" if p_full >= 0.5 else "empty", sure


def load_engine(folder: Path, engine: Engine = "int8") -> Model:
    """One form of the model in `folder`, checked against config.json before it is read, its answers after. Raises BadModel.

    It compares pictures with nothing: `carpark.model.load_model` does.
    """
    if engine not in get_args(Engine):
        raise BadModel(f"Engine {engine!r} is unknown; expected one of {', '.join(get_args(Engine))}.")
    config = read_config(folder)
    path = folder / MODEL_FILES[engine]
    check_file(path, config)
    makers: dict[Engine, Callable[[Path, ModelConfig], Forward]] = {
        "int8": _onnx_forward,
        "fp32": _onnx_forward,
        "safetensors": _safetensors_forward,
        "learner": _learner_forward,
    }
    forward = makers[engine](path, config)
    if engine in config.known_answers:  # folders made before 2026-11-25 record none
        check_answers(path, engine, forward(draw_known_pictures(config.input_size))[0], config.known_answers[engine])
    # torch spreads one batch over the cores by itself, unless it is told not to.
    workers = 1 if engine in ("learner", "safetensors") else os.cpu_count() or 1
    return Model(config, engine, forward, workers=workers)


def load_network(folder: Path) -> "FromPixels":
    """The network of the model in `folder`, from its safetensors: for what needs gradients. Raises BadModel."""
    config = read_config(folder)
    path = folder / MODEL_FILES["safetensors"]
    check_file(path, config)
    return _read_network(path, config)


def prepare(image: Image, input_size: tuple[int, int], scene_boxes: Mapping[str, Box]) -> npt.NDArray[np.uint8]:
    """The pixels that the network sees, (height, width, 3) = (*input_size, 3): the picture squeezed to size.

    Of a picture of exactly the size of a street camera's, `scene_boxes` leave out what is burnt in: clock, roundel, the place's name.
    """
    height, width = input_size
    if box := scene_boxes.get(f"{image.width}x{image.height}"):
        image = image.crop(box)
    return np.asarray(image.resize((width, height), Resampling.BILINEAR))


def _batches(images: Iterable[Image], size: int) -> Iterator[list[Image]]:
    rest = iter(images)
    while batch := list(islice(rest, size)):
        yield batch


def _onnx_forward(path: Path, config: ModelConfig) -> Forward:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported; it would report its use to its maker
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the threads of `Model.predict` are the parallelism
    # Older int8 files have weights of 8 bits, whose sums saturate on x86 processors without VNNI. ONNX Runtime then sums them in a wider
    # form, at 40% of the speed. Weights of 7 bits are left as they are.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = ["probabilities", "features", *(["fullness"] if config.fullness else [])]
    if not set(outputs) <= {output.name for output in session.get_outputs()}:
        raise BadModel(f"{path} does not have the outputs {' and '.join(outputs)}: an older version made it. Make the folder again.")

    def forward(pixels: Pixels) -> Answers:
        probabilities, features, *fullness = session.run(outputs, {session.get_inputs()[0].name: pixels})
        return probabilities, features, fullness[0] if fullness else np.full(len(pixels), np.nan, np.float32)

    return forward


def _safetensors_forward(path: Path, config: ModelConfig) -> Forward:
    return _torch_forward(_read_network(path, config))


def _torch_forward(network: "FromPixels") -> Forward:
    import torch

    def forward(pixels: Pixels) -> Answers:
        with torch.inference_mode():
            probabilities, features, fullness = network(torch.from_numpy(pixels))
        return np.asarray(probabilities), np.asarray(features), np.asarray(fullness)

    return forward


def _read_network(path: Path, config: ModelConfig) -> "FromPixels":
    from safetensors.torch import load_file

    from carpark.model.network import FromPixels, build_network

    network = build_network(config.architecture, len(config.labels), counts=config.counts)
    network.load_state_dict(load_file(path))
    return FromPixels(network, config.mean, config.std, config.fullness, features_before_last=config.features_before_last).eval()


def _learner_forward(path: Path, config: ModelConfig) -> Forward:
    """The learner's own network. fastai's `get_preds` around it would take longer than the network, and one caller at a time."""
    import warnings

    from fastai.learner import load_learner

    from carpark.model.network import FromPixels, check_architecture

    check_architecture(config.architecture)  # fastai hides that timm is missing behind an error of its own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fastai warns of pickle; the file's sha256 was checked just before
        network = load_learner(path).model
    return _torch_forward(FromPixels(network, config.mean, config.std, config.fullness, features_before_last=config.features_before_last))
