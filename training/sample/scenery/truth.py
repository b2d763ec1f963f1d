"""What a picture shows of its bays and vehicles: the exact truth, from the shapes themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.sample.scenery.light import Light
from training.sample.scenery.lots import Bay
from training.sample.scenery.objects import outlines, stand
from training.sample.scenery.optics import bend
from training.sample.scenery.pinhole import NEAR_M, Array
from training.sample.scenery.scenes import Scene
from training.sample.scenery.vehicles import Car

SHOWN_SHARE, SHOWN_PX = 0.3, 12  # a bay counts if this share of it shows, and so many pixels
IN_BAY_M = 1.6  # a car whose middle is nearer to the middle of a bay takes it


@dataclass(frozen=True, slots=True)
class Bays:
    """The bays that show in a picture."""

    shown: int
    taken: int

    @property
    def occupancy(self) -> float:
        """The share that is taken, 0 to 1."""
        return self.taken / self.shown


def count_bays(scene: Scene, cars: tuple[Car, ...], light: Light) -> Bays:
    """The bays that show in the picture, and those of them that are taken. A hidden bay does not count, nor one outside the picture."""
    bays, camera = [scene.lot.bays[i] for i in scene.bays_shown], scene.camera
    takers = takers_of(bays, cars)
    owners = np.zeros(len(cars) + 1, int)  # the last one is for what is not a car
    owners[takers[takers >= 0]] = np.flatnonzero(takers >= 0) + 1
    floors = np.stack([floor_of(bay) for bay in bays])
    seen = _paint_owners(scene, cars, floors, owners)
    pixels = np.bincount(seen.ravel(), minlength=len(bays) + 1)[1:]
    xy, depth = camera.project(floors), camera.depths(floors).mean(axis=1)
    x, y = xy[..., 0], xy[..., 1]
    area = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    area += (takers >= 0) * np.ptp(x, axis=1) * camera.focal_px * np.cos(camera.pitch) / np.maximum(depth, NEAR_M)  # of a car 1 m high
    is_shown = (pixels >= np.maximum(SHOWN_SHARE * area, SHOWN_PX)) & (depth - camera.height_m < light.reach_m)
    return Bays(int(is_shown.sum()), int((is_shown & (takers >= 0)).sum()))


def takers_of(bays: list[Bay], cars: tuple[Car, ...]) -> NDArray[np.int64]:
    """For each bay the index of the car in it; -1 for a free bay."""
    if not cars:
        return np.full(len(bays), -1)
    middles, places = (np.array([(it.x, it.y) for it in group]) for group in (bays, cars))
    away = np.hypot(*(middles[:, None] - places[None]).transpose(2, 0, 1))
    return np.where(away.min(axis=1) < IN_BAY_M, away.argmin(axis=1), -1)


def floor_of(bay: Bay) -> Array:
    """The floor of a bay, (4, 3) metres."""
    cos, sin = np.cos(bay.heading), np.sin(bay.heading)
    corners = np.array([(2.2, 1.0), (-2.2, 1.0), (-2.2, -1.0), (2.2, -1.0)])
    turned = corners @ np.array([(cos, sin), (-sin, cos)]) + (bay.x, bay.y)
    return np.concatenate([turned, np.zeros((4, 1))], axis=1)


def _paint_owners(scene: Scene, cars: tuple[Car, ...], floors: Array, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each pixel the number of the bay whose floor or car is there, from 1; 0 elsewhere."""
    camera, canvas = scene.camera, Image.new("I", scene.camera.size)
    draw = ImageDraw.Draw(canvas)
    for number, floor in enumerate(floors, start=1):
        draw.polygon(camera.project(floor).ravel().tolist(), fill=number)
    faces, whose = stand(scene, cars)
    for i, outline in outlines(faces, camera, size=1):
        if not faces.fine[i] or whose[i] < 0:
            draw.polygon(outline, fill=int(owners[whose[i]]))
    return np.asarray(bend(canvas, camera.bulge, resample=Image.Resampling.NEAREST), np.int64)
