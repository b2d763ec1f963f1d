"""What became of every request, one CSV row each in `manifest/{UTC date}.csv`.

A process that is killed leaves whole rows.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from carpark.errors import BadSetting
from carpark.files import CsvLog

FOLDER = "manifest"
STORED, SAME_PICTURE, UNCHANGED, NOT_ASKED = "stored", "same picture", "unchanged", "not asked"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A camera, asked once."""

    tick: datetime  # UTC
    camera: str  # its id
    asked_at: datetime  # UTC, by this machine's clock
    status: str  # stored, same picture (sent again), unchanged (not sent), or why no frame came: "HTTP 404"
    captured_at: datetime | None = None  # UTC; None where neither the frame nor the server says
    etag: str = ""
    sha256: str = ""  # of the frame's file
    path: str = ""  # of the frame, below the folder; "" unless it was stored now


MANIFEST_COLUMNS = tuple(field.name for field in fields(Attempt))


def append_attempt(out: Path, attempt: Attempt) -> None:
    """Adds a row to the manifest of the tick's day, whole or not at all. Raises OSError."""
    values = {name: value.isoformat() if isinstance(value, datetime) else value or "" for name, value in asdict(attempt).items()}
    _log(out / FOLDER / f"{attempt.tick:%Y-%m-%d}.csv").append([values])


def read_attempts(path: Path) -> Iterator[dict[str, str]]:
    """The rows of one day's manifest, in order. Raises BadSetting for a damaged one."""
    return (row for _, row in _log(path).read())


def _log(path: Path) -> CsvLog:
    return CsvLog(path, MANIFEST_COLUMNS, durable=False, error=BadSetting)
