import base64
import io
from types import SimpleNamespace

import pytest
from PIL import Image

from carpark.day import camera_day
from carpark.day.table import CameraDay
from tabs.day.viewer import MOST_FRAMES, asked_frames, frames_for
from tests.street import card, exif, jpeg, street, with_overlays
from tests.toy_day import CAMERA, DAY, SLOTS, ListedArchive, ToyModel, moment

GOOD = jpeg(with_overlays(street(1)), exif=exif("2020:03:09 00:00:00"))


@pytest.fixture(scope="module")
def archive():
    big = jpeg(street(7, (1600, 1200)))
    return ListedArchive({SLOTS[0]: GOOD, SLOTS[1]: jpeg(with_overlays(card("Camera in use"))), SLOTS[2]: moment(3)[:4000], SLOTS[3]: big})


@pytest.fixture(scope="module")
def shown(archive):
    return CameraDay(CAMERA, DAY, camera_day(CAMERA, DAY, archive=archive, model=ToyModel()), "toy")


def open_uri(uri):
    kind, _, data = uri.partition(";base64,")
    assert kind == "data:image/jpeg"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_frame_of_a_moment_is_the_archives(shown, archive):
    (uri,) = frames_for(shown, archive, range(0, 0 + 1)).values()
    picture = open_uri(uri)
    assert picture.size == (352, 288)
    assert not picture.getexif()


def test_a_card_is_shown_too_and_what_cannot_be_decoded_or_is_missing_has_no_picture(shown, archive):
    frames = frames_for(shown, archive, range(1, 1 + 4))
    assert [bool(frames[place]) for place in ("1", "2", "3", "4")] == [True, False, True, False]


def test_a_large_frame_is_scaled_down(shown, archive):
    assert open_uri(frames_for(shown, archive, range(3, 3 + 1))["3"]).size == (640, 480)


def test_frames_that_may_still_come_are_left_out(shown, archive):
    table = shown.table.copy()
    table.loc[5, "reason"] = "not fetched yet"
    assert set(frames_for(CameraDay(CAMERA, DAY, table, "toy"), archive, range(4, 4 + 3))) == {"4", "6"}


def test_only_frames_that_the_day_has_are_asked_of_the_archive(shown, archive):
    archive.asked.clear()
    frames_for(shown, archive, range(2, 2 + 20))
    assert sorted(archive.asked) == SLOTS[2:4]


def test_places_beyond_the_day_have_no_frames(shown, archive):
    assert frames_for(shown, archive, range(286, 286 + 24)).keys() == {"286", "287"}
    assert frames_for(shown, archive, range(10**9, 10**9 + 24)) == {}


def test_what_a_page_asks_for_is_bounded():
    assert asked_frames(SimpleNamespace(request=3, first=10, count=2)) == (3, 10, 2)
    assert asked_frames(SimpleNamespace(request=3, first=-10, count=10**9)) == (3, 0, MOST_FRAMES)


@pytest.mark.parametrize("made_up", [{}, {"request": 1, "first": "../../etc", "count": 1}, {"request": None, "first": [], "count": {}}])
def test_what_no_page_of_ours_asks_for_gets_nothing(made_up):
    assert asked_frames(SimpleNamespace(**made_up)) == (0, 0, 0)
