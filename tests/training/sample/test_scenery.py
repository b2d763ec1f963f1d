"""The drawn world holds together: camera, sun, cars and what they hide."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from training.sample.scenery.bodywork import mesh_of
from training.sample.scenery.light import LIGHTS, draw_light, make_light, sun_at
from training.sample.scenery.lots import draw_lot
from training.sample.scenery.optics import bend, draw_grade
from training.sample.scenery.parking import park_cars, park_in
from training.sample.scenery.pinhole import Pinhole
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import VIEWS, Scene, draw_scene
from training.sample.scenery.surroundings import House, Tree
from training.sample.scenery.truth import draw_maps, see_bays
from training.sample.scenery.vehicles import KINDS, SHAPES

CAMERA = Pinhole(x=3, y=-20, height_m=8, azimuth=1.4, pitch=0.4, roll=0.02, focal=0.9, width_px=480, height_px=360)


@pytest.fixture(scope="module")
def car_park() -> Scene:
    return draw_scene(np.random.default_rng(8), "test", "oblique_cctv")


def test_the_ground_under_a_pixel_projects_to_that_pixel() -> None:
    x, y, w = CAMERA.ground_homography() @ [200, 250, 1]
    assert CAMERA.project(np.array([x / w, y / w, 0])) == pytest.approx([200, 250], abs=0.01)


def test_a_polygon_is_cut_at_the_lens() -> None:
    long_road = np.array([(2, -60, 0), (4, -60, 0), (4, 60, 0), (2, 60, 0)], np.float32)
    assert CAMERA.depths(long_road).min() < 0
    assert CAMERA.depths(CAMERA.clip(long_road)).min() > 0
    assert len(CAMERA.clip(long_road[:2])) == 0


@pytest.mark.parametrize(("hour", "low", "high"), [(12, 29, 33), (0, -50, -40), (6.75, -3, 3)])
def test_the_sun_of_early_march_stands_where_london_sees_it(hour: float, low: float, high: float) -> None:
    elevation, azimuth = sun_at(datetime(2026, 3, 2, int(hour), int(hour % 1 * 60), tzinfo=UTC), latitude=51.5, longitude=-0.1)
    assert low < elevation < high
    if hour == 12:
        assert azimuth == pytest.approx(-np.pi / 2, abs=0.1)  # south


def test_lamps_burn_at_night_and_not_at_noon() -> None:
    assert make_light(-20, 0, clouds=0).lamps.max() > 0.9
    assert not make_light(40, 0, clouds=0).lamps.any()


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
def test_a_car_has_the_size_of_its_kind_and_stands_on_the_road(kind: int) -> None:
    points, shape = mesh_of(kind).points.reshape(-1, 3), SHAPES[KINDS[kind]]
    assert np.ptp(points[:, 0]) == pytest.approx(shape.length, abs=0.05)
    assert points[:, 2].max() == pytest.approx(shape.height)
    assert 0 <= points[:, 2].min() < 0.05


def test_an_irregular_lot_lacks_rows_but_never_all() -> None:
    rows = [
        len({round(bay.y, 1) for bay in draw_lot(np.random.default_rng(seed), length_m=40, modules=3, irregular=True).bays})
        for seed in range(30)
    ]
    assert 1 <= min(rows) < max(rows) == 6


def test_a_bush_and_a_box_behind_a_bay_are_no_vehicles(car_park: Scene) -> None:
    first, second = (car_park.lot.bays[i] for i in car_park.bays_shown[:2])
    paint = np.full(3, 0.1, np.float32)
    bush = Tree(*first.at(2.6, 0), trunk_m=0.2, crown_m=0.9, leaf=paint, bare=False, seed=1)
    box = House(*second.at(3.4, 0), second.heading, (1.2, 0.8, 1.2), paint, paint, 0, seed=1)
    around = replace(car_park.around, trees=(*car_park.around.trees, bush), houses=(*car_park.around.houses, box))
    littered, light = replace(car_park, around=around), make_light(35, 1.0, clouds=1.0)
    seen = see_bays(littered, (), light)
    vehicles = np.asarray(draw_maps(seen))[..., 0]
    bare, changed = (render(scene, Moment((), light, draw_grade(np.random.default_rng(0)), seed=3)) for scene in (car_park, littered))
    assert ImageChops.difference(bare, changed).getbbox()
    assert (seen.occupancy, vehicles.max()) == (0, 0)


def test_as_many_cars_stand_in_the_picture_as_wanted(car_park: Scene) -> None:
    cars = park_cars(np.random.default_rng(0), car_park, 11)
    bays = np.array([(car_park.lot.bays[i].x, car_park.lot.bays[i].y) for i in car_park.bays_shown])
    nearest = np.array([np.hypot(*(bays - (car.x, car.y)).T).min() for car in cars])
    assert (nearest < 1).sum() == 11


def test_a_parked_car_changes_the_picture_where_its_bay_is(car_park: Scene) -> None:
    bay = min(car_park.bays_shown, key=lambda i: car_park.camera.distance_to(car_park.lot.bays[i].x, car_park.lot.bays[i].y))
    rng, light = np.random.default_rng(1), make_light(35, 1.0, clouds=1.0)
    grade, car = draw_grade(rng), park_in(rng, car_park, bay)
    empty, taken = (render(car_park, Moment(cars, light, grade, seed=3)) for cars in ((), (car,)))
    left, top, right, bottom = ImageChops.difference(empty, taken).getbbox()
    x, y = car_park.camera.project(np.array([car.x, car.y, 0.5]))
    assert left < x < right
    assert top < y < bottom
    assert (right - left) * (bottom - top) < car_park.camera.width_px * car_park.camera.height_px / 2


def test_a_bay_counts_only_where_it_shows(car_park: Scene) -> None:
    light, bays = make_light(35, 1.0, clouds=1.0), len(car_park.bays_shown)
    empty = see_bays(car_park, (), light)
    full = see_bays(car_park, tuple(park_cars(np.random.default_rng(2), car_park, bays)), light)
    assert bays >= empty.shown > full.shown > 0  # cars hide bays behind them
    assert (empty.occupancy, full.occupancy) == (0, 1)
    assert see_bays(car_park, (), replace(light, fog_m=8)).shown < empty.shown


def test_a_wide_lens_keeps_corners_and_enlarges_the_middle() -> None:
    flat = Image.new("L", (480, 360))
    ImageDraw.Draw(flat).rectangle((220, 160, 260, 200), fill=255)
    flat.putpixel((0, 0), 255)
    bent = np.asarray(bend(flat, 0.4, resample=Image.Resampling.NEAREST))
    assert bent[0, 0] == 255
    assert (bent > 0).sum() == pytest.approx(1.4**2 * (np.asarray(flat) > 0).sum(), rel=0.1)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("light", LIGHTS)
def test_every_view_is_drawn_in_every_light(view: str, light: str) -> None:
    rng = np.random.default_rng([VIEWS.index(view), LIGHTS.index(light)])
    scene = draw_scene(rng, "test", view, varied=LIGHTS.index(light) % 2 == 0)
    cars = tuple(park_cars(rng, scene, len(scene.bays_shown) // 2))
    picture = np.asarray(render(scene, Moment(cars, draw_light(rng, light), draw_grade(rng), seed=0)))
    assert picture.shape == (*reversed(scene.camera.size), 3)
    assert 10 < picture.mean() < 245
    assert picture.std() > 5
