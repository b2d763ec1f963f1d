"""The vehicles and people of a street, and how much of its road they take."""

from dataclasses import replace

import numpy as np

from training.sample.scenery.avenues import WHOLE_M, Lane, Street
from training.sample.scenery.pinhole import Array
from training.sample.scenery.surroundings import Person
from training.sample.scenery.vehicles import KINDS, SHAPES, TRAFFIC, Car, draw_car

JAM_GAP_M = 2.0  # between vehicles that stand bumper to bumper
MEAN_LENGTH_M = sum(share * shape.length for share, shape in zip(TRAFFIC, SHAPES.values(), strict=True))
NARROWEST_PX = 5  # width of a lane in the picture; farther away it does not count
CELL_M = 1.0


def draw_traffic(rng: np.random.Generator, street: Street, share: float, *, lights_on: bool) -> tuple[Car, ...]:
    """Vehicles on about that share, 0 to 1, of the lanes: evenly, in one direction more, or as a queue."""
    cars: list[Car] = []
    style, favoured = rng.choice(["even", "one way", "queue"], p=[0.5, 0.3, 0.2]), int(rng.choice([-1, 1]))
    queue_x = rng.uniform(15, 60)
    for lane in street.lanes:
        near = far = share * rng.uniform(0.7, 1.3)
        if style == "one way":
            near = far = min(1.0, 1.8 * share) if lane.way == favoured else max(0.0, 2 * share - min(1.0, 1.8 * share))
        elif style == "queue":
            near, far = (min(1.0, 2 * share), max(0.0, 2 * share - 1))[:: lane.way]
        for start, end, wanted in ((WHOLE_M[0], queue_x, near), (queue_x, WHOLE_M[1], far)):
            cars += _fill(rng, lane, (start, end), min(wanted, 1.0))
    if lights_on:
        cars = [replace(car, lights_on=True) for car in cars]
    return tuple(cars)


def _fill(rng: np.random.Generator, lane: Lane, part: tuple[float, float], share: float) -> list[Car]:
    """Vehicles from one x to another, on about that share of the lane."""
    if share < 0.01:
        return []
    spare_m = (MEAN_LENGTH_M + JAM_GAP_M) * (1 / share - 1)  # mean distance beyond the gap in a jam
    heading, cars, x = 0.0 if lane.way > 0 else np.pi, [], part[0] + rng.exponential(spare_m)
    while x < part[1]:
        car = draw_car(rng, (0, lane.y + rng.normal(0, 0.2)), heading=heading + rng.normal(0, 0.015), shares=TRAFFIC)
        length_m = SHAPES[KINDS[car.kind]].length * car.size
        if x + length_m < part[1]:
            cars.append(replace(car, x=x + length_m / 2))
        x += length_m + JAM_GAP_M * rng.uniform(0.6, 1.4) + rng.exponential(spare_m)
    return cars


def road_taken(street: Street, cars: tuple[Car, ...], *, far_m: float = np.inf) -> float:
    """The share of the road in the picture, 0 to 1, that vehicles take; a jam, bumper to bumper, takes all.

    Each metre of lane counts as much as it is wide in the picture. What is farther away than `far_m` does not count.
    """
    taken = total = 0.0
    for lane in street.lanes:
        xs = np.arange(*WHOLE_M, CELL_M) + CELL_M / 2
        weights = _weigh(street, lane, xs, far_m)
        is_taken = np.zeros(len(xs), bool)
        for car in cars:
            if abs(car.y - lane.y) < street.profile.lane_m / 2:
                is_taken |= np.abs(xs - car.x) < (SHAPES[KINDS[car.kind]].length * car.size + JAM_GAP_M) / 2
        taken, total = taken + float(weights[is_taken].sum()), total + float(weights.sum())
    return taken / max(total, 1e-6)


def road_seen_m(street: Street, *, far_m: float = np.inf) -> float:
    """Metres of lane in the picture, at most `far_m` away."""
    xs = np.arange(*WHOLE_M, CELL_M) + CELL_M / 2
    return CELL_M * sum(float((_weigh(street, lane, xs, far_m) > 0).sum()) for lane in street.lanes)


def floors_of(street: Street) -> Array:
    """The lanes, rectangles (n, 4, 3)."""
    (start, end), half = WHOLE_M, street.profile.lane_m / 2
    return np.array(
        [[(x, lane.y + dy, 0) for x, dy in ((start, -half), (end, -half), (end, half), (start, half))] for lane in street.lanes]
    )


def _weigh(street: Street, lane: Lane, xs: Array, far_m: float) -> Array:
    """The width in pixels of a lane at each x; 0 outside the picture and far away."""
    camera, points = street.camera, np.stack([xs, np.full(len(xs), lane.y), np.zeros(len(xs))], 1)
    depth, (x, y) = camera.depths(points), camera.project(points).T
    width_px = camera.focal_px * street.profile.lane_m / np.maximum(depth, 1)
    is_seen = (
        (depth > 1)
        & (depth - camera.height_m < far_m)
        & (x > 0)
        & (x < camera.width_px)
        & (y > 0)
        & (y < camera.height_px)
        & (width_px > NARROWEST_PX)
    )
    weights: Array = width_px * is_seen
    return weights


def draw_people(rng: np.random.Generator, street: Street, crowd: int, *, on_road: float = 0.03) -> tuple[Person, ...]:
    """About `crowd` people on the pavements, some of them at the crossings, and a share of them `on_road`."""
    people = []
    for _ in range(crowd if street.profile.is_city else 0):
        side, x = int(rng.choice([-1, 1])), float(rng.triangular(3, 8, 90))
        kerb = street.profile.kerb_m(side)
        y = side * (kerb + rng.uniform(0.2, 0.2 + 0.9 * street.profile.pavement_m))
        if street.crossings and rng.random() < 0.12:
            x, y = rng.choice(street.crossings) + rng.uniform(-1.5, 1.5), rng.uniform(-1, 1) * street.profile.edge_m
        elif rng.random() < on_road:
            y = rng.uniform(-1, 1) * street.profile.edge_m
        if street.camera.distance_to(x, y) > 4:
            clothes = rng.uniform(0.01, 0.08, 3) if rng.random() < 0.75 else rng.uniform(0.02, 0.6) * rng.uniform(0.3, 1, 3)
            red, green, blue = clothes.tolist()
            people.append(Person(x, y, rng.uniform(1.5, 1.9), (red, green, blue)))
    return tuple(people)
