"""From log-odds of photos that a model has not seen: P(full), the share taken, their intervals, and the bounds of an answer."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from carpark.model.config import Thresholds
from carpark.model.fullness import Fullness, log_odds_of, scale_of
from training.labels import LABELS
from training.provenance import are_streets
from training.train.probe import Array

ERROR_AT_MOST = 0.005  # among the answered photos; half of what is promised, since the bounds are chosen on the photos they are scored on
FEWEST_KNOWN = 20  # photos whose occupancy is known; with fewer, what their labels stand for sets the interval
# Candidates for the bound of full; that of empty is 1 less it. None is below 0.8, however rare errors are: of 166 partial photos, 0.6
# would call 156 surely full or empty, 0.8 calls 117 so.
SURE = np.round(np.arange(0.80, 0.991, 0.01), 2)
# Of the bays: a car park with more taken is not called empty, one with fewer not full. By P(full) alone two of three partial photos are.
EMPTY_SHARE_AT_MOST, FULL_SHARE_AT_LEAST = 0.2, 0.6


def fit_scale(log_odds: Array, targets: Array) -> tuple[float, float]:
    """Slope (positive) and shift that turn log-odds into those of `targets` (n,), 0 to 1, with the lowest cross-entropy (Platt 1999)."""
    from scipy.optimize import minimize  # slow to import, and needed for training only

    def loss(parameters: Array) -> tuple[float, Array]:
        slope, shift = np.exp(parameters[0]), parameters[1]
        scaled = slope * log_odds + shift
        pull = (expit(scaled) - targets) / len(targets)
        return float((np.logaddexp(0, scaled) - targets * scaled).mean()), np.array([slope * (pull @ log_odds), pull.sum()])

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-6, 3), (-20, 20)])
    return float(np.exp(found.x[0])), float(found.x[1])


def smoothed(is_full: npt.NDArray[np.bool_]) -> Array:
    """Targets just off 0 and 1 (Platt 1999): no error in n photos is not a proof of certainty, and separable photos would ask for it."""
    n_full = int(is_full.sum())
    n_empty = len(is_full) - n_full
    return np.where(is_full, (n_full + 1) / (n_full + 2), 1 / (n_empty + 2))


def cross_fit(log_odds: Array, folds: npt.NDArray[np.int64], is_scored: npt.NDArray[np.bool_], targets: Array) -> Array:
    """(n,) each photo's log-odds, rescaled to the `targets` of the scored photos in all other folds."""
    rescaled = np.empty_like(log_odds)
    for fold in np.unique(folds):
        others = is_scored & (folds != fold)
        slope, shift = fit_scale(log_odds[others], targets[others])
        rescaled[folds == fold] = slope * log_odds[folds == fold] + shift
    return rescaled


def fit_intervals(shares: Array, truths: Array) -> tuple[float, float]:
    """The quantiles of scaled residuals that hold 80% and 95% of the truths of places not learnt from (split conformal prediction)."""
    scaled = np.sort(np.abs(truths - shares) / scale_of(shares))
    ranks = [min(math.ceil(level * (len(scaled) + 1)), len(scaled)) - 1 for level in (0.80, 0.95)]
    return float(scaled[ranks[0]]), float(scaled[ranks[1]])


def choose_thresholds(p_full: Array, is_full: npt.NDArray[np.bool_]) -> Thresholds:
    """The widest bounds that keep errors among the answered rare: at most `ERROR_AT_MOST`, over (repeats, n) predictions."""
    is_wrong = (p_full >= 0.5) != is_full
    for sure in SURE:
        answered = (p_full >= sure) | (p_full <= 1 - sure)
        if answered.any() and is_wrong[answered].mean() <= ERROR_AT_MOST:
            break
    return Thresholds(round(1 - float(sure), 2), float(sure))


def tighten(thresholds: Thresholds, fullness: Fullness) -> Thresholds:
    """Bounds that call nothing empty or full whose share taken says otherwise."""
    shares = np.array([EMPTY_SHARE_AT_MOST, FULL_SHARE_AT_LEAST])
    empty, full = 100 * expit((log_odds_of(shares) - fullness.shift) / fullness.slope)
    return Thresholds(
        max(min(thresholds.empty_at_most, math.floor(empty) / 100), 0.01), min(max(thresholds.full_at_least, math.ceil(full) / 100), 0.99)
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a head's log-odds become P(full), the share taken, and an answer."""

    slope: float  # of P(full)'s log-odds by the head's
    shift: float
    fullness: Fullness
    thresholds: Thresholds


def calibrate(log_odds: Array, p_full: Array, photos: pd.DataFrame, shares: Array) -> Calibration:
    """The calibration that photos of places not learnt from ask for.

    `log_odds` and `p_full` are (repeats, n), out of fold, for photos with `label` and (n,) `shares` taken. Intervals come from the photos
    whose `occupancy` is known where there are enough of them, else from all; all else comes from car parks, where there are any.
    """
    is_car_park, is_full = ~are_streets(photos), (photos.label == LABELS[1]).to_numpy()
    is_class = is_car_park & photos.label.isin(LABELS).to_numpy()
    repeats = len(log_odds)
    slope, shift = fit_scale(log_odds[:, is_class].ravel(), np.tile(smoothed(is_full[is_class]), repeats))
    odds_full = slope * log_odds + shift
    share_slope, share_shift = fit_scale(odds_full[:, is_car_park].ravel(), np.tile(shares[is_car_park], repeats))
    is_known = photos["occupancy"].notna().to_numpy() if "occupancy" in photos else np.zeros(len(photos), dtype=bool)
    if is_known.sum() < FEWEST_KNOWN:
        is_known = np.ones(len(photos), dtype=bool)
    truths = np.tile(photos["occupancy"].to_numpy(dtype=float)[is_known] if not is_known.all() else shares, repeats)
    predicted = expit(share_slope * odds_full[:, is_known].ravel() + share_shift)
    quantile_80, quantile_95 = fit_intervals(predicted, truths)
    fullness = Fullness(round(share_slope, 4), round(share_shift, 4), round(quantile_80, 4), round(quantile_95, 4))
    return Calibration(slope, shift, fullness, tighten(choose_thresholds(p_full[:, is_class], is_full[is_class]), fullness))
