"""What the model folder remembers of the training photos, and how near to them a picture must be to be taken for a car park."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.hub.revisions import digest_file
from carpark.model.config import CarPark
from carpark.model.engines import Features
from carpark.model.neighbours import NEIGHBOUR_COLUMNS, Crowd, write_neighbours

REFUSED_AT_MOST = 0.02  # of car parks at places that the model has not seen


def digests_of(photos: pd.DataFrame) -> pd.Series:
    """The sha256 of each photo's file: as photos.csv says it, else digested from `path`."""
    recorded = photos["sha256"] if "sha256" in photos else pd.Series(None, index=photos.index, dtype=object)
    found = [known if isinstance(known, str) and known else digest_file(path) for known, path in zip(recorded, photos.path, strict=True)]
    return pd.Series(found, index=photos.index)


def revision_of(photos: pd.DataFrame) -> str:
    """The sha256 of what a training set teaches: each file's sha256, label and scene, whatever their order."""
    rows = zip(digests_of(photos), photos.label, photos.scene, strict=True)
    return hashlib.sha256("\n".join(sorted(" ".join(row) for row in rows)).encode()).hexdigest()


def keep_neighbours(folder: Path, photos: pd.DataFrame, features: Features) -> None:
    """Writes neighbours.parquet of `folder` for these photos, which have `path`."""
    write_neighbours(folder, photos.assign(sha256=digests_of(photos))[list(NEIGHBOUR_COLUMNS)], features)


def choose_rule(distances: npt.NDArray[np.float32]) -> CarPark:
    """The rule that refuses 2% of the car parks with these distances: halfway between the last that it refuses and the next."""
    farthest = np.sort(distances)[::-1]
    refused = int(REFUSED_AT_MOST * len(farthest))
    beyond = farthest[refused - 1] if refused else 2 * farthest[0] - farthest[1]  # of few photos none is refused
    return CarPark(round(float((beyond + farthest[refused]) / 2), 4))


def to_length_1(pooled: npt.NDArray[np.float64]) -> Features:
    """(n, width) means of maps as the features that every form of the model gives."""
    features: Features = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
    return features


def rule_for(known: Features, held_out: Features) -> CarPark | None:
    """`choose_rule` for photos of places not among the known ones; None where there are too few of either."""
    if min(len(known), len(held_out)) < 2:
        return None
    return choose_rule(Crowd.of(known).distances(held_out))


def rule_out_of_fold(pooled: npt.NDArray[np.float64], folds: npt.NDArray[np.int64]) -> CarPark:
    """`choose_rule` for (n, width) means of maps, where each photo is measured from the photos of the other folds."""
    features = to_length_1(pooled)
    distances = np.empty(len(features), np.float32)
    for fold in np.unique(folds):
        distances[folds == fold] = Crowd.of(features[folds != fold]).distances(features[folds == fold])
    return choose_rule(distances)


def car_park_config(rule: CarPark | None) -> dict[str, Any] | None:
    """The rule as config.json has it."""
    return {"distance_at_most": rule.distance_at_most} if rule else None
