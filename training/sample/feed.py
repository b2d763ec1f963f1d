"""The feed of a street camera: burnt-in clock and names, EXIF, the "in use" card, and smeared pictures.

Modelled on TfL's JamCams, without their roundel.
"""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from carpark.quality.exif import DATE_TIME_ORIGINAL, EXIF_IFD, USER_COMMENT
from carpark.slots import LONDON

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 352, 288
TOP_PX, BOTTOM_PX = 34, 15  # rows covered by overlays; as in real stills, the lower one begins inside a block of the JPEG
IMAGE_DESCRIPTION = 0x010E  # EXIF tag
BOX, PALE, BADGE_GREY, BADGE_BLUE, CARD_GREY = (0, 0, 0, 150), (235, 235, 235), (196, 202, 206, 225), (52, 88, 104), (128, 128, 128)


@dataclass(frozen=True, slots=True)
class Signs:
    """The texts of the feed."""

    place: str
    number: str  # of the camera
    view: str  # what it looks at


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def add_overlays(picture: Image.Image, signs: Signs, captured_at: datetime) -> Image.Image:
    """The picture with London's clock and the camera's number at the top left, a badge at the top right, the place at the bottom."""
    picture = picture.copy()
    draw = ImageDraw.Draw(picture, "RGBA")
    clock = write_clock(captured_at)
    draw.rectangle((0, 0, draw.textlength(clock, _font(13)) + 3, 14), fill=BOX)
    draw.text((2, -1), clock, font=_font(13), fill=PALE)
    draw.text((14, 14), signs.number, font=_font(17), fill="white", stroke_width=1, stroke_fill=(30, 30, 30))
    draw.rectangle((FRAME_WIDTH_PX - 92, 0, FRAME_WIDTH_PX - 1, TOP_PX - 1), fill=BADGE_GREY)
    draw.rounded_rectangle((FRAME_WIDTH_PX - 86, 6, FRAME_WIDTH_PX - 65, 27), radius=4, fill=BADGE_BLUE)
    draw.text((FRAME_WIDTH_PX - 75.5, 16.5), "P", font=_font(17), fill="white", anchor="mm")
    draw.multiline_text((FRAME_WIDTH_PX - 59, 3), "generated\npicture", font=_font(11), fill=BADGE_BLUE, spacing=2)
    half = draw.textlength(signs.place, _font(13)) / 2 + 3
    draw.rectangle((FRAME_WIDTH_PX / 2 - half, FRAME_HEIGHT_PX - BOTTOM_PX, FRAME_WIDTH_PX / 2 + half, FRAME_HEIGHT_PX), fill=BOX)
    draw.text((FRAME_WIDTH_PX / 2, FRAME_HEIGHT_PX - BOTTOM_PX / 2), signs.place, font=_font(13), fill=PALE, anchor="mm")
    return picture


def write_clock(time: datetime) -> str:
    """The clock of a JamCam: London's local time, such as `Mon 02 Mar 13:57`."""
    return time.astimezone(LONDON).strftime("%a %d %b %H:%M")


def draw_card(signs: Signs) -> Image.Image:
    """The flat card that replaces the picture while operators use the camera."""
    card = Image.new("RGB", (FRAME_WIDTH_PX, FRAME_HEIGHT_PX), CARD_GREY)
    text, middle = f"Camera {signs.number} in\nuse keeping traffic\nmoving", (FRAME_WIDTH_PX / 2, FRAME_HEIGHT_PX / 2 - 15)
    draw = ImageDraw.Draw(card)
    draw.multiline_text(middle, text, font=_font(29), fill="white", anchor="mm", align="center", stroke_width=1, stroke_fill="white")
    return card


def smear(picture: Image.Image, *, from_row: int) -> Image.Image:
    """The picture after a decoder lost the stream: one row repeated to the bottom."""
    rows = np.array(picture)
    rows[from_row:] = rows[from_row]
    return Image.fromarray(rows)


def encode(picture: Image.Image, signs: Signs, captured_at: datetime | None, *, available: bool = True) -> bytes:
    """A JPEG file, with a JamCam's EXIF unless `captured_at` is None."""
    exif = Image.Exif()
    if captured_at is not None:
        about = json.dumps({"view": signs.view, "tlrn": False, "corridor": "-", "available": available}, separators=(",", ":"))
        exif[IMAGE_DESCRIPTION] = signs.place
        exif[EXIF_IFD] = {
            DATE_TIME_ORIGINAL: captured_at.astimezone(UTC).strftime("%Y:%m:%d %H:%M:%S"),
            USER_COMMENT: b"ASCII\0\0\0" + about.encode(),
        }
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=82, exif=exif)
    return file.getvalue()
