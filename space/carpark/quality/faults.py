"""What is wrong with the pixels of a frame, and the table of thresholds; `measures` says what each measure gives."""

import numpy as np
from PIL.Image import Image

from carpark.quality import measures
from carpark.quality.jpeg_scan import is_sound
from carpark.quality.state import State

# Threshold                 what it bounds; the nearest real or drawn frames on either side
CARD_SHARE = 0.5  #         of the picture in one colour: live 0.39 (black and white aside), cards 0.63
CARD_LETTERING = 0.8  #     hard edges, asked of black and white cards besides: night and snow 0.72, lettering 0.87
CARD_TOLERANCE = 2  #       levels, for black and white, where the edges of letters spill over
NO_PICTURE_SHARE = 0.002  # of blocks that are not flat: one lamp in the dark has more
SMEARED_FOOT = 16  #        rows that repeat the row above, down to the foot: live 6, TfL's smeared still 134
SMEARED_BAND = 64  #        the same, anywhere: live 10, in drawn fog 28
BLANK_ROWS = 16  #          at the foot, one row of JPEG blocks: live 8
HARD_EDGE = 10  #           levels between blank rows and what is above: a street at night fades into black
SUSPECT_SHARE = 0.25  #     of the width broken at a border of blocks, worth a look at the file's codes: live 0.18
BROKEN_SHARE = 0.4  #       of the width broken inside a JamCam's street: live 0.18, rows shifted sideways 0.41 and more in 94%

SEAM_SHARE = 0.58  #        of the height or width broken along one line of the grid: live 0.49, the real wrapped frame 0.91
BOTH_SEAMS_SHARE = 0.38  #  the same, across and down together: live 0.26

JAMCAM_SIZE = (352, 288)
JAMCAM_SCENE = (0, 36, 352, 272)  # left, top, right, bottom: without the clock, number and roundel above and the place's name below
JAMCAM_JUDGED = slice(48, 272)  # its rows whose JPEG blocks of 16 pixels hold no overlay either
JAMCAM_BETWEEN = slice(128, 256)  # columns between the clock and the roundel, which both end on the first border of blocks
JAMCAM_LINES = slice(40, 268)  # rows whose neighbours hold no edge of an overlay


def crop_scene(picture: Image) -> Image:
    """The part of a JamCam still that shows the street; a picture of any other size as it is."""
    return picture.crop(JAMCAM_SCENE) if picture.size == JAMCAM_SIZE else picture


def judged_rows(height: int, width: int) -> slice:
    """The rows of a JamCam still that no overlay touches, not even by its JPEG blocks; all rows of a picture of any other size."""
    return JAMCAM_JUDGED if (width, height) == JAMCAM_SIZE else slice(0, height)


def find_fault(pixels: measures.Pixels, grey: measures.Grey, data: bytes) -> tuple[State, str]:
    """The first fault that the picture decoded from the JPEG file `data` shows, and why; "ok" and "" without one."""
    rows = judged_rows(*grey.shape)
    judged = grey[rows]
    may_be_card = measures.largest_level_share(judged[::2, ::2]) >= CARD_SHARE
    if may_be_card and float((measures.block_ranges(judged) > 4).mean()) < NO_PICTURE_SHARE:
        return "corrupt", "no picture: it is all of one colour"
    # A cut file is blank to the foot of the picture; one that was cut before TfL wrote on it, to the foot of the street.
    if reason := _cut_off(pixels) or _cut_off(pixels[rows]):
        return "corrupt", reason
    if reason := _damage(pixels, grey, data) or _smear(judged) or _wrapped(judged):
        return "corrupt", reason
    reason = _card(pixels[rows], judged) if may_be_card else ""
    return ("in_use", reason) if reason else ("ok", "")


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


def _card(pixels: measures.Pixels, grey: measures.Grey) -> str:
    """Why the picture counts as a placeholder card, "" when it does not."""
    colour = measures.commonest_colour(pixels)
    is_black_or_white = max(colour) < 24 or min(colour) > 231
    share = measures.colour_share(pixels, colour, tolerance=CARD_TOLERANCE if is_black_or_white else 0)
    is_card = share >= CARD_SHARE and (not is_black_or_white or measures.lettering_share(measures.block_ranges(grey)) >= CARD_LETTERING)
    return f"a card instead of a picture: {share:.0%} of it is one colour" if is_card else ""


def _smear(grey: measures.Grey) -> str:
    at_foot, anywhere = measures.smeared_rows(grey)
    return f"smeared: {anywhere} rows repeat the row above" if at_foot >= SMEARED_FOOT or anywhere >= SMEARED_BAND else ""


def _wrapped(grey: measures.Grey) -> str:
    """Why the picture counts as torn and wrapped around, "" when it does not. Its file may be sound: somebody re-encoded the damage."""
    grey = measures.widen_levels(grey)
    ranges = measures.block_ranges(grey)
    across, down = measures.seam_share(grey, ranges), measures.seam_share(grey.T, ranges.T)
    is_torn = max(across, down) >= SEAM_SHARE or min(across, down) >= BOTH_SEAMS_SHARE
    return f"torn: the picture breaks along {max(across, down):.0%} of one straight line" if is_torn else ""


def _damage(pixels: measures.Pixels, grey: measures.Grey, data: bytes) -> str:
    """Why the picture counts as wrongly decoded, "" when it does not: its rows of blocks do not fit each other."""
    is_jamcam = (grey.shape[1], grey.shape[0]) == JAMCAM_SIZE
    suspect = measures.grid_break_share(pixels, grey, JAMCAM_BETWEEN if is_jamcam else slice(None))
    if suspect < SUSPECT_SHARE:
        return ""
    if not is_sound(data):
        return f"damaged: its codes lead nowhere, and the picture breaks along {suspect:.0%} of its width"
    if not is_jamcam:
        return ""  # other cameras may write a bar across their picture that ends on such a border
    lines = measures.line_breaks(grey)
    is_border = np.arange(len(lines)) % measures.BLOCK_PX == 0
    broken, elsewhere = lines[JAMCAM_LINES][is_border[JAMCAM_LINES]].max(), lines[JAMCAM_LINES][~is_border[JAMCAM_LINES]].max()
    # A street with hard edges right across it, such as a bridge's, has them elsewhere too.
    return f"garbled: the picture breaks along {broken:.0%} of its width" if broken >= max(BROKEN_SHARE, 2 * elsewhere) else ""
