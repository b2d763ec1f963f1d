"""Pure measures of a frame's pixels. Each docstring gives the values of live frames and of faulty ones.

The live frames are 18 real JamCam stills of 12 cameras (5 at night) and 132 real frames of a car park camera: as they are, and darkened to
a twentieth, crushed to black, fogged, snowed in, overexposed, blurred, or saved at JPEG quality 15 to 90. The faulty ones are TfL's card,
TfL's smeared still, and drawn cards, smears and cut files.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) RGB
Grey = npt.NDArray[np.uint8]  # (height, width)
Colour = tuple[int, int, int]

BLOCK_PX = 16  # side of the squares that a JPEG with colour at half size codes one by one
SEAM_PX, SEAM_JUMP = 8, 8  # side of a block, also of one of 16 px in a picture at half size; levels
COLOUR_JUMP = 18  # levels, of the sum of two rows
MIN_TEXTURED_BLOCKS = 24  # of 308 in a JamCam scene: with fewer, blocks may be equal by chance
BLOCK_KEYS = np.random.default_rng(0).integers(1, 2**31, size=(BLOCK_PX, BLOCK_PX), dtype=np.int32)


def largest_level_share(grey: Grey) -> float:
    """An upper bound, 0 to 1, for the share of pixels within 2 levels of one colour: the pixels in the 7 fullest neighbouring levels."""
    counts = np.bincount(grey.ravel(), minlength=256)
    return float(np.convolve(counts, np.ones(7)).max() / grey.size)


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
    """(rows, columns) the difference between the lightest and the darkest pixel, in levels, in each whole block of `side` pixels."""
    height, width = grey.shape[0] // side, grey.shape[1] // side
    blocks = grey[: height * side, : width * side].reshape(height, side, width * side)
    highest = blocks.max(axis=1).reshape(height, width, side).max(axis=2)
    lowest = blocks.min(axis=1).reshape(height, width, side).min(axis=2)
    ranges: npt.NDArray[np.uint8] = highest - lowest
    return ranges


def lettering_share(ranges: npt.NDArray[np.uint8]) -> float:
    """Share, 0 to 1, of blocks with a hard edge (80 levels) among those that are not flat; 0 if all blocks are flat.

    Live frames of which half is one colour: up to 0.72 (lamps in the dark have soft halos). Lettering on cards: at least 0.87.
    """
    busy = int((ranges > 4).sum())
    return int((ranges >= 80).sum()) / busy if busy else 0.0


def smeared_rows(grey: Grey) -> tuple[int, int]:
    """How many rows at the foot of the picture repeat the row above, and the longest run of such rows anywhere.

    A row repeats the row above if 85% of its textured pixels are nearly equal there, measured at half the size. Live frames: at most 6 at
    the foot and 10 anywhere; 28 in drawn fog, which leaves little but upright edges. TfL's smeared still: 134. Drawn smears: their height.
    """
    half = halve(grey)
    textured = np.abs(half[1:, 1:] - half[1:, :-1]) > 24
    repeated = textured & (np.abs(half[1:, 1:] - half[:-1, 1:]) <= 6)
    across = np.count_nonzero(textured, axis=1)
    repeats = (across >= 4) & (np.count_nonzero(repeated, axis=1) >= 0.85 * across)
    at_foot = len(repeats) if repeats.all() else int(np.argmin(repeats[::-1]))
    return 2 * at_foot, 2 * longest_run(repeats)


def halve(grey: Grey) -> npt.NDArray[np.int16]:
    """The picture at half the height and width, each value the sum of four pixels, so that fine noise is averaged."""
    wide = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2].astype(np.int16)
    return wide[::2, ::2] + wide[::2, 1::2] + wide[1::2, ::2] + wide[1::2, 1::2]


def longest_run(flags: npt.NDArray[np.bool_]) -> int:
    """The length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def blank_rows(pixels: Pixels) -> int:
    """How many rows at the foot have one colour (within 3 levels, in 99% of each row).

    Live frames: up to 8, in the dark. A cut file: the height of its undecoded part, which is grey or black.
    """
    colour = pixels[-1, [0, pixels.shape[1] // 3, -1]].astype(np.int16)
    if np.ptp(colour, axis=0).max() > 3:
        return 0
    colour = np.median(pixels[-1], axis=0).astype(np.int16)
    for rows, row in enumerate(pixels[::-1]):
        if (np.abs(row - colour).max(axis=1) <= 3).mean() < 0.99:
            return rows
    return len(pixels)


def break_share(rows: npt.NDArray[np.int16], *, jump: int, cell: int) -> npt.NDArray[np.float64]:
    """(k,) the share of cells that break between the second and the third row, for k stacks of 4 rows, (k, 4, columns).

    A cell has `cell` columns. It breaks if 60% of them jump there by `jump` levels more than one row above and one row below.
    """
    before, at, after = np.abs(rows[:, 1:] - rows[:, :-1]).transpose(1, 0, 2)
    jumps = at - np.maximum(before, after) > jump
    cells = jumps.shape[1] // cell
    broken = jumps[:, : cells * cell].reshape(len(rows), cells, cell).sum(axis=2, dtype=np.uint8) >= 0.6 * cell
    shares: npt.NDArray[np.float64] = broken.mean(axis=1)
    return shares


def grid_break_share(pixels: Pixels, grey: Grey, first: slice = slice(None)) -> float:
    """The largest share of the width, 0 to 1, along which brightness or colour breaks at a border between rows of JPEG blocks.

    At the first border only the columns in `first` count. Brightness is measured in every second column, colour in every fourth. Live
    frames: up to 0.18, and 95% of them up to 0.14. Files whose flipped bits changed a twentieth of the picture: nearly all above 0.3.
    """
    borders = np.arange(BLOCK_PX, grey.shape[0] - 4, BLOCK_PX)[:, None]
    near = pixels[borders + np.arange(-4, 4)][:, :, ::4].astype(np.int16)  # (borders, 8 rows, columns, 3)
    pairs = near[:, ::2] + near[:, 1::2]  # colour is coded at half the height
    largest = 0.0
    for rows, columns_px, jump in (
        (grey[borders + np.arange(-2, 2)][:, :, ::2].astype(np.int16), 2, 10),
        (pairs[..., 0] - pairs[..., 1], 4, COLOUR_JUMP),
        (pairs[..., 2] - pairs[..., 1], 4, COLOUR_JUMP),
    ):
        rows[:1, :, : (first.start or 0) // columns_px] = 0
        rows[:1, :, (first.stop or grey.shape[1]) // columns_px :] = 0
        largest = max(largest, float(break_share(rows, jump=jump, cell=BLOCK_PX // columns_px).max(initial=0)))
    return largest


def seam_share(grey: Grey, ranges: npt.NDArray[np.uint8]) -> float:
    """The largest share of the height, 0 to 1, along which the picture breaks at one column of its 8-pixel grid.

    `ranges` are its `block_ranges`; pass both transposed for rows.

    A decoder that lost its place shifts and wraps the picture, which leaves one or two straight seams. A block breaks if 5 of its 8 pixels
    jump more there than beside it. Columns do not count if fewer than a quarter of their blocks have texture on both sides (the edge of a
    bar), or if they lie in the outer tenths of the width (where cameras write bars). The share is 0 if a third column breaks half as much,
    as in rows of houses and in hard compression. Live frames (1,035 of 24 cameras, with buildings and poles): at most 0.49, also when
    darkened to a half or a quarter and saved at quality 60 to 95. The real wrapped frame: 0.91.
    """
    height, width = grey.shape[0] // SEAM_PX * SEAM_PX, grey.shape[1]
    margin = (width // 10 // SEAM_PX + 1) * SEAM_PX
    columns = np.arange(margin, width - margin + 1, SEAM_PX)
    if height < 8 * SEAM_PX or not len(columns):
        return 0.0
    near = [
        grey[:height, columns[0] + place : columns[-1] + place + 1 : SEAM_PX].astype(np.int16) for place in range(-2, 2)
    ]  # each (height, columns)
    before, at, after = (np.abs(right - left) for left, right in pairwise(near))
    jumps = at - np.maximum(before, after) > SEAM_JUMP
    broken = jumps.reshape(-1, SEAM_PX, len(columns)).sum(axis=1, dtype=np.uint8) >= 5  # of 8 pixels
    has_texture = ranges > 10
    counted = has_texture[:, columns // SEAM_PX - 1] & has_texture[:, columns // SEAM_PX]
    shares = np.where(counted.mean(axis=0) >= 0.25, broken.mean(axis=0), 0.0)
    highest = np.sort(shares)[::-1]
    return float(highest[0]) if highest[2:3].max(initial=0) <= highest[0] / 2 else 0.0


def widen_levels(grey: Grey) -> Grey:
    """The picture with more contrast if its levels span fewer than 120: at night, a seam has as little contrast as the rest.

    The contrast rises to 120 levels, but at most twofold, since more would raise noise and the blocks of hard compression. The darkest and
    lightest 2% do not count; every fourth pixel is measured.
    """
    levels = np.sort(grey[::4, ::4], axis=None)
    darkest, lightest = (np.float32(levels[round(share * (levels.size - 1))]) for share in (0.02, 0.98))
    factor = min(np.float32(2), 120 / max(lightest - darkest, np.float32(1)))
    return np.clip((grey - darkest) * factor, 0, 255).astype(np.uint8) if factor > 1 else grey


def line_breaks(grey: Grey) -> npt.NDArray[np.float64]:
    """(height,) the share of the width along which the brightness breaks between each row and the row above; 0 for the outer rows."""
    rows = np.arange(2, grey.shape[0] - 1)
    shares = np.zeros(grey.shape[0])
    shares[rows] = break_share(grey[rows[:, None] + np.arange(-2, 2)].astype(np.int16), jump=10, cell=BLOCK_PX)
    return shares


def block_prints(grey: Grey) -> npt.NDArray[np.int32]:
    """(n,) a checksum of each whole 16 x 16 block, equal for equal pixels; 0 for a block without texture (8 levels or less)."""
    height, width = grey.shape[0] // BLOCK_PX, grey.shape[1] // BLOCK_PX
    blocks = grey[: height * BLOCK_PX, : width * BLOCK_PX].reshape(height, BLOCK_PX, width, BLOCK_PX)
    prints = np.einsum("hiwj,ij->hw", blocks.astype(np.int32), BLOCK_KEYS)
    return np.where(block_ranges(grey, BLOCK_PX) > 8, prints, 0).ravel()


def outline(grey: Grey) -> npt.NDArray[np.float32]:
    """(n,) the strength of the edges across and down each 8 x 8 block, on a logarithmic scale. It hardly changes when cars come and go.

    Its mean is 0 and its length 1, so the product of two outlines is their correlation.
    """
    half = halve(grey)
    height, width = (half.shape[0] - 1) // 4, (half.shape[1] - 1) // 4
    across, down = np.abs(half[:-1, 1:] - half[:-1, :-1]), np.abs(half[1:, :-1] - half[:-1, :-1])
    edges = np.stack([across[: height * 4, : width * 4], down[: height * 4, : width * 4]])
    sums = edges.reshape(2, height, 4, width * 4).sum(axis=2, dtype=np.int32).reshape(2, height, width, 4).sum(axis=3)
    strengths = np.log1p(sums / np.float32(64)).ravel()
    strengths -= strengths.mean()
    length = float(np.linalg.norm(strengths))
    normed: npt.NDArray[np.float32] = strengths / np.float32(length or 1)
    return normed


def likeness(outline: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Correlation of two outlines, -1 to 1; 0 if their sizes differ.

    The same view, minutes apart: at least 0.76; hours apart, with other light: 0.2. The view moved sideways by 24 px, zoomed by half, or of
    another camera: at most 0.43.
    """
    return float(outline @ other) if outline.size == other.size else 0.0


def equal_share(prints: npt.NDArray[np.int32], earlier: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """(m,) the share of blocks, 0 to 1, that one frame, `prints` (n,), has in common with each of the `earlier` ones (m, n).

    Blocks that are flat in both do not count; if few blocks have texture, the share is 0. Live neighbours: at most 0.01, at night too. The
    same picture with a clock that moved on: 0.95.
    """
    has_texture = (prints != 0) | (earlier != 0)
    textured = has_texture.sum(axis=1)
    equal = ((prints == earlier) & has_texture).sum(axis=1)
    return np.where(textured >= MIN_TEXTURED_BLOCKS, equal / np.maximum(textured, 1), 0.0)
