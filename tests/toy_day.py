"""A made-up camera day: an archive that lists its frames, a model that can be reckoned with by hand, frames of every state."""

import functools
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
from PIL import Image

from carpark.cameras.camera import camera_of_folder
from carpark.model.engines import Predictions
from carpark.model.fullness import Fullness, share_of
from carpark.slots import Fetched, Timetable, slots_of_day
from tests.street import card, exif, jpeg, street, with_overlays

DAY = date(2020, 3, 9)
SLOTS = slots_of_day(DAY)
CAMERA = camera_of_folder("Baker_St")


FULLNESS = Fullness(slope=0.5, shift=0.0, quantile_80=0.3, quantile_95=0.6)


class ToyModel:
    """Bright is full: P(full) is the mean brightness of what it sees, and the share taken follows from it where `fullness` says how.

    Remembers how much it was asked.
    """

    def __init__(self, sha256="toy", fullness=None):
        self.config = SimpleNamespace(sha256=sha256, fullness=fullness)
        self.workers = 1
        self.batches = []

    def predict(self, images):
        brightness = np.array([np.asarray(image).mean() / 255 for image in images], dtype=np.float32)
        self.batches.append(len(brightness))
        fullness = share_of(brightness, self.config.fullness) if self.config.fullness else np.full_like(brightness, np.nan)
        return Predictions(brightness, np.empty((len(brightness), 0), np.float32), fullness)

    def answer(self, p_full):
        return "full" if p_full > 0.45 else "empty", abs(p_full - 0.45) > 0.1


class ListedArchive:
    """An archive whose frames are listed by slot, given in the wrong order."""

    location = "a list"

    def __init__(self, frames, cache=None):
        self.frames = frames
        self.cache = cache
        self.asked = []
        self.is_closed = False

    def edition(self, camera, day):
        return ""

    def timetable(self, camera, day):
        return Timetable(tuple(slots_of_day(day)))

    def days(self, camera):
        return [DAY]

    def fetch(self, camera, slots):
        try:
            for slot in reversed(slots):
                data = self.frames.get(slot)
                self.asked.append(slot)
                yield Fetched(slot, f"list:{slot:%H:%M}", data, "" if data else "not listed", self.location if data else "")
        finally:
            self.is_closed = True


@functools.cache
def moment(seed, level=1.0):
    """A street at some moment, darker or brighter, as a file."""
    values = np.asarray(street(seed)) * level
    return jpeg(with_overlays(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))))


@functools.cache
def faulty_frames():
    """Slots with a frame of every state; the other slots have none."""
    good, late = moment(1, 1.5), exif(f"{SLOTS[5] - timedelta(hours=1):%Y:%m:%d %H:%M:%S}")
    return {
        SLOTS[0]: good,
        SLOTS[1]: good,
        SLOTS[2]: jpeg(with_overlays(card("Camera in use"))),
        SLOTS[3]: moment(3)[:4000],
        SLOTS[4]: moment(4, 0.4),
        SLOTS[5]: jpeg(street(5), exif=late),
        SLOTS[100]: good,
    }
