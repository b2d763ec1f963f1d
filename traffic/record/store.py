"""Frames on disk in the layout of the archive: each picture once, whole, in the slot in which it was taken."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count
from pathlib import Path

from carpark.cameras.camera import is_safe_folder
from carpark.files import write_file
from carpark.slots import floor_to_slot, frame_path, read_day_folders, read_slot

OLDEST_PLAUSIBLE = timedelta(days=1)  # a camera's clock that is further behind is wrong
AHEAD = timedelta(minutes=1)  # clocks of camera and server differ by seconds


def plausible_time(times: list[datetime | None], now: datetime) -> datetime | None:
    """The first of the times at which a frame may have been taken that is neither in the future nor more than a day ago."""
    return next((time for time in times if time and now - OLDEST_PLAUSIBLE <= time <= now + AHEAD), None)


def store_frame(camera_folder: Path, time: datetime, data: bytes) -> Path | None:
    """Stores the frame and returns its path; None when the newest frame, or the one of its slot, is the same picture.

    A frame belongs to the slot in which it was taken. If another picture has that slot, the name says the seconds as well. Nothing is ever
    written over. Raises OSError, and then leaves no file.
    """
    if (newest := _newest_frame(camera_folder)) and _holds(newest, data):
        return None
    second = timedelta(seconds=1)
    exactly = time.astimezone(UTC).replace(microsecond=0)
    exactly += second * (exactly.second == 0)  # a name without seconds is a slot's
    for slot in chain([floor_to_slot(time)], (exactly + number * second for number in count())):
        path = camera_folder / frame_path(slot)
        if not path.exists():
            break
        if _holds(path, data):
            return None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, data, durable=False)
    return path


def _newest_frame(camera_folder: Path) -> Path | None:
    return next((frames[-1] for day in reversed(list_days(camera_folder)) if (frames := list_frames(camera_folder, day))), None)


def _holds(path: Path, data: bytes) -> bool:
    return path.stat().st_size == len(data) and path.read_bytes() == data


def list_cameras(out: Path) -> list[Path]:
    """The folders that may hold a camera's frames, in order."""
    return sorted(path for path in out.iterdir() if is_safe_folder(path.name) and path.is_dir())


def list_days(camera_folder: Path) -> list[date]:
    """The UTC days for which a camera has a folder, in order."""
    return read_day_folders([path.name for path in camera_folder.iterdir()]) if camera_folder.is_dir() else []


def list_frames(camera_folder: Path, day: date) -> list[Path]:
    """A camera's frames of a UTC day, in order; none when it has no folder for the day."""
    folder = camera_folder / f"{day}"
    return sorted(path for path in folder.iterdir() if read_slot(path.name)) if folder.is_dir() else []


def all_days(out: Path) -> list[date]:
    """The UTC days for which any camera has a folder, in order."""
    return sorted({day for camera_folder in list_cameras(out) for day in list_days(camera_folder)})


def remove_day(out: Path, day: date) -> Iterator[Path]:
    """Removes the frames that all cameras have of a UTC day, and names each; other files stay."""
    for camera_folder in list_cameras(out):
        for path in list_frames(camera_folder, day):
            path.unlink()
            yield path
        with suppress(OSError):  # not there, or not empty
            (camera_folder / f"{day}").rmdir()
