import json
from datetime import UTC, datetime, timedelta

import pytest

from carpark.cache import Cache
from carpark.cameras import catalogue as module
from carpark.cameras.camera import Camera
from carpark.cameras.catalogue import Catalogue, load_catalogue, search_cameras
from carpark.errors import BadSetting
from tests.carpark.archives.test_opening import HASTY
from tests.carpark.cameras.test_camera import place
from tests.loopback import Answer, Loopback

PLACES = [place(id=f"JamCams_00001.{number:05}", commonName=f"Street {number}") for number in range(150)]
LIST = Answer(json.dumps(PLACES).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def load(server, cache):
    return load_catalogue(cache, url=f"{server.base}/Place/Type/JamCam", patience=HASTY)


def test_the_list_is_asked_for_once_a_day(cache):
    with Loopback(lambda path, nth: LIST) as server:
        first = load(server, cache)
        assert load(server, cache) == first
        assert server.asked == ["/Place/Type/JamCam"]
    assert len(first.cameras) == 150
    assert first.note(datetime.now(UTC)) == ""


def grow_old(monkeypatch, days):
    """Makes the clock of the catalogue run ahead."""

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=days)

    monkeypatch.setattr(module, "datetime", Later)
    return Later.now(UTC)


def test_an_old_list_is_asked_for_again(cache, monkeypatch):
    with Loopback(lambda path, nth: LIST) as server:
        load(server, cache)
        now = grow_old(monkeypatch, 2)
        assert abs(load(server, cache).retrieved_at - now) < timedelta(minutes=1)
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(status=500), "HTTP 500"),
        (Answer(status=403), "HTTP 403"),
        (Answer(b"<html>"), "its answer is not a list of cameras"),
        (Answer(b'{"message": "no"}'), "its answer lists 0 cameras"),
        (Answer(b"[]"), "its answer lists 0 cameras"),
        (Answer(b"null"), "its answer is not a list of cameras"),
    ],
)
def test_when_tfl_is_down_the_last_good_copy_is_used_and_said_to_be_old(cache, monkeypatch, answer, problem):
    answers = [LIST]
    with Loopback(lambda path, nth: answers[0]) as server:
        good = load(server, cache)
        answers[0] = answer
        now = grow_old(monkeypatch, 3)
        stale = load(server, cache)
        assert stale.cameras == good.cameras
        assert stale.note(now) == f"TfL's list of cameras is 3 days old: TfL does not answer ({problem})."
        asked = len(server.asked)
        load(server, cache)
        assert len(server.asked) == asked  # not again for ten minutes


def test_without_any_copy_a_silent_tfl_is_one_line(cache):
    with Loopback(lambda path, nth: LIST) as server:
        pass
    with pytest.raises(BadSetting, match=r"TfL's list of cameras cannot be fetched from .* \(connection refused\)\. Try again"):
        load(server, cache)


def test_without_a_cache_the_list_is_had_all_the_same():
    with Loopback(lambda path, nth: LIST) as server:
        assert len(load(server, None).cameras) == 150


def test_a_list_survives_being_kept(cache):
    with Loopback(lambda path, nth: LIST) as server:
        first = load(server, cache)
        kept = load(server, cache)
        assert kept == first
        assert len(server.asked) == 1
        assert isinstance(kept, Catalogue)


CAMDEN = Camera("00001.07389", "Camden High St/Mary Tce", "Camden_High_St_Mary_Tce", 51.536, -0.141, "North to Camden Town")
BAKER = Camera("00001.07354", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.523, -0.158, "A41 Baker St N/B")
UPPER = Camera("00002.00001", "Upper St/Highbury Corner", "Upper_St_Highbury_Corner", 51.546, -0.103)
LOT = Camera("Our_Lot", "Our Lot", "Our_Lot")
ALL = (CAMDEN, BAKER, UPPER, LOT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("00001.07389", [CAMDEN]),
        ("JamCams_00001", [BAKER, CAMDEN]),
        ("high camden", [CAMDEN]),
        ("baker", [BAKER]),
        ("A41", [BAKER]),
        ("islington", [UPPER]),
        ("lot", [LOT]),
        ("nowhere", []),
        ("", [BAKER, CAMDEN, LOT, UPPER]),
    ],
)
def test_cameras_are_found_by_id_name_view_and_area(text, found):
    assert search_cameras(ALL, text) == found
