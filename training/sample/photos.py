"""The generated photos: each place two to four times, with few cars, with many, or with some.

The label depends on the cars alone. Place and view are drawn without it, and each label gets the same share of each light.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from training.labels import EMPTY_TO, FULL_FROM
from training.provenance import DRAWN
from training.sample.scenery.light import Light, draw_light
from training.sample.scenery.optics import draw_grade
from training.sample.scenery.parking import park_cars, passing_cars, walking_people
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import VIEWS, Scene, draw_scene
from training.sample.scenery.truth import MAPS, SeenBays, draw_maps, see_bays
from training.sample.scenery.vehicles import Car
from training.sample.streets import StreetPlan, photograph_street

FEWEST_PHOTOS = 24
OCCUPANCY = {
    "empty": (0.0, EMPTY_TO),
    "full": (FULL_FROM, 1.0),
    "partial": (0.11, 0.69),
}  # share of the bays that show in the picture that are taken
FEWEST_SHOWN = 4  # bays; with fewer, an occupancy means little
TRIES = 200  # to draw the cars of a photo
VISITS = (
    ("empty", "full"),
    ("empty", "full", "partial"),
    ("empty", "full", "partial", "partial"),
    ("empty", "full", "partial", "full"),
)
SAMPLE_PROVENANCE = {  # these pictures are drawn, so they are free of rights
    "source": DRAWN,
    "creator": "python -m training.sample",
    "license": "cc0",
    "license_version": "1.0",
    "license_url": "https://creativecommons.org/publicdomain/zero/1.0/",
}
LIGHT_DECK = ("day", "day", "day", "day", "low_sun", "dusk", "night", "night", "rain", "fog", "snow")
QUALITY = (28, 93)  # lowest and highest, of JPEG files


class BaysHidden(Exception):
    """In `TRIES` draws no cars gave a scene the occupancy that is wanted, mostly because something hides its bays."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place, and the photos to draw of it."""

    number: int
    view: str
    visits: tuple[tuple[str, str], ...]  # label and light of each photo


def write_photos(
    folder: Path, pool: Executor, *, places: list[Place], streets: list[StreetPlan], seed: int, varied: bool = False
) -> pd.DataFrame:
    """Writes the photos of car parks and the pictures of streets as `{label}/*.jpg`, and `photos.csv`.

    If the folder has `maps/`, the maps of each photo (`draw_maps`) are written there under its name.
    Returns the table: file, label, scene, view, light, occupancy, provenance.
    """
    for label in OCCUPANCY:
        (folder / label).mkdir(parents=True)
    taken = chain(
        pool.map(partial(photograph, folder, seed=seed, varied=varied), places),
        pool.map(partial(photograph_street, folder, seed=seed, varied=varied), streets),
    )
    rows = [row for rows in tqdm(taken, total=len(places) + len(streets), desc="photos", unit="place") for row in rows]
    photos = pd.DataFrame(rows).assign(**SAMPLE_PROVENANCE)
    photos.to_csv(folder / "photos.csv", index=False)
    return photos


def plan_places(count: int, seed: int, views: Sequence[str] = VIEWS) -> list[Place]:
    """Places with `count` photos in all. The views take turns."""
    rng = np.random.default_rng([seed, 0])
    lights = {label: _deal_lights(rng) for label in OCCUPANCY}
    places: list[Place] = []
    while count:
        labels = VISITS[rng.integers(len(VISITS))][:count]
        places.append(Place(len(places), views[len(places) % len(views)], tuple((label, next(lights[label])) for label in labels)))
        count -= len(labels)
    return places


def _deal_lights(rng: np.random.Generator) -> Iterator[str]:
    """Lights from a deck, which is shuffled again whenever it is used up."""
    while True:
        yield from rng.permutation(LIGHT_DECK).tolist()


def photograph(folder: Path, place: Place, *, seed: int, varied: bool = False) -> list[dict[str, object]]:
    """Draws a place and writes its photos. Returns their rows of `photos.csv`.

    Where something hides the bays, another place is drawn instead, and photos of the first are overwritten.
    """
    rng = np.random.default_rng([seed, 1, place.number])
    while True:
        scene = draw_scene(rng, f"sample{seed}-{place.number:04d}", place.view, varied=varied)
        try:
            return [_take_photo(folder, scene, visit, seed=[seed, 2, place.number, i]) for i, visit in enumerate(place.visits)]
        except BaysHidden:
            pass


def _take_photo(folder: Path, scene: Scene, visit: tuple[str, str], *, seed: list[int]) -> dict[str, object]:
    label, light_name = visit
    rng = np.random.default_rng(seed)
    light, grade = draw_light(rng, light_name), draw_grade(rng)
    if light.rain and rng.random() < 0.4:
        grade = replace(grade, drops=int(rng.integers(3, 40)))
    cars, light, bays = _draw_cars(rng, scene, light, OCCUPANCY[label])
    moment = Moment(cars, light, grade, int(rng.integers(2**31)), walking_people(rng, scene))
    photo = render(scene, moment)
    if (folder / MAPS).is_dir():
        draw_maps(bays).save(folder / MAPS / f"{scene.id}-{seed[-1]}.png")
    file = f"{label}/{scene.id}-{seed[-1]}.jpg"
    photo.save(folder / file, quality=int(rng.triangular(QUALITY[0], QUALITY[1], QUALITY[1])))
    occupancy = round(bays.occupancy, 3)
    return {"file": file, "label": label, "scene": scene.id, "view": scene.view, "light": light_name, "occupancy": occupancy}


def _draw_cars(
    rng: np.random.Generator, scene: Scene, light: Light, wanted: tuple[float, float]
) -> tuple[tuple[Car, ...], Light, SeenBays]:
    """Cars, drawn at most `TRIES` times, until the occupancy of the bays that show lies between two `wanted` ones; the light; the bays.

    Fog that hides too many bays is thinned. Raises BaysHidden.
    """
    (low, high), bays = wanted, len(scene.bays_shown)
    for _ in range(TRIES):
        taken = int(rng.integers(np.ceil(low * bays), np.floor(high * bays) + 1))
        cars = (*park_cars(rng, scene, taken), *passing_cars(rng, scene, lights_on=bool(light.lamps.any())))
        seen = see_bays(scene, cars, light)
        if seen.shown < FEWEST_SHOWN:
            light = replace(light, fog_m=light.fog_m * 1.5)
        elif low <= seen.occupancy <= high:
            return cars, light, seen
    raise BaysHidden
