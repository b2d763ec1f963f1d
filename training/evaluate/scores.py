"""Scores of predictions: errors, intervals, calibration and AUROC, computed from labels and P(full)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.errors import BadModel
from carpark.intervals import wilson_interval
from carpark.model.config import Thresholds, read_config
from carpark.model.fullness import Fullness, interval_of
from training.labels import LABELS, PARTIAL
from training.provenance import are_streets

# Of predictions.parquet: the end of the names of columns that other networks answered, and what their scores are called.
LEFT_OUT = {"_nearby": "places_like_these", "_elsewhere": "sources_never_seen"}
REPEATED = ("errors", "auroc", "ece", "brier", "answered_share", "errors_among_answered")  # for each time that the folds were drawn


def auroc(lower: npt.ArrayLike, higher: npt.ArrayLike) -> float | None:
    """The chance that a score of `higher` exceeds one of `lower`; ties count half (Mann-Whitney). None if either is empty."""
    low, high = np.asarray(lower, dtype=float), np.asarray(higher, dtype=float)
    if not len(low) or not len(high):
        return None
    from sklearn.metrics import roc_auc_score  # slow to import, and needed for scoring only

    return float(roc_auc_score(np.repeat([0, 1], [len(low), len(high)]), np.concatenate([low, high])))


def calibration_error(is_full: npt.ArrayLike, p_full: npt.ArrayLike, bins: int = 10) -> float:
    """ECE, 0 to 1: the mean gap between P(full) and the share of full photos in bins of equal width, weighted by count (Naeini 2015)."""
    truth, predicted = np.asarray(is_full, dtype=float), np.asarray(p_full, dtype=float)
    number = np.minimum((predicted * bins).astype(int), bins - 1)
    gaps = [abs(truth[number == i].mean() - predicted[number == i].mean()) * (number == i).mean() for i in np.unique(number)]
    return float(sum(gaps))


def score(predictions: pd.DataFrame, thresholds: Thresholds) -> dict[str, Any]:
    """The scores of a table with `label` and `p_full`, ready for JSON; broken down by `view`, `scene` and so on where it has them.

    Empty and full photos are right or wrong at P(full) = 0.5. Partial photos are scored by whether they rank between the two. Streets
    beside car parks are scored by themselves, as `streets`.
    """
    is_street = are_streets(predictions)
    if is_street.any():
        return score(predictions[~is_street], thresholds) | {"streets": score(predictions[is_street], thresholds)}
    sure = predictions[predictions.label.isin(LABELS)]
    truth = sure.label == LABELS[1]
    wrong = (sure.p_full >= 0.5) != truth
    answered = (sure.p_full <= thresholds.empty_at_most) | (sure.p_full >= thresholds.full_at_least)
    n, errors = len(sure), int(wrong.sum())
    low, high = wilson_interval(n - errors, n)
    scores: dict[str, Any] = {
        "n": n,
        "errors": errors,
        "accuracy": _rounded((n - errors) / n) if n else None,
        "accuracy_interval_95": [_rounded(low), _rounded(high)],
        "auroc": _rounded(auroc(sure.p_full[~truth], sure.p_full[truth])),
        "ece": _rounded(calibration_error(truth, sure.p_full)) if n else None,
        "brier": _rounded(float(((sure.p_full - truth) ** 2).mean())) if n else None,
        "empty_called_full": int((wrong & ~truth).sum()),
        "full_called_empty": int((wrong & truth).sum()),
        "answered_share": _rounded(float(answered.mean())) if n else None,
        "errors_among_answered": int((wrong & answered).sum()),
    }
    for column in ("view", "light", "resolution", "scene", "source", "source_repo"):
        if column in sure and sure[column].nunique() > 1:
            groups = wrong.groupby(sure[column])
            scores[f"by_{column}"] = {str(name): {"n": len(group), "errors": int(group.sum())} for name, group in groups}
    return scores | _score_partial(predictions) | _score_fullness(predictions)


def score_folder(folder: Path) -> dict[str, Any]:
    """The scores that a model's card prints, computed from its predictions.parquet and config.json. Raises BadModel."""
    path = folder / "predictions.parquet"
    if not path.is_file():
        raise BadModel(f"{folder} has no predictions.parquet, so its scores cannot be repeated. Name photos to score with --data.")
    config = read_config(folder)
    return score_all(pd.read_parquet(path), config.thresholds, config.fullness)


def score_all(predictions: pd.DataFrame, thresholds: Thresholds, fullness: Fullness | None) -> dict[str, Any]:
    """The scores of all columns of a predictions.parquet: by what else was left out (`LEFT_OUT`), and each time that folds were drawn."""
    scores = score(predictions, thresholds)
    for ending, name in LEFT_OUT.items():
        if f"p_full{ending}" in predictions:
            scores[name] = score(_as_judged(predictions, ending, fullness), thresholds)
    repeats = [column for column in predictions.columns.astype(str) if re.fullmatch(r"p_full_\d+", column)]
    if repeats:
        again = [score(predictions.assign(p_full=predictions[column]), thresholds) for column in repeats]
        scores["repeats"] = {name: [scores[name], *(other[name] for other in again)] for name in REPEATED}
    return scores


def _as_judged(predictions: pd.DataFrame, ending: str, fullness: Fullness | None) -> pd.DataFrame:
    """The rows that the columns with this ending answer, with those answers as `p_full` and `fullness`."""
    judged = predictions.assign(p_full=predictions[f"p_full{ending}"], fullness=predictions[f"fullness{ending}"])
    judged = judged[judged.p_full.notna()]
    if fullness is None:
        return judged
    low, high = interval_of(judged.fullness, fullness)
    return judged.assign(fullness_low=low, fullness_high=high)


def _score_partial(predictions: pd.DataFrame) -> dict[str, Any]:
    partial = predictions.p_full[predictions.label == PARTIAL]
    if partial.empty:
        return {}
    empty, full = (predictions.p_full[predictions.label == label] for label in LABELS)
    return {
        "partial": {
            "n": len(partial),
            "mean_p_full": _rounded(float(partial.mean())),
            "auroc_empty_partial": _rounded(auroc(empty, partial)),
            "auroc_partial_full": _rounded(auroc(partial, full)),
        }
    }


def _score_fullness(predictions: pd.DataFrame) -> dict[str, Any]:
    """The errors of `fullness` where `occupancy` is known, in total and by source; empty if it is unknown for all photos."""
    if "fullness" not in predictions or "occupancy" not in predictions or not predictions.occupancy.notna().any():
        return {}
    known = predictions[predictions.occupancy.notna()]
    scores = score_shares(known)
    for column in ("view", "source", "source_repo"):
        if column in known and known[column].nunique() > 1:
            scores[f"by_{column}"] = {str(name): score_shares(group) for name, group in known.groupby(column)}
    return {"fullness": scores}


def score_shares(known: pd.DataFrame) -> dict[str, Any]:
    """The errors of `fullness` against `occupancy`, both 0 to 1; the coverage and width of the 80% intervals."""
    gap = known.fullness.astype(float) - known.occupancy
    is_held = known.occupancy.between(known.fullness_low - 1e-6, known.fullness_high + 1e-6)
    return {
        "n": len(known),
        "mae": _rounded(float(gap.abs().mean())),
        "rmse": _rounded(float((gap**2).mean() ** 0.5)),
        "spearman": _rounded(known.fullness.rank().corr(known.occupancy.rank())) if len(known) > 2 else None,
        "interval_80": {
            "coverage": _rounded(float(is_held.mean())),
            "mean_width": _rounded(float((known.fullness_high - known.fullness_low).mean())),
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or value != value else round(float(value), 4)
