"""What the model folder remembers of the training photos, and how near to them a picture must be to be taken for a car park."""

import hashlib
from pathlib import Path

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


def choose_rule(features: Features, folds: npt.NDArray[np.int64]) -> CarPark | None:
    """The rule that refuses 2% of the car parks of other folds, i.e. of sources or scenes that the crowd does not have.

    (n, width) features of photos. Those whose fold (n,) is -1 are in every crowd and are not measured. Nor is a fold of more than half of
    the photos, since a crowd of the rest says little. None where fewer than two photos are measured.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage  # slow to import, and needed for training only

    others = [(features[folds != fold], features[folds == fold]) for fold in np.unique(folds[folds >= 0])]
    others = [(crowd, held_out) for crowd, held_out in others if len(crowd) >= max(2, len(held_out))]
    if sum(len(held_out) for _, held_out in others) < 2:
        return None
    shrinkage = round(float(ledoit_wolf_shrinkage(features.astype(np.float64))), 4)
    return CarPark(bound_of(np.concatenate([Crowd.of(crowd, shrinkage).distances(held_out) for crowd, held_out in others])), shrinkage)


def bound_of(distances: npt.NDArray[np.float64]) -> float:
    """The bound that 2% of the distances exceed: midway between the last that is refused and the next."""
    farthest = np.sort(distances)[::-1]
    refused = int(REFUSED_AT_MOST * len(farthest))
    beyond = farthest[refused - 1] if refused else 2 * farthest[0] - farthest[1]  # of few photos none is refused
    return round(float((beyond + farthest[refused]) / 2), 4)
