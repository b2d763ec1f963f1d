"""Near-duplicates: the same picture again, cropped, mirrored, saved anew, brightened or marked; and the scenes that follow from them.

Candidates are found by perceptual hash and by embedding, and confirmed by laying one picture over the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve
from tqdm import tqdm

from training.clean.survey import Survey, Thumbnail

NEIGHBOURS = 6  # by embedding, looked at for each photo
HASH_BITS = 14  # of 64 may differ in a candidate; unrelated photos differ in 32
SCALES = tuple(1 - 0.03 * step for step in range(17))  # of a crop's side to the whole picture's
# Correlation of pixels from which two photos are twins: of 72 crops of real photos, mirrored or darkened ones among them, 71 had as much;
# of 328 pairs of photos of different places that are most alike none had more than 0.76, and of all 208 photos one pair had 0.80: two
# empty lots under a wide sky. So between SAME and CERTAIN a person looks.
SAME, CERTAIN, SURE = 0.78, 0.82, 0.95
HOPEFUL = 0.5  # from which a pixel more or less on a side is tried: half a pixel of shift takes 0.1 off a crop of fine detail
FINE_PX = 2.0  # what is wider than a few of these is light and sky, in which many car parks are alike


@dataclass(frozen=True, slots=True)
class Twins:
    """Two photos (row numbers, the earlier one first) of which one is a copy of the other."""

    one: int
    other: int
    likeness: float  # correlation of their pixels where they lie on each other, up to 1
    is_mirrored: bool


def find_twins(survey: Survey) -> list[Twins]:
    """All pairs that are confirmed, most alike first."""
    found = []
    details = [None if thumbnail is None else thumbnail - gaussian_filter(thumbnail, FINE_PX) for thumbnail in survey.thumbnails]
    for one, other in tqdm(sorted(_candidates(survey)), desc="comparing", unit="pair"):
        plain, mirrored = (_likeness(details[one], details[other], is_mirrored=mirror) for mirror in (False, True))
        if max(plain, mirrored) >= SAME:
            found.append(Twins(one, other, max(plain, mirrored), mirrored > plain))
    return sorted(found, key=lambda twins: -twins.likeness)


def _candidates(survey: Survey) -> set[tuple[int, int]]:
    """Pairs of readable photos worth a closer look."""
    rows = np.flatnonzero(survey.is_readable)
    hashes, mirrored = (
        np.array([int(texts[row], 16) for row in rows], dtype=np.uint64) for texts in (survey.photos.phash.tolist(), survey.mirrored_phash)
    )
    vectors = survey.embeddings[rows]
    pairs = set()
    for i, row in enumerate(rows):  # row by row, so that memory stays small with many photos
        bits = np.minimum(np.bitwise_count(hashes ^ hashes[i]), np.bitwise_count(mirrored ^ hashes[i]))
        closeness = vectors @ vectors[i]
        closeness[i] = -1
        near = set(np.flatnonzero(bits <= HASH_BITS)) | set(np.argsort(-closeness)[:NEIGHBOURS])
        pairs |= {(min(row, rows[j]), max(row, rows[j])) for j in near if j != i}
    return {(int(one), int(other)) for one, other in pairs}


def _likeness(a: Thumbnail | None, b: Thumbnail | None, *, is_mirrored: bool) -> float:
    if a is None or b is None:
        return 0.0
    b = b[:, ::-1] if is_mirrored else b
    return max(lay_over(a, b), lay_over(b, a))


def lay_over(whole: Thumbnail, part: Thumbnail) -> float:
    """The best correlation, -1 to 1, of `part` laid over `whole` at any place, at the scales of `SCALES`.

    Normalised cross-correlation (Lewis 1995), which brightness and contrast do not change.
    """
    room = min(whole.shape[0] / part.shape[0], whole.shape[1] / part.shape[1])
    picture = Image.fromarray(np.ascontiguousarray(part))
    tried: dict[tuple[int, int], float] = {}

    def lay(width: int, height: int) -> float:
        size = min(max(width, 1), whole.shape[1]), min(max(height, 1), whole.shape[0])
        if size not in tried:
            template = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
            tried[size] = float(_correlate(whole, template).max())
        return tried[size]

    for scale in SCALES:
        if lay(round(part.shape[1] * room * scale), round(part.shape[0] * room * scale)) >= SURE:
            break
    for _ in range(2):
        (width, height), best = max(tried.items(), key=lambda item: item[1])
        if HOPEFUL <= best < SURE:
            for wider, higher in product((-1, 0, 1), repeat=2):
                lay(width + wider, height + higher)
    return max(tried.values())


def _correlate(whole: Thumbnail, template: Thumbnail) -> npt.NDArray[np.float32]:
    """At each place of the template in the picture."""
    template = template - template.mean()
    spread = float(np.sqrt((template**2).sum()))
    places = fftconvolve(whole, template[::-1, ::-1], mode="valid")
    sums, squares = _box_sums(whole, template.shape), _box_sums(whole**2, template.shape)
    local = np.sqrt(np.maximum(squares - sums**2 / template.size, 0))
    flat = np.sqrt(template.size)  # one grey level of spread: what is flatter matches everything
    return np.where((local > flat) & (spread > flat), places / np.maximum(local * spread, 1e-6), 0).astype(np.float32)


def _box_sums(picture: Thumbnail, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The sum of the picture under a box of that shape, at each of its places (by a summed-area table)."""
    height, width = shape
    table = np.pad(picture.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: npt.NDArray[np.float64] = table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]
    return sums


def merge_scenes(scenes: Iterable[str], twins: Iterable[Twins]) -> dict[str, str]:
    """The scene that each scene becomes when scenes with twins are one: the name of the first of them."""
    scenes = list(scenes)
    root = {scene: scene for scene in scenes}

    def find(scene: str) -> str:
        while root[scene] != scene:
            root[scene] = root[root[scene]]
            scene = root[scene]
        return scene

    order = {scene: number for number, scene in reversed(list(enumerate(scenes)))}
    for pair in twins:
        first, second = sorted((find(scenes[pair.one]), find(scenes[pair.other])), key=order.__getitem__)
        root[second] = first
    return {scene: find(scene) for scene in root}
