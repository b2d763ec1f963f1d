"""Is a web source alive? One answer, shared by all the requests that are in flight, so that an outage is found out once."""

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
    first_answer_s: float = 4.0  # a source that never gave a good answer is given up after this
    outage_s: float = 30.0  # one that did, or that asked to wait (429), is given up after this
    backoff_s: float = 0.25  # before the second try; doubled each time, with jitter
    longest_backoff_s: float = 4.0

    def backoff(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, 0.5 to 1 times the doubled step so that requests do not march in step."""
        step_s: float = self.backoff_s * 2 ** (failures - 1)
        return min(step_s, self.longest_backoff_s) * random.uniform(0.5, 1)


class CircuitBreaker:
    """Shared by the threads that fetch from one source. While it is silent one thread asks and the others wait."""

    def __init__(self, patience: Patience, bad_in_a_row: int) -> None:
        """`bad_in_a_row` bad answers without a good one between make the whole source silent, not just some frames bad."""
        self.patience = patience
        self.bad_in_a_row = bad_in_a_row
        self.given_up = ""  # why, once the source is given up
        self._changed = threading.Condition()
        self._stopped = False
        self._silent_since: float | None = None
        self._ask_again_at = 0.0
        self._asking = False
        self._failures = 0
        self._bad = 0
        self._patient = False

    def may_ask(self) -> bool:
        """Waits while the source is silent; False when it was given up or the fetching was stopped."""
        with self._changed:
            while not self._stopped and not self.given_up:
                if self._silent_since is None:
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

    def good(self) -> None:
        """The source answered as it should (a frame, or that there is none)."""
        with self._changed:
            self._patient = True
            self._silent_since, self._asking, self._failures, self._bad = None, False, 0, 0
            self._changed.notify_all()

    def bad(self, reason: str) -> None:
        """The source failed for one frame: an HTTP 500, a dropped or stalled answer."""
        with self._changed:
            self._bad += 1
            if self._bad >= self.bad_in_a_row or self._silent_since is not None:
                self._fall_silent(reason, 0)

    def silent(self, reason: str, wait_s: float = 0, asked_to_wait: bool = False) -> None:
        """The source cannot be reached, or asks everyone to come back in `wait_s` seconds."""
        with self._changed:
            self._patient |= asked_to_wait
            self._fall_silent(reason, wait_s)

    def stop(self) -> None:
        """Ends all waiting; `may_ask` says no from now on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _fall_silent(self, reason: str, wait_s: float) -> None:
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        elif now < self._ask_again_at:
            # A request that was under way when another one found the source silent tells nothing new.
            return
        self._asking = False
        self._failures += 1
        self._ask_again_at = now + max(wait_s, self.patience.backoff(self._failures))
        limit_s = self.patience.outage_s if self._patient else self.patience.first_answer_s
        if now - self._silent_since >= limit_s:
            self.given_up = reason
        self._changed.notify_all()
