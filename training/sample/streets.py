"""The generated pictures of street cameras: each street two to five times, from no vehicle to a jam.

A picture's occupancy is the share of the road that vehicles take, 1 in a jam; people are not vehicles. The levels of a rater's eye bound
it, and the labels follow them: empty to 0.20 (levels 0 and 1), partial to 0.45 (level 2), full above (levels 3 and 4).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from training.labels import STREET_LABELS
from training.provenance import STREET
from training.sample.feed import FRAME_HEIGHT_PX, FRAME_WIDTH_PX, Signs, add_overlays
from training.sample.scenery.avenues import Street, draw_street
from training.sample.scenery.light import Light, draw_light
from training.sample.scenery.optics import draw_grade
from training.sample.scenery.parking import park_in
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import Scene
from training.sample.scenery.traffic import draw_people, draw_traffic, floors_of, road_seen_m, road_taken
from training.sample.scenery.truth import MAPS, draw_street_maps
from training.sample.scenery.vehicles import Car

LEVELS = ((0.0, 0.0), (0.01, 0.20), (0.20, 0.45), (0.45, 0.70), (0.70, 1.0))  # least and most of the road taken
LIGHTS = ("day", "day", "day", "low_sun", "dusk", "night", "night", "night", "rain", "rain", "fog", "snow")
QUALITY = (25, 85)  # lowest and highest, of JPEG files
LEAST_ROAD_M = 60.0  # of lane in a picture
TRIES = 100  # to draw the traffic of a level
ROADS = ("High St", "Church Rd", "Station Rd", "Mill Ln", "Park Ave", "Bridge St", "Kings Rd", "Victoria St")


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """A street, and the pictures to draw of it."""

    number: int
    visits: tuple[tuple[int, str], ...]  # level and light of each picture


def plan_streets(count: int, seed: int) -> list[StreetPlan]:
    """Streets with `count` pictures in all, each level as often."""
    rng = np.random.default_rng([seed, 3])
    plans: list[StreetPlan] = []
    while count:
        levels = rng.permutation(len(LEVELS))[: min(count, int(rng.integers(2, 6)))].tolist()
        plans.append(StreetPlan(len(plans), tuple((level, str(rng.choice(LIGHTS))) for level in levels)))
        count -= len(levels)
    return plans


def photograph_street(folder: Path, plan: StreetPlan, *, seed: int, varied: bool = False) -> list[dict[str, object]]:
    """Draws a street and writes its pictures. Returns their rows of `photos.csv`."""
    rng, name = np.random.default_rng([seed, 4, plan.number]), f"street{seed}-{plan.number:04d}"
    street = draw_street(rng, kerbside=False, varied=varied)
    while road_seen_m(street) < LEAST_ROAD_M:
        street = draw_street(rng, kerbside=False, varied=varied)
    scene = Scene(name, STREET, street.camera, street.lot, (), street.around, seed=int(rng.integers(2**31)), varied=varied)
    signs = Signs(f"{rng.choice(ROADS)}/{rng.choice(ROADS)}", f"{rng.integers(1000, 9999):05d}", "") if rng.random() < 0.6 else None
    return [_take_picture(folder, scene, street, visit, (signs, [seed, 5, plan.number, i])) for i, visit in enumerate(plan.visits)]


def _take_picture(
    folder: Path, scene: Scene, street: Street, visit: tuple[int, str], details: tuple[Signs | None, list[int]]
) -> dict[str, object]:
    """Writes a picture with its level and light. `details`: texts over the picture, and its seed."""
    (wanted, light_name), (signs, seed) = visit, details
    rng = np.random.default_rng(seed)
    light, grade = draw_light(rng, light_name), draw_grade(rng)
    if light.rain and rng.random() < 0.5:
        grade = replace(grade, drops=int(rng.integers(3, 40)))
    while road_seen_m(street, far_m=light.reach_m) < LEAST_ROAD_M:
        light = replace(light, fog_m=1.5 * light.fog_m)
    traffic, occupancy = _draw_level(rng, street, light, wanted)
    level = next(level for level, (_, most) in enumerate(LEVELS) if occupancy <= most)
    full = rng.uniform(0.1, 1.0)
    parked = tuple(park_in(rng, scene, i) for i in range(len(scene.lot.bays)) if rng.random() < full)
    crowd = int(rng.choice([0, 12, 50, 140]) * rng.uniform(0.3, 1.3))
    is_closed = scene.varied and level <= 1 and rng.random() < 0.2
    people = draw_people(rng, street, crowd, on_road=0.6 if is_closed else 0.03)
    moment = Moment(traffic + parked, light, grade, int(rng.integers(2**31)), people)
    photo = render(scene, moment)
    if (folder / MAPS).is_dir():
        draw_street_maps(scene, moment, floors_of(street)).save(folder / MAPS / f"{scene.id}-{seed[-1]}.png")
    if signs and photo.size == (FRAME_WIDTH_PX, FRAME_HEIGHT_PX):
        photo = add_overlays(photo, signs, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=int(rng.integers(525600))))
    label = STREET_LABELS[level]
    file = f"{label}/{scene.id}-{seed[-1]}.jpg"
    photo.save(folder / file, quality=int(rng.integers(*QUALITY)))
    return {
        "file": file,
        "label": label,
        "scene": scene.id,
        "view": STREET,
        "light": light_name,
        "occupancy": round(occupancy, 3),
    }


def _draw_level(rng: np.random.Generator, street: Street, light: Light, level: int) -> tuple[tuple[Car, ...], float]:
    """Vehicles, drawn again until they take as much of the road as the level says; and the share that they take.

    A short road may have no such traffic (a bus is there or it is not): after some tries the share is what it is.
    """
    (low, high), lights_on = LEVELS[level], bool(light.lamps.any() or rng.random() < 0.15)
    for _ in range(TRIES):
        cars = draw_traffic(rng, street, rng.uniform(low, high), lights_on=lights_on)
        taken = road_taken(street, cars, far_m=light.reach_m)
        if low <= taken <= high:
            break
    return cars, taken
