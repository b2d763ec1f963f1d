"""The state of a frame: what its EXIF says counts first, then its pixels."""

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image as PILImage
from PIL.Image import Image

from carpark.images import METADATA_ERRORS
from carpark.quality.exif import ExifFacts, read_exif
from carpark.quality.faults import crop_scene, find_fault, judged_rows
from carpark.quality.frame import Frame, mark_frozen
from carpark.quality.jpeg import read_jpeg
from carpark.quality.measures import block_prints, outline
from carpark.slots import read_slot

LATE = timedelta(minutes=15)  # TfL: at any moment 87% of the newest frames are at most this old, so an older one is not of its slot
MAX_FRAME_PIXELS = 16_000_000
MIN_SIDE_PX = 64  # less shows no street


def judge_frame(data: bytes, *, slot: datetime | None = None) -> Frame:
    """The frame in the bytes of a JPEG file, judged by itself: never `frozen`, and `late` only when its slot is given. Raises nothing."""
    file = read_jpeg(data)
    truth = read_exif(file.exif)
    if not file.width:
        return Frame("corrupt", "not a JPEG picture")
    if truth.available is False:
        return Frame("in_use", "its EXIF says that the camera is not available", truth.captured_at)
    if file.width * file.height > MAX_FRAME_PIXELS or min(file.width, file.height) < MIN_SIDE_PX:
        return Frame("corrupt", f"implausible size: {file.width} x {file.height} pixels")
    if not file.is_complete:
        return Frame("corrupt", f"truncated: the file ends in mid-picture, after {len(data):,} bytes", truth.captured_at)
    try:
        with PILImage.open(io.BytesIO(file.picture), formats=["JPEG"]) as image:
            picture = image.convert("RGB")
    except METADATA_ERRORS as error:
        return Frame("corrupt", f"cannot be decoded ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
    return _judge_picture(picture, file.picture, truth, slot)


def _judge_picture(picture: Image, data: bytes, truth: ExifFacts, slot: datetime | None) -> Frame:
    pixels, grey = np.asarray(picture), np.asarray(picture.convert("L"))
    state, reason = find_fault(pixels, grey, data)
    captured_at = truth.captured_at
    if state == "ok" and slot and captured_at:
        if captured_at - slot > LATE:
            captured_at, reason = None, f"its EXIF time, {captured_at:%Y-%m-%d %H:%M} UTC, lies after its slot and is ignored"
        elif slot - captured_at > LATE:
            state, reason = "late", f"captured {_span(slot - captured_at)} before its slot"
    if state not in ("ok", "late"):
        return Frame(state, reason, captured_at)
    judged = grey[judged_rows(*grey.shape)]
    digest = hashlib.sha256(f"{judged.shape}".encode() + judged.tobytes()).hexdigest()
    return Frame(state, reason, captured_at, crop_scene(picture), digest, block_prints(judged), outline(judged))


def _span(age: timedelta) -> str:
    minutes = round(age / timedelta(minutes=1))
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440:,} days"


def judge_files(paths: Sequence[Path]) -> list[Frame]:
    """The frame in each file, in order. A file named as in an archive has a slot, so it can also be late, or frozen."""
    slots = [read_slot(path.name) for path in paths]
    frames = [_judge_file(path, slot) for path, slot in zip(paths, slots, strict=True)]
    cameras: dict[Path, dict[datetime, int]] = {}
    for i, (path, slot) in enumerate(zip(paths, slots, strict=True)):
        if slot:
            cameras.setdefault(path.absolute().parent.parent, {})[slot] = i
    for places in cameras.values():
        marked = mark_frozen({slot: frames[i] for slot, i in places.items()})
        for slot, i in places.items():
            frames[i] = marked[slot]
    return frames


def _judge_file(path: Path, slot: datetime | None) -> Frame:
    try:
        return judge_frame(path.read_bytes(), slot=slot)
    except OSError as error:
        return Frame("missing", f"cannot be read ({error.strerror})")
