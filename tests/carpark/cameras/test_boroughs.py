import json

import pytest

from carpark.cameras.boroughs import OUTLINES, borough_of
from carpark.cameras.camera import Camera, parse_catalogue
from tests.real_data import TFL, needs_real_data


def camera_at(lat, lon):
    return Camera("id", "name", "folder", lat, lon)


@pytest.mark.parametrize(
    ("lat", "lon", "borough"),
    [
        (51.5226, -0.1571, "Westminster"),
        (51.5155, -0.0922, "City of London"),
        (51.4893, 0.0674, "Greenwich"),
        (51.4355, -0.1014, "Lambeth"),  # Lambeth is long and narrow: Southwark's centre is nearer
    ],
)
def test_a_camera_lies_in_the_borough_whose_outline_is_around_it(lat, lon, borough):
    assert borough_of(camera_at(lat, lon)) == borough


def test_a_camera_on_a_bridge_has_the_borough_of_the_nearer_bank():
    assert borough_of(camera_at(51.4813, -0.1663)) == "Wandsworth"


def test_a_camera_outside_london_or_without_a_position_has_none():
    assert [borough_of(camera_at(*place)) for place in [(51.752, -1.258), (None, None), (1.29, 103.85)]] == ["", "", ""]


def test_the_outlines_are_shipped_with_their_credit():
    outlines = json.loads(OUTLINES.read_text(encoding="utf-8"))
    assert len(outlines["features"]) == 33
    assert outlines["attribution"] == "Contains National Statistics data and OS data © Crown copyright and database right"


@needs_real_data
def test_every_camera_of_the_recorded_catalogue_lies_in_a_borough():
    cameras = parse_catalogue(json.loads(next(TFL.glob("Place_Type_JamCam__*.json")).read_text()))
    assert all(borough_of(camera) for camera in cameras)
