"""A web archive in a process of its own, so that its work does not count as ours: a healthy one with latency, and one with every fault."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from carpark.quality.state import State
from tests.loopback import NOT_FOUND, Answer, Loopback

OUTAGE_S, TOO_MANY_S, SLOWER_THAN_PATIENCE_S = 10.0, 5.0, 30.0
PROCESSES = get_context("spawn")


@dataclass
class ServedArchive:
    """What a web archive answers: after `latency_s`, the frame of a path, or what is planted there for the nth request."""

    frames: dict[str, bytes]
    latency_s: float
    planted: dict[str, list[Answer]] = field(default_factory=dict)  # the last answer is repeated
    too_many_from: int = 0  # after so many requests, 429 for five seconds; 0 never
    outage_from: int = 0  # after so many requests the server is gone for ten seconds; 0 never

    def __call__(self, path: str, nth: int) -> Answer:
        """The answer to the nth request, from 0, for a path."""
        if path in self.planted:
            answers = self.planted[path]
            return answers[min(nth, len(answers) - 1)]
        return Answer(self.frames[path], delay_s=self.latency_s) if path in self.frames else NOT_FOUND


@contextmanager
def serving(archive: ServedArchive) -> Iterator[str]:
    """The base URL at which another process serves the archive."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_serve, args=(archive, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def _serve(archive: ServedArchive, parent: Connection) -> None:
    refused_until = 0.0

    def answer(path: str, nth: int) -> Answer:
        nonlocal refused_until
        if archive.too_many_from and len(server.asked) >= archive.too_many_from:
            archive.too_many_from, refused_until = 0, time.monotonic() + TOO_MANY_S
        if time.monotonic() < refused_until:
            return Answer(status=429, headers={"Retry-After": "2"})
        return archive(path, nth)

    with Loopback(answer) as server:
        parent.send(server.base)
        while not parent.poll(0.01):
            if archive.outage_from and len(server.asked) >= archive.outage_from:
                archive.outage_from = 0
                server.stop()
                time.sleep(OUTAGE_S)
                server.start()


Truth = dict[datetime, State]


def plant_faults(slots: list[datetime], paths: list[str], frames: list[bytes], latency_s: float) -> tuple[ServedArchive, Truth]:
    """An archive with every kind of fault among the frames of a day, and the state that each slot must end in."""
    rng = np.random.default_rng(0)
    truth: Truth = dict.fromkeys(slots, "ok")
    pictures = list(frames)
    pictures[84:96] = [draw_card()] * 12  # an hour of cards
    pictures[180:204] = [frames[180]] * 24  # two hours of one picture
    for number in (*range(84, 96), *range(181, 204)):
        truth[slots[number]] = "in_use" if number < 96 else "frozen"
    planted: dict[str, list[Answer]] = {}
    free = [number for number in range(len(slots)) if truth[slots[number]] == "ok" and number != 180]
    rng.shuffle(free)

    def plant(share: float, answers: Callable[[bytes], list[Answer]], state: State) -> None:
        for number in [free.pop() for _ in range(round(share * len(slots)))]:
            planted[paths[number]] = answers(pictures[number])
            truth[slots[number]] = state

    healthy = partial(Answer, delay_s=latency_s)
    plant(0.05, lambda frame: [NOT_FOUND], "missing")
    plant(0.05, lambda frame: [Answer(status=500), healthy(frame)], "ok")
    plant(0.02, lambda frame: [Answer(frame, drop_after=len(frame) // 2), healthy(frame)], "ok")
    plant(0.02, lambda frame: [Answer(frame, delay_s=SLOWER_THAN_PATIENCE_S)], "missing")
    plant(0.02, lambda frame: [Answer(b"<html>Sorry</html>", headers={"Content-Type": "text/html"})], "missing")
    plant(0.01, lambda frame: [healthy(frame[: len(frame) * 2 // 3])], "corrupt")
    archive = ServedArchive(dict(zip(paths, pictures, strict=True)), latency_s, planted, too_many_from=60, outage_from=150)
    return archive, truth


def draw_card() -> bytes:
    """A "camera in use" card without EXIF."""
    card = Image.new("RGB", (352, 288), "#808080")
    text = "Camera 00001.06592 in\nuse keeping London\nmoving"
    ImageDraw.Draw(card).multiline_text((176, 144), text, font=ImageFont.load_default(26), anchor="mm", align="center")
    file = io.BytesIO()
    card.save(file, "JPEG", quality=85)
    return file.getvalue()
