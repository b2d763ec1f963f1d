"""Cross-validation: every photo is judged by a head, or a network, that saw no photo of its scene, or none of its source."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from tqdm import tqdm

from training.labels import LABELS, PARTIAL
from training.provenance import are_judged, are_streets
from training.splits import fewest_scenes, scene_folds
from training.train.calibration import cross_fit, smoothed
from training.train.probe import Array, Head, fit_head, shares_of, weights_of

FOLDS, REPEATS = 5, 5
Judge = Callable[[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], Array]  # photos (n,) learnt from; others -> their log-odds of the share
SOURCES_AT_LEAST = 3  # with fewer, leaving one out leaves too little to learn from


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Predictions for photos that were not learnt from, once for each draw of the folds; NaN for those that were not judged."""

    log_odds: Array  # (repeats, n) of the share
    folds: npt.NDArray[np.int64]  # (repeats, n); -1 where not judged
    p_full: Array  # (repeats, n), calibrated on the other folds
    fullness: Array  # (repeats, n), likewise


def sources_of(photos: pd.DataFrame) -> pd.Series | None:
    """(n,) who published each photo: `source_repo` or `source`, else its scene. None with fewer than three sources."""
    sources = pd.Series(None, index=photos.index, dtype=object)
    for column in ("source_repo", "source"):
        if column in photos:
            sources = sources.fillna(photos[column].replace("", None))
    if sources[are_judged(photos)].nunique() < SOURCES_AT_LEAST:
        return None
    return sources.fillna(photos.scene)


def assign_folds(photos: pd.DataFrame, seed: int, n_folds: int = FOLDS, groups: pd.Series | None = None) -> npt.NDArray[np.int64]:
    """(n,) number of each photo's fold: no group (scene) in two folds, labels spread evenly; fewer folds where groups are few."""
    groups = photos.scene if groups is None else groups
    folds = np.empty(len(photos), dtype=np.int64)
    n_folds = min(n_folds, fewest_scenes(photos.label, groups))
    few_partial = (photos.label == PARTIAL).sum() < n_folds  # then they follow, and only the two classes are spread evenly
    strata = photos.label.where(photos.label != PARTIAL, LABELS[0]) if few_partial else photos.label
    for number, (_, rows) in enumerate(scene_folds(strata, groups, n_folds, seed=seed)):
        folds[rows] = number
    return folds


def judge_by_heads(pooled: Array, photos: pd.DataFrame, prior: Head | None = None) -> Judge:
    """By heads over (n, views, width) features of photos, unmirrored, all from the same `prior`."""
    shares, weights = shares_of(photos), weights_of(photos)

    def judge(learnt: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> Array:
        return fit_head(pooled[learnt], shares[learnt], weights[learnt], prior).log_odds(pooled[others, 0])

    return judge


def cross_validate(
    judge: Judge,
    photos: pd.DataFrame,
    *,
    seed: int,
    n_folds: int = FOLDS,
    repeats: int = REPEATS,
    groups: pd.Series | None = None,
    judged: npt.NDArray[np.bool_] | None = None,
) -> CrossValidation:
    """Judges photos by what learnt from those of other `groups` (scenes).

    Photos that are not `judged` (n,), by default drawn ones beside real ones, are learnt from in each fold and never judged.
    """
    judged = are_judged(photos) if judged is None else judged
    shares = shares_of(photos)
    some = photos[judged].reset_index(drop=True)
    some_groups = None if groups is None else groups[judged].reset_index(drop=True)
    folds = np.full((repeats, len(photos)), -1)
    for repeat in range(repeats):
        folds[repeat, judged] = assign_folds(some, seed + repeat, n_folds, groups=some_groups)
    log_odds = np.full(folds.shape, np.nan)
    with tqdm(total=sum(row.max() + 1 for row in folds), desc="cross-validating", unit="fold") as bar:
        for row, fold_log_odds in zip(folds, log_odds, strict=True):
            for fold in range(row.max() + 1):
                fold_log_odds[row == fold] = judge(row != fold, row == fold)
                bar.update()
    is_car_park, is_full = ~are_streets(some), (some.label == LABELS[1]).to_numpy()
    is_class = is_car_park & some.label.isin(LABELS).to_numpy()
    p_full, fullness = np.full(folds.shape, np.nan), np.full(folds.shape, np.nan)
    for number, (row, odds) in enumerate(zip(folds[:, judged], log_odds[:, judged], strict=True)):
        p_full[number, judged] = expit(cross_fit(odds, row, is_class, smoothed(is_full)))
        fullness[number, judged] = expit(cross_fit(odds, row, is_car_park, shares[judged]))
    return CrossValidation(log_odds, folds, p_full, fullness)
