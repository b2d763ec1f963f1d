"""Several archives as one: a frame that one lacks is requested from the next."""

from bisect import bisect_left
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from carpark.archives.archive import Archive
from carpark.cache import Cache
from carpark.cameras.camera import Camera, find_camera
from carpark.errors import BadSetting, UnknownCamera
from carpark.slots import Fetched, Timetable, find_cadence


@dataclass(frozen=True, slots=True)
class ArchiveChain:
    """Archives in the order in which they are asked."""

    archives: tuple[Archive, ...]
    cache: Cache | None = None

    @property
    def location(self) -> str:
        """All of them."""
        return ", ".join(archive.location for archive in self.archives)

    def cameras(self) -> list[Camera]:
        """The cameras that any of them lists, by name, with id and position where one knows them. Raises BadSetting when all are down."""
        found: dict[str, Camera] = {}
        problems: list[BadSetting] = []
        for archive in self.archives:
            try:
                listed = archive.cameras()
            except BadSetting as problem:
                problems.append(problem)
                continue
            for camera in listed:
                found.setdefault(camera.id, camera)
        if len(problems) == len(self.archives):
            raise problems[0]
        # One archive may know a camera by its folder only, and another by its id.
        catalogued = {camera.folder for camera in found.values() if camera.id != camera.folder}
        known = [camera for camera in found.values() if camera.id != camera.folder or camera.folder not in catalogued]
        return sorted(known, key=lambda camera: (camera.name, camera.id))

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder that any of them knows. Raises UnknownCamera."""
        try:
            return find_camera(self.cameras(), key)
        except UnknownCamera as unknown:
            for archive in self.archives:
                try:
                    return archive.camera(key)
                except (UnknownCamera, BadSetting):
                    continue
            raise unknown

    def days(self, camera: Camera) -> list[date]:
        """The days that any of them lists, in order. Raises BadSetting when all are down."""
        found: set[date] = set()
        problems: list[BadSetting] = []
        for archive in self.archives:
            try:
                found.update(archive.days(camera))
            except BadSetting as problem:
                problems.append(problem)
        if len(problems) == len(self.archives):
            raise problems[0]
        return sorted(found)

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The slots of all of them; of a later one only those that lie between the slots that an earlier one lists.

        Raises BadSetting when all are down.
        """
        listed: list[datetime] = []
        slots: set[datetime] = set()
        is_listed = True
        problems: list[BadSetting] = []
        for archive in self.archives:
            try:
                table = archive.timetable(camera, day)
            except BadSetting as problem:
                problems.append(problem)
                continue
            reach = find_cadence(listed) / 2
            slots |= {slot for slot in table.slots if not _is_near(slot, listed, reach)}
            if table.is_listed:
                listed = sorted({*listed, *table.slots})
            is_listed = is_listed and table.is_listed
        if len(problems) == len(self.archives):
            raise problems[0]
        return Timetable(tuple(sorted(slots | set(listed))), is_listed)

    def edition(self, camera: Camera, day: date) -> str:
        """Those of all of them."""
        return " ".join(archive.edition(camera, day) for archive in self.archives)

    def notes(self) -> list[str]:
        """Those of all of them."""
        return [note for archive in self.archives for note in archive.notes()]

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """Each frame as soon as one of them has it. A slot that none has gets one answer at the end, with the reasons of all."""
        lacking = {slot: Fetched(slot, "") for slot in slots}
        for archive in self.archives:
            with closing(archive.fetch(camera, list(lacking))) as answers:
                for fetched in answers:
                    if fetched.data:
                        del lacking[fetched.slot]
                        yield fetched
                    else:
                        lacking[fetched.slot] = _join(lacking[fetched.slot], fetched)
        yield from lacking.values()


def _is_near(slot: datetime, listed: list[datetime], reach: timedelta) -> bool:
    """Whether one of the listed slots, in order, is less than `reach` away."""
    place = bisect_left(listed, slot)
    return any(abs(other - slot) < reach for other in listed[max(place - 1, 0) : place + 1])


def _join(earlier: Fetched, later: Fetched) -> Fetched:
    """Two answers without a frame as one."""
    if not earlier.url:
        return later
    reason = later.reason if later.reason == earlier.reason else f"{earlier.reason}; {later.reason}"
    return replace(later, reason=reason, is_final=earlier.is_final and later.is_final)
