"""Pure measures of a frame's bytes and pixels; each says what live frames give and what faulty ones give.

Measured on 18 real JamCam stills of 12 cameras (5 at night) and 132 real frames of a car park camera, as they are and darkened to a
twentieth, crushed to black, fogged, snowed in, overexposed, blurred and saved at JPEG quality 15 to 90; against TfL's card, TfL's
smeared still, and drawn cards, smears and cut files.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) RGB
Grey = npt.NDArray[np.uint8]  # (height, width)
Colour = tuple[int, int, int]

MARKER = re.compile(rb"\xff[^\x00\xff]")
END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # stuffed bytes and restart markers belong to the coded data
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
BLOCK_PX = 16  # a JPEG with halved colour codes squares of 16 pixels by themselves
MIN_TEXTURED_BLOCKS = 24  # of 308 in a JamCam scene: with fewer, equal blocks may be chance
BLOCK_KEYS = np.random.default_rng(0).integers(1, 2**62, size=(BLOCK_PX, BLOCK_PX), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class JpegLayout:
    """What the markers of a JPEG file say, without decoding it."""

    width: int  # px; 0 where no frame header was found, so that it is no JPEG
    height: int
    is_complete: bool  # the end-of-image marker is there; a file that was cut short lacks it


def read_layout(data: bytes) -> JpegLayout:
    """The size and completeness of the JPEG in `data`; any bytes are taken."""
    width = height = 0
    marker, position = 0, 2 if data[:2] == b"\xff\xd8" else len(data)
    while marker != END_OF_IMAGE and (found := (END_OF_SCAN if marker == START_OF_SCAN else MARKER).search(data, position)):
        marker, start = found[0][1], found.end()
        position = start + int.from_bytes(data[start : start + 2])
        if marker in FRAME_HEADERS and not width:
            height, width = int.from_bytes(data[start + 3 : start + 5]), int.from_bytes(data[start + 5 : start + 7])
    return JpegLayout(width, height, marker == END_OF_IMAGE)


def commonest_colour(pixels: Pixels) -> Colour:
    """The RGB colour that most pixels have exactly."""
    wide = pixels.astype(np.int32)
    values, counts = np.unique(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], return_counts=True)
    code = int(values[counts.argmax()])
    return code >> 16, code >> 8 & 255, code & 255


def colour_share(pixels: Pixels, colour: Colour, *, tolerance: int) -> float:
    """Share of pixels, 0 to 1, within `tolerance` levels of the colour in every channel.

    Of the commonest colour exactly: live frames up to 0.02, fogged or overexposed 0.39; TfL's card 0.80, drawn cards saved at quality 30
    at least 0.63. Within 2 levels: live frames crushed to black 0.94, black and white cards at least 0.65.
    """
    distance = np.abs(pixels.astype(np.int16) - np.array(colour, dtype=np.int16)).max(axis=2)
    return float((distance <= tolerance).mean())


def block_ranges(grey: Grey, side: int = 8) -> npt.NDArray[np.uint8]:
    """(rows, columns) darkest to lightest pixel, in levels, within each whole block of `side` pixels."""
    height, width = grey.shape[0] // side, grey.shape[1] // side
    blocks = grey[: height * side, : width * side].reshape(height, side, width * side)
    highest = blocks.max(axis=1).reshape(height, width, side).max(axis=2)
    lowest = blocks.min(axis=1).reshape(height, width, side).min(axis=2)
    ranges: npt.NDArray[np.uint8] = highest - lowest
    return ranges


def lettering_share(ranges: npt.NDArray[np.uint8]) -> float:
    """Share, 0 to 1, of hard edges (80 levels in a block) among the blocks that are not flat; 0 when all are flat.

    Live frames of which half is one colour: up to 0.72 (lamps in the dark have soft halos); lettering on cards at least 0.87.
    """
    busy = int((ranges > 4).sum())
    return int((ranges >= 80).sum()) / busy if busy else 0.0


def smeared_rows(grey: Grey) -> int:
    """The longest run of rows that repeat the row above: where a row has texture, 85% of it is within 2 levels of the row above.

    Live frames up to 7 rows (15 when blurred); TfL's smeared still 135, drawn smears the height of the smear.
    """
    wide = grey.astype(np.int16)
    textured = np.abs(wide[1:, 1:] - wide[1:, :-1]) > 6
    repeated = textured & (np.abs(wide[1:, 1:] - wide[:-1, 1:]) <= 2)
    across = textured.sum(axis=1)
    return longest_run((across >= 8) & (repeated.sum(axis=1) >= 0.85 * across))


def longest_run(flags: npt.NDArray[np.bool_]) -> int:
    """The length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def blank_rows(pixels: Pixels) -> int:
    """How many rows at the bottom are all of one colour (3 levels of tolerance, 1% of a row may differ).

    Live frames up to 8, in the dark; the undecoded part of a cut file is grey or black to its full height.
    """
    colour = np.median(pixels[-1], axis=0).astype(np.int16)
    for rows, row in enumerate(pixels[::-1]):
        if (np.abs(row - colour).max(axis=1) <= 3).mean() < 0.99:
            return rows
    return len(pixels)


def block_prints(grey: Grey) -> npt.NDArray[np.int64]:
    """(n,) one number for each whole 16 x 16 block, the same only for equal pixels; 0 for a block without texture (8 levels or less)."""
    height, width = grey.shape[0] // BLOCK_PX, grey.shape[1] // BLOCK_PX
    blocks = grey[: height * BLOCK_PX, : width * BLOCK_PX].reshape(height, BLOCK_PX, width, BLOCK_PX)
    prints = np.einsum("hiwj,ij->hw", blocks.astype(np.int64), BLOCK_KEYS)
    return np.where(block_ranges(grey, BLOCK_PX) > 8, prints, 0).ravel()


def equal_share(prints: npt.NDArray[np.int64], earlier: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(m,) the share, 0 to 1, of the blocks of one frame, `prints` (n,), that are equal in each of `earlier` (m, n).

    Blocks that are flat in both do not count. Live neighbours: at most 0.01, at night too. The same picture with a clock that moved on:
    0.95. Where few blocks have texture: 0.
    """
    has_texture = (prints != 0) | (earlier != 0)
    textured = has_texture.sum(axis=1)
    equal = ((prints == earlier) & has_texture).sum(axis=1)
    return np.where(textured >= MIN_TEXTURED_BLOCKS, equal / np.maximum(textured, 1), 0.0)
