"""Fetching, judging and classifying at the same time: a thread fetches, the caller's thread judges, another classifies."""

import hashlib
import queue
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from carpark.frame import Frame
from carpark.quality import judge_frame
from carpark.slots import Fetched

QUEUE_FRAMES = 64  # fetched and not yet judged, or judged and not yet classified; what comes before waits while there are so many
BATCH_FRAMES = 32  # classified at once at most; as many as wait when the model is free, so the first answers come early
LOOK_ROUND_S = 0.02  # between two looks at the model while nothing arrives


class NamedConfig(Protocol):
    """What a day asks of a model's config."""

    @property
    def sha256(self) -> str:
        """Of config.json."""


class FullnessModel(Protocol):
    """What a day asks of a model; `carpark.model.Model` is one."""

    @property
    def config(self) -> NamedConfig:
        """Its `sha256` names the model."""

    def p_full(self, images: Iterable[Image]) -> npt.NDArray[np.float32]:
        """(n,) probability, 0 to 1, that each image shows a full place."""

    def verdict(self, p_full: float) -> str:
        """The answer in a word: empty, full or unsure."""


@dataclass(frozen=True, slots=True)
class DayProgress:
    """How far a day has come, in slots."""

    fetched: int
    judged: int
    classified: int  # a frame that needs no classifying counts when it is judged
    total: int


@dataclass(slots=True)
class Record:
    """All that is known of a day so far; `run` fills it."""

    due: tuple[datetime, ...]  # the slots that are asked for
    known: dict[str, float] = field(default_factory=dict)  # sha256 of a frame's file -> P(full) from an earlier visit
    fetched: dict[datetime, Fetched] = field(default_factory=dict)
    frames: dict[datetime, Frame] = field(default_factory=dict)  # judged one by one, so none is `frozen`
    sha256: dict[datetime, str] = field(default_factory=dict)  # of the frame's file
    asked: set[str] = field(default_factory=set)  # digests of the scenes that were or will be classified
    p_full: dict[str, float] = field(default_factory=dict)  # digest of the scene -> P(full): equal pictures are classified once

    def progress(self) -> DayProgress:
        """The counts of this moment."""
        waiting = sum(frame.state == "ok" and frame.digest not in self.p_full for frame in self.frames.values())
        return DayProgress(len(self.fetched), len(self.frames), len(self.frames) - waiting, len(self.due))


def run(arrivals: Generator[Fetched], model: FullnessModel, record: Record) -> Generator[None]:
    """Fills the record; yields after every change. Closing the iterator closes `arrivals`, whose errors and the model's come out here."""
    arrived: queue.Queue[Fetched | None] = queue.Queue(QUEUE_FRAMES)
    stop = threading.Event()
    pool = ThreadPoolExecutor(2, thread_name_prefix="day")
    try:
        feeding = pool.submit(_feed, arrivals, arrived, stop)
        has_all = False
        waiting: dict[str, Image] = {}
        batch: list[str] = []
        classifying: Future[npt.NDArray[np.float32]] = Future()
        while not has_all or waiting or batch:
            if batch and (has_all or len(waiting) >= QUEUE_FRAMES or classifying.done()):
                record.p_full.update(zip(batch, map(float, classifying.result()), strict=True))
                batch = []
            elif not has_all:
                try:
                    fetched = arrived.get(timeout=LOOK_ROUND_S if batch else None)
                except queue.Empty:
                    continue
                if fetched:
                    _judge(fetched, record, waiting)
                else:
                    feeding.result()
                    has_all = True
            if waiting and not batch:
                batch = list(islice(waiting, BATCH_FRAMES))
                classifying = pool.submit(model.p_full, [waiting.pop(digest) for digest in batch])
            yield
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


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
            record.p_full[frame.digest] = record.known[record.sha256[slot]]
        elif frame.scene is not None:
            waiting[frame.digest] = frame.scene


def _feed(arrivals: Generator[Fetched], arrived: "queue.Queue[Fetched | None]", stop: threading.Event) -> None:
    """Puts what arrives into the queue, and None when there is no more; ends when the reader has stopped."""
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
