"""What became of every request, one CSV row each in `manifest/{UTC date}.csv`.

A row is appended by one write, so a process that is killed leaves whole rows. A last line that was cut short all the same, as by a
full disk, is never read and vanishes when the next row is appended.
"""

import csv
import errno
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

FOLDER = "manifest"
LONGEST_ROW = 8192  # bytes
STORED, SAME_PICTURE, UNCHANGED, NOT_ASKED = "stored", "same picture", "unchanged", "not asked"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A camera, asked once."""

    tick: datetime  # UTC
    camera: str  # its id
    asked_at: datetime  # UTC, by this machine's clock
    status: str  # stored, same picture (sent again), unchanged (not sent), or why there is no frame: "HTTP 404"
    captured_at: datetime | None = None  # UTC; None where neither the frame nor the server says
    etag: str = ""
    sha256: str = ""  # of the frame's file
    path: str = ""  # of the frame, below the folder; "" unless it was stored now


MANIFEST_COLUMNS = [field.name for field in fields(Attempt)]


def append_attempt(out: Path, attempt: Attempt) -> None:
    """Adds a row to the manifest of the tick's day, whole or not at all. Raises OSError."""
    path = out / FOLDER / f"{attempt.tick:%Y-%m-%d}.csv"
    path.parent.mkdir(exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = _cut_torn_line(file)
        row = _write_row(list(asdict(attempt).values()))
        lines = (row if size else _write_row(MANIFEST_COLUMNS) + row).encode()
        if os.write(file, lines) < len(lines):  # the disk is full, and this was the last that went in
            os.ftruncate(file, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def read_attempts(path: Path) -> Iterator[dict[str, str]]:
    """The rows of one day's manifest, in order."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if line.endswith("\n"))


def _write_row(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(value.isoformat() if isinstance(value, datetime) else value for value in values)
    return line.getvalue()


def _cut_torn_line(file: int) -> int:
    """The size of the open file in bytes, once a last line without its end was cut off."""
    size = os.fstat(file).st_size
    start = max(size - LONGEST_ROW, 0)
    torn = size and os.pread(file, 1, size - 1) != b"\n"
    if torn:
        size = start + os.pread(file, LONGEST_ROW, start).rfind(b"\n") + 1
        os.ftruncate(file, size)
    return size
