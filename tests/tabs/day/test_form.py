from datetime import date, datetime, timedelta

import gradio as gr
import pytest

from carpark.cameras.camera import Camera, camera_of_folder, find_camera
from carpark.errors import UnknownCamera
from carpark.slots import LONDON
from tabs.day.form import choose_camera, find_one, offer_cameras, offer_days
from tabs.day.link import DayLink

BAKER = Camera("00001.07389", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.5226, -0.1571)
HIGH = [Camera(f"00001.0100{i}", f"Camden High St/Place {i}", f"Camden_{i}", 51.54, -0.14) for i in range(7)]
PLAIN = camera_of_folder("Market_St")


class Listed:
    def __init__(self, days=()):
        self.listed = list(days)

    def archive(self):
        return self

    def cameras(self):
        return [BAKER, *HIGH, PLAIN]

    def camera(self, key):
        return find_camera(self.cameras(), key)

    def days(self, camera):
        return self.listed


@pytest.mark.parametrize("text", ["00001.07389", "JamCams_00001.0738", "park bak", "Westminster", "Baker_St_S_of_Park_Rd"])
def test_a_camera_is_found_by_id_area_or_words_in_any_order(text):
    assert find_one(Listed(), text) is BAKER


def test_words_that_fit_several_cameras_are_answered_with_their_names():
    with pytest.raises(UnknownCamera) as caught:
        find_one(Listed(), "high camden")
    names = "; ".join(f"Camden High St/Place {i}" for i in range(5))
    assert str(caught.value) == f"7 cameras fit 'high camden': {names}; and more. Type more of the one you mean."


@pytest.mark.parametrize("text", ["", "   ", "Abbey Road"])
def test_words_that_fit_no_camera_are_unknown(text):
    with pytest.raises(UnknownCamera, match="was not found among"):
        find_one(Listed(), text)


def test_the_list_shows_what_can_be_searched_for():
    offered = offer_cameras([BAKER, PLAIN])
    assert offered.choices == [("Baker St/S of Park Rd · Westminster · 00001.07389", "00001.07389"), ("Market St", "Market_St")]
    assert offered.value == "00001.07389"


def test_the_newest_day_is_offered_and_the_calendar_gets_them_all():
    assert offer_days([date(2020, 3, 8), date(2020, 3, 9)]) == ("2020-03-09", ["2020-03-08", "2020-03-09"])


def test_where_no_days_are_listed_yesterday_is_offered():
    assert offer_days([]) == (str(datetime.now(LONDON).date() - timedelta(days=1)), [])


def test_a_camera_whose_days_are_not_listed_leaves_the_day_as_it_was_typed():
    assert choose_camera(Listed([date(2020, 3, 9)]), "park bak") == (BAKER.id, "2020-03-09", ["2020-03-09"])
    assert choose_camera(Listed(), "park bak") == (BAKER.id, gr.skip(), [])


def test_a_link_chooses_camera_and_day():
    link = DayLink(HIGH[2], date(2020, 3, 8))
    assert offer_cameras([BAKER, *HIGH], link).value == HIGH[2].id
    assert offer_days([date(2020, 3, 9)], link)[0] == "2020-03-08"
