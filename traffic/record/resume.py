"""What an earlier run left behind, so that no frame is stored twice and no camera is asked twice in a tick."""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from carpark.files import exclusive_lock, remove_half_written
from traffic.record.manifest import FOLDER, NOT_ASKED, read_attempts
from traffic.record.store import list_cameras, list_days

LOCK = ".recording"
DAYS_READ = 2  # of manifests; a picture that has not changed for longer is sent once more and recognised


def sole_recorder(out: Path) -> AbstractContextManager[None]:
    """Makes the folder, and keeps other recorders out of it until the block, or this process, ends. Raises BadSetting."""
    return exclusive_lock(out / LOCK, busy=f"--out {out} is being recorded to by another process. Stop that one, or choose another folder.")


def remove_leftovers(out: Path) -> None:
    """Deletes the half-written frames of a run that was killed; they can only lie in the newest days."""
    for camera_folder in list_cameras(out):
        for day in list_days(camera_folder)[-DAYS_READ:]:
            remove_half_written(camera_folder / f"{day}", "*")


def read_recorded(out: Path) -> set[str]:
    """The ids of the cameras that the newest manifests name."""
    return {row["camera"] for path in sorted((out / FOLDER).glob("*.csv"))[-DAYS_READ:] for row in read_attempts(path)}


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
