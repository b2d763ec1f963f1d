"""What is drawn into the axes of a day besides itself: what is usual, and a second day or camera."""

import numpy as np

from carpark.archives.archive import Archive
from carpark.day.level import smooth_level
from carpark.day.styles import Extra, verdicts_of
from carpark.day.usual import align_places, kept_days, usual_range
from carpark.errors import BadSetting
from tabs.day.shown import CameraDay
from tabs.day.words import title_of


def extras_of(shown: CameraDay, archive: Archive, second: CameraDay | None = None) -> list[Extra]:
    """The usual range, once there are days enough for one, and the second day where there is one."""
    return [*_usual(shown, archive), *([second_day(second, shown)] if second else [])]


def second_day(other: CameraDay, shown: CameraDay) -> Extra:
    """The other day's level and verdicts, at the places of the shown day's slots."""
    places = align_places(other.table["slot"], shown.table["slot"])
    level, verdicts = smooth_level(other.table)["level"].to_numpy(), verdicts_of(other.table)
    drawn = np.where(places >= 0, level[places], np.nan)
    there = [verdicts[place] if place >= 0 else "" for place in places]
    return Extra(title_of(other), drawn, verdicts=there, link=(other.camera.id, str(other.day)))


def _usual(shown: CameraDay, archive: Archive) -> list[Extra]:
    try:
        days = kept_days(shown.camera, shown.day, archive, shown.model)
    except BadSetting:  # a source that is down lists no days, and says so elsewhere
        return []
    found = usual_range(days, shown.table["slot"])
    if found is None:
        return []
    low, middle, high = found
    kind = "weekdays" if shown.day.weekday() < 5 else "weekend days"
    return [Extra(f"Usual for this hour: the middle half of {len(days)} {kind}", middle, low, high, kind="usual")]
