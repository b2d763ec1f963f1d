"""What the recorder's tests share: a bucket on loopback with TfL's list, and a run of the recorder over it."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from carpark.cameras.camera import parse_catalogue
from carpark.web.breaker import Patience
from carpark.web.client import WebClient
from tests.carpark.cameras.test_catalogue import LIST, PLACES
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.street import exif, jpeg, street
from traffic.record.asking import Recorder
from traffic.record.camera_list import CameraList
from traffic.record.manifest import read_attempts
from traffic.record.session import Session

CAMERAS = parse_catalogue(PLACES)  # 150: Street 0 to Street 149
HASTY = Patience(read_s=2, frame_s=2, tries=1, first_answer_s=0.1, backoff_s=0.01)


@cache
def frame(time: datetime | None = None, seed: int = 0) -> bytes:
    """A JPEG whose EXIF says `time`, or says nothing."""
    return jpeg(street(seed), 30, exif=exif(f"{time:%Y:%m:%d %H:%M:%S}") if time else None)


def offer(body: bytes, **headers: str) -> Answer:
    """A frame as S3 hands it out, with an etag of its bytes."""
    return Answer(body, headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"', **headers})


def bucket(frames: Mapping[str, Answer] | Callable[[str], Answer]) -> Loopback:
    """Serves the list of cameras, and the newest frame of each by its id."""

    def answer(path: str, nth: int) -> Answer:
        if path == "/list":
            return LIST
        camera = path.removeprefix("/").removesuffix(".jpg")
        return frames(camera) if callable(frames) else frames.get(camera, NOT_FOUND)

    return Loopback(answer)


def asked(server: Loopback) -> list[str]:
    """The cameras that were asked for, in order."""
    return [path.removeprefix("/").removesuffix(".jpg") for path in server.asked if path != "/list"]


def open_session(server: Loopback, out: Path, wanted: str, *, every_s: float = 1, keep: timedelta | None = None) -> Session:
    """A run of the recorder as the command would start it."""
    out.mkdir(exist_ok=True)
    recorder = Recorder(out, server.base, WebClient(server.base, HASTY, 16))
    every = timedelta(seconds=every_s)
    return Session(recorder, CameraList(out, f"{server.base}/list", HASTY), wanted, every, threading.Event(), keep=keep)


def record_once(server: Loopback, out: Path, wanted: str, *, every_s: float = 0.4) -> Session:
    """One round, in a tick of its own, of a recorder that knows nothing but what lies in `out`."""
    time.sleep(every_s - time.time() % every_s)
    session = open_session(server, out, wanted, every_s=every_s)
    session.run(timedelta(0))
    return session


def start(server: Loopback, out: Path, *flags: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The command itself, in a process of its own."""
    command = [sys.executable, "-m", "traffic.record", "--bucket", server.base, "--catalogue", f"{server.base}/list", "--out", str(out)]
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'space'}", **(environment or {})}
    return subprocess.Popen([*command, *flags], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(out: Path) -> list[dict[str, str]]:
    """All rows of all manifests, in order."""
    return [row for path in sorted((out / "manifest").iterdir()) for row in read_attempts(path)]


def frames_on_disk(out: Path) -> list[str]:
    """Paths below `out` of all frames, in order."""
    return sorted(path.relative_to(out).as_posix() for path in out.glob("*/*/*.jpg"))


def minutes_ago(minutes: float) -> datetime:
    """A time of today or yesterday, in whole seconds."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(microsecond=0)
