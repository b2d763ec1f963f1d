"""An area's index without its daily and weekly rhythm, where the history is long enough to know that rhythm."""

import pandas as pd

from traffic.index.quarters import QUARTERS_A_WEEK, quarter_of_week

WEEKS_NEEDED = 5
MOST_GAPS = 0.1  # of the quarter hours; with more, the rhythm would be made of what was filled in
STEP = "15min"
JUMP = 16  # quarter hours between the points that STL fits; those between them are interpolated, 100 times as fast


def adjust_season(index: pd.Series) -> tuple[pd.Series, str]:
    """The levels, by their start (UTC), without the weekly season that STL finds; and why there are none, or "".

    Gaps are filled with the median of their quarter of the week while the season is sought, and are gaps again in the answer.
    """
    unknown = pd.Series(float("nan"), index=index.index)
    every = index.asfreq(STEP) if len(index) else index
    weeks = len(every) / QUARTERS_A_WEEK
    if weeks < WEEKS_NEEDED:
        return unknown, f"Seasonal adjustment needs {WEEKS_NEEDED} weeks; there are {weeks:.1f}."
    if (gaps := float(every.isna().mean())) > MOST_GAPS:
        return unknown, f"Seasonal adjustment needs {1 - MOST_GAPS:.0%} of the quarter hours; {1 - gaps:.0%} are there."
    from statsmodels.tsa.seasonal import STL  # takes a second to import, and most histories are too short

    quarters = quarter_of_week(every.index.to_series())
    filled = every.fillna(every.groupby(quarters).transform("median")).interpolate().bfill()
    jumps = {"trend_jump": JUMP, "low_pass_jump": JUMP}
    season = STL(filled.to_numpy(), period=QUARTERS_A_WEEK, **jumps).fit().seasonal
    return (every - season).reindex(index.index), ""
