"""What an earlier run left behind, so that no frame is stored twice and no camera is asked twice in a tick."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from carpark.errors import BadSetting
from traffic.record.manifest import FOLDER, NOT_ASKED, read_attempts

LOCK = ".recording"
DAYS_READ = 2  # of manifests; a picture that has not changed for longer is sent once more and recognised


@contextmanager
def sole_recorder(out: Path) -> Iterator[None]:
    """Makes the folder, and keeps other recorders out of it until the block, or this process, ends. Raises BadSetting."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadSetting(f"--out {out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadSetting(f"--out {out} is being recorded to by another process. Stop that one, or choose another folder.") from error
        yield
    finally:
        os.close(file)


def read_progress(out: Path, tick: datetime) -> tuple[dict[str, str], set[str]]:
    """The etag of each camera's newest picture, by its id, as the manifests know it; and the ids of the cameras asked in this tick."""
    etags: dict[str, str] = {}
    asked: set[str] = set()
    for path in sorted((out / FOLDER).glob("*.csv"))[-DAYS_READ:]:
        for row in read_attempts(path):
            if row["etag"]:
                etags[row["camera"]] = row["etag"]
            if row["tick"] == tick.isoformat() and not row["status"].startswith(NOT_ASKED):
                asked.add(row["camera"])
    return etags, asked
