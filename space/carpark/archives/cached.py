"""A remote archive whose frames are cached on disk, so that each is fetched once."""

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from carpark.archives.archive import Archive
from carpark.cache import Cache
from carpark.cameras.camera import Camera, find_camera
from carpark.errors import BadSetting
from carpark.slots import Fetched, Timetable, frame_path

T = TypeVar("T")

FINAL_AFTER = timedelta(hours=2)  # after a slot; a frame that is missing by then will not come, so "missing" is cached too
LISTED_S = 300  # until a listing is asked for again
HAS_FRAME, HAS_NONE = b"+", b"-"


@dataclass(frozen=True, slots=True)
class CachedArchive:
    """`archive`, asked only for what `cache` does not hold."""

    archive: Archive
    cache: Cache
    _listed: dict[str, tuple[float, list[Any]]] = field(default_factory=dict, repr=False, compare=False)  # when, and the listing

    @property
    def location(self) -> str:
        """The archive's own."""
        return self.archive.location

    def cameras(self) -> list[Camera]:
        """The archive's own, refreshed every few minutes."""
        return self._list("cameras", self.archive.cameras)

    def camera(self, key: str) -> Camera:
        """The listed camera with this id, name or folder; the archive's own answer where nothing is listed. Raises UnknownCamera."""
        cameras = self.cameras()
        return find_camera(cameras, key) if cameras else self.archive.camera(key)

    def days(self, camera: Camera) -> list[date]:
        """The archive's own, refreshed every few minutes."""
        return self._list(f"days of {camera.folder}", lambda: self.archive.days(camera))

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The archive's own, refreshed every few minutes; the last known one while the archive is down."""
        key = f"timetable {self.location} {camera.folder} {day}"
        try:
            table = self._list(f"frames of {camera.folder} on {day}", lambda: [self.archive.timetable(camera, day)])[0]
        except BadSetting:
            if not (entry := self.cache.get(key)):
                raise
            known = json.loads(entry)
            return Timetable(tuple(map(datetime.fromisoformat, known["slots"])), known["is_listed"])
        known = {"slots": [slot.isoformat() for slot in table.slots], "is_listed": table.is_listed}
        self.cache.put(key, json.dumps(known).encode())
        return table

    def edition(self, camera: Camera, day: date) -> str:
        """The archive's own."""
        return self.archive.edition(camera, day)

    def notes(self) -> list[str]:
        """The archive's own."""
        return self.archive.notes()

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """First the cached answers, then those of the archive as they arrive."""
        asked = []
        for slot in slots:
            if kept := self._read(camera, slot):
                yield kept
            else:
                asked.append(slot)
        if asked:
            with closing(self.archive.fetch(camera, asked)) as answers:
                for fetched in answers:
                    self._keep(camera, fetched)
                    yield fetched

    def _list(self, what: str, ask: Callable[[], list[T]]) -> list[T]:
        asked_at, listed = self._listed.get(what, (-LISTED_S, []))
        if time.monotonic() - asked_at > LISTED_S:
            listed = ask()
            self._listed[what] = time.monotonic(), listed
        return listed

    def _key(self, camera: Camera, slot: datetime) -> str:
        return f"frame {self.location} {camera.folder} {frame_path(slot)}"

    def _read(self, camera: Camera, slot: datetime) -> Fetched | None:
        entry = self.cache.get(self._key(camera, slot))
        if not entry:
            return None
        url, _, data = entry[1:].partition(b"\n")
        if entry.startswith(HAS_FRAME):
            return Fetched(slot, url.decode(), data, source=self.location)
        return Fetched(slot, url.decode(), None, data.decode())

    def _keep(self, camera: Camera, fetched: Fetched) -> None:
        url = fetched.url.encode() + b"\n"
        if fetched.data:
            self.cache.put(self._key(camera, fetched.slot), HAS_FRAME + url + fetched.data)
        elif fetched.is_final and datetime.now(UTC) - fetched.slot > FINAL_AFTER:
            self.cache.put(self._key(camera, fetched.slot), HAS_NONE + url + fetched.reason.encode())
