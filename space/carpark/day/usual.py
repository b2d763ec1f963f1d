"""What is usual for an hour, from the camera's finished days that were kept; and another day brought to the slots of this one."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.day.kept import day_key, read_day
from carpark.slots import LONDON

FEWEST_DAYS = 3  # of the same kind; fewer do not say what is usual
MOST_DAYS = 28  # the newest; more would take longer to read than to be worth it
SATURDAY = 5

Values = npt.NDArray[np.float64]  # (slots,), NaN where nobody knows


def kept_days(camera: Camera, day: date, archive: Archive, model_sha256: str) -> list[pd.DataFrame]:
    """The tables of the camera's other finished days of the same kind, Monday to Friday or weekend, as this model judged them."""
    if archive.cache is None:
        return []
    alike = [other for other in archive.days(camera) if other != day and (other.weekday() < SATURDAY) == (day.weekday() < SATURDAY)]
    kept = [read_day(archive, day_key(camera, other, archive, model_sha256)) for other in alike[-MOST_DAYS:]]
    return [table for table, is_complete in kept if table is not None and is_complete]


def usual_range(days: Sequence[pd.DataFrame], slots: pd.Series) -> tuple[Values, Values, Values] | None:
    """Lower quartile, median and upper quartile, over the days, of the hour's mean P(full), for each of the slots.

    None where there are fewer than `FEWEST_DAYS` days; NaN in the hours for which fewer speak.
    """
    if len(days) < FEWEST_DAYS:
        return None
    hourly = pd.DataFrame([table.groupby(_hour_of(table["slot"]))["p_full"].mean() for table in days])
    hourly = hourly.loc[:, hourly.notna().sum() >= FEWEST_DAYS]
    low, middle, high = (_hour_of(slots).map(hourly.quantile(share)).to_numpy(np.float64) for share in (0.25, 0.5, 0.75))
    return low, middle, high


def align_places(other: pd.Series, slots: pd.Series) -> npt.NDArray[np.intp]:
    """For each of the slots, the place of the other day's slot of the same London time; -1 where it has none, as in March."""
    clock = pd.Index(_clock_of(other))
    first = ~clock.duplicated()
    places = pd.Series(np.arange(len(clock))[first], index=clock[first])
    return _clock_of(slots).map(places).fillna(-1).to_numpy(np.intp)


def _hour_of(slots: pd.Series) -> pd.Series:
    hours: pd.Series = slots.dt.tz_convert(LONDON).dt.hour
    return hours


def _clock_of(slots: pd.Series) -> pd.Series:
    clocks: pd.Series = slots.dt.tz_convert(LONDON).dt.strftime("%H:%M")
    return clocks
