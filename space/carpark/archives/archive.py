"""What every archive of frames offers; `carpark.archives.open_archive` opens them."""

from collections.abc import Generator, Sequence
from datetime import date, datetime
from typing import Protocol

from carpark.cache import Cache
from carpark.cameras.camera import Camera
from carpark.slots import Fetched, Timetable


class Archive(Protocol):
    """A source of frames: `{location}/{camera.folder}/{YYYY-MM-DD}/{YYYY-MM-DD}@{HH}_{MM}GMT.jpg`, or something that answers like one."""

    @property
    def location(self) -> str:
        """The folder, base URL or repo, as people know it."""

    @property
    def cache(self) -> Cache | None:
        """The cache for finished days; None to cache nothing."""

    def cameras(self) -> list[Camera]:
        """The cameras that it lists; none when it cannot be listed. Raises BadSetting when it is down."""

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder. Raises UnknownCamera."""

    def days(self, camera: Camera) -> list[date]:
        """The days that it lists for the camera, in order; none when it cannot be listed. Raises BadSetting when it is down."""

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """When it has frames of the camera on the London day; times to ask for where it lists none. Raises BadSetting when it is down."""

    def edition(self, camera: Camera, day: date) -> str:
        """Changes when the frames of a finished day do; "" for an archive that never changes them."""

    def notes(self) -> list[str]:
        """Warnings to show visitors, a sentence each; usually empty."""

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """One answer for each slot, as they arrive, in any order. Closing the iterator stops the traffic."""
