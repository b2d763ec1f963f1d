"""The generated photos: places seen two to four times, with few cars, many, or some between.

What a photo is called depends on its cars alone: light, view and place are drawn without looking at the label.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from training.scenery.light import LIGHTS, draw_light
from training.scenery.optics import draw_grade
from training.scenery.parking import park_cars, passing_cars
from training.scenery.render import Moment, render
from training.scenery.scenes import VIEWS, draw_scene

FEWEST_PHOTOS = 12
OCCUPANCY = {"empty": (0.0, 0.10), "full": (0.75, 1.0), "partial": (0.25, 0.65)}      # taken share of the bays in the picture
VISITS = (("empty", "full"), ("empty", "full", "partial"), ("empty", "full", "partial", "empty"), ("empty", "full", "partial", "full"))
LIGHT_SHARES = (0.4, 0.2, 0.2, 0.2)


@dataclass(frozen=True, slots=True)
class Place:
    """A place to draw and the photos wanted of it."""

    number: int
    view: str
    labels: tuple[str, ...]


def write_photos(folder: Path, pool: Executor, *, count: int, seed: int) -> pd.DataFrame:
    """Writes `{label}/*.jpg` and `photos.csv` and returns the table: file, label, scene, view, light, occupancy."""
    for label in OCCUPANCY:
        (folder / label).mkdir(parents=True)
    places = plan_places(count, seed)
    drawn = pool.map(partial(photograph, folder, seed=seed), places)
    rows = [row for rows in tqdm(drawn, total=len(places), desc="photos", unit="place") for row in rows]
    photos = pd.DataFrame(rows)
    photos.to_csv(folder / "photos.csv", index=False)
    return photos


def plan_places(count: int, seed: int) -> list[Place]:
    """Places with `count` photos in all; views take turns."""
    rng, places = np.random.default_rng([seed, 0]), []
    while count:
        labels = VISITS[rng.integers(len(VISITS))][:count]
        places.append(Place(len(places), VIEWS[len(places) % len(VIEWS)], labels))
        count -= len(labels)
    return places


def photograph(folder: Path, place: Place, *, seed: int) -> list[dict[str, object]]:
    """Draws a place, writes its photos, returns their rows of `photos.csv`."""
    scene_id = f"sample{seed}-{place.number:04d}"
    scene = draw_scene(np.random.default_rng([seed, 1, place.number]), scene_id, place.view)
    rows: list[dict[str, object]] = []
    for visit, label in enumerate(place.labels):
        rng = np.random.default_rng([seed, 2, place.number, visit])
        low, high = OCCUPANCY[label]
        taken = int(rng.integers(np.ceil(low * len(scene.seen)), np.floor(high * len(scene.seen)) + 1))
        name = str(rng.choice(LIGHTS, p=LIGHT_SHARES))
        light = draw_light(rng, name)
        cars = park_cars(rng, scene, taken) + passing_cars(rng, scene, lights_on=bool(light.lamps.any()))
        photo = render(scene, Moment(tuple(cars), light, draw_grade(rng), seed=int(rng.integers(2**31))))
        file = f"{label}/{scene_id}-{visit}.jpg"
        photo.save(folder / file, quality=int(rng.integers(84, 93)))
        rows.append({"file": file, "label": label, "scene": scene_id, "view": place.view, "light": name,
                     "occupancy": round(taken / len(scene.seen), 3)})
    return rows
