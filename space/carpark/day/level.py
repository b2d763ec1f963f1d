"""The smoothed levels of P(full) and of the share taken, with their bands; they are never drawn across a long gap."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.intervals import Z_95
from carpark.slots import find_cadence

# What a person says of a frame of a street, 0 to 4 (no vehicle, light, moderate, heavy, jam), as a share of the road.
SHARES_OF_LEVELS = (0.0, 0.1, 0.325, 0.575, 0.85)
LONGEST_BRIDGE = timedelta(minutes=15)  # between two usable frames; a longer gap ends the level, and it begins again behind it
LONGEST_STEPS = 2.5  # or as many times the cadence, of a source whose frames are farther apart
KERNEL_SD = timedelta(minutes=10)  # or the cadence, if that is longer
REACH_SD = 3  # of the kernel; frames farther away do not count
FEWEST_SLOTS = 3  # usable ones; fewer do not make a level


def smooth_level(table: pd.DataFrame, column: str = "p_full") -> pd.DataFrame:
    """`level`, `low` and `high` of each row of a camera day, 0 to 1, in the table's order; NaN where too few usable frames are near.

    The level is the kernel-weighted mean of the column, P(full) by default (Nadaraya and Watson), the band its 95% interval as if the
    frames were independent: 1.96 weighted standard deviations over the square root of the effective number of frames (Kish).
    """
    minutes = ((table["time"] - table["time"].iloc[0]) / timedelta(minutes=1)).to_numpy(dtype=np.float64)
    values = table[column].to_numpy(dtype=np.float64)
    cadence = find_cadence(table["slot"].tolist())
    smoothed = np.full((len(table), 3), np.nan)
    for stretch in _stretches(minutes, ~np.isnan(values), max(LONGEST_BRIDGE, LONGEST_STEPS * cadence) / timedelta(minutes=1)):
        smoothed[stretch] = _smooth(minutes[stretch], values[stretch], max(KERNEL_SD, cadence) / timedelta(minutes=1))
    return pd.DataFrame(smoothed, columns=["level", "low", "high"], index=table.index)


def smooth_fullness(table: pd.DataFrame) -> pd.DataFrame:
    """`level`, `low` and `high` of the share taken in each row, 0 to 1; NaN in every row without one, so that each gap stays a gap.

    The band is the mean interval of the frames nearby. It does not shrink with their number, since a place fools the model alike all day.
    """
    columns = {"level": "fullness", "low": "fullness_low", "high": "fullness_high"}
    smoothed = pd.DataFrame({name: smooth_level(table, column)["level"] for name, column in columns.items()})
    return smoothed.where(table["fullness"].notna())


def _stretches(minutes: npt.NDArray[np.float64], usable: npt.NDArray[np.bool_], bridge_min: float) -> list[slice]:
    """From a first to a last usable row, with no gap between them that is too long to bridge."""
    places = np.flatnonzero(usable)
    ends = np.flatnonzero(np.diff(minutes[places]) > bridge_min)
    stretches = np.split(places, ends + 1) if len(places) else []
    return [slice(int(stretch[0]), int(stretch[-1]) + 1) for stretch in stretches if len(stretch) >= FEWEST_SLOTS]


def _smooth(minutes: npt.NDArray[np.float64], values: npt.NDArray[np.float64], kernel_min: float) -> npt.NDArray[np.float64]:
    """(rows,) times and values, NaN in short gaps -> (rows, 3) level, low, high."""
    known = ~np.isnan(values)
    distance_sd = np.abs(minutes[:, None] - minutes[None, known]) / kernel_min
    weights = np.where(distance_sd <= REACH_SD, np.exp(-(distance_sd**2) / 2), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    level = weights @ values[known]
    spread = np.sqrt(np.maximum(weights @ values[known] ** 2 - level**2, 0))
    half_width = Z_95 * spread * np.sqrt((weights**2).sum(axis=1))
    return np.stack([level, np.maximum(level - half_width, 0), np.minimum(level + half_width, 1)], axis=1)
