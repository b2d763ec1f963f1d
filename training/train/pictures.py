"""Photos, drawn and real, as the fine-tuning sees them: cut out, mirrored, as other cameras might have stored them, with their truth."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageEnhance, ImageFilter

from carpark.images import open_image
from carpark.model.engines import Pixels, prepare
from training.photos import SCENE_BOXES
from training.sample.scenery.truth import CELL_PX, map_of
from training.train.lighting import amplitudes_of, lend_light
from training.train.probe import Array, shares_of

MAP_SIDE = 48  # cells of a whole picture's map, across and down
SHORTEST_CUT = 0.6  # of the picture's side
Cut = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture
VEHICLES, FLOORS, BAYS, TAKEN = range(4)  # planes of a map: shares of each cell; how many bays lie there, how many of them are taken
LIT_LIKE_PHOTOS = 0.5  # of the pictures, where there are photos beside the drawings
LEAST_OF_BAYS = 0.15  # of those of the picture; a cut with less has no share of its own bays
LIGHTS = ((ImageEnhance.Brightness, 0.5, 1.4), (ImageEnhance.Contrast, 0.7, 1.35), (ImageEnhance.Color, 0.2, 1.5))


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Drawn and real photos, and their truth."""

    pixels: Pixels  # (n, height, width, 3)
    shares: Array  # (n,) of the bays or the road that is taken
    maps: npt.NDArray[np.uint8]  # (n, MAP_SIDE, MAP_SIDE, 4), `truth.draw_maps`
    has_map: npt.NDArray[np.bool_]  # (n,); only drawn photos have one
    light: Array = field(default_factory=lambda: amplitudes_of(np.empty((0, 0, 0, 3), np.uint8)))  # of the real photos, by `amplitudes_of`


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPicture:
    """One picture to learn from."""

    picture: npt.NDArray[np.uint8]  # (size, size, 3)
    share: float
    map: Array  # (4, cells, cells), 0 to 1; NaN where unknown


def read_pictures(photos: pd.DataFrame, side: int, real: Pixels) -> Pictures:
    """The photos, `side` px wide and high, with their maps, if there are: beside the files, or in a dataset.

    They will be shown in the light of the `real` ones (k, h, w, 3), of which there may be none.
    """
    maps = [_read_map(file) for file in _find_maps(photos)]
    missing = np.zeros((MAP_SIDE, MAP_SIDE, 4), np.uint8)
    return Pictures(
        np.stack([prepare(open_image(path, name), (side, side), SCENE_BOXES) for path, name in zip(photos.path, photos.file, strict=True)]),
        shares_of(photos),
        np.stack([missing if it is None else it for it in maps]),
        np.array([it is not None for it in maps]),
        amplitudes_of(real),
    )


def _find_maps(photos: pd.DataFrame) -> list[Path | io.BytesIO | None]:
    """The file of each photo's map, or its bytes where the photo is one of a dataset; None where there is none."""
    stored = photos["map"] if "map" in photos else [None] * len(photos)
    beside = [map_of(path) if isinstance(path, Path) else None for path in photos.path]
    return [
        found if isinstance(found, io.BytesIO) else file if file and file.is_file() else None
        for found, file in zip(stored, beside, strict=True)
    ]


def _read_map(file: Path | io.BytesIO | None) -> npt.NDArray[np.uint8] | None:
    """A map, of the part that the network sees."""
    if file is None:
        return None
    with Image.open(file) as opened:
        scenes = [box for size, box in SCENE_BOXES.items() if _map_size(size) == opened.size]
        left, top, right, bottom = (side / CELL_PX for side in scenes[0]) if scenes else (0, 0, *opened.size)
        box = (left, top, right, bottom)
        planes = [plane.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BOX, box=box) for plane in opened.convert("RGBA").split()]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def _map_size(size: str) -> tuple[int, int]:
    width, height = map(int, size.split("x"))
    return -(-width // CELL_PX), -(-height // CELL_PX)


def cut_out(rng: np.random.Generator, pictures: Pictures, number: int, *, size: int, cells: int) -> TrainingPicture:
    """A random part of a photo, mirrored as often as not, `size` px wide, and the share taken of what it shows."""
    box = _draw_box(rng)
    mirrored = rng.random() < 0.5
    picture, whole = Image.fromarray(pictures.pixels[number]), pictures.maps[number]
    cut = picture.resize((size, size), Image.Resampling.BILINEAR, box=tuple(np.multiply(box, (*picture.size, *picture.size))))
    part = _resize_map(whole, box, cells)
    if mirrored:
        cut, part = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT), part[:, :, ::-1]
    shown, share = worsen(rng, cut), float(pictures.shares[number])
    if len(pictures.light) and rng.random() < LIT_LIKE_PHOTOS:
        shown = lend_light(rng, shown, pictures.light)
    if not pictures.has_map[number]:
        return TrainingPicture(shown, share, np.full_like(part, np.nan))
    everything, area = whole.transpose(2, 0, 1) / 255, (box[2] - box[0]) * (box[3] - box[1])
    if part[BAYS].mean() * area > LEAST_OF_BAYS * everything[BAYS].mean():
        share = float(part[TAKEN].sum() / part[BAYS].sum())
    else:  # of a street, or of the edge of a car park: by what vehicles cover
        share += _covered(part) - _covered(everything)
        part[[BAYS, TAKEN]] = 0
    return TrainingPicture(shown, float(np.clip(share, 0, 1)), part)


def _draw_box(rng: np.random.Generator) -> Cut:
    """One time in five the whole picture."""
    if rng.random() < 0.2:
        return 0.0, 0.0, 1.0, 1.0
    width = rng.uniform(SHORTEST_CUT, 1)
    height = min(1.0, width * rng.uniform(0.85, 1.15))
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return left, top, left + width, top + height


def _resize_map(whole: npt.NDArray[np.uint8], box: Cut, cells: int) -> Array:
    left, top, right, bottom = (MAP_SIDE * side for side in box)
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(plane)).resize((cells, cells), Image.Resampling.BOX, box=(left, top, right, bottom))
        )
        for plane in whole.transpose(2, 0, 1)
    ]
    return np.stack(planes).astype(np.float64) / 255


def _covered(shares: Array) -> float:
    """The share of bays or lanes that vehicles cover, of (4, h, w) maps."""
    vehicles, floors = shares[VEHICLES], shares[FLOORS]
    return float(np.minimum(vehicles, floors).sum() / max(float(floors.sum()), 1e-3))


def worsen(rng: np.random.Generator, image: Image.Image) -> npt.NDArray[np.uint8]:
    """The picture as another camera might have stored it, of the same size: coarser, otherwise lit, blurred, a worse JPEG."""
    size = image.size
    if rng.random() < 0.4:
        image = image.resize((max(32, int(size[0] * rng.uniform(0.35, 1))),) * 2, Image.Resampling.BILINEAR)
    for enhance, low, high in LIGHTS:
        image = enhance(image).enhance(rng.uniform(low, high))
    if rng.random() < 0.3:
        tint = np.asarray(image, np.float32) * rng.uniform(0.8, 1.15, 3).astype(np.float32)
        image = Image.fromarray(tint.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.5:
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=int(rng.integers(25, 86)))
        image = Image.open(jpeg)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))
