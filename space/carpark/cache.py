"""A cache on disk: bounded in size, safe for several processes, and every entry is checked by its sha256."""

import hashlib
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from carpark.files import HALF_WRITTEN, write_file

DIGEST_BYTES = hashlib.sha256().digest_size
SWEEP_EVERY_BYTES = 16_000_000  # written by this process between two sweeps of the folder
KEEP_SHARE = 0.9  # of the bound, after the oldest entries were dropped
HALF_WRITTEN_S = 3600  # half-written files older than this were left by a process that was killed


@dataclass(slots=True)
class Cache:
    """Entries by key in `folder`, which is created when needed. If it cannot be written, nothing is cached and no error is raised."""

    folder: Path
    max_bytes: int = 1_000_000_000  # some 150 camera days
    _unswept_bytes: int = field(default=SWEEP_EVERY_BYTES, repr=False)  # so that the first write sweeps
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, key: str) -> bytes | None:
        """The bytes put under the key; None without any. A damaged entry is removed."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(key.encode() + entry[DIGEST_BYTES:]).digest() != entry[:DIGEST_BYTES]:
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)  # the least recently used entries are dropped first
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
        """Removes what killed processes left half written, and the least recently used entries while the folder is too large."""
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
