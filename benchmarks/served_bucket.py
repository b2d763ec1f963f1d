"""A bucket of newest frames in a process of its own: new ones every tick, a tenth of the answers broken, a record of all."""

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

from benchmarks.served_archive import PROCESSES
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.street import exif, jpeg, street

STILL = 0.2  # of the cameras have no new frame in a tick


@dataclass
class Record:
    """What the bucket was asked and what it gave."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)  # by camera and tick
    times: list[float] = field(default_factory=list)
    offered: set[tuple[str, str]] = field(default_factory=set)  # camera and SHA-256 of each frame in a whole answer
    broken: int = 0  # answers


@dataclass(frozen=True)
class ServedBucket:
    """Cameras by number, and the ticks of the wall clock that make new frames."""

    cameras: int
    every_s: float
    starts_at: float  # tick 0, Unix time
    ticks: int

    def list_cameras(self) -> bytes:
        """TfL's answer to `/Place/Type/JamCam`."""
        places = [{"id": f"JamCams_{name(n)}", "commonName": f"Street {n}", "lat": 51.5, "lon": -0.1} for n in range(self.cameras)]
        return json.dumps([place | {"additionalProperties": []} for place in places]).encode()


def name(number: int) -> str:
    """A camera's id."""
    return f"00001.{number:05}"


@contextmanager
def serving(bucket: ServedBucket) -> Iterator[tuple[str, Callable[[], Record]]]:
    """The base URL at which another process serves the bucket, and a way to stop it for its record."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_serve, args=(bucket, there), daemon=True)
    process.start()

    def stop() -> Record:
        here.send("stop")
        record: Record = here.recv()
        process.join()
        return record

    yield here.recv(), stop


def _serve(bucket: ServedBucket, parent: Connection) -> None:
    record, lock = Record(), threading.Lock()
    first = datetime.now(UTC) - timedelta(minutes=5 * (bucket.ticks + 1))
    times = [first + timedelta(minutes=5 * tick) for tick in range(bucket.ticks)]
    moments = [jpeg(street(tick), 75, exif=exif(f"{taken:%Y:%m:%d %H:%M:%S}")) for tick, taken in enumerate(times)]

    def answer(path: str, nth: int) -> Answer:
        if path == "/list":
            return Answer(bucket.list_cameras())
        camera, now = path.removeprefix("/").removesuffix(".jpg"), time.time()
        tick = min(int((now - bucket.starts_at) // bucket.every_s), bucket.ticks - 1)
        frame = _draw(moments[_newest(camera, tick)], camera)
        luck = random.Random(f"{camera} {tick} fails").random()
        with lock:
            record.requests[camera, tick] += 1
            record.times.append(now)
            if luck < 0.1:
                record.broken += 1
            else:
                record.offered.add((camera, hashlib.sha256(frame).hexdigest()))
        if luck < 0.1:
            return NOT_FOUND if luck < 0.03 else Answer(status=500) if luck < 0.07 else Answer(frame, drop_after=len(frame) // 2)
        return Answer(frame, headers={"ETag": f'"{hashlib.md5(frame).hexdigest()}"'})

    with Loopback(answer) as server:
        parent.send(server.base)
        parent.recv()
        parent.send(record)


def _newest(camera: str, tick: int) -> int:
    """The tick whose frame is the newest."""
    while tick and random.Random(f"{camera} {tick} still").random() < STILL:
        tick -= 1
    return tick


def _draw(picture: bytes, camera: str) -> bytes:
    """The picture as this camera's: a JPEG comment makes its bytes its own."""
    comment = camera.encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + picture[2:]
