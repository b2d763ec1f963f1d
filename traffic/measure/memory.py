"""Frames that were judged before, of days that still grow: a file for each camera's day, which only gets longer.

A round of `--follow` judges what is new. Without this, the last rounds of a day would judge 288 frames of each camera again.
"""

import pickle
import shutil
from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from carpark.day.kept import EDITION
from carpark.day.pipeline import Record, SceneAnswer
from carpark.quality.frame import Frame
from carpark.slots import Fetched
from traffic.measure.jobs import Job


@dataclass(frozen=True, slots=True)
class Remembered:
    """One frame, without its picture."""

    fetched: Fetched  # its `data` is the head of the file, where EXIF stands
    frame: Frame
    sha256: str
    answer: SceneAnswer | None


HEAD_BYTES = 4096  # of a frame's file: EXIF with time and view lies in its first 2 kB


def recall_frames(memory: Path, job: Job, record: Record) -> None:
    """Fills the record with the frames that are remembered, of those that are due."""
    due = set(record.due)
    for kept in _read(_path(memory, job, record.model.config.sha256)):
        slot = kept.fetched.slot
        if slot in due:
            record.fetched[slot], record.frames[slot], record.sha256[slot] = kept.fetched, kept.frame, kept.sha256
            if kept.answer:
                record.answers[kept.frame.digest] = kept.answer
    record.asked |= record.answers.keys()


def remember_frames(memory: Path, job: Job, record: Record, known: Set[datetime]) -> None:
    """Appends the record's frames of all slots but the `known` ones. Raises OSError."""
    path = _path(memory, job, record.model.config.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = []
    for slot in sorted(record.sha256.keys() - known):
        fetched, frame = record.fetched[slot], record.frames[slot]
        kept = replace(fetched, data=fetched.data[:HEAD_BYTES] if fetched.data else None)
        entries.append(pickle.dumps(Remembered(kept, frame, record.sha256[slot], record.answers.get(frame.digest))))
    with path.open("ab") as file:
        file.write(b"".join(entries))


def forget_other_days(memory: Path, days: Collection[date]) -> None:
    """Removes what is remembered of all days but these."""
    wanted = {f"{day}" for day in days}
    for folder in memory.glob("*/*"):
        if folder.name not in wanted:
            shutil.rmtree(folder, ignore_errors=True)


def _path(memory: Path, job: Job, model_sha256: str) -> Path:
    return memory / f"{EDITION}-{model_sha256[:16]}" / f"{job.day}" / f"{job.camera.folder}.frames"


def _read(path: Path) -> Iterator[Remembered]:
    """The whole entries of a file that we wrote; a last one that was cut short is cut off."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        while True:
            place = file.tell()
            try:
                yield pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                file.truncate(place)
                return
