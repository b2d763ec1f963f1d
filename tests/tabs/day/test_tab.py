"""The handlers of the Camera day tab, called as functions."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from carpark.errors import BadSetting
from carpark.slots import slots_of_day
from tabs.day.link import DayLink
from tabs.day.tab import Turns, add_second_day, first_row, read_day, send_frames, show_day
from tests.toy_day import CAMERA, DAY, SLOTS, ListedArchive, ToyModel, moment


class ToySources:
    """Sources of a made-up archive and a model that can be reckoned with by hand."""

    def __init__(self, archive: object) -> None:
        self.archive = lambda: archive
        self.day_model = lambda: ToyModel()

    def shown_name_of(self, setting: str) -> str:
        return "a list"


class OneCamera(ListedArchive):
    def camera(self, key: str) -> Any:
        return CAMERA

    def cameras(self) -> list[Any]:
        return [CAMERA]


@pytest.fixture
def sources() -> Any:
    frames = {slot: moment(number % 8, 1.4 if number == 40 else 1.0) for number, slot in enumerate(SLOTS)}
    frames |= {slots_of_day(date(2020, 3, 10))[0]: moment(1)}
    return ToySources(OneCamera(frames))


def show(sources: Any, *, day: str = str(DAY), link: DayLink | None = None, is_wanted: Callable[[], bool] = lambda: True) -> list[Any]:
    return list(show_day(sources, "Baker_St", day, link=link, is_wanted=is_wanted, progress=lambda *args, **more: None))


def test_a_day_ends_complete_with_its_tables(sources: Any) -> None:
    words, chart, shown, second, csv, parquet = show(sources)[-1]
    assert "Baker St, Monday 9 March 2020" in words and 'role="slider"' in chart
    assert (len(shown.table), second) == (288, None)
    assert csv.endswith("Baker_St_2020-03-09.csv") and parquet.endswith("Baker_St_2020-03-09.parquet")


def test_a_day_that_is_not_wanted_any_more_shows_nothing(sources: Any) -> None:
    assert show(sources, is_wanted=lambda: False) == []


def test_a_day_that_cannot_be_shown_says_why_and_what_was_asked(sources: Any) -> None:
    ((words, chart, shown, *_),) = show(sources, day="2999-01-01")
    assert "2999-01-01 has not begun" in words and "Asked: a list." in words
    assert (chart, shown) == ("", None)


def test_a_second_day_is_drawn_into_the_first(sources: Any) -> None:
    shown = read_day(sources, "Baker_St", str(DAY))
    chart, other = add_second_day(sources, shown, "", "2020-03-10")
    assert other is not None and other.day == date(2020, 3, 10)
    assert "Baker St, Tuesday 10 March 2020" in chart
    assert add_second_day(sources, None, "", "") == ("", None)


def test_frames_are_sent_for_the_day_that_is_shown(sources: Any) -> None:
    shown = read_day(sources, "Baker_St", str(DAY))
    event: Any = SimpleNamespace(request=7, first=3, count=2)
    answer = send_frames(sources, shown, event)
    assert (answer["request"], answer["day"], sorted(answer["frames"])) == (7, ["Baker_St", "2020-03-09"], ["3", "4"])
    assert all(picture.startswith("data:image/jpeg;base64,") for picture in answer["frames"].values())
    assert send_frames(sources, None, event)["frames"] == {}


def test_the_row_nearest_to_the_links_moment_comes_first(sources: Any) -> None:
    shown = read_day(sources, "Baker_St", str(DAY))
    assert first_row(shown, DayLink(CAMERA, DAY, SLOTS[100])) == 100
    assert first_row(shown, None) == int(shown.table["p_full"].argmax())


def test_a_new_day_cancels_the_visitors_earlier_one_and_nobody_elses() -> None:
    turns = Turns()
    first, other = turns.begin("a"), turns.begin("b")
    second = turns.begin("a")
    assert (first(), second(), other()) == (False, True, True)
    turns.end("a")
    assert not second()


def test_a_source_that_is_down_is_a_card(sources: Any) -> None:
    def down() -> Any:
        raise BadSetting("The archive does not answer.")

    sources.archive = down
    ((words, *_),) = show(sources)
    assert "The archive does not answer." in words
