"""Splits that never cut a scene in two: training, validation and test of a dataset, and folds for cross-validation.

In a dataset a scene's side depends on the scene's name alone. So a corrected label or a new photo moves no other scene, a later version
of a dataset keeps its test split, and scores of two versions can be compared.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.errors import BadPhotos
from training.labels import LABELS

SPLIT_SHARES = {"train": 0.65, "validation": 0.15, "test": 0.2}  # of all scenes
SPLITS = tuple(SPLIT_SHARES)

Rows = npt.NDArray[np.intp]  # row numbers


def scene_hash(scene: str, seed: int) -> float:
    """A number from 0 to 1 that is spread evenly over scene names."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{scene}".encode()).digest()[:8]) / 2**64


def hashed_split(scene: str, seed: int) -> str:
    """The side that a scene's name gives it: test below 0.2, validation below 0.35, train above."""
    place = scene_hash(scene, seed)
    if place < SPLIT_SHARES["test"]:
        return "test"
    return "validation" if place < SPLIT_SHARES["test"] + SPLIT_SHARES["validation"] else "train"


def split_photos(photos: pd.DataFrame, *, seed: int) -> pd.Series:
    """train, validation or test for each photo, from its `scene`. Raises BadPhotos.

    Each side shows both classes. In a dataset so small that a class is missing on a side, a scene of that class moves there from a side
    that can spare it; only there does a scene's side depend on the other scenes.
    """
    sides = {scene: hashed_split(scene, seed) for scene in photos.scene.unique()}
    labels = {scene: set(group) & set(LABELS) for scene, group in photos.label.groupby(photos.scene)}
    for label in LABELS:
        if (showing := sum(label in shown for shown in labels.values())) < len(SPLITS):
            raise BadPhotos(f"{showing} scenes show {label}; train, validation and test need one each. Add photos of other places.")
    for side in SPLITS:
        for label in LABELS:
            if not _count(sides, labels, side, label):
                sides[_choose_mover(sides, labels, label, seed)] = side
    return photos.scene.map(sides)


def _choose_mover(sides: dict[str, str], labels: dict[str, set[str]], wanted: str, seed: int) -> str:
    """A scene that shows the wanted class, on a side that keeps each of the scene's classes without it."""
    for scene in sorted((scene for scene in sides if wanted in labels[scene]), key=lambda scene: scene_hash(scene, seed)):
        if all(_count(sides, labels, sides[scene], label) > 1 for label in labels[scene]):
            return scene
    raise BadPhotos(f"{len(sides)} scenes cannot be split so that each side shows {' and '.join(LABELS)}. Add photos of other places.")


def _count(sides: dict[str, str], labels: dict[str, set[str]], side: str, label: str) -> int:
    return sum(sides[scene] == side and label in labels[scene] for scene in sides)


def fewest_scenes(labels: pd.Series, scenes: pd.Series) -> int:
    """The number of scenes of the class that has the fewest: more folds than this would leave a fold without that class."""
    return int(min(scenes[(labels == label).to_numpy()].nunique() for label in LABELS))


def scene_folds(strata: npt.ArrayLike, scenes: npt.ArrayLike, n_folds: int, *, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows to learn from and rows to judge, fold by fold: each row is judged once, no scene is in two folds, strata are spread evenly."""
    from sklearn.model_selection import StratifiedGroupKFold  # slow to import, and needed for training only

    folds: Iterator[tuple[Rows, Rows]] = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(strata, strata, scenes)
    return folds
