"""The slots of a London day: when a source has frames, how far apart they are, and the file name of each.

A slot is a time at which a source offers a frame, or would by its own rhythm. TfL's public archive had one every five minutes in March
2020 and every six from October 2020; others differ. A day is a day in Europe/London, of 23, 24 or 25 hours; slots and file names are UTC.
In summer the London day begins at 23:00 in the UTC folder of the day before, and an archive that keeps only one of the two folders has
only that part of the day.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from carpark.errors import BadDay

LONDON = ZoneInfo("Europe/London")
SLOT = timedelta(minutes=5)  # of the recorder, and of a source that does not show another cadence
FIRST_DAY = date(2000, 1, 1)  # no street camera archive is older
FRAME_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})@(\d{2})_(\d{2})(?:_(\d{2}))?GMT\.jpg")
REGULAR_SHARE = 0.6  # of the steps between frames: when so many are equal, that step is the cadence
NO_FRAME = "the archive has no frame for this slot"
DAY_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source answered for one slot."""

    slot: datetime  # UTC
    url: str  # URL or path that was asked
    data: bytes | None = None  # the frame's file; None when the source has none
    reason: str = ""  # why there is none, for people
    source: str = ""  # the archive that had it, as people know it; "" when none had
    is_final: bool = True  # False where the source failed, so that asking again may bring a frame


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a source has frames on one London day."""

    slots: tuple[datetime, ...]  # UTC, in order
    is_listed: bool = True  # False: the source lists nothing, and these are the times to ask for


def parse_day(text: str, *, today: date | None = None) -> date:
    """The day that `text` writes as YYYY-MM-DD, not after `today` (in London, unless given). Raises BadDay."""
    today = today or datetime.now(LONDON).date()
    text = text.strip()
    day = _read_day(text)
    if day is None:
        raise BadDay(f"{text!r} is not a day; expected one that exists, as YYYY-MM-DD, such as {today}.")
    if day > today:
        raise BadDay(f"{day} has not begun; choose {today} or an earlier day.")
    if day < FIRST_DAY:
        raise BadDay(f"{day} is too long ago; choose a day from {FIRST_DAY} on.")
    return day


def day_in_words(day: date) -> str:
    """A day such as "Monday 15 April 2013"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def bounds_of_day(day: date) -> tuple[datetime, datetime]:
    """When the London day begins and when the next one does, UTC."""
    start, end = (datetime.combine(d, time(), LONDON).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return start, end


def slots_of_day(day: date, cadence: timedelta = SLOT) -> list[datetime]:
    """The slots of the London day at a cadence, in UTC and in order: 288 of five minutes, or 276 and 300 when the clocks change."""
    start, end = bounds_of_day(day)
    return [start + cadence * i for i in range(-((start - end) // cadence))]


def dates_of_day(day: date) -> list[date]:
    """The UTC dates, one or two, that the London day has a part of; an archive has a folder for each."""
    start, end = bounds_of_day(day)
    return sorted({start.date(), (end - timedelta(seconds=1)).date()})


def read_slots(names: Iterable[str], day: date) -> list[datetime]:
    """The slots of the London day among an archive's file names, in order; other names are passed over."""
    start, end = bounds_of_day(day)
    return sorted({slot for name in names if (slot := read_slot(name)) and start <= slot < end})


def find_cadence(slots: Sequence[datetime]) -> timedelta:
    """How far apart a source's frames are meant to be, from the slots that it has on a day, holes included. `SLOT` for fewer than two.

    The commonest step, if most steps are equal; else the largest step that all of them are multiples of; else the median step.
    """
    steps = [round((later - earlier).total_seconds()) for earlier, later in pairwise(sorted(slots))]
    if not steps:
        return SLOT
    commonest, count = Counter(sorted(steps)).most_common(1)[0]
    if count >= REGULAR_SHARE * len(steps):
        return timedelta(seconds=commonest)
    shared = math.gcd(*steps)
    return timedelta(seconds=shared if shared >= 120 else sorted(steps)[len(steps) // 2])


def find_holes(slots: Sequence[datetime], cadence: timedelta, day: date) -> list[datetime]:
    """The slots of the London day that a source with these slots, in order, would have had by its own rhythm."""
    start, end = bounds_of_day(day)
    if not slots:
        return []
    first, last = slots[0], slots[-1]
    holes = [first - cadence * i for i in range(1, (first - start) // cadence + 1)]
    for earlier, later in pairwise(slots):
        holes += [earlier + cadence * i for i in range(1, round((later - earlier) / cadence))]
    holes += [last + cadence * i for i in range(1, -((last - end) // cadence))]
    return sorted(holes)


def floor_to_slot(time: datetime) -> datetime:
    """The start of the slot that the time lies in, UTC."""
    return time.astimezone(UTC) - (time - datetime(2000, 1, 1, tzinfo=UTC)) % SLOT


def frame_path(slot: datetime) -> str:
    """Where an archive keeps the frame of a slot, below the camera's folder: `2020-03-09/2020-03-09@10_05GMT.jpg`, or `@10_05_30GMT`."""
    return slot.astimezone(UTC).strftime(f"%Y-%m-%d/%Y-%m-%d@%H_%M{'_%S' if slot.second else ''}GMT.jpg")


def read_slot(name: str) -> datetime | None:
    """The slot in an archive's file name, UTC; None for any other name."""
    found = FRAME_NAME.fullmatch(name)
    try:
        text = f"{found[1]} {found[2]} {found[3]} {found[4] or '00'}" if found else ""
        return datetime.strptime(text, "%Y-%m-%d %H %M %S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def read_day_folders(names: list[str]) -> list[date]:
    """The days among folder names, in order; other names are passed over."""
    return sorted(day for name in names if (day := _read_day(name)))


def _read_day(text: str) -> date | None:
    if not DAY_FOLDER.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def why_no_frame(data: bytes) -> str:
    """Why the bytes that a source sent are not a frame; "" when they may be one, perhaps a damaged one."""
    if not data:
        return "the source's file is empty"
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "the source answered with a web page"
    return ""
