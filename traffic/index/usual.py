"""What is usual for a quarter hour of the week, and how far each day is from it. A day is never compared with itself."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from traffic.index.quarters import QUARTERS_A_WEEK, quarter_of_week

FEWEST_DAYS = 3  # with a value in that quarter hour of the week; fewer do not show what is usual
WEEKS = 8  # the newest ones; older weeks say little about what is usual now
FEWEST_DEVIATIONS = 5  # days of a camera with a deviation; fewer do not show which of them is out of the ordinary
LEAST_DEVIATION = 0.1  # of a day that counts as out of the ordinary
MAD_TO_SD = 1.4826  # of a normal distribution

Floats = npt.NDArray[np.float32]


def compare_with_usual(quarters: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The quarters with `usual` and `deviation`, NaN where fewer than `FEWEST_DAYS` other days tell; and the table of what is usual.

    The table: the keys, `quarter` (of the week, 0 to 671), `median`, `low` and `high` (quartiles) and `days` (behind them). `quarters` has
    the keys, `start` and `level`.
    """
    names = quarters[list(keys)].drop_duplicates().reset_index(drop=True)
    rows = names.reset_index(names="row")
    place = quarters[list(keys)].merge(rows, how="left", on=list(keys))["row"].to_numpy()
    local = quarters["start"].dt.tz_convert("Europe/London").dt.tz_localize(None)
    week = ((local - local.dt.to_period("W").dt.start_time.min()).dt.days // 7).to_numpy()
    cells = place * QUARTERS_A_WEEK + quarter_of_week(quarters["start"])
    grid = np.full((len(names) * QUARTERS_A_WEEK, int(week.max(initial=0)) + 1), np.nan, np.float32)
    grid[cells, week] = quarters["level"]  # in October's double hour the second quarter counts
    expected = np.full(len(quarters), np.nan)
    for number in range(grid.shape[1]):
        others = grid.copy()
        others[:, number] = np.nan
        (median,), days = _quantiles(others, (0.5,))
        median[days < FEWEST_DAYS] = np.nan
        here = week == number
        expected[here] = median[cells[here]]
    (low, median, high), days = _quantiles(grid, (0.25, 0.5, 0.75))
    known = np.flatnonzero(days)
    usual = names.iloc[known // QUARTERS_A_WEEK].reset_index(drop=True)
    usual = usual.assign(quarter=known % QUARTERS_A_WEEK, median=median[known], low=low[known], high=high[known], days=days[known])
    return quarters.assign(usual=expected, deviation=quarters["level"].to_numpy() - expected), usual


def sum_up_days(quarters: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """A row for the keys and each `day`: mean `level` and `deviation`, `quarters` behind them, and `is_unusual`.

    A day is unusual when its deviation is more than three robust standard deviations from the camera's other days, and at least 0.1.
    """
    days = (
        quarters.groupby([*keys, "day"])
        .agg(level=("level", "mean"), deviation=("deviation", "mean"), quarters=("level", "size"))
        .reset_index()
    )
    groups = days.groupby(list(keys))["deviation"]
    middle = groups.transform("median")
    spread = (days["deviation"] - middle).abs().groupby([days[key] for key in keys]).transform("median") * MAD_TO_SD
    far = (days["deviation"] - middle).abs() > 3 * spread
    enough = groups.transform("count") >= FEWEST_DEVIATIONS
    return days.assign(is_unusual=far & enough & (days["deviation"].abs() >= LEAST_DEVIATION))


def _quantiles(grid: Floats, shares: Sequence[float]) -> tuple[list[Floats], npt.NDArray[np.int64]]:
    """Of each row's numbers: the quantiles (linear interpolation, NaN for a row without numbers), and how many numbers there are."""
    ordered = np.sort(grid, axis=1)  # NaN come last
    count = (~np.isnan(grid)).sum(axis=1)
    rows, found = np.arange(len(grid)), []
    for share in shares:
        place = share * np.maximum(count - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        lower, upper = ordered[rows, below], ordered[rows, above]
        found.append((lower + (upper - lower) * (place - below)).astype(np.float32))
    return found, count
