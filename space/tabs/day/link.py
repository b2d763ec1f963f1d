"""A link to a camera, a day and a moment, as in the page's address: `?camera=00001.07389&day=2026-03-09&at=2026-03-09T08:35Z`, and
`&second=00001.04536&second_day=2026-03-08` for the day that it is compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.errors import BadDay
from carpark.slots import bounds_of_day, parse_day

MOMENTS = ("%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ")
NINE_HOURS = timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class DayLink:
    """What a link leads to, checked."""

    camera: Camera
    day: date
    moment: datetime | None = None  # UTC, within the day
    second: tuple[Camera, date] | None = None  # what the day is compared with

    def leads_to(self, camera: Camera, day: date) -> bool:
        """Whether it is a link to that day."""
        return (self.camera.id, self.day) == (camera.id, day)


def read_link(query: Mapping[str, str], archive: Archive) -> DayLink | None:
    """What the query of a page's address leads to; None for an address that names no camera and day.

    Raises UnknownCamera and BadDay, as for what is typed into the form, and BadDay for a moment that the day does not have.
    """
    camera, day, at, second, second_day = (query.get(name, "") for name in ("camera", "day", "at", "second", "second_day"))
    if not (camera and day):
        return None
    found, when = archive.camera(camera), parse_day(day)
    compared = (archive.camera(second), parse_day(second_day)) if second and second_day else None
    return DayLink(found, when, parse_moment(at, when) if at else None, compared)


def parse_moment(text: str, day: date) -> datetime:
    """The moment that a link names, UTC. Raises BadDay for one that does not lie in the London day."""
    start, end = bounds_of_day(day)
    for form in MOMENTS:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if start <= moment < end:
            return moment
    raise BadDay(f"The link names the moment {text!r}; expected one of {day} in London, such as {start + NINE_HOURS:%Y-%m-%dT%H:%MZ}.")
