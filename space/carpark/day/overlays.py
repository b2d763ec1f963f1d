"""Overlays on the chart of a camera day: the usual range for each hour, and a second day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.day.kept import day_key, read_day
from carpark.day.level import smooth_fullness, smooth_level
from carpark.day.styles import verdicts_of
from carpark.day.table import CameraDay
from carpark.errors import BadSetting
from carpark.slots import LONDON, bounds_of_day, day_in_words, find_cadence

FEWEST_DAYS = 3  # of the same kind; fewer do not show what is usual
MOST_DAYS = 28  # the newest ones; reading more takes too long
SATURDAY = 5

Values = npt.NDArray[np.float64]  # (points,), NaN where unknown


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over an overlay's minutes, 0 to 1, with the range around it where it has one."""

    middle: Values
    low: Values | None = None
    high: Values | None = None


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn into the axes of a day, for each of its views."""

    name: str  # for the legend
    kind: str  # "usual" or "other"
    minutes: Values  # of each point, from the beginning of the day that is shown
    p_full: Curve
    fullness: Curve | None = None  # None where the model cannot tell the share taken
    edges: Values | None = None  # (points + 1,) minutes between which each verdict holds
    verdicts: Sequence[str] = ()  # for a strip of its own
    link: tuple[str, str] | None = None  # the camera's id and the day, where it is a day that a link can name


def overlays_of(shown: CameraDay, archive: Archive, second: CameraDay | None = None) -> list[Overlay]:
    """The usual range, once there are enough days for one, and the second day where there is one."""
    return [*_usual(shown, archive), *([second_overlay(second, shown)] if second else [])]


def minutes_of(times: pd.Series, day: date) -> Values:
    """Minutes from the beginning of the London day to each time."""
    start, _ = bounds_of_day(day)
    return np.asarray((times - start) / pd.Timedelta(minutes=1), np.float64)


def edges_of(table: pd.DataFrame, minutes: Values) -> Values:
    """(rows + 1,) minutes between which each row holds: from its own time to that of the next row, the last one for one cadence."""
    last = minutes[-1:] + find_cadence(table["slot"].tolist()).total_seconds() / 60
    return np.concatenate([minutes, last])


def second_overlay(other: CameraDay, shown: CameraDay) -> Overlay:
    """The other day's level and verdicts, by London's clock: 08:00 stands above 08:00, also when one of the days has 23 or 25 hours."""
    minutes = np.array([_minutes_by_clock(moment, other.day, shown.day) for moment in other.table["time"].dt.tz_convert(LONDON)])
    name = f"{other.camera.name}, {day_in_words(other.day)}"
    there = ~np.isnan(minutes)
    p_full, fullness = (Curve(smooth(other.table)["level"].to_numpy()[there]) for smooth in (smooth_level, smooth_fullness))
    verdicts = [verdict for verdict, is_there in zip(verdicts_of(other.table), there, strict=True) if is_there]
    edges, link = edges_of(other.table, minutes[there]), (other.camera.id, str(other.day))
    known = None if np.isnan(fullness.middle).all() else fullness
    return Overlay(name, "other", minutes[there], p_full, known, edges=edges, verdicts=verdicts, link=link)


def kept_days(camera: Camera, day: date, archive: Archive, model_sha256: str) -> list[pd.DataFrame]:
    """The tables of the camera's other finished days of the same kind, Monday to Friday or weekend, as this model judged them."""
    if archive.cache is None:
        return []
    alike = [other for other in archive.days(camera) if other != day and (other.weekday() < SATURDAY) == (day.weekday() < SATURDAY)]
    kept = [read_day(archive, day_key(camera, other, archive, model_sha256)) for other in alike[-MOST_DAYS:]]
    return [table for table, is_complete in kept if table is not None and is_complete]


def usual_range(days: Sequence[pd.DataFrame], times: pd.Series, column: str = "p_full") -> Curve | None:
    """The median over the days, and the quartiles around it, of the hour's mean of a column, for each of the times.

    None where fewer than `FEWEST_DAYS` days have any value; NaN in the hours for which fewer have usable frames.
    """
    known = [table for table in days if table[column].notna().any()]
    if len(known) < FEWEST_DAYS:
        return None
    hourly = pd.DataFrame([table.groupby(_hour_of(table["time"]))[column].mean() for table in known])
    hourly = hourly.loc[:, hourly.notna().sum() >= FEWEST_DAYS]
    low, middle, high = (_hour_of(times).map(hourly.quantile(share)).to_numpy(np.float64) for share in (0.25, 0.5, 0.75))
    return Curve(middle, low, high)


def _usual(shown: CameraDay, archive: Archive) -> list[Overlay]:
    try:
        days = kept_days(shown.camera, shown.day, archive, shown.model)
    except BadSetting:  # a source that is down lists no days; the page says so elsewhere
        return []
    found, fullness = (usual_range(days, shown.table["time"], column) for column in ("p_full", "fullness"))
    if found is None:
        return []
    kind = "weekdays" if shown.day.weekday() < SATURDAY else "weekend days"
    name = f"Usual for this hour: the middle half of {len(days)} {kind}"
    return [Overlay(name, "usual", minutes_of(shown.table["time"], shown.day), found, fullness)]


def _minutes_by_clock(moment: datetime, its_day: date, day: date) -> float:
    """Minutes from the beginning of `day` to the same time on London's clock; NaN in the hour that is left out in March.

    A frame of `its_day` may have been taken shortly before its midnight; its minutes are below 0.
    """
    clock = time(moment.hour, moment.minute, moment.second, fold=moment.fold)
    same = datetime.combine(day + (moment.date() - its_day), clock, LONDON).astimezone(UTC)
    if same.astimezone(LONDON).time() != clock.replace(fold=0):
        return float("nan")
    return (same - bounds_of_day(day)[0]).total_seconds() / 60


def _hour_of(times: pd.Series) -> pd.Series:
    hours: pd.Series = times.dt.tz_convert(LONDON).dt.hour
    return hours
