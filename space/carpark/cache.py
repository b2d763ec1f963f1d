"""Bytes kept on disk between visits: bounded in size, safe with several processes, and never trusted without their checksum."""

import hashlib
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from carpark.files import HALF_WRITTEN, write_file

DIGEST_BYTES = hashlib.sha256().digest_size
SWEEP_EVERY_BYTES = 16_000_000  # written by this process between two looks at the whole folder
KEEP_SHARE = 0.9  # of the bound, after the oldest entries were dropped
HALF_WRITTEN_S = 3600  # half-written files older than this were left by a process that was killed


@dataclass(slots=True)
class Cache:
    """Entries by key in `folder`, which is made when needed; a folder that cannot be written keeps nothing and is not an error."""

    folder: Path
    max_bytes: int = 1_000_000_000  # some 150 camera days
    _unswept_bytes: int = field(default=SWEEP_EVERY_BYTES, repr=False)  # the first entry written looks at what is there
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, key: str) -> bytes | None:
        """What was put under the key; None when nothing was, or when it is damaged, in which case it is removed."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(key.encode() + entry[DIGEST_BYTES:]).digest() != entry[:DIGEST_BYTES]:
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)  # what was asked for last is dropped last
        return entry[DIGEST_BYTES:]

    def put(self, key: str, data: bytes) -> None:
        """Keeps the bytes, whole or not at all."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, hashlib.sha256(key.encode() + data).digest() + data, durable=False)
        except OSError:
            return
        self._sweep_sometimes(len(data))

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _sweep_sometimes(self, written_bytes: int) -> None:
        with self._lock:
            self._unswept_bytes += written_bytes
            if self._unswept_bytes < min(SWEEP_EVERY_BYTES, self.max_bytes // 10):
                return
            self._unswept_bytes = 0
        self._sweep()

    def _sweep(self) -> None:
        """Drops what a killed process left half written, and the entries longest unasked for while there are too many bytes."""
        entries = []
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                stat = path.stat()
                entries.append((stat.st_mtime, stat.st_size, path))
        total_bytes = sum(size for _, size, _ in entries)
        excess_bytes = total_bytes - KEEP_SHARE * self.max_bytes if total_bytes > self.max_bytes else 0
        for modified, size, path in sorted(entries):
            is_left_over = path.name.endswith(HALF_WRITTEN) and time.time() - modified > HALF_WRITTEN_S
            if is_left_over or excess_bytes > 0:
                _remove(path)
                excess_bytes -= size


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
