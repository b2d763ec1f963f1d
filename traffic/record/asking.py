"""One request for one camera, and one round of all cameras. A frame is on disk before its etag is remembered."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from carpark.archives.folder import MAX_FRAME_BYTES
from carpark.cameras.camera import Camera
from carpark.quality.exif import read_exif
from carpark.quality.jpeg import read_jpeg
from carpark.slots import why_no_frame
from carpark.web.client import Reply, RequestFailed, SourceUnavailable, WebClient
from traffic.record.manifest import NOT_ASKED, SAME_PICTURE, STORED, UNCHANGED, Attempt, append_attempt
from traffic.record.store import plausible_time, store_frame

CONCURRENCY = 16  # requests in flight
OUTAGE = 24  # failures in a row with which a bucket is down: with 10% of failures by chance, once in 10**24 rounds


@dataclass(slots=True)
class Recorder:
    """Asks `bucket` for newest frames and keeps them below `out`. Safe to share between threads that ask for different cameras."""

    out: Path
    bucket: str  # base URL without a slash at its end
    client: WebClient
    etags: dict[str, str] = field(default_factory=dict)  # of the newest picture on disk, by camera id
    _appending: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, camera: Camera, tick: datetime) -> Attempt:
        """What became of one conditional GET. Raises RequestFailed, SourceUnavailable, and OSError when the frame cannot be written."""
        attempt = Attempt(tick, camera.id, datetime.now(UTC), UNCHANGED)
        reply = self.client.get(f"{self.bucket}/{camera.id}.jpg", MAX_FRAME_BYTES, etag=self.etags.get(camera.id, ""))
        if reply.is_unchanged:
            return attempt
        if refusal := reply.refusal or _why_not_whole(reply.body):
            return replace(attempt, status=refusal)
        return self._keep(camera, reply, attempt)

    def note(self, attempt: Attempt) -> None:
        """Adds the attempt to the manifest. Raises OSError."""
        with self._appending:
            append_attempt(self.out, attempt)

    def _keep(self, camera: Camera, reply: Reply, attempt: Attempt) -> Attempt:
        """Stores the frame unless it is there. The etag is remembered last: a frame that was not stored is asked for again."""
        now = reply.answered_at or attempt.asked_at  # this machine's clock may be wrong
        captured_at = plausible_time([read_exif(read_jpeg(reply.body).exif).captured_at, reply.modified_at], now)
        path = store_frame(self.out / camera.folder, captured_at or now, reply.body)
        self.etags[camera.id] = reply.etag
        return replace(
            attempt,
            status=STORED if path else SAME_PICTURE,
            captured_at=captured_at,
            etag=reply.etag,
            sha256=hashlib.sha256(reply.body).hexdigest(),
            path=path.relative_to(self.out).as_posix() if path else "",
        )


class Round:
    """One tick: each camera is asked once and never again, unless the bucket is down, asks to wait, or the disk is full."""

    def __init__(self, recorder: Recorder, tick: datetime, *, stop: threading.Event, limit_s: float) -> None:
        """After `limit_s` no more cameras are asked, so that the next round is not late."""
        self.recorder = recorder
        self.tick = tick
        self.counts: Counter[str] = Counter()  # by status
        self.cut_short = ""  # why the rest was not asked
        self._stop = stop
        self._ends_at = time.monotonic() + limit_s
        self._failed_in_a_row = 0
        self._lock = threading.Lock()

    def run(self, plan: Sequence[tuple[float, Camera]]) -> None:
        """Asks for each camera at its place in the plan (seconds from now), and returns when all have answered."""
        started = time.monotonic()
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="ask") as pool:
            asked = []
            for place_s, camera in plan:
                if self._stop.wait(0 if self.cut_short else max(started + place_s - time.monotonic(), 0)):
                    break
                asked.append(pool.submit(self._ask, camera))
        for answered in asked:
            answered.result()

    def _ask(self, camera: Camera) -> None:
        if self._stop.is_set():
            return
        if time.monotonic() > self._ends_at:
            self._cut_short("the round took too long")
        try:
            self.recorder.note(self._try(camera))
        except OSError as error:
            self._cut_short(f"{self.recorder.out} cannot be written: {error.strerror}")

    def _try(self, camera: Camera) -> Attempt:
        """What became of the camera in this round. Raises OSError."""
        attempt = Attempt(self.tick, camera.id, datetime.now(UTC), f"{NOT_ASKED}: {self.cut_short}")
        if not self.cut_short:
            try:
                attempt = self.recorder.ask(camera, self.tick)
                self._failed_in_a_row = 0
            except (RequestFailed, SourceUnavailable) as error:
                attempt = replace(attempt, status=str(error))
                self._count_failure(error)
        with self._lock:
            self.counts[attempt.status] += 1
        return attempt

    def _count_failure(self, error: RequestFailed | SourceUnavailable) -> None:
        with self._lock:
            self._failed_in_a_row += 1
        if isinstance(error, SourceUnavailable) and error.asked_to_wait:
            self._cut_short(f"the bucket asks to wait ({error})")
        elif self._failed_in_a_row >= OUTAGE:
            self._cut_short(f"the bucket is down ({error})")

    def _cut_short(self, reason: str) -> None:
        self.cut_short = self.cut_short or reason


def _why_not_whole(body: bytes) -> str:
    """Why an answer is not a frame, "" when it is a whole JPEG file."""
    file = read_jpeg(body)
    return why_no_frame(body) or ("not a JPEG picture" if not file.width else "" if file.is_complete else "cut short")
