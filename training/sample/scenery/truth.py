"""What a picture shows of its bays and vehicles: the exact truth, from the shapes themselves."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.sample.scenery.light import Light
from training.sample.scenery.lots import Bay
from training.sample.scenery.objects import SMOOTH, stand
from training.sample.scenery.optics import bend
from training.sample.scenery.pinhole import NEAR_M, Array
from training.sample.scenery.render import Moment
from training.sample.scenery.scenes import Scene
from training.sample.scenery.surroundings import Person
from training.sample.scenery.vehicles import Car

MAPS = "maps"  # the folder of maps beside the photos
SHOWN_SHARE, SHOWN_PX = 0.3, 12  # a bay counts if this share of it shows, and so many pixels
CELL_PX = 8  # side of a cell of the maps
IN_BAY_M = 1.6  # a car whose middle is nearer to the middle of a bay takes it


def map_of(photo: Path) -> Path:
    """Where the map of a drawn photo lies, if `training.sample --maps` wrote one."""
    return photo.parent.parent / MAPS / f"{photo.stem}.png"


@dataclass(frozen=True, slots=True, eq=False)
class SeenBays:
    """The bays of a scene in a picture. A hidden bay does not count, nor one outside the picture."""

    things: NDArray[np.int64]  # (height, width), by `_paint_things`: the bays' floors, then the cars
    owners: NDArray[np.int64]  # (1 + bays + cars,) for each number in `things` that of the bay that it is, or is in; 0 for none
    pixels: NDArray[np.int64]  # (bays,)
    is_shown: NDArray[np.bool_]  # (bays,)
    is_taken: NDArray[np.bool_]  # (bays,)

    @property
    def shown(self) -> int:
        """How many count."""
        return int(self.is_shown.sum())

    @property
    def occupancy(self) -> float:
        """The share of them that is taken, 0 to 1."""
        return int((self.is_shown & self.is_taken).sum()) / self.shown


def see_bays(scene: Scene, cars: tuple[Car, ...], light: Light) -> SeenBays:
    """The bays in the picture: which of them show, and which are taken."""
    bays, camera = [scene.lot.bays[i] for i in scene.bays_shown], scene.camera
    takers = takers_of(bays, cars)
    floors = np.stack([floor_of(bay) for bay in bays])
    things = _paint_things(scene, cars, (), floors)
    owners = np.concatenate([np.arange(len(bays) + 1), np.zeros(len(cars), int)])
    owners[len(bays) + 1 + takers[takers >= 0]] = np.flatnonzero(takers >= 0) + 1
    pixels = np.bincount(owners[things].ravel(), minlength=len(bays) + 1)[1:]
    xy, depth = camera.project(floors), camera.depths(floors).mean(axis=1)
    x, y = xy[..., 0], xy[..., 1]
    area = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    area += (takers >= 0) * np.ptp(x, axis=1) * camera.focal_px * np.cos(camera.pitch) / np.maximum(depth, NEAR_M)  # of a car 1 m high
    is_shown = (pixels >= np.maximum(SHOWN_SHARE * area, SHOWN_PX)) & (depth - camera.height_m < light.reach_m)
    return SeenBays(things, owners, pixels, is_shown, takers >= 0)


def takers_of(bays: list[Bay], cars: tuple[Car, ...]) -> NDArray[np.int64]:
    """For each bay the index of the car in it; -1 for a free bay."""
    if not cars:
        return np.full(len(bays), -1)
    middles, places = (np.array([(it.x, it.y) for it in group]) for group in (bays, cars))
    away = np.hypot(*(middles[:, None] - places[None]).transpose(2, 0, 1))
    return np.where(away.min(axis=1) < IN_BAY_M, away.argmin(axis=1), -1)


def floor_of(bay: Bay) -> Array:
    """The floor of a bay, (4, 3) metres."""
    corners = ((2.2, 1.0), (-2.2, 1.0), (-2.2, -1.0), (2.2, -1.0))
    return np.array([(*bay.at(along_m, across_m), 0.0) for along_m, across_m in corners])


def draw_maps(bays: SeenBays) -> Image.Image:
    """Where vehicles and bays are in a picture of a car park: an RGBA picture of an eighth of its size, rounded up.

    Red is the share of each cell that vehicles cover, 0 to 255; green that of the bays, together with the vehicles in them. What hides a
    vehicle or a bay counts as neither. Blue says how many bays lie in each cell, of those that count, with 255 for the cell that has most;
    alpha says how many of them are taken.
    """
    n = len(bays.pixels)
    codes = np.concatenate([[0], np.ones(n, int), np.where(bays.owners[n + 1 :] > 0, 2, 3)])
    return Image.merge("RGBA", [*_draw_covers(codes[bays.things]), *_draw_densities(bays)])


def draw_street_maps(scene: Scene, moment: Moment, lanes: Array) -> Image.Image:
    """`draw_maps` of a street with `lanes`, polygons (n, 4, 3), instead of bays; blue and alpha are 0."""
    on_lane = _are_inside(lanes[..., :2], np.array([(car.x, car.y) for car in moment.cars]).reshape(-1, 2))
    codes = np.concatenate([[0], np.ones(len(lanes), int), np.where(on_lane, 2, 3)])
    covers = _draw_covers(codes[_paint_things(scene, moment.cars, moment.people, lanes)])
    return Image.merge("RGBA", [*covers, *[Image.new("L", covers[0].size)] * 2])


def _draw_covers(codes: NDArray[np.int64]) -> list[Image.Image]:
    """The shares that vehicles cover, and floors: of codes (h, w), 1 for a floor, 2 for a vehicle on one, 3 for another vehicle."""
    return [Image.fromarray(np.uint8(255) * plane.astype(np.uint8)).reduce(CELL_PX) for plane in (codes >= 2, (codes == 1) | (codes == 2))]


def _draw_densities(bays: SeenBays) -> list[Image.Image]:
    """Of the bays that count, and of those that are taken."""
    of_each = np.where(bays.is_shown, 1 / np.maximum(bays.pixels, 1), 0)
    cells = [_sum_cells(np.append(0, weights)[bays.owners][bays.things]) for weights in (of_each, of_each * bays.is_taken)]
    return [Image.fromarray(np.rint(255 * plane / cells[0].max()).astype(np.uint8)) for plane in cells]


def _sum_cells(plane: Array) -> Array:
    """(h, w) -> the sums of its cells, as many as `Image.reduce` makes."""
    below, right = (-side % CELL_PX for side in plane.shape)
    padded = np.pad(plane, ((0, below), (0, right)))
    sums: Array = padded.reshape(padded.shape[0] // CELL_PX, CELL_PX, -1, CELL_PX).sum(axis=(1, 3))
    return sums


def _are_inside(floors: Array, points: Array) -> NDArray[np.bool_]:
    """(k,) True for each of the points (k, 2) that lies on one of the convex polygons (n, 4, 2)."""
    edges, away = np.roll(floors, -1, axis=1) - floors, points[:, None, None] - floors
    sides = edges[..., 0] * away[..., 1] - edges[..., 1] * away[..., 0]  # (k, n, 4)
    inside: NDArray[np.bool_] = (np.abs(np.sign(sides).sum(axis=2)) == 4).any(axis=1)
    return inside


def _paint_things(scene: Scene, cars: tuple[Car, ...], people: tuple[Person, ...], floors: Array) -> NDArray[np.int64]:
    """For each pixel what is there: 1 for the first of the `floors`, polygons (n, 4, 3), and so on, n + 1 for the first car; else 0."""
    camera, canvas = scene.camera, Image.new("I", scene.camera.size)
    draw = ImageDraw.Draw(canvas)
    outlines_of_floors = camera.project(floors).reshape(-1, 8).tolist()
    for i in np.flatnonzero(camera.depths(floors).min(axis=1) <= NEAR_M).tolist():
        outlines_of_floors[i] = camera.project(camera.clip(floors[i])).ravel().tolist()
    for number, outline in enumerate(outlines_of_floors, start=1):
        if outline:
            draw.polygon(outline, fill=number)
    standing = stand(scene, cars, people)
    numbers = standing.numbers[::SMOOTH, ::SMOOTH]  # the first of its corners stands for each pixel
    car_at = np.append(-1, standing.cars[standing.painted])[numbers]
    things = np.where(car_at >= 0, car_at + len(floors) + 1, np.where(numbers > 0, 0, np.asarray(canvas)))
    return np.asarray(bend(Image.fromarray(things.astype(np.int32)), camera.bulge, resample=Image.Resampling.NEAREST), np.int64)
