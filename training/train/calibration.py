"""From log-odds of photos that a model has not seen: a temperature, and the bounds beyond which it answers."""

import numpy as np
import numpy.typing as npt

from training.train.probe import Array

ERROR_AT_MOST = 0.005  # among the answered photos; half of what is promised, since the bounds are chosen on the photos they are scored on
SURE = np.round(np.arange(0.60, 0.991, 0.01), 2)  # candidates for the bound of full; that of empty mirrors it
TEMPERATURES = np.geomspace(0.1, 10, 801)


def sigmoid(log_odds: Array) -> Array:
    """Probabilities, 0 to 1."""
    chances: Array = 1 / (1 + np.exp(-np.clip(log_odds, -60, 60)))
    return chances


def fit_temperature(log_odds: Array, is_full: npt.NDArray[np.bool_]) -> float:
    """The divisor of log-odds with the lowest cross-entropy (Guo 2017), towards Platt's smoothed targets (1999).

    Smoothed, since no error in n photos is not a proof of certainty: without that, separable photos ask for a temperature of 0.
    """
    n_full = int(is_full.sum())
    n_empty = len(is_full) - n_full
    target = np.where(is_full, (n_full + 1) / (n_full + 2), 1 / (n_empty + 2))
    scaled = log_odds[None] / TEMPERATURES[:, None]
    loss = np.logaddexp(0, scaled) - target * scaled
    return float(TEMPERATURES[loss.mean(axis=1).argmin()])


def cross_fit(log_odds: Array, folds: npt.NDArray[np.int64], is_scored: npt.NDArray[np.bool_], is_full: npt.NDArray[np.bool_]) -> Array:
    """P(full) of each photo at the temperature that the photos of all other folds ask for."""
    p_full = np.empty_like(log_odds)
    for fold in np.unique(folds):
        others = is_scored & (folds != fold)
        p_full[folds == fold] = sigmoid(log_odds[folds == fold] / fit_temperature(log_odds[others], is_full[others]))
    return p_full


def choose_thresholds(p_full: Array, is_full: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The widest bounds that keep errors among the answered rare: at most `ERROR_AT_MOST`, over (repeats, n) predictions."""
    is_wrong = (p_full >= 0.5) != is_full
    for sure in SURE:
        answered = (p_full >= sure) | (p_full <= 1 - sure)
        if answered.any() and is_wrong[answered].mean() <= ERROR_AT_MOST:
            break
    return {"empty_at_most": round(1 - float(sure), 2), "full_at_least": float(sure)}
