"""A JPEG file taken apart by its markers, without decoding it: its size, whether it is complete, its EXIF, and the picture alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKER = re.compile(rb"\xff[^\x00\xff]")
END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # stuffed bytes and restart markers belong to the coded data
START, START_OF_SCAN, END_OF_IMAGE = b"\xff\xd8", 0xDA, 0xD9
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Segments of applications, but for those that say how colours are coded (JFIF and Adobe): a decoder needs none of them.
ASIDE = frozenset(range(0xE1, 0xF0)) - {0xEE}
EXIF = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class JpegFile:
    """What the markers of a JPEG file say."""

    width: int  # px; 0 without a frame header: not a JPEG
    height: int
    is_complete: bool  # the end-of-image marker is there; a file that was cut short lacks it
    exif: bytes  # the TIFF structure inside; empty without one
    picture: bytes  # the file without the segments of applications, so that a decoder meets no broken EXIF


def read_jpeg(data: bytes) -> JpegFile:
    """The JPEG file in `data`; any bytes are taken."""
    width = height = marker = 0
    exif, kept = b"", [START]
    for marker, segment in iter_segments(data):
        if marker in FRAME_HEADERS and not width:
            height, width = int.from_bytes(segment[5:7]), int.from_bytes(segment[7:9])
        if segment.startswith(EXIF, 4):
            exif = segment[4 + len(EXIF) :]
        if marker not in ASIDE:
            kept.append(segment)
    return JpegFile(width, height, marker == END_OF_IMAGE, exif, b"".join(kept))


def iter_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker after the first, with its segment: marker, length (2 bytes), content, and after a start of scan the coded data."""
    marker, position = 0, len(START)
    while data.startswith(START) and marker != END_OF_IMAGE and (found := MARKER.search(data, position)):
        marker, start = found[0][1], found.end()
        position = start if marker == END_OF_IMAGE else start + int.from_bytes(data[start : start + 2])
        if marker == START_OF_SCAN:
            stop = END_OF_SCAN.search(data, position)
            position = stop.start() if stop else len(data)
        yield marker, data[found.start() : position]
