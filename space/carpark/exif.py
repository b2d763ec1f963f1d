"""What a frame says about itself in its EXIF: when it was taken, and whether the camera was available. Never raises."""

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from PIL.Image import Image

EXIF_IFD, DATE_TIME_ORIGINAL, USER_COMMENT = 0x8769, 0x9003, 0x9286
# TfL writes JSON into UserComment, but with backslashes that no JSON reader takes (`A41 Finchley Rd S\\\/B`): search the one word.
AVAILABLE = re.compile(rb'"available"\s*:\s*"?(true|false)', re.IGNORECASE)
# What Pillow raises on broken EXIF, over its many ways of being broken.
EXIF_ERRORS = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the EXIF says; None where it says nothing readable."""

    captured_at: datetime | None = None  # UTC
    available: bool | None = None  # False on TfL's "camera in use" card


def read_truth(image: Image) -> Truth:
    """The EXIF of an opened image; it need not be decoded yet."""
    try:
        tags = image.getexif().get_ifd(EXIF_IFD)
    except EXIF_ERRORS:
        return Truth()
    return Truth(_read_time(tags.get(DATE_TIME_ORIGINAL)), _read_available(tags.get(USER_COMMENT)))


def _read_time(said: object) -> datetime | None:
    """TfL writes UTC as 2020:05:04 02:37:32."""
    try:
        return datetime.strptime(str(said).strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_available(said: object) -> bool | None:
    comment = said.encode("utf-8", "replace") if isinstance(said, str) else said
    if not isinstance(comment, bytes):
        return None
    found = AVAILABLE.search(comment.replace(b"\0", b""))
    return found[1].lower() == b"true" if found else None
