"""Fetching, judging and classifying at the same time: a thread fetches, the caller's thread judges, others classify."""

import hashlib
import queue
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

import pandas as pd
from PIL.Image import Image

from carpark.model.engines import Predictions
from carpark.model.fullness import Fullness
from carpark.quality.frame import Frame
from carpark.quality.judging import judge_frame
from carpark.slots import Fetched, Timetable

QUEUE_FRAMES = 64  # that wait to be judged, and that wait to be classified; the step before waits when its queue is full
BATCH_FRAMES = 8  # classified at once at most; fewer when fewer wait, so the first answers come early
LOOK_ROUND_S = 0.02  # between two checks of the model while nothing arrives
WAIT_S = 0.5  # for a slow source, until `run` yields so that its caller can stop


class PredictorConfig(Protocol):
    """What a day asks of a model's config."""

    @property
    def sha256(self) -> str:
        """Of config.json."""

    @property
    def fullness(self) -> Fullness | None:
        """How sure the share taken is; None for a model that cannot tell it."""


class Predictor(Protocol):
    """What a day asks of a model; `carpark.model.Model` is one."""

    @property
    def config(self) -> PredictorConfig:
        """Its `sha256` names the model."""

    @property
    def workers(self) -> int:
        """Threads of one `predict`."""

    def predict(self, images: Iterable[Image]) -> Predictions:
        """P(full), features and fullness of each image, and whether it is like the training photos."""

    def answer(self, p_full: float) -> tuple[str, bool]:
        """The likelier label, empty or full, and whether that is sure."""


class SceneAnswer(NamedTuple):
    """What the model says of one picture."""

    p_full: float
    fullness: float  # the share taken, 0 to 1; NaN from a model that cannot tell it
    is_car_park: bool | None = None  # whether the picture is like the training photos; None from a model that cannot tell


@dataclass(frozen=True, slots=True)
class DayProgress:
    """How far a day has come, in slots."""

    fetched: int
    judged: int
    classified: int  # a frame that needs no classifying counts when it is judged
    total: int


@dataclass(slots=True)
class Record:
    """All that is known of a day so far; `run` fills it in."""

    day: date
    timetable: Timetable
    model: Predictor
    due: tuple[datetime, ...]  # the slots of the timetable that have begun: these are fetched
    cadence: timedelta | None = None  # of the source, where this day has too few frames to show it
    kept: pd.DataFrame | None = None  # the complete table of an earlier visit; then nothing is fetched
    known: dict[str, SceneAnswer] = field(default_factory=dict)  # by sha256 of a frame's file, from an earlier visit
    fetched: dict[datetime, Fetched] = field(default_factory=dict)
    frames: dict[datetime, Frame] = field(default_factory=dict)  # judged one by one, so none is `frozen`
    sha256: dict[datetime, str] = field(default_factory=dict)  # of the frame's file
    asked: set[str] = field(default_factory=set)  # digests of the scenes that were or will be classified
    answers: dict[str, SceneAnswer] = field(default_factory=dict)  # by digest of the scene: equal pictures are classified once

    def progress(self) -> DayProgress:
        """The counts of this moment."""
        if self.kept is not None:
            return DayProgress(*(len(self.kept),) * 4)
        waiting = sum(frame.state == "ok" and frame.digest not in self.answers for frame in self.frames.values())
        return DayProgress(len(self.fetched), len(self.frames), len(self.frames) - waiting, len(self.due))


_Running = dict[Future[Predictions], tuple[str, ...]]  # batches that the model has, with the digests of their scenes


def run(arrivals: Generator[Fetched], record: Record) -> Generator[None]:
    """Fills the record; yields after every change, and now and then while nothing changes.

    Closing the iterator closes `arrivals`, whose errors and the model's come out here.
    """
    arrived: queue.Queue[Fetched | None] = queue.Queue(QUEUE_FRAMES)
    stop = threading.Event()
    batches = 1 + record.model.workers  # with the model at a time, so that no thread waits for the end of another's batch
    pool = ThreadPoolExecutor(1 + batches, thread_name_prefix="day")
    try:
        feeding = pool.submit(_feed, arrivals, arrived, stop)
        has_all = False
        waiting: dict[str, Image] = {}
        running: _Running = {}
        while not has_all or waiting or running:
            if running and (has_all or len(waiting) >= QUEUE_FRAMES or any(batch.done() for batch in running)):
                _take_answers(running, record)
            elif not has_all:
                try:
                    fetched = arrived.get(timeout=LOOK_ROUND_S if running else WAIT_S)
                except queue.Empty:
                    if not running:
                        yield
                    continue
                if fetched:
                    _judge(fetched, record, waiting)
                else:
                    feeding.result()
                    has_all = True
            while waiting and len(running) < batches:
                digests = tuple(islice(waiting, min(BATCH_FRAMES, -(-len(waiting) // batches))))  # the last ones are shared out
                running[pool.submit(record.model.predict, [waiting.pop(digest) for digest in digests])] = digests
            yield
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _take_answers(running: _Running, record: Record) -> None:
    """Waits until a batch is classified and records its answers. Raises what the model raised."""
    for batch in wait(running, return_when=FIRST_COMPLETED).done:
        found = batch.result()
        are_car_parks = [None] * len(found.p_full) if found.are_car_parks is None else found.are_car_parks.tolist()
        answers = map(SceneAnswer, found.p_full.tolist(), found.fullness.tolist(), are_car_parks)
        record.answers.update(zip(running.pop(batch), answers, strict=True))


def _judge(fetched: Fetched, record: Record, waiting: dict[str, Image]) -> None:
    """Judges a frame and puts it among the `waiting` when its picture is usable and new."""
    slot = fetched.slot
    record.fetched[slot] = fetched
    if fetched.data is None:
        record.frames[slot] = Frame("missing", fetched.reason)
        return
    frame = judge_frame(fetched.data, slot=slot)
    record.frames[slot] = replace(frame, scene=None)  # pixels of a day would fill the memory
    record.sha256[slot] = hashlib.sha256(fetched.data).hexdigest()
    if frame.state == "ok" and frame.digest not in record.asked:
        record.asked.add(frame.digest)
        if record.sha256[slot] in record.known:
            record.answers[frame.digest] = record.known[record.sha256[slot]]
        elif frame.scene is not None:
            waiting[frame.digest] = frame.scene


def _feed(arrivals: Generator[Fetched], arrived: "queue.Queue[Fetched | None]", stop: threading.Event) -> None:
    """Puts what arrives into the queue, and None at the end; returns early when the reader has stopped."""
    try:
        with closing(arrivals) as source:
            for fetched in source:
                _put(fetched, arrived, stop)
                if stop.is_set():
                    break
    finally:
        _put(None, arrived, stop)


def _put(item: Fetched | None, arrived: "queue.Queue[Fetched | None]", stop: threading.Event) -> None:
    """Waits for room in the queue, but not for a reader that has stopped."""
    while not stop.is_set():
        with suppress(queue.Full):
            arrived.put(item, timeout=0.1)
            return
