"""The cars of one moment: which bays are taken, and what drives by."""

import numpy as np

from training.sample.scenery.scenes import Scene
from training.sample.scenery.surroundings import Person
from training.sample.scenery.vehicles import TRAFFIC, Car, draw_car

CAR_FREE_M = 10.0  # around the camera, where no car drives


def park_cars(rng: np.random.Generator, scene: Scene, taken: int) -> list[Car]:
    """Cars in `taken` of the bays in the picture, and in about the same share of the bays outside it."""
    outside = np.setdiff1d(np.arange(len(scene.lot.bays)), scene.bays_shown)
    chosen = _choose_bays(rng, scene, taken) + outside[rng.random(len(outside)) < taken / len(scene.bays_shown)].tolist()
    return [park_in(rng, scene, bay) for bay in sorted(chosen)]


def _choose_bays(rng: np.random.Generator, scene: Scene, taken: int) -> list[int]:
    """`taken` of the bays in the picture: from the air, rather those near an entrance; from low down, near and far ones alike.

    Where places are varied, an entrance matters from low down too, half of the time.
    """
    bays, places = np.array(scene.bays_shown), np.array([(bay.x, bay.y) for bay in scene.lot.bays])[list(scene.bays_shown)]
    if scene.view.startswith("aerial") or (scene.varied and rng.random() < 0.5):
        entrance = rng.uniform(0, 1, 2) * [scene.lot.length_m, scene.lot.depth_m]
        order = np.argsort(rng.uniform(0, 0.02) * np.hypot(*(places - entrance).T) - rng.random(len(bays)))
        chosen = order[:taken]
    else:
        order = np.argsort(np.hypot(*(places - [scene.camera.x, scene.camera.y]).T))
        chosen = order[np.floor((np.arange(taken) + rng.random()) * len(bays) / max(taken, 1)).astype(int)]
    return [int(bay) for bay in bays[chosen]]


def park_in(rng: np.random.Generator, scene: Scene, index: int) -> Car:
    """A car in the bay with that index, not quite straight."""
    bay = scene.lot.bays[index]
    backed_in = rng.random() < 0.3
    heading = bay.heading + (np.pi if backed_in else 0) + rng.normal(0, rng.choice([0.025, 0.08], p=[0.9, 0.1]))
    along_m, across_m = rng.normal(0, 0.12), rng.normal(0, 0.07)
    return draw_car(rng, bay.at(along_m, across_m), heading=heading)


def passing_cars(rng: np.random.Generator, scene: Scene, *, lights_on: bool, traffic: float = 1.0) -> list[Car]:
    """Cars on the streets around, and sometimes one in an aisle. `traffic` multiplies their number."""
    cars = []
    for road in scene.around.roads:
        start, end = np.array(road.start), np.array(road.end)
        length_m = float(np.hypot(*(end - start)))
        along = (end - start) / length_m
        left = np.array([-along[1], along[0]])
        for way in (1, -1):
            s = rng.exponential(40 / traffic)
            while s < length_m:
                x, y = (start + along * s + left * (way * road.lane_m / 2)).tolist()
                if scene.camera.distance_to(x, y) > CAR_FREE_M:
                    heading = float(np.arctan2(way * along[1], way * along[0]))
                    cars.append(draw_car(rng, (x, y), heading=heading, lights_on=lights_on, shares=TRAFFIC))
                s += 13 + rng.exponential(60 / traffic)
    if scene.lot.aisles and rng.random() < 0.25 * traffic:
        x, y = rng.uniform(5, scene.lot.length_m - 5), rng.choice(scene.lot.aisles) + rng.uniform(-1, 1)
        if scene.camera.distance_to(x, y) > CAR_FREE_M:
            cars.append(draw_car(rng, (x, y), heading=float(rng.choice([0, np.pi])), lights_on=lights_on))
    return cars


def walking_people(rng: np.random.Generator, scene: Scene) -> tuple[Person, ...]:
    """People in the aisles, where places are varied: often nobody."""
    people = []
    for _ in range(rng.choice([0, 0, 1, 4, 12]) if scene.varied and scene.lot.aisles else 0):
        x, y = rng.uniform(0, scene.lot.length_m), rng.choice(scene.lot.aisles) + rng.uniform(-4, 4)
        red, green, blue = (rng.uniform(0.02, 0.5) * rng.uniform(0.3, 1, 3)).tolist()
        if scene.camera.distance_to(x, y) > 4:
            people.append(Person(x, y, rng.uniform(1.5, 1.9), (red, green, blue)))
    return tuple(people)
