"""A run of the recorder from its start to its end: round after round, and between them what is neither hurried nor left out."""

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from traffic.record.asking import Recorder, Round
from traffic.record.camera_list import CameraList
from traffic.record.keep import remove_old_days
from traffic.record.manifest import NOT_ASKED, SAME_PICTURE, STORED, UNCHANGED
from traffic.record.resume import read_progress
from traffic.record.rounds import floor_to_tick, plan_round, seconds_to_next, spread_over

if TYPE_CHECKING:
    from traffic.record.push import Pusher


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
        self.cameras.choose(self.wanted)
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
        cameras = [camera for camera in self.cameras.choose(self.wanted) if camera.id not in asked]
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

    def _refresh_cameras(self) -> None:
        try:
            problem = self.cameras.refresh()
        except OSError as error:
            problem = f"{self.recorder.out} cannot be written: {error.strerror}"
        if problem:
            _complain(problem)


def _sum_up(counts: Counter[str]) -> str:
    """Such as "412 stored, 455 unchanged, 33 failed (20 of them HTTP 404)"."""
    had = {STORED, UNCHANGED, SAME_PICTURE}
    skipped = sum(n for status, n in counts.items() if status.startswith(NOT_ASKED))
    failures = Counter({status: n for status, n in counts.items() if status not in had and not status.startswith(NOT_ASKED)})
    said = f"{counts[STORED]} stored, {counts[UNCHANGED] + counts[SAME_PICTURE]} unchanged, {failures.total()} failed"
    said += "".join(f" ({often} of them {reason})" for reason, often in failures.most_common(1))
    return said + (f", {skipped} not asked" if skipped else "")


def _complain(problem: str) -> None:
    print(problem, file=sys.stderr, flush=True)
