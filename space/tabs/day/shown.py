"""A camera's day as it is asked for by name and text: found, followed while it comes in, read whole."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial

import pandas as pd

from carpark.cameras.camera import Camera
from carpark.day.pipeline import DayProgress
from carpark.day.table import DayView, parse_day, watch_day
from tabs.sources import Sources


@dataclass(frozen=True, slots=True)
class CameraDay:
    """One camera's day, as far as it is known."""

    camera: Camera
    day: date
    table: pd.DataFrame  # what `carpark.day.camera_day` returns
    model: str  # sha256 of the config of the model that answered


def follow_day(sources: Sources, camera: str, day: str) -> Iterator[tuple[DayProgress, Callable[[], CameraDay]]]:
    """The day of the camera with this id, name or folder, as it comes in: how far it is, and a look at it; the complete one last.

    Raises UnknownCamera, BadDay, NoDay and what `sources` raises. Closing the iterator stops the traffic.
    """
    archive, model = sources.archive(), sources.day_model()
    found, when = archive.camera(camera), parse_day(day)
    with closing(watch_day(found, when, archive=archive, model=model)) as views:
        for view in views:
            yield view.progress, partial(look_at, view, found, when, model.config.sha256)


def look_at(view: DayView, camera: Camera, day: date, model: str) -> CameraDay:
    """The day as far as it has come; `model` is the sha256 of the model's config."""
    return CameraDay(camera, day, view.table(), model)


def read_day(sources: Sources, camera: str, day: str) -> CameraDay:
    """The whole day, as `follow_day` ends."""
    _, look = deque(follow_day(sources, camera, day), maxlen=1).pop()
    return look()


def share_of(done: DayProgress) -> float:
    """How much of a day's work is done, 0 to 1: fetching and classifying count alike."""
    return (done.fetched + done.classified) / max(2 * done.total, 1)
