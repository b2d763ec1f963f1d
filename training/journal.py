"""A table that only grows: one CSV row an event, on disk before the next thing happens, whole or not at all.

Several processes may append to one journal. A last line that was cut short, as by a full disk, is never read and vanishes when the next
row is appended.
"""

import csv
import errno
import fcntl
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carpark.errors import BadPhotos
from carpark.files import _cut_torn_line


@dataclass(frozen=True, slots=True)
class Journal:
    """A CSV with a header; values are texts without line breaks."""

    path: Path
    columns: tuple[str, ...]

    def append(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Adds rows, and returns when the disk has them. Columns that the file has beyond ours stay empty. Raises OSError, BadPhotos."""
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = _cut_torn_line(file)
            columns = self._read_header() if size else list(self.columns)
            lines = "" if size else _write_row(columns)
            lines += "".join(_write_row([row.get(name, "") for name in columns]) for row in rows)
            data = lines.encode()
            if os.write(file, data) < len(data):  # the disk is full, and this was the last that went in
                os.ftruncate(file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        finally:
            os.close(file)

    def read(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line number and values of each row, in order; nothing when there is no file yet. Raises BadPhotos, naming the line."""
        if not self.path.exists():
            return
        columns = self._read_header()
        try:
            lines = self.path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        except UnicodeDecodeError as error:
            raise BadPhotos(f"{self.path} is not UTF-8 text ({error.reason}).") from error
        for number, line in enumerate(lines[1:], start=2):
            if not line.endswith("\n"):
                return
            values = next(csv.reader([line]), [])
            if not values:
                continue
            if len(values) != len(columns):
                raise BadPhotos(f"{self.path} line {number} has {len(values)} values; expected {len(columns)}: {','.join(columns)}.")
            yield number, dict(zip(columns, values, strict=True))

    def _read_header(self) -> list[str]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file), [])
        missing = [name for name in self.columns if name not in columns]
        if missing:
            raise BadPhotos(f"{self.path} has no column {missing[0]!r}; expected {','.join(self.columns)}.")
        return columns


def _write_row(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(" ".join(value.split()) for value in values)
    return line.getvalue()
