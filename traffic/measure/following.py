"""`--follow`: round after round, what a running recorder has added is measured."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from carpark.archives.cached import FINAL_AFTER
from carpark.errors import CarparkError
from carpark.slots import LONDON
from traffic.measure.memory import forget_other_days


def days_that_grow(now: datetime) -> list[date]:
    """Today in London, and yesterday as long as its last frames may come."""
    return sorted({now.astimezone(LONDON).date(), (now - FINAL_AFTER - timedelta(minutes=5)).astimezone(LONDON).date()})


def follow(
    measure: Callable[[list[date]], object], every: timedelta, *, memory: Path, stop: threading.Event, length: timedelta | None = None
) -> int:
    """Measures the days that grow once in every span of time, and returns the rounds; until stopped, or for a length of time.

    Prints a line for each round: what was measured, or why not, and the share of the time between two rounds that it took. `memory` holds
    the frames that were judged, of the days that grow.
    """
    began, rounds = time.monotonic(), 0
    while not stop.is_set() and (length is None or time.monotonic() - began < length.total_seconds()):
        started, days = time.monotonic(), days_that_grow(datetime.now(UTC))
        forget_other_days(memory, days)
        try:
            done = f"{measure(days)}"
        except CarparkError as error:  # such as no frame yet, just after midnight, or an archive that does not answer now
            done = str(error)
        took_s = time.monotonic() - started
        rounds += 1
        share = took_s / every.total_seconds()
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {done}, in {took_s:.0f} s ({share:.0%} of a round)", flush=True)
        stop.wait(max(every.total_seconds() - took_s, 0))
    return rounds
