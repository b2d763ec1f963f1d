"""The views of a car park (but for the kerbside, in `avenues.py`), each with a lot of a suitable size."""

from collections.abc import Callable

import numpy as np

from training.sample.scenery.lots import Lot, draw_lot
from training.sample.scenery.pinhole import Pinhole

SIZES_PX = ((480, 360), (352, 288), (480, 270), (400, 400), (480, 320), (352, 480))  # width and height of a picture
MODULE_M = 17.0  # about the depth of an aisle and its two rows


def _aerial(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """From high above, straight down or nearly straight down."""
    across_m, focal = np.exp(rng.uniform(np.log(34), np.log(150))), rng.uniform(0.9, 2.2)
    modules = max(2, round(across_m * rng.uniform(0.7, 1.3) / MODULE_M))
    lot = draw_lot(rng, length_m=across_m * rng.uniform(0.85, 1.5), modules=modules)
    return lot, _aim(rng, lot, height_m=across_m * focal, pitch=np.pi / 2 - 0.002 - abs(rng.normal(0, 0.06)), focal=focal)


def _aerial_oblique(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """From a drone or a tall building, at an angle."""
    across_m, focal = np.exp(rng.uniform(np.log(32), np.log(100))), rng.uniform(0.9, 1.6)
    pitch, modules = np.radians(rng.uniform(32, 62)), max(2, round(across_m * rng.uniform(0.9, 1.6) / MODULE_M))
    lot = draw_lot(rng, length_m=across_m * rng.uniform(0.9, 1.6), modules=modules)
    return lot, _aim(rng, lot, height_m=across_m * focal * np.sin(pitch), pitch=pitch, focal=focal)


def _oblique_cctv(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """From a mast or a roof, with the far rows below the horizon."""
    lot = draw_lot(rng, length_m=rng.uniform(45, 85), modules=int(rng.integers(2, 5)))
    return lot, _aim(rng, lot, height_m=rng.uniform(5, 18), pitch=np.radians(rng.uniform(14, 34)), focal=rng.uniform(0.65, 1.15))


def _pole(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """From a mast at the edge of a lot or in it, through a wide lens: the nearest bays from above, the far rows at a slant."""
    return _from_pole(rng, draw_lot(rng, length_m=rng.uniform(28, 75), modules=int(rng.integers(1, 4))))


def draw_varied_pole(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """The same, over the small lot of a side street or over a large one, which may lack rows."""
    length_m, modules = (rng.uniform(16, 50), 1) if rng.random() < 0.5 else (rng.uniform(40, 120), int(rng.integers(2, 6)))
    return _from_pole(rng, draw_lot(rng, length_m=length_m, modules=modules, irregular=True))


def _from_pole(rng: np.random.Generator, lot: Lot) -> tuple[Lot, Pinhole]:
    x, y = lot.length_m * rng.uniform(-0.05, 1.05), lot.depth_m * rng.uniform(-0.1, 0.3)
    azimuth = np.arctan2(lot.depth_m * 0.5 - y, lot.length_m * 0.5 - x) + rng.normal(0, 0.35)
    if rng.random() < 0.5:  # from the opposite side
        x, y, azimuth = lot.length_m - x, lot.depth_m - y, azimuth + np.pi
    camera = Pinhole(
        x=x,
        y=y,
        height_m=rng.uniform(7, 14),
        azimuth=azimuth,
        pitch=np.radians(rng.uniform(24, 50)),
        roll=rng.normal(0, 0.12),
        focal=rng.uniform(0.38, 0.65),
        width_px=480,
        height_px=int(rng.choice([360, 360, 270, 320])),
        bulge=max(0.0, rng.uniform(-0.1, 0.55)),
    )
    return lot, camera


def _ground(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    """From the edge, at the height of a person: down an aisle, or across the rows."""
    lot, (width_px, height_px) = draw_lot(rng, length_m=rng.uniform(40, 90), modules=int(rng.integers(1, 4))), draw_size(rng)
    if rng.random() < 0.6:
        x, y, azimuth = -rng.uniform(1, 8), rng.choice(lot.aisles) + rng.uniform(-1.5, 1.5), rng.uniform(-0.35, 0.35)
    else:
        x, y, azimuth = lot.length_m * rng.uniform(0.25, 0.75), -rng.uniform(5, 10), np.pi / 2 + rng.uniform(-0.6, 0.6)
    if rng.random() < 0.5:  # from the opposite side
        x, y, azimuth = lot.length_m - x, lot.depth_m - y, azimuth + np.pi
    camera = Pinhole(
        x=x,
        y=y,
        height_m=rng.uniform(1.6, 4.0),
        azimuth=azimuth,
        pitch=np.radians(rng.uniform(2, 10)),
        roll=rng.normal(0, 0.01),
        focal=rng.uniform(0.65, 1.15),
        width_px=width_px,
        height_px=height_px,
    )
    return lot, camera


def _aim(rng: np.random.Generator, lot: Lot, *, height_m: float, pitch: float, focal: float) -> Pinhole:
    """A camera whose optical axis meets the ground near the middle of the lot."""
    along_rows = rng.random() < 0.45  # along or across the rows; otherwise at any angle
    azimuth = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.15) if along_rows else rng.uniform(0, 2 * np.pi)
    away_m, (width_px, height_px) = height_m / np.tan(pitch), draw_size(rng)
    return Pinhole(
        x=lot.length_m * rng.uniform(0.38, 0.62) - away_m * np.cos(azimuth),
        y=lot.depth_m * rng.uniform(0.38, 0.62) - away_m * np.sin(azimuth),
        height_m=height_m,
        azimuth=azimuth,
        pitch=pitch,
        roll=rng.normal(0, 0.015),
        focal=focal,
        width_px=width_px,
        height_px=height_px,
    )


def draw_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    return SIZES_PX[rng.choice(len(SIZES_PX), p=[0.35, 0.2, 0.15, 0.12, 0.1, 0.08])]


DRAW_LOT_AND_CAMERA: dict[str, Callable[[np.random.Generator], tuple[Lot, Pinhole]]] = {
    "aerial": _aerial,
    "aerial_oblique": _aerial_oblique,
    "oblique_cctv": _oblique_cctv,
    "pole": _pole,
    "ground": _ground,
}
