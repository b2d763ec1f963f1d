"""`cameras.json` beside the frames: TfL's own answer, refreshed once a day. While TfL is down, the last one is used."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from carpark.cameras.camera import Camera, find_camera, parse_catalogue
from carpark.cameras.catalogue import ASK_AGAIN, FRESH, ask_catalogue
from carpark.errors import BadSetting, UnknownCamera
from carpark.files import write_file
from carpark.web.breaker import Patience
from carpark.web.client import SourceUnavailable

CAMERAS_FILE = "cameras.json"


@dataclass(slots=True)
class CameraList:
    """The cameras in the `cameras.json` of the folder `out`."""

    out: Path
    url: str  # TfL's catalogue
    patience: Patience = field(default_factory=Patience)
    cameras: tuple[Camera, ...] = ()
    recorded: set[str] = field(default_factory=set)  # ids of cameras that were recorded, now or in an earlier run
    unknown: tuple[str, ...] = ()  # why wanted cameras are left out, a line each
    _ask_at: float = 0.0  # by the monotonic clock

    def refresh(self) -> str:
        """Asks TfL when a day has gone by, or ten minutes since it did not answer; says why the list is not newer, usually "".

        Raises BadSetting without any list, and OSError when it cannot be written.
        """
        if time.monotonic() < self._ask_at:
            return ""
        path = self.out / CAMERAS_FILE
        age_s = time.time() - path.stat().st_mtime if path.exists() else -1.0
        if not self.cameras and 0 <= age_s < FRESH.total_seconds():  # this process has just started
            self._ask_at = time.monotonic() + FRESH.total_seconds() - age_s
            self.cameras = _read_list(path)
            if self.cameras:
                return ""
        try:
            self.cameras, answer = ask_catalogue(self.url, self.patience)
        except SourceUnavailable as error:
            self._ask_at = time.monotonic() + ASK_AGAIN.total_seconds()
            self.cameras = self.cameras or _read_list(path)
            if not self.cameras:
                raise BadSetting(f"TfL's list of cameras cannot be fetched from {self.url} ({error}). Try again later.") from error
            return f"TfL's list of cameras cannot be fetched ({error}); the last one is used"
        self._ask_at = time.monotonic() + FRESH.total_seconds()
        write_file(path, answer)
        return ""

    def choose(self, wanted: str) -> list[Camera]:
        """The cameras that `wanted` lists by id with commas between, or "all" of them. Raises UnknownCamera.

        One that was `recorded` before and that TfL does not list any more is left out until it is back: `unknown` says which.
        """
        if wanted == "all":
            return list(self.cameras)
        found: dict[Camera, None] = {}
        problems: list[UnknownCamera] = []
        for key in wanted.split(","):
            try:
                found[find_camera(self.cameras, key)] = None
            except UnknownCamera as problem:
                if key.strip() not in self.recorded:
                    raise
                problems.append(problem)
        self.recorded |= {camera.id for camera in found}
        self.unknown = tuple(map(str, problems))
        return list(found)


def _read_list(path: Path) -> tuple[Camera, ...]:
    try:
        return tuple(parse_catalogue(json.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError):
        return ()
