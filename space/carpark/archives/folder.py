"""An archive of frames in a local folder."""

import hashlib
import json
import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from carpark.cache import Cache
from carpark.cameras.camera import Camera, camera_of_folder, find_camera, is_safe_folder, parse_catalogue
from carpark.errors import BadSetting
from carpark.slots import NO_FRAME, Fetched, Timetable, dates_of_day, frame_path, read_day_folders, read_slots, why_no_frame

MAX_FRAME_BYTES = 4_000_000  # a JamCam still has 7 to 31 kB; this leaves room for a 12-megapixel camera


@dataclass(frozen=True, slots=True)
class FolderArchive:
    """The archive whose camera folders lie in `folder`."""

    folder: Path
    cache: Cache | None = None  # for finished days; frames are read where they lie

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def cameras(self) -> list[Camera]:
        """The subfolders that hold at least one day, by name. Raises BadSetting when the folder cannot be read.

        A `cameras.json` beside them, TfL's recorded answer to `/Place/Type/JamCam`, gives ids and positions.
        """
        names = [name for name in _subfolders(self.folder) if is_safe_folder(name) and self._days(name)]
        known = {camera.folder: camera for camera in _read_catalogue(self.folder / "cameras.json")}
        return [known.get(name) or camera_of_folder(name) for name in names]

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder. Raises UnknownCamera."""
        return find_camera(self.cameras(), key)

    def days(self, camera: Camera) -> list[date]:
        """The days that the camera's folder holds, in order."""
        return self._days(camera.folder)

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The slots that the file names in the day's folders give."""
        folders = [self.folder / camera_of_folder(camera.folder).folder / f"{utc_date}" for utc_date in dates_of_day(day)]
        return Timetable(tuple(read_slots((name for folder in folders for name in _names(folder)), day)))

    def edition(self, camera: Camera, day: date) -> str:
        """A digest of the names, sizes and times of the files that lie in the day's folders."""
        digest = hashlib.sha256()
        for utc_date in dates_of_day(day):
            folder = self.folder / camera.folder / f"{utc_date}"
            with suppress(OSError):
                for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                    stat = entry.stat()
                    digest.update(f"{entry.path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def notes(self) -> list[str]:
        """None."""
        return []

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """The frame's file for each slot, in order; a file that is not there, empty or unreadable is an answer without data."""
        for slot in slots:
            path = self.folder / camera_of_folder(camera.folder).folder / frame_path(slot)
            data, reason = _read_frame(path)
            yield Fetched(slot, str(path), data, reason, self.location if data else "")

    def _days(self, name: str) -> list[date]:
        try:
            return read_day_folders(_subfolders(self.folder / name))
        except BadSetting:
            return []


def _read_catalogue(path: Path) -> list[Camera]:
    try:
        return parse_catalogue(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return []


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []


def _subfolders(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        raise BadSetting(f"The archive folder {folder} cannot be read ({error.strerror}). Check CARPARK_ARCHIVE.") from error


def _read_frame(path: Path) -> tuple[bytes | None, str]:
    try:
        size = path.stat().st_size
        if size > MAX_FRAME_BYTES:
            return None, f"its file of {size / 1e6:.0f} MB is larger than any frame"
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, NO_FRAME
    except OSError as error:
        return None, f"its file cannot be read ({error.strerror})"
    reason = why_no_frame(data)
    return (None, reason) if reason else (data, "")
