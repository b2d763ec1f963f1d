"""A run of the recorder: round after round, and housekeeping between them."""

import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from carpark.archives.live import JAMCAM_BUCKET
from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from carpark.web.breaker import Patience
from carpark.web.client import WebClient
from traffic.record.asking import CONCURRENCY, Recorder, Round
from traffic.record.camera_list import CameraList
from traffic.record.keep import remove_old_days
from traffic.record.manifest import NOT_ASKED, SAME_PICTURE, STORED, UNCHANGED
from traffic.record.resume import read_progress, read_recorded, remove_leftovers
from traffic.record.rounds import floor_to_tick, parse_span, plan_round, seconds_to_next, spread_over

if TYPE_CHECKING:
    from traffic.record.push import Pusher

SHORTEST = timedelta(minutes=1)  # between two requests for a camera of TfL's
USER_AGENT = "carpark-recorder/0.1 (one conditional request a camera every few minutes)"


@dataclass(slots=True)
class Session:
    """What a run needs, and what it has done so far."""

    recorder: Recorder
    cameras: CameraList
    wanted: str  # ids with commas between, or "all"
    every: timedelta
    stop: threading.Event
    keep: timedelta | None = None
    pusher: "Pusher | None" = None
    counts: Counter[str] = field(default_factory=Counter)
    rounds: int = 0

    def run(self, length: timedelta | None) -> str:
        """One line of what was recorded, after `length`, or when stopped. None records for ever, and 0 one round.

        Raises UnknownCamera and BadSetting before anything is asked.
        """
        self._refresh_cameras()
        self.cameras.recorded |= read_recorded(self.recorder.out)
        self._choose_cameras()
        remove_leftovers(self.recorder.out)
        self.recorder.etags, asked = read_progress(self.recorder.out, floor_to_tick(datetime.now(UTC), self.every))
        ends_at = None if length is None else time.monotonic() + length.total_seconds()
        while not self.stop.is_set():
            started = time.monotonic()
            self._run_round(asked)
            asked = set()
            self._tidy()
            wait_s = seconds_to_next(datetime.now(UTC), time.monotonic() - started, self.every)
            if ends_at is not None and time.monotonic() + wait_s >= ends_at:
                break
            self.stop.wait(wait_s)
        if self.pusher and not self.stop.is_set():
            self.pusher.finish(is_last=bool(length))
        return f"{self.counts[STORED]:,} frames in {self.rounds:,} rounds -> {self.recorder.out}"

    def _run_round(self, asked: set[str]) -> None:
        """A round of all cameras but those that were `asked` in this tick before."""
        now = datetime.now(UTC)
        tick = floor_to_tick(now, self.every)
        cameras = [camera for camera in self._choose_cameras() if camera.id not in asked]
        started = time.monotonic()
        this_round = Round(self.recorder, tick, stop=self.stop, limit_s=0.9 * self.every.total_seconds())
        this_round.run(plan_round(cameras, spread_over(now, self.every)))
        self.counts.update(this_round.counts)
        self.rounds += 1
        print(f"{tick:%Y-%m-%d %H:%M:%S} UTC: {_sum_up(this_round.counts)} in {time.monotonic() - started:.0f} s", flush=True)
        if this_round.cut_short and not self.stop.is_set():
            _complain(f"{this_round.cut_short}; the rest of the round was not asked")

    def _tidy(self) -> None:
        """What is done between two rounds."""
        self._refresh_cameras()
        if self.keep:
            may_go = self.pusher.is_pushed if self.pusher else lambda _: True
            try:
                remove_old_days(self.recorder.out, self.keep, may_go=may_go)
            except OSError as error:
                _complain(f"old days cannot be removed: {error}")
        if self.pusher:
            self.pusher.start()

    def _choose_cameras(self) -> list[Camera]:
        """The cameras to record. One that is left out is reported once, until it is back. Raises UnknownCamera."""
        known = self.cameras.unknown
        chosen = self.cameras.choose(self.wanted)
        for line in self.cameras.unknown:
            if line not in known:
                _complain(f"{line} It is left out until it is there.")
        return chosen

    def _refresh_cameras(self) -> None:
        try:
            problem = self.cameras.refresh()
        except OSError as error:
            problem = f"{self.recorder.out} cannot be written: {error.strerror}"
        if problem:
            _complain(problem)


def check_every(text: str, bucket: str) -> timedelta:
    """The interval. Raises BadSetting for one that is shorter than TfL's host should be polled."""
    every = parse_span(text)
    if every < SHORTEST and urlsplit(bucket).hostname == urlsplit(JAMCAM_BUCKET).hostname:
        raise BadSetting(f"--every {text} is too often for {urlsplit(bucket).hostname}; expected 1m or more. TfL's frames change every 5m.")
    return every


def open_recorder(out: Path, bucket: str, contact: str) -> Recorder:
    """The recorder of a bucket into the folder `out`. Raises BadSetting."""
    parts = urlsplit(bucket)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"--bucket {bucket} is not a bucket; expected an http(s) base such as {JAMCAM_BUCKET}.")
    if not f"{contact} ".isprintable():
        raise BadSetting(f"--contact {contact!r} cannot stand in a User-Agent; expected an address or a page, in one line.")
    client = WebClient(bucket, Patience(), CONCURRENCY, user_agent=f"{USER_AGENT} {contact}".rstrip())
    return Recorder(out, bucket.rstrip("/"), client)


def open_pusher(out: Path, repo: str, *, is_private: bool) -> "Pusher":
    """What pushes finished quarters of a day to a dataset repo. Raises BadSetting."""
    # Imported here: the Hub's client and Parquet take a second and 100 MB, which recording alone does without.
    from traffic.record import push

    return push.open_pusher(out, repo, is_private=is_private)


def stop_on_signals() -> threading.Event:
    """Set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    stop = threading.Event()

    def stop_once(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_once)
    return stop


def _sum_up(counts: Counter[str]) -> str:
    """Such as "412 stored, 455 unchanged, 33 failed (20 of them HTTP 404)"."""
    had = {STORED, UNCHANGED, SAME_PICTURE}
    skipped = sum(n for status, n in counts.items() if status.startswith(NOT_ASKED))
    failures = Counter({status: n for status, n in counts.items() if status not in had and not status.startswith(NOT_ASKED)})
    summary = f"{counts[STORED]} stored, {counts[UNCHANGED] + counts[SAME_PICTURE]} unchanged, {failures.total()} failed"
    summary += "".join(f" ({often} of them {reason})" for reason, often in failures.most_common(1))
    return summary + (f", {skipped} not asked" if skipped else "")


def _complain(problem: str) -> None:
    print(problem, file=sys.stderr, flush=True)
