"""What the model folder remembers of the training photos, and how like them a picture must be to be taken for a car park."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.model import CarPark, Features
from carpark.neighbours import COLUMNS, kth_similarity, write_neighbours
from carpark.revisions import digest_file

K = 3  # one look-alike may be chance, or a frame of the same camera
REFUSED_AT_MOST = 0.05  # of car parks at places that the model has not seen


def remember(folder: Path, photos: pd.DataFrame, features: Features) -> None:
    """Writes neighbours.parquet of `folder` for these photos, which have `path`; files are digested where photos.csv does not say."""
    said = photos["sha256"] if "sha256" in photos else pd.Series(None, index=photos.index, dtype=object)
    digests = [known if isinstance(known, str) and known else digest_file(path) for known, path in zip(said, photos.path, strict=True)]
    write_neighbours(folder, photos.assign(sha256=digests)[list(COLUMNS)], features)


def choose_rule(similarities: npt.NDArray[np.float32]) -> CarPark:
    """The rule that refuses few of the car parks with these K-th similarities: in the widest gap below their 5% quantile.

    In a gap no photo lies so near the bound that another form of the model would judge it another way.
    """
    lowest = np.sort(similarities)[: max(2, int(REFUSED_AT_MOST * len(similarities)) + 1)]
    candidates = np.concatenate([[2 * lowest[0] - lowest[1]], lowest])  # refusing none is allowed, too
    widest = int(np.diff(candidates).argmax())
    return CarPark(K, round(float((candidates[widest] + candidates[widest + 1]) / 2), 4))


def rule_for(known: Features, held_out: Features) -> CarPark | None:
    """`choose_rule` for photos of places not among the known ones; None where there are too few of either."""
    if len(known) < K or len(held_out) < 2:
        return None
    return choose_rule(kth_similarity(known, held_out, K))


def rule_out_of_fold(pooled: npt.NDArray[np.float64], folds: npt.NDArray[np.int64]) -> CarPark | None:
    """`choose_rule` for (n, width) means of maps, where each photo is compared with the photos of the other folds."""
    features = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
    if min((folds != fold).sum() for fold in np.unique(folds)) < K:
        return None
    return choose_rule(np.concatenate([kth_similarity(features[folds != f], features[folds == f], K) for f in np.unique(folds)]))


def said_of(rule: CarPark | None) -> dict[str, Any] | None:
    """The rule as config.json has it."""
    return {"k": rule.k, "similarity_at_least": rule.similarity_at_least} if rule else None
