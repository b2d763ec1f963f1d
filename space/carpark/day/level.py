"""The level behind one probability after another: how full the place was, with its band, never drawn across a long gap."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.slots import SLOT

LONGEST_BRIDGE = timedelta(minutes=15)  # between two usable slots; a longer gap ends the level, and it begins anew behind it
KERNEL_SD = timedelta(minutes=10)
REACH_SD = 3  # of the kernel; slots farther away do not count
FEWEST_SLOTS = 3  # that speak for a level
Z_95 = 1.96


def smooth_level(table: pd.DataFrame) -> pd.DataFrame:
    """`level`, `low` and `high` of each slot of a camera day, 0 to 1, in the table's order; NaN where too few usable slots are near.

    The level is the kernel-weighted mean of P(full) (Nadaraya and Watson), the band its 95% interval as if the slots were independent:
    1.96 weighted standard deviations over the square root of the effective number of slots (Kish).
    """
    minutes = ((table["slot"] - table["slot"].iloc[0]) / timedelta(minutes=1)).to_numpy(dtype=np.float64)
    p_full = table["p_full"].to_numpy(dtype=np.float64)
    smoothed = np.full((len(table), 3), np.nan)
    for stretch in _stretches(~np.isnan(p_full)):
        smoothed[stretch] = _smooth(minutes[stretch], p_full[stretch])
    return pd.DataFrame(smoothed, columns=["level", "low", "high"], index=table.index)


def _stretches(usable: npt.NDArray[np.bool_]) -> list[slice]:
    """From a first to a last usable slot, with no gap between them that is too long to bridge."""
    places = np.flatnonzero(usable)
    ends = np.flatnonzero(np.diff(places) > LONGEST_BRIDGE // SLOT)
    stretches = np.split(places, ends + 1) if len(places) else []
    return [slice(int(stretch[0]), int(stretch[-1]) + 1) for stretch in stretches if len(stretch) >= FEWEST_SLOTS]


def _smooth(minutes: npt.NDArray[np.float64], p_full: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(slots,) times and probabilities, NaN in short gaps -> (slots, 3) level, low, high."""
    known = ~np.isnan(p_full)
    distance_sd = np.abs(minutes[:, None] - minutes[None, known]) / (KERNEL_SD / timedelta(minutes=1))
    weights = np.where(distance_sd <= REACH_SD, np.exp(-(distance_sd**2) / 2), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    level = weights @ p_full[known]
    spread = np.sqrt(np.maximum(weights @ p_full[known] ** 2 - level**2, 0))
    half_width = Z_95 * spread * np.sqrt((weights**2).sum(axis=1))
    return np.stack([level, np.maximum(level - half_width, 0), np.minimum(level + half_width, 1)], axis=1)
