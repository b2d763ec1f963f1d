"""What a frame says about itself in its EXIF: when it was taken, which way the camera looked, and whether it was available.

Two tags are read here rather than by Pillow, which warns or raises in many ways when EXIF is broken; this never does either.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

EXIF_IFD, DATE_TIME_ORIGINAL, USER_COMMENT = 0x8769, 0x9003, 0x9286
ENTRY_BYTES = 12  # tag (2), type (2), count (4), value or its offset (4)
# TfL writes JSON into UserComment, but with backslashes that no JSON reader takes (`A41 Finchley Rd S\\\/B`): search the one word.
AVAILABLE = re.compile(rb'"available"\s*:\s*"?(true|false)', re.IGNORECASE)
VIEW = re.compile(rb'"view"\s*:\s*"([^"]{1,200})"')


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What the EXIF says; None or "" where it says nothing readable."""

    captured_at: datetime | None = None  # UTC
    available: bool | None = None  # False on TfL's "camera in use" card
    view: str = ""  # which way the camera looks, in TfL's words


def read_exif(tiff: bytes) -> ExifFacts:
    """What the TIFF structure of a picture's EXIF says; any bytes are taken."""
    orders: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
    order = orders.get(tiff[:4])
    if order is None:
        return ExifFacts()
    first = dict(_read_entries(tiff, int.from_bytes(tiff[4:8], order), order))
    tags = dict(_read_entries(tiff, int.from_bytes(first.get(EXIF_IFD, b""), order), order))
    comment = tags.get(USER_COMMENT, b"").replace(b"\0", b"")
    return ExifFacts(_read_time(tags.get(DATE_TIME_ORIGINAL, b"")), _read_available(comment), _read_view(comment))


def _read_entries(tiff: bytes, offset: int, order: Literal["little", "big"]) -> Iterator[tuple[int, bytes]]:
    """Each tag of the directory at `offset`, with its value as bytes; all but numbers count in bytes, and numbers are read as one."""
    entries = int.from_bytes(tiff[offset : offset + 2], order)
    for start in range(offset + 2, min(offset + 2 + entries * ENTRY_BYTES, len(tiff)), ENTRY_BYTES):
        tag, count = int.from_bytes(tiff[start : start + 2], order), int.from_bytes(tiff[start + 4 : start + 8], order)
        value = tiff[start + 8 : start + 12]
        place = int.from_bytes(value, order)
        yield tag, value if count <= len(value) else tiff[place : place + count]


def _read_time(value: bytes) -> datetime | None:
    """TfL writes UTC as 2020:05:04 02:37:32."""
    try:
        return datetime.strptime(value.decode("ascii", "replace").strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_available(value: bytes) -> bool | None:
    found = AVAILABLE.search(value)
    return found[1].lower() == b"true" if found else None


def _read_view(value: bytes) -> str:
    found = VIEW.search(value)
    return found[1].decode("utf-8", "replace").replace("\\", "").strip() if found else ""
