"""Frames become quarter hours: the mean of what a camera's usable frames show, apart for each view that it had."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from carpark.slots import LONDON, bounds_of_day
from traffic.dataset import read_frames

QUARTER = pd.Timedelta(minutes=15)
QUARTERS_A_WEEK = 7 * 24 * 4
COLUMNS = ["folder", "time", "slot", "state", "reason", "p_full", "fullness", "view"]
MOVED = "the view has moved"  # how the reason of a frame begins whose picture shows another view than the one before
Measure = str  # "fullness", the share taken; "p_full" where the model cannot tell it


@dataclass(slots=True)
class Views:
    """Names the series that frames belong to: the view in their EXIF; where that is silent, a number that rises when the picture moves.

    A picture that is noted as moved while its EXIF names the same view is not believed: of 197 real frames of a busy street with one view,
    38 were noted.
    """

    moves: dict[str, int] = field(default_factory=dict)  # of each folder's pictures without a view in their EXIF

    def name(self, folder: str, view: str, *, has_moved: bool) -> str:
        """The series of the camera's next frame."""
        if view:
            return view
        self.moves[folder] = self.moves.get(folder, 0) + has_moved
        return f"view {self.moves[folder] + 1}" if self.moves[folder] else ""


def find_measure(data: Path, days: Sequence[date]) -> Measure:
    """What the index is made of: the share taken if the model tells it, else P(full)."""
    for day in reversed(days):
        frames = read_frames(data, day, ["fullness", "p_full"])
        if frames["p_full"].null_count < len(frames):
            return "fullness" if frames["fullness"].null_count < len(frames) else "p_full"
    return "fullness"


def read_quarters(data: Path, days: Sequence[date], measure: Measure) -> Iterator[tuple[date, pd.DataFrame, pd.DataFrame]]:
    """Each day, in order, with its quarter hours and its cameras.

    Quarters: `folder`, `series` (the view), `start` (UTC), `level` (0 to 1, mean of the usable frames) and `frames`; quarter hours without
    a usable frame have no row. Cameras: `folder`, `slots` and `usable` (slots with a usable frame; 0 for one that failed).
    """
    views = Views()
    for day in days:
        frames = read_frames(data, day, COLUMNS).to_pandas()
        usable = frames[frames["state"] == "ok"].sort_values(["folder", "time"])
        moved = usable["reason"].str.startswith(MOVED)
        names = zip(usable["folder"], usable["view"], moved, strict=True)
        usable = usable.assign(series=[views.name(folder, view, has_moved=has_moved) for folder, view, has_moved in names])
        start, end = bounds_of_day(day)
        times = usable["time"].clip(pd.Timestamp(start), pd.Timestamp(end) - QUARTER)
        keys = [usable["folder"], usable["series"], times.dt.floor("15min").rename("start")]
        quarters = (
            usable.groupby(keys)[measure]
            .agg(["mean", "size"])
            .reset_index()
            .set_axis(["folder", "series", "start", "level", "frames"], axis=1)
        )
        counts = frames.groupby("folder").agg(slots=("slot", "count"), usable=("state", lambda states: (states == "ok").sum()))
        yield day, quarters[quarters["level"].notna()], counts.reset_index()


def quarter_of_week(starts: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(n,) 0 to 671: quarter hours since Monday 00:00 by London's clock."""
    local = starts.dt.tz_convert(LONDON)
    return np.asarray(local.dt.day_of_week * 96 + local.dt.hour * 4 + local.dt.minute // 15, np.int64)
