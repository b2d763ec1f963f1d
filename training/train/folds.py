"""Cross-validation by scene: every photo is judged by a head that saw no photo of its scene."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from training.labels import LABELS, PARTIAL
from training.train.calibration import choose_thresholds, cross_fit, fit_temperature
from training.train.probe import Array, Head, fit_head

FOLDS, REPEATS = 5, 5


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Predictions for photos of scenes that the head has not seen, once for each draw of the folds."""

    log_odds: Array  # (repeats, n)
    folds: npt.NDArray[np.int64]  # (repeats, n)
    p_full: Array  # (repeats, n), calibrated on the other folds
    temperature: float  # that all of it asks for
    thresholds: dict[str, float]


def assign_folds(photos: pd.DataFrame, seed: int, n_folds: int = FOLDS) -> npt.NDArray[np.int64]:
    """(n,) number of each photo's fold: no scene in two folds, labels spread evenly; fewer folds where scenes are few."""
    from sklearn.model_selection import StratifiedGroupKFold  # slow to import, and needed for training only

    scenes_of_rarest = min(photos.scene[photos.label == label].nunique() for label in LABELS)
    folds = np.empty(len(photos), dtype=np.int64)
    n_folds = min(n_folds, scenes_of_rarest)
    few_partial = (photos.label == PARTIAL).sum() < n_folds  # then they follow, and only the two classes are spread evenly
    strata = photos.label.where(photos.label != PARTIAL, LABELS[0]) if few_partial else photos.label
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for number, (_, rows) in enumerate(splitter.split(photos, strata, photos.scene)):
        folds[rows] = number
    return folds


def cross_validate(pooled: Array, photos: pd.DataFrame, *, seed: int, repeats: int = REPEATS, prior: Head | None = None) -> CrossValidation:
    """Judges (n, views, width) features of photos, unmirrored, by heads that were fitted on other scenes, all from the same `prior`."""
    folds = np.stack([assign_folds(photos, seed + repeat) for repeat in range(repeats)])
    log_odds = np.empty(folds.shape)
    with tqdm(total=sum(len(np.unique(row)) for row in folds), desc="cross-validating", unit="fold") as bar:
        for row, fold_log_odds in zip(folds, log_odds, strict=True):
            for fold in np.unique(row):
                head = fit_head(pooled[row != fold], photos.label[row != fold], prior)
                fold_log_odds[row == fold] = head.log_odds(pooled[row == fold, 0])
                bar.update()
    is_scored, is_full = photos.label.isin(LABELS).to_numpy(), (photos.label == LABELS[1]).to_numpy()
    p_full = np.stack([cross_fit(draw, row, is_scored, is_full) for draw, row in zip(log_odds, folds, strict=True)])
    all_odds, all_full = log_odds[:, is_scored].ravel(), np.tile(is_full[is_scored], repeats)
    return CrossValidation(
        log_odds, folds, p_full, fit_temperature(all_odds, all_full), choose_thresholds(p_full[:, is_scored], is_full[is_scored])
    )
