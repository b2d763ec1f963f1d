from datetime import UTC, date, datetime

import pytest

from carpark.cameras.camera import Camera, camera_of_folder, find_camera
from carpark.errors import BadDay, UnknownCamera
from tabs.day.link import DayLink, read_link

BAKER = Camera("00001.07389", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.5226, -0.1571)
DAY = date(2020, 3, 9)


class TwoCameras:
    def camera(self, key):
        return find_camera([BAKER, camera_of_folder("City_Rd")], key)


def link_of(**query):
    return read_link(query, TwoCameras())


def test_a_link_restores_camera_day_and_moment():
    assert link_of(camera="00001.07389", day="2020-03-09", at="2020-03-09T08:35Z") == DayLink(
        BAKER, DAY, datetime(2020, 3, 9, 8, 35, tzinfo=UTC)
    )


def test_a_link_needs_no_moment_and_may_name_the_camera():
    assert link_of(camera="baker st/s of park rd", day="2020-03-09", at="") == DayLink(BAKER, DAY)


def test_a_summer_day_begins_in_the_utc_day_before():
    assert link_of(camera="City_Rd", day="2020-07-01", at="2020-06-30T23:05Z").moment == datetime(2020, 6, 30, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize("query", [{}, {"camera": "City_Rd"}, {"day": "2020-03-09"}, {"camera": "", "day": ""}, {"__theme": "dark"}])
def test_an_address_without_camera_and_day_is_not_a_link(query):
    assert link_of(**query) is None


@pytest.mark.parametrize("camera", ["Abbey Road", "../../etc", "<script>alert(1)</script>", "x" * 5000])
def test_a_made_up_camera_is_unknown(camera):
    with pytest.raises(UnknownCamera, match="was not found among"):
        link_of(camera=camera, day="2020-03-09")


@pytest.mark.parametrize("day", ["2020-02-30", "yesterday", "2020-3-9", "2999-01-01"])
def test_a_made_up_day_is_not_a_day(day):
    with pytest.raises(BadDay):
        link_of(camera="City_Rd", day=day)


@pytest.mark.parametrize("at", ["08:35", "2020-03-08T08:35Z", "2020-03-09T08:35", "x"])
def test_a_moment_that_the_day_does_not_have_is_named(at):
    with pytest.raises(BadDay, match=f"names the moment '{at}'; expected one of 2020-03-09 in London, such as 2020-03-09T09:00Z"):
        link_of(camera="City_Rd", day="2020-03-09", at=at)


def test_a_link_leads_to_its_own_day_only():
    link = DayLink(BAKER, DAY)
    assert link.leads_to(BAKER, DAY)
    assert not link.leads_to(BAKER, date(2020, 3, 10)) and not link.leads_to(camera_of_folder("City_Rd"), DAY)
