"""Photos go before camera days: a visitor waits for the answer to a photo, while a day shows its progress.

Without this, the hundreds of frames of a few days take all cores, and a photo that needs a tenth of a second waits behind them for seconds.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from carpark.model.engines import Answers, Model, Pixels

PAUSE_S, MOST_S = 2.0, 10.0  # without a photo or frames, before what holds up every answer begins; how long it waits for that
PATIENCE_S = 0.1  # how long the next frames of a day wait for photos, so that a day goes on however many there are


class RightOfWay:
    """How many photos are being judged, and how many batches of frames; safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._photos = 0
        self._batches = threading.Semaphore(os.cpu_count() or 1)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While a photo is judged."""
        with self._changed:
            self._photos += 1
        try:
            yield
        finally:
            with self._changed:
                self._photos -= 1
                self._changed.notify_all()

    @contextmanager
    def given(self) -> Iterator[None]:
        """While frames are judged: begins when no photo is, or after PATIENCE_S, and when a core is free of other frames."""
        with self._batches:
            with self._changed:
                self._changed.wait_for(lambda: not self._photos, PATIENCE_S)
            try:
                yield
            finally:
                with self._changed:
                    self._changed.notify_all()

    def wait_for_pause(self) -> None:
        """Returns when neither a photo nor frames were judged for PAUSE_S, or after MOST_S."""
        give_up_at = time.monotonic() + MOST_S
        with self._changed:
            while (self._changed.wait(PAUSE_S) or self._photos) and time.monotonic() < give_up_at:
                pass


def going_first(model: Model, way: RightOfWay) -> Model:
    """The model, for photos."""

    def forward(pixels: Pixels) -> Answers:
        with way.taken():
            return model.forward(pixels)

    return replace(model, forward=forward)


def giving_way(model: Model, way: RightOfWay) -> Model:
    """The model, for the frames of camera days."""

    def forward(pixels: Pixels) -> Answers:
        with way.given():
            return model.forward(pixels)

    return replace(model, forward=forward)
