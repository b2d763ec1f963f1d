"""config.json of a model folder: the only place where labels, preprocessing and thresholds come from."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from carpark.errors import BadModel
from carpark.model.fullness import Fullness

Engine = Literal["int8", "fp32", "safetensors", "learner"]
Label = Literal["empty", "full"]
Box = tuple[int, int, int, int]  # left, top, right, bottom, px
MODEL_FILES: dict[Engine, str] = {
    "int8": "model.int8.onnx",
    "fp32": "model.onnx",
    "safetensors": "model.safetensors",
    "learner": "model.pkl",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """P(full) at or below `empty_at_most` is answered empty, at or above `full_at_least` full, between: unsure."""

    empty_at_most: float
    full_at_least: float


@dataclass(frozen=True, slots=True)
class CarPark:
    """A picture counts as a car park when it is at most this far from the training photos, as `carpark.model.neighbours.Crowd` measures."""

    distance_at_most: float
    shrinkage: float  # of the photos' covariance, 0 to 1


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The fields of a model folder's config.json that loading and answering need."""

    architecture: str
    labels: tuple[str, ...]  # in the order of the model's outputs
    input_size: tuple[int, int]  # height, width in px
    mean: tuple[float, float, float]  # of RGB scaled to 0..1
    std: tuple[float, float, float]
    thresholds: Thresholds
    files: dict[str, str]  # file name -> sha256
    sha256: str  # of config.json itself: names this model
    scene_boxes: dict[str, Box] = field(default_factory=dict)  # "352x288", width and height in px -> the part of such a picture to use
    car_park: CarPark | None = None  # None where the model cannot tell: made before 2026-11-26, or of too few photos
    fullness: Fullness | None = None  # None for models made before 2026-11-26, which answer P(full) alone
    counts: bool = False  # whether the head is a `carpark.model.counting.counting_head`
    features_before_last: int = 0  # blocks of the body behind the maps that features are the means of
    known_answers: dict[str, list[list[float]]] = field(default_factory=dict)  # form -> its probabilities for the known pictures


def read_config(folder: Path) -> ModelConfig:
    """The config in `folder`/config.json. Raises BadModel where it is missing or is not the config of a car park model."""
    path = folder / "config.json"
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadModel(f"{folder} has no config.json, so it is not a model folder. Make one with `python -m training.train`.") from error
    try:
        fields: dict[str, Any] = json.loads(text)
        if "attention" in fields:
            raise BadModel(f"{folder} was made by an older version, whose head this one cannot build. Make the folder again.")
        return ModelConfig(
            architecture=str(fields["architecture"]),
            labels=tuple(fields["labels"]),
            input_size=(int(fields["input_size"][0]), int(fields["input_size"][1])),
            mean=tuple(fields["mean"]),
            std=tuple(fields["std"]),
            thresholds=Thresholds(**fields["thresholds"]),
            files={name: entry["sha256"] for name, entry in fields["files"].items()},
            sha256=hashlib.sha256(text).hexdigest(),
            scene_boxes={size: (box[0], box[1], box[2], box[3]) for size, box in fields.get("scene_boxes", {}).items()},
            car_park=CarPark(**fields["car_park"]) if "shrinkage" in (fields.get("car_park") or {}) else None,
            fullness=Fullness(**fields["fullness"]) if fields.get("fullness") else None,
            counts=bool(fields.get("counts", False)),
            features_before_last=int(fields.get("features_before_last", 0)),
            known_answers={form: np.array(rows, dtype=np.float64).tolist() for form, rows in fields.get("known_answers", {}).items()},
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadModel(f"{path} is not the config of a car park model ({error!r}). Make the folder again.") from error


def check_file(path: Path, config: ModelConfig) -> None:
    """Raises BadModel unless the file is there with the bytes that config.json promises; call it before unpickling anything."""
    expected = config.files.get(path.name)
    if expected is None:
        raise BadModel(f"{path.parent / 'config.json'} does not list {path.name}. Make the folder again.")
    if not path.is_file():
        raise BadModel(f"{path.parent} is incomplete: {path.name} is missing. Fetch or make the folder again.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise BadModel(
            f"{path} is not the file that config.json names: expected sha256 {expected[:12]}…, found {found[:12]}…. Fetch the folder again."
        )
