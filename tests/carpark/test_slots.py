from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from carpark.errors import BadDay
from carpark.slots import LONDON, find_cadence, find_holes, frame_path, parse_day, read_day_folders, read_slot, slots_of_day, why_no_frame


@pytest.mark.parametrize(("day", "slots"), [(date(2020, 3, 9), 288), (date(2020, 3, 29), 276), (date(2020, 10, 25), 300)])
def test_a_london_day_has_as_many_slots_as_its_hours_allow(day, slots):
    found = slots_of_day(day)
    assert len(found) == len(set(found)) == slots
    assert {slot.astimezone(LONDON).date() for slot in found} == {day}
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=5)}


def test_a_summer_day_begins_in_the_utc_folder_of_the_day_before():
    first, *_, last = slots_of_day(date(2013, 4, 15))
    assert (frame_path(first), frame_path(last)) == ("2013-04-14/2013-04-14@23_00GMT.jpg", "2013-04-15/2013-04-15@22_55GMT.jpg")


def test_an_archive_name_is_read_back_as_its_slot():
    slot = datetime(2020, 3, 9, 10, 5, tzinfo=UTC)
    assert read_slot(frame_path(slot).split("/")[1]) == slot
    assert read_slot("2020-03-09@25_05GMT.jpg") is read_slot("holiday.jpg") is None


def test_only_real_days_among_folder_names_are_days():
    assert read_day_folders(["2020-03-10", "2020-02-30", "notes", "2020-03-09", "2020-03-9"]) == [date(2020, 3, 9), date(2020, 3, 10)]


def test_a_day_is_read_from_text():
    assert parse_day(" 2020-03-09 ", today=date(2020, 3, 9)) == date(2020, 3, 9)


@pytest.mark.parametrize("text", ["", "today", "2020-02-30", "2020-13-01", "09-03-2020", "2020-3-9", "20200309", "２０２０-03-09"])
def test_a_text_that_is_not_a_day_is_refused(text):
    with pytest.raises(BadDay, match="is not a day; expected one that exists, as YYYY-MM-DD, such as 2020-03-09"):
        parse_day(text, today=date(2020, 3, 9))


def test_a_future_day_is_refused():
    with pytest.raises(BadDay, match=r"2020-03-10 has not begun; choose 2020-03-09 or an earlier day\."):
        parse_day("2020-03-10", today=date(2020, 3, 9))


def test_a_day_before_cameras_is_refused():
    with pytest.raises(BadDay, match=r"1066-10-14 is too long ago; choose a day from 2000-01-01 on\."):
        parse_day("1066-10-14")


def test_empty_answers_and_web_pages_are_not_frames():
    assert why_no_frame(b"") == "the source's file is empty"
    assert why_no_frame(b"\xef\xbb\xbf\r\n <!DOCTYPE html>") == "the source answered with a web page"
    assert why_no_frame(b"\xff\xd8\xff") == why_no_frame(b"not a picture") == ""


@pytest.mark.parametrize(
    ("minutes", "cadence"),
    [
        (range(0, 60, 5), 5),
        ([0, 6, 12, 24, 30, 36], 6),
        ([0, 12, 30], 6),
        ([15, 45, 75, 105, 120, 135], 30),
        ([0, 4, 9, 16, 20], 5),
        ([7], 5),
        ([], 5),
    ],
    ids=["every slot", "a hole", "few", "one too many", "irregular", "one", "none"],
)
def test_a_cadence_is_found_in_spite_of_holes(minutes, cadence):
    start = datetime(2020, 12, 5, 9, tzinfo=UTC)
    assert find_cadence([start + timedelta(minutes=m) for m in minutes]) == timedelta(minutes=cadence)


def test_holes_are_the_slots_that_the_rhythm_lacks():
    day = date(2020, 12, 5)
    slots = slots_of_day(day, timedelta(minutes=30))
    assert find_holes(slots[10:12] + slots[14:20], timedelta(minutes=30), day) == slots[:10] + slots[12:14] + slots[20:]
    assert find_holes([], timedelta(minutes=30), day) == []
