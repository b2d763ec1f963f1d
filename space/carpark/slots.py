"""The five-minute slots of a London day, and the name that an archive gives to the frame of each.

A day is a day in Europe/London, of 23, 24 or 25 hours; slots and file names are UTC. In summer the London day therefore begins at
23:00 in the UTC folder of the day before, and an archive that keeps only one of the two folders has only that part of the day.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from carpark.errors import BadDay

LONDON = ZoneInfo("Europe/London")
SLOT = timedelta(minutes=5)
FIRST_DAY = date(2000, 1, 1)  # no street camera archive is older
FRAME_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})@(\d{2})_(\d{2})GMT\.jpg")
NO_FRAME = "the archive has no frame for this slot"
DAY_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source answered for one slot."""

    slot: datetime  # start of the five minutes, UTC
    url: str  # URL or path that was asked
    data: bytes | None = None  # the frame's file; None when the source has none
    reason: str = ""  # why there is none, for people
    source: str = ""  # the archive that had it, as people know it; "" when none had
    is_final: bool = True  # False where asking again may bring another answer: the source failed, it did not deny


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


def slots_of_day(day: date) -> list[datetime]:
    """The start of each slot of the London day, in UTC and in order: 288, or 276 and 300 when the clocks change."""
    start, end = (datetime.combine(d, time(), LONDON).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return [start + SLOT * i for i in range((end - start) // SLOT)]


def floor_to_slot(time: datetime) -> datetime:
    """The start of the slot that the time lies in, UTC."""
    return time.astimezone(UTC) - (time - datetime(2000, 1, 1, tzinfo=UTC)) % SLOT


def frame_path(slot: datetime) -> str:
    """Where an archive keeps the frame of a slot, below the camera's folder: `2020-03-09/2020-03-09@10_05GMT.jpg`."""
    return slot.astimezone(UTC).strftime("%Y-%m-%d/%Y-%m-%d@%H_%MGMT.jpg")


def read_slot(name: str) -> datetime | None:
    """The slot in an archive's file name, UTC; None for any other name."""
    found = FRAME_NAME.fullmatch(name)
    try:
        return datetime.strptime(f"{found[1]} {found[2]} {found[3]}", "%Y-%m-%d %H %M").replace(tzinfo=UTC) if found else None
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
    """Why the bytes that a source handed out are not frame at all, or "" when they may be one (perhaps a broken one)."""
    if not data:
        return "the source's file is empty"
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "the source answered with a web page"
    return ""
