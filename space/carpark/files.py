"""Files that are whole or absent: replaced in one step, appended line by line, locked against a second writer."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carpark.errors import BadSetting

LONGEST_ROW = 16_384  # bytes


@contextmanager
def held(lock: Path, *, busy: str, shared: bool = False) -> Iterator[None]:
    """Keeps other processes out, or other exclusive ones when `shared`, until the block, or this process, ends. Raises BadSetting(busy)."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadSetting(f"{lock.parent} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadSetting(busy) from error
        yield
    finally:
        os.close(file)


def _cut_torn_line(file: int) -> int:
    """The size of the open file in bytes, once a last line without its end was cut off."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        start = max(size - LONGEST_ROW, 0)
        size = start + os.pread(file, LONGEST_ROW, start).rfind(b"\n") + 1
        os.ftruncate(file, size)
    return size


def replace_text(path: Path, text: str) -> None:
    """The file with this text, in place of the one that is there; whoever reads or kills meanwhile has the old or the new one whole."""
    half_written = path.with_name(f".{path.name}.half-written")
    half_written.write_text(text, encoding="utf-8")
    half_written.replace(path)


def drop_unfinished_line(path: Path) -> None:
    """Cuts off what a killed process left behind the last whole line: that vote was never confirmed, and no reader could parse it."""
    text = path.read_bytes()
    if not text.endswith(b"\n"):
        os.truncate(path, text.rfind(b"\n") + 1)


def append_line(path: Path, line: str) -> None:
    """The line at the end of the file and on the disk, or not there at all. Raises OSError."""
    is_new = not path.exists()
    if is_new:
        make_folder(path.parent)
    data = line.encode() + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        if os.write(file, data) != len(data):
            os.ftruncate(file, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        fsync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """The folder, for its owner alone: votes may come with photos."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def fsync_folder(folder: Path) -> None:
    """Puts the names in the folder on the disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
