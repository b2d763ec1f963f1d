import csv
import json

import pytest

from carpark.cameras.camera import Camera, camera_of_folder, find_camera, folder_of_name, is_safe_folder, parse_catalogue
from carpark.errors import UnknownCamera
from tests.real_data import TFL, needs_real_data

BAKER = Camera("00001.07389", "Baker St / S of Park Rd", "Baker_St___S_of_Park_Rd", 51.5, -0.1)
CITY = Camera("00001.07354", "City Rd by Central St", "City_Rd_by_Central_St")


def place(**changes):
    answer = {"available": "false", "imageUrl": "https://example.org/1.jpg", "view": "East"}
    row = {
        "id": "JamCams_00001.07389",
        "commonName": "Baker St/S of Park Rd",
        "lat": 51.5,
        "lon": -0.16,
        "additionalProperties": [{"key": key, "value": value} for key, value in answer.items()],
    }
    return {key: value for key, value in (row | changes).items() if value is not None}


def test_a_place_of_the_catalogue_becomes_a_camera():
    assert parse_catalogue([place()]) == [
        Camera("00001.07389", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.5, -0.16, "East", available=False)
    ]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "a text",
        [],
        {},
        place(id="JamCams_1"),
        place(id="JamCams_00001.07389/../x"),
        place(commonName=None),
        place(commonName=".."),
        place(commonName="a\nb"),
        place(lat="north"),
        place(lon=None),
        place(additionalProperties=None),
        place(additionalProperties=[{"no": "key"}]),
    ],
)
def test_an_odd_place_is_left_out_and_the_others_stay(odd):
    assert [camera.id for camera in parse_catalogue([odd, place()])] == ["00001.07389"]


def test_a_place_that_says_nothing_more_counts_as_available():
    assert parse_catalogue([place(additionalProperties=[])])[0].available


@pytest.mark.parametrize("key", [" 00001.07389 ", "JamCams_00001.07389", "baker st / s OF park rd", "Baker_St___S_of_Park_Rd"])
def test_a_camera_is_found_by_id_name_or_folder_in_any_case(key):
    assert find_camera([CITY, BAKER], key) is BAKER


def test_an_unknown_camera_is_answered_with_close_names():
    with pytest.raises(
        UnknownCamera, match=r"Camera 'City Road by Central' was not found among 2 cameras\. Did you mean City Rd by Central St\?"
    ):
        find_camera([BAKER, CITY], "City Road by Central")


def test_an_unknown_camera_without_close_names_is_answered_with_what_to_do():
    with pytest.raises(UnknownCamera, match=r"Camera 'zzz' was not found among 1 camera\. Choose one by its id or name"):
        find_camera([BAKER], "zzz")


@pytest.mark.parametrize("name", ["", "..", ".", ".hidden", " x", "a/b", "a\\b", "a\0b", "a\nb", "x" * 121, "../etc"])
def test_a_name_that_leads_elsewhere_is_not_a_folder(name):
    assert not is_safe_folder(name)
    with pytest.raises(UnknownCamera, match="cannot be a camera's folder"):
        camera_of_folder(name)


def test_a_folder_with_the_signs_of_real_names_is_safe():
    assert is_safe_folder("A41_Finchley_Rd_(N'bound)_&_Queen's_Grove.")


@needs_real_data
def test_all_911_cameras_of_the_recorded_catalogue_parse():
    cameras = parse_catalogue(json.loads(next(TFL.glob("Place_Type_JamCam__*.json")).read_text()))
    assert len(cameras) == len({camera.id for camera in cameras}) == 911


@needs_real_data
def test_folder_names_match_the_public_archive():
    rows = list(csv.DictReader((TFL / "archive_folder_to_jamcam_id.csv").read_text().splitlines()))
    assert len(rows) == 909
    assert sum(folder_of_name(row["commonName_2020-03-09"]) == row["folder"] for row in rows) >= 907
