"""The state of a frame: can it be judged, and if not, why not. What the EXIF says counts first, then the pixels.

    python -m carpark.quality FILE...        # one line a frame: file,state,captured_at,reason
"""

import argparse
import csv
import hashlib
import io
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image as PILImage
from PIL.Image import Image

from carpark import measures
from carpark.exif import Truth, read_truth
from carpark.frame import Frame, State, mark_frozen
from carpark.images import DECODING_ERRORS
from carpark.slots import read_slot

# The thresholds. Where they come from: carpark.measures gives, for each, what live frames and faulty ones measure.
LATE = timedelta(minutes=15)  # TfL: at any moment 87% of the newest frames are at most this old, so an older one is not of its slot
CARD_SHARE = 0.5  # of the picture in one colour; live at most 0.39 (black and white aside), cards at least 0.63
CARD_LETTERING = 0.8  # asked of black and white cards besides, as night and snow have large black and white areas too
NO_PICTURE_SHARE = 0.002  # of blocks that are not flat; a night that shows one lamp has more
CARD_TOLERANCE = 2  # levels, for black and white, where the edges of letters spill over
SMEARED_ROWS = 24  # live at most 15
BLANK_ROWS = 16  # one row of JPEG blocks; live at most 8
HARD_EDGE = 10  # levels, mean, between blank rows and what is above; a street at night fades into black
MAX_FRAME_PIXELS = 16_000_000

JAMCAM_SIZE = (352, 288)
JAMCAM_SCENE = (0, 36, 352, 272)  # left, top, right, bottom: without the clock, number and roundel above and the place's name below
JAMCAM_JUDGED = (0, 48, 352, 272)  # the part of it whose JPEG blocks of 16 pixels hold no overlay either


def judge_frame(data: bytes, *, slot: datetime | None = None) -> Frame:
    """The frame in the bytes of a JPEG file, judged by itself: never `frozen`, and `late` only when its slot is given. Raises nothing."""
    layout = measures.read_layout(data)
    if not layout.width:
        return Frame("corrupt", "not a JPEG picture")
    if layout.width * layout.height > MAX_FRAME_PIXELS:
        return Frame("corrupt", f"implausible size: {layout.width} x {layout.height} pixels")
    try:
        with PILImage.open(io.BytesIO(data), formats=["JPEG"]) as image:
            truth = read_truth(image)
            if truth.available is False:
                return Frame("in_use", "its EXIF says that the camera is not available", truth.captured_at)
            if not layout.is_complete:
                return Frame("corrupt", f"truncated: the file ends in mid-picture, after {len(data):,} bytes", truth.captured_at)
            picture = image.convert("RGB")
    except DECODING_ERRORS as error:
        return Frame("corrupt", f"cannot be decoded ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
    return _judge_picture(picture, truth, slot)


def cut_overlays(image: Image) -> Image:
    """The part of a JamCam still that shows the street; a picture of any other size as it is."""
    return image.crop(JAMCAM_SCENE) if image.size == JAMCAM_SIZE else image


def _judge_picture(picture: Image, truth: Truth, slot: datetime | None) -> Frame:
    judged = picture.crop(JAMCAM_JUDGED) if picture.size == JAMCAM_SIZE else picture
    pixels, grey = np.asarray(judged), np.asarray(judged.convert("L"))
    # A cut file is blank to the foot of the picture; one that was cut before TfL wrote on it, to the foot of the street.
    reason = _cut_off(np.asarray(picture)) or _cut_off(pixels)
    if reason:
        return Frame("corrupt", reason, truth.captured_at)
    state, reason = _fault_in(pixels, grey)
    if state == "ok" and slot and truth.captured_at:
        state, reason = _lateness(truth.captured_at, slot)
    if state not in ("ok", "late"):
        return Frame(state, reason, truth.captured_at)
    digest = hashlib.blake2b(pixels.tobytes(), digest_size=16, key=str(judged.size).encode()).hexdigest()
    return Frame(state, reason, truth.captured_at, cut_overlays(picture), digest, measures.block_prints(grey))


def _fault_in(pixels: measures.Pixels, grey: measures.Grey) -> tuple[State, str]:
    """The first fault that the pixels show, and why; "ok" without one."""
    ranges = measures.block_ranges(grey)
    if float((ranges > 4).mean()) < NO_PICTURE_SHARE:
        return "corrupt", "no picture: it is all of one colour"
    sample = pixels[::2, ::2]
    colour = measures.commonest_colour(sample)
    is_black_or_white = max(colour) < 24 or min(colour) > 231
    share = measures.colour_share(sample, colour, tolerance=CARD_TOLERANCE if is_black_or_white else 0)
    if share >= CARD_SHARE and (not is_black_or_white or measures.lettering_share(ranges) >= CARD_LETTERING):
        return "in_use", f"a card instead of a picture: {share:.0%} of it is one colour"
    rows = measures.smeared_rows(grey)
    if rows >= SMEARED_ROWS:
        return "corrupt", f"smeared: {rows} rows repeat the row above"
    return "ok", ""


def _cut_off(pixels: measures.Pixels) -> str:
    """Why the picture counts as cut off, "" when it does not: the foot of a card, bars above and below, and a dark road are blank too."""
    rows = measures.blank_rows(pixels)
    above = pixels[: -rows - BLANK_ROWS]  # without the row of JPEG blocks that the edge lies in
    if rows < BLANK_ROWS or not above.size:
        return ""
    colour = measures.commonest_colour(pixels[-1:])
    if measures.colour_share(above, colour, tolerance=3) > 0.25 or measures.colour_share(above[:8], colour, tolerance=3) > 0.9:
        return ""
    is_decoder_grey = max(abs(level - 128) for level in colour) <= 4
    has_hard_edge = float(np.abs(above[-BLANK_ROWS:] - np.array(colour, dtype=np.float64)).mean()) > HARD_EDGE
    return f"cut off: the lowest {rows} rows are blank" if is_decoder_grey or has_hard_edge else ""


def _lateness(captured_at: datetime, slot: datetime) -> tuple[State, str]:
    age = slot - captured_at
    if age > LATE:
        return "late", f"captured {round(age.total_seconds() / 60)} minutes before its slot"
    return "ok", ""


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the state of each file."""
    parser = argparse.ArgumentParser(prog="python -m carpark.quality", description="The state of camera frames, one CSV line each.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a camera's JPEG")
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(["file", "state", "captured_at", "reason"])
    files = parser.parse_args(argv).files
    for path, frame in zip(files, judge_files(files), strict=True):
        lines.writerow([path, frame.state, frame.captured_at.isoformat() if frame.captured_at else "", frame.reason])


def judge_files(paths: Sequence[Path]) -> list[Frame]:
    """The frame in each file, in order. One named as in an archive has a slot: it may be late, or frozen since one of the same camera."""
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


if __name__ == "__main__":
    main()
