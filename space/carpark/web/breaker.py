"""Whether a web source answers: one state, shared by all requests in flight, so that an outage is noticed once."""

import random
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a source; the tests shorten it."""

    connect_s: float = 3.05
    read_s: float = 6.0  # between two packets of an answer
    frame_s: float = 15.0  # for one whole frame, however slowly it drips
    tries: int = 4  # for one frame, when the source answers others
    first_answer_s: float = 4.0  # a source that never answered well is given up after this
    outage_s: float = 30.0  # one that did, or that asked to wait (HTTP 429), is given up after this
    backoff_s: float = 0.25  # before the second try; doubled each time, with jitter
    longest_backoff_s: float = 4.0

    def backoff(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, 0.5 to 1 times the doubled step so that requests do not march in step."""
        step_s: float = self.backoff_s * 2 ** (failures - 1)
        return min(step_s, self.longest_backoff_s) * random.uniform(0.5, 1)


class CircuitBreaker:
    """Shared by the threads that fetch from one source. While it is down, one thread asks and the others wait."""

    def __init__(self, patience: Patience, failures_in_a_row: int) -> None:
        """After `failures_in_a_row` failures without a success the whole source counts as down."""
        self.patience = patience
        self.failures_in_a_row = failures_in_a_row
        self.given_up = ""  # why, once the source is given up
        self._changed = threading.Condition()
        self._stopped = False
        self._down_since: float | None = None
        self._ask_again_at = 0.0
        self._asking = False
        self._failures = 0
        self._failed_in_a_row = 0
        self._patient = False

    def may_ask(self) -> bool:
        """Waits while the source is down; False when it was given up or the fetching was stopped."""
        with self._changed:
            while not self._stopped and not self.given_up:
                if self._down_since is None:
                    return True
                wait_s = self._ask_again_at - time.monotonic()
                if wait_s <= 0 and not self._asking:
                    self._asking = True
                    return True
                self._changed.wait(wait_s if wait_s > 0 else None)
            return False

    def pause(self, seconds: float) -> None:
        """Waits between two tries of one frame; shorter when the fetching is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or bool(self.given_up), seconds)

    def record_success(self) -> None:
        """The source answered as it should (a frame, or that there is none)."""
        with self._changed:
            self._patient = True
            self._down_since, self._asking, self._failures, self._failed_in_a_row = None, False, 0, 0
            self._changed.notify_all()

    def record_failure(self, reason: str) -> None:
        """The source failed for one frame: an HTTP 500, a dropped or stalled answer."""
        with self._changed:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= self.failures_in_a_row or self._down_since is not None:
                self._mark_down(reason, 0)

    def record_outage(self, reason: str, wait_s: float = 0, asked_to_wait: bool = False) -> None:
        """The source cannot be reached, or asks everyone to come back in `wait_s` seconds."""
        with self._changed:
            self._patient |= asked_to_wait
            self._mark_down(reason, wait_s)

    def stop(self) -> None:
        """Ends all waiting; `may_ask` says no from now on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _mark_down(self, reason: str, wait_s: float) -> None:
        now = time.monotonic()
        if self._down_since is None:
            self._down_since = now
        elif now < self._ask_again_at:
            # A request that was under way when another one found the source down tells nothing new.
            return
        self._asking = False
        self._failures += 1
        self._ask_again_at = now + max(wait_s, self.patience.backoff(self._failures))
        limit_s = self.patience.outage_s if self._patient else self.patience.first_answer_s
        if now - self._down_since >= limit_s:
            self.given_up = reason
        self._changed.notify_all()
