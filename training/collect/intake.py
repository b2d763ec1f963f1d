"""Check a downloaded file, and scale it to at most 1024 px."""

import hashlib
import io
from dataclasses import dataclass

import imagehash
from PIL import Image as PILImage
from PIL.Image import Resampling

from carpark.errors import BadImage
from carpark.images import DECODING_ERRORS, open_image

MIN_PHOTO_SIDE_PX, MAX_PHOTO_SIDE_PX = 256, 1024
KEPT_AS_THEY_ARE = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
PHOTO_QUALITY = 90


class TooSmall(BadImage):
    """A picture so small that a car has few pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file, ready to be written."""

    data: bytes
    suffix: str  # ".jpg"
    width: int  # px
    height: int  # px
    sha256: str
    phash: str  # 16 hexadecimal digits
    edit: str  # what was changed; "" for nothing


def take_in(data: bytes, name: str) -> Picture:
    """The picture, with the file's own bytes unless it has to be scaled down or saved as JPEG. Raises BadImage."""
    image = open_image(io.BytesIO(data), name)
    if min(image.size) < MIN_PHOTO_SIDE_PX:
        raise TooSmall(f"{name} has {image.width} x {image.height} px; expected {MIN_PHOTO_SIDE_PX} or more on each side.")
    try:
        with PILImage.open(io.BytesIO(data)) as file:
            format_name = file.format or ""
            suffix = KEPT_AS_THEY_ARE.get(format_name, "") if getattr(file, "n_frames", 1) == 1 else ""
    except DECODING_ERRORS as error:  # counting frames reads the whole file
        raise BadImage(f"{name} cannot be decoded ({error}).") from error
    edit = ""
    if max(image.size) > MAX_PHOTO_SIDE_PX:
        edit = f"scaled from {image.width} x {image.height} px"
        image.thumbnail((MAX_PHOTO_SIDE_PX, MAX_PHOTO_SIDE_PX), Resampling.LANCZOS)
    elif not suffix:
        edit = f"saved as JPEG from {format_name}"
    if edit:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=PHOTO_QUALITY)
        data, suffix = buffer.getvalue(), ".jpg"
    return Picture(data, suffix, *image.size, hashlib.sha256(data).hexdigest(), str(imagehash.phash(image)), edit)
