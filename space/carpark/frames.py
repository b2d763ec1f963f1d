"""Where the frames of a camera and a day come from: a local folder or a web server, both in the layout of the public archive.

    archive = open_archive("../shared/data/archive")        # or "http://archive.tfljamcams.net/archive"
    camera = archive.camera("UFPR05_Car_Park")
    for fetched in archive.fetch(camera, slots_of_day(day)): ...
"""

from collections.abc import Generator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from carpark.archive_folder import FolderArchive
from carpark.archive_http import HttpArchive
from carpark.cameras import Camera
from carpark.errors import BadSetting
from carpark.slots import Fetched


class Archive(Protocol):
    """A source of past frames: `{location}/{camera.folder}/{YYYY-MM-DD}/{YYYY-MM-DD}@{HH}_{MM}GMT.jpg`."""

    @property
    def location(self) -> str:
        """The folder or base URL, as people know it."""

    def cameras(self) -> list[Camera]:
        """The cameras that it lists; none when it cannot be listed."""

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder. Raises UnknownCamera."""

    def days(self, camera: Camera) -> list[date]:
        """The days that it lists for the camera, in order; none when it cannot be listed."""

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """One answer for each slot, as they arrive, in any order. Closing the iterator stops the traffic."""


def open_archive(location: str) -> Archive:
    """The archive at a folder or an http(s) base. Raises BadSetting when `location` is neither; contacts nobody yet."""
    location = location.strip()
    if "://" in location:
        parts = urlsplit(location)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadSetting(f"{location!r} is no archive; expected a folder or a base such as https://host/archive.")
        return HttpArchive(location.rstrip("/"))
    folder = Path(location).expanduser()
    if not location or not folder.is_dir():
        raise BadSetting(f"{location!r} is no archive: there is no such folder. Set CARPARK_ARCHIVE to a folder or an http(s):// base.")
    return FolderArchive(folder)
