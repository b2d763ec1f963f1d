"""Find near-duplicates (the same picture cropped, mirrored, re-encoded, brightened or watermarked) and merge their scenes.

A perceptual hash and the embedding find candidate pairs. A pair counts if the pixels of one picture correlate with those of the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from training.clean.survey import Survey, Thumbnail

Table = npt.NDArray[np.float64]

NEIGHBOURS = 6  # candidates by embedding for each photo
HASH_BITS = 14  # of 64 that may differ in a candidate; unrelated photos differ in 32
SCALES = tuple(1 - 0.03 * step for step in range(17))  # the side of a crop as a share of the whole picture's
# Correlation of the pixels from which two photos count as near-duplicates. Of 72 crops of real photos, some mirrored or darkened, 71
# reached MIN_LIKENESS. The 328 most similar pairs of different places stayed at 0.76 or less. Of all pairs of 208 photos, one had 0.80:
# two empty lots under a wide sky. So below CERTAIN_LIKENESS a person decides. At CLOSE_ENOUGH the search stops.
MIN_LIKENESS, CERTAIN_LIKENESS, CLOSE_ENOUGH = 0.78, 0.82, 0.95
HOPEFUL = 0.5  # from here on, sizes one pixel larger and smaller are tried: half a pixel of shift costs a crop of fine detail 0.1
FINE_PX = 2.0  # standard deviation of the blur that is subtracted: wider detail is light and sky, which many car parks share


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two photos, by row number and the earlier one first, of which one is a copy of the other."""

    one: int
    other: int
    likeness: float  # correlation of the pixels where they overlap, at most 1
    is_mirrored: bool


def find_near_duplicates(survey: Survey) -> list[DuplicatePair]:
    """All confirmed pairs, the highest likeness first."""
    found = []
    details = [None if thumbnail is None else thumbnail - gaussian_filter(thumbnail, FINE_PX) for thumbnail in survey.thumbnails]
    for one, other in tqdm(sorted(_candidates(survey)), desc="comparing", unit="pair"):
        plain, mirrored = (_likeness(details[one], details[other], is_mirrored=mirror) for mirror in (False, True))
        if max(plain, mirrored) >= MIN_LIKENESS:
            found.append(DuplicatePair(one, other, max(plain, mirrored), mirrored > plain))
    return sorted(found, key=lambda pair: -pair.likeness)


def _candidates(survey: Survey) -> set[tuple[int, int]]:
    """Pairs of readable photos whose pixels are worth comparing."""
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
    return max(best_correlation(a, b), best_correlation(b, a))


def best_correlation(whole: Thumbnail, part: Thumbnail) -> float:
    """The best correlation, -1 to 1, of `part` anywhere over `whole`, at each of `SCALES`.

    Normalised cross-correlation (Lewis 1995): independent of brightness and contrast.
    """
    room = min(whole.shape[0] / part.shape[0], whole.shape[1] / part.shape[1])
    picture = Image.fromarray(np.ascontiguousarray(part))
    tables = _summed_areas(whole), _summed_areas(whole**2)
    tried: dict[tuple[int, int], float] = {}

    def try_size(width: int, height: int) -> float:
        size = min(max(width, 1), whole.shape[1]), min(max(height, 1), whole.shape[0])
        if size not in tried:
            template = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
            tried[size] = float(_correlate(whole, tables, template).max())
        return tried[size]

    for scale in SCALES:
        if try_size(round(part.shape[1] * room * scale), round(part.shape[0] * room * scale)) >= CLOSE_ENOUGH:
            break
    for _ in range(2):
        (width, height), best = max(tried.items(), key=lambda item: item[1])
        if HOPEFUL <= best < CLOSE_ENOUGH:
            for wider, higher in product((-1, 0, 1), repeat=2):
                try_size(width + wider, height + higher)
    return max(tried.values())


def _correlate(whole: Thumbnail, tables: tuple[Table, Table], template: Thumbnail) -> npt.NDArray[np.float32]:
    """The correlation at each position of the template in the picture, whose values and squares the tables have summed."""
    template = template - template.mean()
    spread = float(np.sqrt((template**2).sum()))
    places = fftconvolve(whole, template[::-1, ::-1], mode="valid")
    sums, squares = (_box_sums(table, template.shape) for table in tables)
    local = np.sqrt(np.maximum(squares - sums**2 / template.size, 0))
    flat = np.sqrt(template.size)  # a spread of one grey level: what is flatter would match everything
    return np.where((local > flat) & (spread > flat), places / np.maximum(local * spread, 1e-6), 0).astype(np.float32)


def _summed_areas(picture: Thumbnail) -> Table:
    """The sum of the picture above and to the left of each corner of its pixels."""
    return np.pad(picture.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _box_sums(table: Table, shape: tuple[int, ...]) -> Table:
    """The sum of a picture under a box of that shape at each position, by its summed-area table."""
    height, width = shape
    sums: Table = table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]
    return sums


def merge_scenes(scenes: Iterable[str], pairs: Iterable[DuplicatePair]) -> dict[str, str]:
    """The merged scene of each scene: scenes linked by a pair take the name of the first one. `scenes` has one entry for each photo."""
    scenes = list(scenes)
    number = {scene: n for n, scene in enumerate(dict.fromkeys(scenes))}
    links = [(number[scenes[pair.one]], number[scenes[pair.other]]) for pair in pairs]
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    _, groups = connected_components(coo_array((np.ones(len(links)), (rows, columns)), shape=(len(number), len(number))), directed=False)
    first: dict[int, str] = {}
    return {scene: first.setdefault(group, scene) for scene, group in zip(number, groups.tolist(), strict=True)}
