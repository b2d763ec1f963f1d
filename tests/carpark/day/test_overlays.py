from datetime import date, timedelta

import numpy as np
import pytest

from carpark.cache import Cache
from carpark.cameras.camera import camera_of_folder
from carpark.day import camera_day
from carpark.day.overlays import kept_days, second_overlay, usual_range
from carpark.day.table import CameraDay
from carpark.slots import slots_of_day
from tests.carpark.day.test_styles import table_of
from tests.toy_day import CAMERA, DAY, ListedArchive, ToyModel, moment


def flat(day, level):
    return table_of(day).assign(p_full=level)


def test_the_usual_range_of_an_hour_is_the_middle_half_of_the_days():
    days = [flat(DAY - timedelta(days=back), level) for back, level in enumerate((0.1, 0.2, 0.3, 0.4, 0.5), start=1)]
    usual = usual_range(days, table_of(DAY)["time"])
    assert len(usual.low) == 288
    assert (usual.low[0], usual.middle[0], usual.high[0]) == pytest.approx((0.2, 0.3, 0.4))


def test_two_days_do_not_say_what_is_usual():
    assert usual_range([flat(DAY, 0.5)] * 2, table_of(DAY)["time"]) is None


def test_an_hour_for_which_too_few_days_speak_has_no_range():
    days = [flat(DAY, 0.5) for _ in range(3)]
    days[0].loc[:11, "p_full"] = np.nan
    middle = usual_range(days, table_of(DAY)["time"]).middle
    assert np.isnan(middle[:12]).all() and (middle[12:] == 0.5).all()


def test_overlays_have_the_share_taken_where_the_model_knows_it():
    old, new = table_of(DAY), table_of(DAY).assign(fullness=0.4, fullness_low=0.2, fullness_high=0.6)
    shown = CameraDay(CAMERA, DAY, new, "toy")
    assert second_overlay(shown, shown).fullness.middle == pytest.approx(0.4)
    assert second_overlay(CameraDay(CAMERA, DAY, old, "toy"), shown).fullness is None
    assert usual_range([new] * 3, new["time"], "fullness").middle == pytest.approx(0.4)
    assert usual_range([old] * 3, new["time"], "fullness") is None


def test_days_are_brought_together_by_londons_clock():
    winter, summer, short = (CameraDay(CAMERA, day, table_of(day), "toy") for day in (DAY, date(2020, 7, 1), date(2020, 3, 29)))
    assert second_overlay(summer, winter).minutes.tolist() == [5 * i for i in range(288)]
    without_an_hour = [5 * i for i in range(288) if not 12 <= i < 24]
    assert second_overlay(short, winter).minutes.tolist() == without_an_hour
    assert second_overlay(winter, short).minutes.tolist() == [5 * i for i in range(276)]


def test_days_of_two_cadences_are_compared_at_their_own_times():
    six = table_of(DAY).iloc[::6].reset_index(drop=True)  # every half hour
    overlay = second_overlay(CameraDay(camera_of_folder("Other_St"), DAY, six, "toy"), CameraDay(CAMERA, DAY, table_of(DAY), "toy"))
    assert overlay.minutes.tolist() == [30 * i for i in range(48)]
    assert overlay.edges.tolist() == [30 * i for i in range(49)]
    assert overlay.name == "Other St, Monday 9 March 2020"


class Week(ListedArchive):
    """The same frame on every day of two weeks."""

    def days(self, camera):
        return [DAY + timedelta(days=ahead) for ahead in range(14)]


def test_only_finished_days_of_the_same_kind_and_model_count(tmp_path):
    frames = {slots_of_day(DAY + timedelta(days=ahead))[0]: moment(ahead % 8) for ahead in range(7)}
    archive = Week(frames, Cache(tmp_path / "cache"))
    for ahead in range(6):  # Monday to Saturday
        camera_day(CAMERA, DAY + timedelta(days=ahead), archive=archive, model=ToyModel())
    assert len(kept_days(CAMERA, DAY, archive, "toy")) == 4
    assert len(kept_days(CAMERA, DAY + timedelta(days=6), archive, "toy")) == 1
    assert kept_days(CAMERA, DAY, archive, "another") == []
    assert kept_days(CAMERA, DAY, Week(frames), "toy") == []


def test_a_frame_taken_before_midnight_lies_before_the_day_and_not_at_its_end():
    table = table_of(DAY)
    table.loc[0, "time"] -= timedelta(minutes=2)
    overlay = second_overlay(CameraDay(CAMERA, DAY, table, "toy"), CameraDay(CAMERA, DAY + timedelta(days=1), table_of(DAY), "toy"))
    assert overlay.minutes[:2].tolist() == [-2, 5]
