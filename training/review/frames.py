"""Take the frames of a camera's day from an archive, and make a photos folder of those that a person labels.

`{out}-frames` has each usable frame without overlays, as the model sees it, and their table. `out` has the labelled ones, and the marks in
cleaning.csv. Other days and cameras are added to both.
"""

import hashlib
import io
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from carpark.files import CsvLog
from carpark.quality.frame import Frame, mark_frozen
from carpark.quality.judging import judge_frame
from carpark.slots import frame_path
from training.clean.apply import write_photos
from training.clean.decisions import (
    CLEANING_FILE,
    FILE_PASS,
    Decision,
    Outcome,
    check_decisions,
    cleaning_log,
    decide_outcomes,
    read_decisions,
    to_row,
)
from training.clean.survey import survey_photos
from training.staging import staged

LABELLED_COLUMNS = ("file", "label", "scene", "camera", "slot", "captured_at", "sha256")
FRAME_QUALITY = 95  # of the cropped JPEG


def frames_folder(out: Path) -> Path:
    """The folder of the frames to label."""
    return out.with_name(f"{out.name}-frames")


def take_day(archive: Archive, camera: Camera, day: date, out: Path) -> "Counter[str]":
    """Adds the usable frames of a camera's day that are not there yet. Returns how many frames had each state.

    Raises BadSetting if none is usable, and NoAnswer.
    """
    frames = {fetched.slot: _judge(fetched.data, fetched.slot) for fetched in archive.fetch(camera, archive.timetable(camera, day).slots)}
    frames = mark_frozen(frames)
    states = Counter[str](frame.state for frame in frames.values())
    usable = {slot: frame for slot, frame in sorted(frames.items()) if frame.state == "ok"}
    if not usable:
        summary = ", ".join(f"{count} {state}" for state, count in states.items()) or "no frame at all"
        raise BadSetting(f"{archive.location} has no usable frame of {camera.name} on {day} ({summary}). Choose another day or camera.")
    folder = frames_folder(out)
    known = set(read_frames(out).file) if (folder / "photos.csv").is_file() else set()
    rows = [row for slot, frame in usable.items() if (row := _describe(camera, day, slot, frame))["file"] not in known]
    for row, frame in zip(rows, (usable[datetime.fromisoformat(row["slot"])] for row in rows), strict=True):
        row["sha256"] = _write(folder / row["file"], frame)
    out.mkdir(parents=True, exist_ok=True)
    CsvLog(folder / "photos.csv", LABELLED_COLUMNS).append(rows)
    proposals = [Decision(row["file"], row["sha256"], FILE_PASS, "", f"frame of {row['slot']}, usable", "") for row in rows]
    cleaning_log(out).append([to_row(row) for row in proposals])
    return states


def read_frames(out: Path) -> pd.DataFrame:
    """All frames taken so far, as a table of `read_photos` with empty labels."""
    folder = frames_folder(out)
    rows = [row for _, row in CsvLog(folder / "photos.csv", LABELLED_COLUMNS).read()]
    return pd.DataFrame(rows, columns=list(LABELLED_COLUMNS)).assign(path=lambda table: [folder / file for file in table.file])


def write_labelled(out: Path) -> "Counter[str]":
    """Writes the labelled frames to the photos folder `out`. Returns how many have each label. Raises BadPhotos and BadSetting."""
    rows, photos = read_decisions(out / CLEANING_FILE), read_frames(out)
    survey = survey_photos(photos, None)
    check_decisions(out / CLEANING_FILE, rows, dict(zip(survey.photos.file, survey.photos.sha256, strict=True)), frames_folder(out))
    decided = decide_outcomes(rows)
    outcomes = {file: _labelled_or_dropped(decided.get(file, Outcome())) for file in photos.file}
    with staged(out, marker=CLEANING_FILE) as folder:
        shutil.copyfile(out / CLEANING_FILE, folder / CLEANING_FILE)
        write_photos(survey, outcomes, frames_folder(out) / "photos.csv", folder)
    return Counter(outcome.label for outcome in outcomes.values() if not outcome.is_dropped)


def _labelled_or_dropped(outcome: Outcome) -> Outcome:
    return outcome if outcome.label else replace(outcome, is_dropped=True)


def _judge(data: bytes | None, slot: datetime) -> Frame:
    return judge_frame(data, slot=slot) if data else Frame("missing")


def _describe(camera: Camera, day: date, slot: datetime, frame: Frame) -> dict[str, str]:
    """The row of a frame without its sha256. The scene is the camera and day, since another day has other light."""
    return {
        "file": f"{camera.folder}/{Path(frame_path(slot)).name}",
        "scene": f"{camera.folder} {day}",
        "camera": camera.id,
        "slot": slot.isoformat(),
        "captured_at": frame.captured_at.isoformat() if frame.captured_at else "",
    }


def _write(path: Path, frame: Frame) -> str:
    """Writes the cropped frame. Returns the sha256 of the file."""
    buffer = io.BytesIO()
    if frame.scene:
        frame.scene.save(buffer, "JPEG", quality=FRAME_QUALITY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()
