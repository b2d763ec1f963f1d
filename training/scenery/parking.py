"""Which bays are taken, and by what: the cars of one moment."""

import numpy as np

from training.scenery.scenes import Scene
from training.scenery.vehicles import Car, draw_car


def park_cars(rng: np.random.Generator, scene: Scene, taken: int) -> list[Car]:
    """Cars in `taken` of the bays in the picture, and in about the same share of those outside it."""
    seen = np.array(scene.seen)
    entrance = rng.uniform(0, 1, 2) * [scene.lot.length_m, scene.lot.depth_m]
    middles = np.array([(bay.x, bay.y) for bay in scene.lot.bays])
    wish = rng.random(len(middles)) - rng.uniform(0, 0.02) * np.hypot(*(middles - entrance).T)       # near the entrance first
    chosen = seen[np.argsort(-wish[seen])[:taken]].tolist()
    others = np.setdiff1d(np.arange(len(middles)), seen)
    chosen += others[rng.random(len(others)) < taken / len(seen)].tolist()
    return [park_in(rng, scene, i) for i in sorted(chosen)]


def park_in(rng: np.random.Generator, scene: Scene, index: int) -> Car:
    """A car in a bay, not quite straight."""
    bay = scene.lot.bays[index]
    heading = bay.heading + (np.pi if rng.random() < 0.3 else 0) + rng.normal(0, 0.025)
    along, across = rng.normal(0, 0.12), rng.normal(0, 0.07)
    x = bay.x + along * np.cos(bay.heading) - across * np.sin(bay.heading)
    y = bay.y + along * np.sin(bay.heading) + across * np.cos(bay.heading)
    return draw_car(rng, float(x), float(y), heading=float(heading))


def passing_cars(rng: np.random.Generator, scene: Scene, *, lights_on: bool, traffic: float = 1.0) -> list[Car]:
    """Cars on the streets around, and now and then one in an aisle; `traffic` 1.0 is a car every 68 m of lane."""
    cars = []
    for road in scene.roads:
        (x0, y0), (x1, y1) = road.start, road.end
        length = float(np.hypot(x1 - x0, y1 - y0))
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        for way in (1, -1):
            s = float(rng.exponential(40 / traffic))
            while s < length:
                side = way * road.lane_m / 2
                cars.append(draw_car(rng, x0 + ux * s - uy * side, y0 + uy * s + ux * side, heading=float(np.arctan2(way * uy, way * ux)), lights_on=lights_on))
                s += 8 + float(rng.exponential(60 / traffic))
    if rng.random() < 0.25 * traffic:
        x, y = rng.uniform(5, scene.lot.length_m - 5), float(rng.choice(scene.lot.aisles))
        if np.hypot(x - scene.camera.x, y - scene.camera.y) > 8:
            way = rng.integers(2)
            cars.append(draw_car(rng, float(x), y + float(rng.uniform(-1, 1)), heading=float(way * np.pi), lights_on=lights_on))
    return cars
