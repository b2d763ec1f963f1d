"""Drawn streets: their levels, how much of the road vehicles take, and people, who are not vehicles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carpark.images import open_image
from training.labels import STREET_LABELS
from training.provenance import STREET
from training.sample.scenery.avenues import Street, draw_street
from training.sample.scenery.light import draw_light
from training.sample.scenery.optics import draw_grade
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import Scene
from training.sample.scenery.traffic import draw_people, draw_traffic, floors_of, road_seen_m, road_taken
from training.sample.scenery.truth import draw_street_maps
from training.sample.streets import LEVELS, StreetPlan, photograph_street, plan_streets


@pytest.fixture(scope="module")
def street() -> Street:
    rng = np.random.default_rng(2)
    while True:
        drawn = draw_street(rng, kerbside=False)
        if drawn.profile.is_city and road_seen_m(drawn) > 100:
            return drawn


def photograph_first(folder: Path, *, seed: int) -> pd.DataFrame:
    """The rows of the first street's pictures, with the bytes of their files."""
    for label in {*STREET_LABELS}:
        (folder / label).mkdir(parents=True, exist_ok=True)
    rows = photograph_street(folder, plan_streets(5, seed)[0], seed=seed)
    return pd.DataFrame([{**row, "bytes": (folder / str(row["file"])).read_bytes()} for row in rows])


def test_the_same_seed_gives_the_same_street_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (photograph_first(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert first.equals(again)
    assert not set(first.bytes) & set(other.bytes)


def test_a_picture_says_its_label_and_share_and_opens(tmp_path: Path) -> None:
    photos = photograph_first(tmp_path, seed=3)
    low, high = (photos.label.map(lambda label, i=i: [LEVELS[j][i] for j, its in enumerate(STREET_LABELS) if its == label]) for i in (0, 1))
    assert (photos.occupancy >= low.map(min)).all() and (photos.occupancy <= high.map(max)).all()
    assert set(photos["view"]) == {STREET} and photos.scene.nunique() == 1
    assert all(open_image(tmp_path / file).width >= 352 for file in photos.file)


def test_a_road_that_cannot_show_a_level_says_what_it_shows(tmp_path: Path) -> None:
    for label in {*STREET_LABELS}:
        (tmp_path / label).mkdir()
    row = photograph_street(tmp_path, StreetPlan(295, ((3, "night"),)), seed=7)[0]  # too short for 45 to 70% of it to be taken
    level = STREET_LABELS.index(str(row["label"]))
    assert LEVELS[level][0] <= float(str(row["occupancy"])) <= LEVELS[level + 1][1]
    assert (tmp_path / row["file"]).is_file()


def test_every_level_is_drawn_about_as_often() -> None:
    levels = pd.Series([level for plan in plan_streets(500, 0) for level, _ in plan.visits])
    assert len(levels) == 500
    assert levels.value_counts(normalize=True).between(0.16, 0.24).all()


def test_no_vehicle_takes_nothing_and_a_jam_takes_nearly_all(street: Street) -> None:
    taken = [
        np.mean([road_taken(street, draw_traffic(np.random.default_rng(i), street, share, lights_on=False)) for i in range(8)])
        for share in (0, 0.25, 0.6, 1.0)
    ]
    assert taken[0] == 0 and taken[3] > 0.85
    assert taken == sorted(taken)
    assert taken[1] == pytest.approx(0.25, abs=0.12)


def test_a_vehicle_outside_the_picture_takes_nothing(street: Street) -> None:
    cars = draw_traffic(np.random.default_rng(0), street, 0.5, lights_on=False)
    assert road_taken(street, tuple(replace(car, x=-200.0) for car in cars)) == 0


def test_maps_show_vehicles_on_the_lanes(street: Street) -> None:
    rng = np.random.default_rng(4)
    scene = Scene("test", STREET, street.camera, street.lot, (), street.around, seed=0)
    moment = Moment((), draw_light(rng, "day"), draw_grade(rng), seed=0)
    jam = replace(moment, cars=draw_traffic(rng, street, 1.0, lights_on=False))
    quiet, full = (np.asarray(draw_street_maps(scene, it, floors_of(street)), float) for it in (moment, jam))
    assert quiet.shape == (-(-scene.camera.height_px // 8), -(-scene.camera.width_px // 8), 4)
    assert quiet[..., 0].sum() == 0 < quiet[..., 1].sum()
    assert quiet[..., 2:].max() == 0  # a street has no bays
    assert 0.5 < full[..., 0].sum() / full[..., 1].sum() <= 1


def test_people_are_seen_on_the_pavements(street: Street) -> None:
    rng = np.random.default_rng(4)
    people = draw_people(rng, street, 100)
    away = np.array([abs(person.y) for person in people])
    assert (away > street.profile.edge_m).mean() > 0.6
    scene = Scene("test", STREET, street.camera, street.lot, (), street.around, seed=0)
    moment = Moment((), draw_light(rng, "day"), draw_grade(rng), seed=0)
    without, with_people = (np.asarray(render(scene, replace(moment, people=crowd)), float) for crowd in ((), people))
    assert np.abs(without - with_people).max() > 20
