"""Files that are whole or absent: replaced in one step, appended to row by row, and locked against a second writer.

A process that is killed leaves the old file or the new one. It may also leave a file that ends in `HALF_WRITTEN`, which
`remove_half_written` deletes.
"""

import csv
import errno
import fcntl
import io
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from carpark.errors import BadPhotos, BadSetting, CarparkError

HALF_WRITTEN = ".half-written"  # suffix of a file that is not complete yet


def write_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Makes `data` the content of the file, in one step. With `durable` it is on the disk when this returns.

    Raises OSError, and then leaves nothing.
    """
    half_written = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{HALF_WRITTEN}")
    try:
        with half_written.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        half_written.replace(path)
    except OSError:
        with suppress(OSError):
            half_written.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def remove_half_written(folder: Path, pattern: str = "**/*") -> None:
    """Deletes what killed processes left below `folder`. Call it only while nobody else writes there."""
    for left_over in folder.glob(f"{pattern}{HALF_WRITTEN}"):
        left_over.unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Adds a line to the file, which is made when needed; on the disk when this returns, or not there at all. Raises OSError."""
    with _open_to_append(path) as (file, size):
        _write_at_end(file, size, line + "\n", durable=True)


def drop_torn_line(path: Path) -> None:
    """Cuts off what a killed process left behind the last whole line of a file."""
    with _open_to_append(path):
        pass


@dataclass(frozen=True, slots=True)
class CsvLog:
    """A CSV file that only grows. Several processes may append to it. A last row that was cut short is never read."""

    path: Path
    columns: tuple[str, ...]
    more_columns: tuple[str, ...] = ()  # of a new file; an older one may lack them
    durable: bool = True  # rows are on the disk when `append` returns
    error: type[CarparkError] = BadPhotos  # raised for a file that is not such a table

    def append(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Adds rows, whole or not at all. Columns of the file that are not ours stay empty. Raises OSError, and `error`.

        A value for which an older file has no column is such an error.
        """
        with _open_to_append(self.path) as (file, size):
            columns = self._read_header() if size else [*self.columns, *self.more_columns]
            if lost := next((name for row in rows for name in self.more_columns if row.get(name) and name not in columns), ""):
                raise self.error(f"{self.path} has no column {lost!r}, which a new row needs. Add it to the header, and to each row.")
            lines = [] if size else [columns]
            lines += [[row.get(name, "") for name in columns] for row in rows]
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(lines)
            _write_at_end(file, size, text.getvalue(), durable=self.durable)

    def read(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line number and values of each row, in order; nothing when the file is missing. Raises `error`, which names the line."""
        if not self.path.exists():
            return
        columns = self._read_header()
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"{self.path} is not UTF-8 text ({error.reason}).") from error
        reader = csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
        next(reader, None)
        for values in reader:
            if not values:
                continue
            if len(values) != len(columns):
                raise self.error(
                    f"{self.path} line {reader.line_num} has {len(values)} values; expected {len(columns)}: {','.join(columns)}."
                )
            yield reader.line_num, dict(zip(columns, values, strict=True))

    def _read_header(self) -> list[str]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file), [])
        missing = [name for name in self.columns if name not in columns]
        if missing:
            raise self.error(f"{self.path} has no column {missing[0]!r}; expected {','.join(self.columns)}.")
        return columns


@contextmanager
def exclusive_lock(path: Path, *, busy: str) -> Iterator[None]:
    """Keeps other processes out until the block, or this process, ends. Raises BadSetting(busy) while another has the lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadSetting(f"{path.parent} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadSetting(busy) from error
        yield
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Puts the names in the folder on the disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def _open_to_append(path: Path) -> Iterator[tuple[int, int]]:
    """The file, locked, with a torn last line cut off, and its size in bytes."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            size = path.read_bytes().rfind(b"\n") + 1
            os.ftruncate(file, size)
        yield file, size
    finally:
        os.close(file)
    if is_new:
        sync_folder(path.parent)


def _write_at_end(file: int, size: int, text: str, *, durable: bool) -> None:
    """All of the text, or none of it: a full disk takes only a part, which is cut off again."""
    data = text.encode()
    try:
        if os.write(file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise
