"""Places: a car park, its surroundings, and a camera. Pure data, drawn from a seeded generator."""

from dataclasses import dataclass, replace

import numpy as np

from training.sample.scenery.avenues import draw_street
from training.sample.scenery.lots import Bay, Lot
from training.sample.scenery.pinhole import Pinhole
from training.sample.scenery.surroundings import Surroundings, draw_surroundings
from training.sample.scenery.viewpoints import DRAW_LOT_AND_CAMERA, draw_varied_pole

VIEWS = (*DRAW_LOT_AND_CAMERA, "kerbside")
FEWEST_BAYS = {
    "aerial": 24,
    "aerial_oblique": 24,
    "oblique_cctv": 20,
    "pole": 6,
    "ground": 12,
    "kerbside": 6,
}  # in a picture; with fewer, an occupancy means little


@dataclass(frozen=True, eq=False)  # compared by identity, so that the pictures of a place share its caches
class Scene:
    """One place and its camera: everything that stays the same when cars and light change."""

    id: str
    view: str  # one of VIEWS, or street
    camera: Pinhole
    lot: Lot
    bays_shown: tuple[int, ...]  # indexes of the bays in the picture; the occupancy counts those of them that nothing hides
    around: Surroundings
    seed: int  # of textures and clouds
    varied: bool = False  # with what real places have and tidy ones lack: see `training.sample --varied`


def draw_scene(rng: np.random.Generator, scene_id: str, view: str, *, varied: bool = False) -> Scene:
    """A place for `view`, drawn again until enough bays are in the picture."""
    while True:
        if view == "kerbside":
            street = draw_street(rng, kerbside=True, varied=varied)
            lot, camera = street.lot, street.camera
        else:
            draw = draw_varied_pole if varied and view == "pole" else DRAW_LOT_AND_CAMERA[view]
            street, (lot, camera) = None, draw(rng)
        lot = replace(lot, bays=tuple(bay for bay in lot.bays if not _blocks(bay, camera)))
        bays_shown = bays_in_picture(lot.bays, camera, far_m=75 if view == "ground" else 400)
        if len(bays_shown) >= FEWEST_BAYS[view]:
            around = street.around if street else draw_surroundings(rng, lot, camera, varied=varied)
            return Scene(scene_id, view, camera, lot, bays_shown, around, seed=int(rng.integers(2**31)), varied=varied)


def bays_in_picture(bays: tuple[Bay, ...], camera: Pinhole, *, far_m: float, rows_px: tuple[int, int] | None = None) -> tuple[int, ...]:
    """Indexes of the bays whose middle is in the picture, or between two of its rows, and at most `far_m` away."""
    middles = np.array([(bay.x, bay.y, 0.5) for bay in bays], np.float32)
    depth, (x, y) = camera.depths(middles), camera.project(middles).T
    top_px, bottom_px = rows_px or (0, camera.height_px)
    inside = (depth > 1) & (depth < far_m) & (x > 0) & (x < camera.width_px) & (y > top_px) & (y < bottom_px)
    return tuple(np.flatnonzero(inside).tolist())


def _blocks(bay: Bay, camera: Pinhole) -> bool:
    """True if a car in the bay would stand on the camera or right in front of it."""
    reach_m = 4.5 if camera.height_m < 5 else 3.0 if camera.height_m < 8 else 0.0
    return camera.distance_to(bay.x, bay.y) < reach_m
