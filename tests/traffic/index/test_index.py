"""The index of made-up weeks whose usual course is known."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from carpark.slots import bounds_of_day
from traffic.dataset import About, frames_path, write_about, write_cameras
from traffic.index.areas import areas_of, index_areas
from traffic.index.quarters import quarter_of_week
from traffic.index.season import adjust_season
from traffic.index.usual import compare_with_usual, sum_up_days
from traffic.index.writing import write_index
from traffic.measure.table import SCHEMA

MONDAY = date(2026, 1, 5)
CAMERAS = [Camera(f"00001.0000{n}", f"Street {n}", f"Street_{n}", 51.5416 + n / 1e4, -0.1433) for n in range(3)]  # in Camden


def quarters_of(levels, camera="Street_0", series="N"):
    """Weeks of one quarter hour, Monday 08:00, in London's winter."""
    starts = [datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(weeks=week) for week in range(len(levels))]
    table = pd.DataFrame({"folder": camera, "series": series, "start": pd.to_datetime(starts, utc=True), "level": levels})
    return table[table["level"].notna()]


def test_a_quarter_hour_is_compared_with_the_same_one_of_other_weeks_never_with_itself():
    compared, usual = compare_with_usual(quarters_of([0.1, 0.2, 0.3, 0.9]), ("folder", "series"))
    assert compared["usual"].tolist() == pytest.approx([0.3, 0.3, 0.2, 0.2])
    assert compared["deviation"].tolist() == pytest.approx([-0.2, -0.1, 0.1, 0.7])
    (row,) = usual.to_dict("records")
    assert (row["quarter"], row["days"], row["folder"]) == (32, 4, "Street_0")
    assert [row["low"], row["median"], row["high"]] == pytest.approx([0.175, 0.25, 0.45])


def test_too_few_other_days_are_no_usual_day_and_views_are_apart():
    both = pd.concat([quarters_of([0.1, 0.1, 0.1]), quarters_of([0.8, 0.8, 0.8, 0.8], series="E")])
    compared, usual = compare_with_usual(both, ("folder", "series"))
    assert compared.loc[compared["series"] == "N", "usual"].isna().all()
    assert compared.loc[compared["series"] == "E", "usual"].tolist() == pytest.approx([0.8] * 4)
    assert usual.set_index("series")["days"].to_dict() == {"N": 3, "E": 4}


def test_the_clock_of_london_says_which_quarter_hour_it_is():
    winter, summer = datetime(2026, 3, 27, 8, 20, tzinfo=UTC), datetime(2026, 4, 3, 7, 20, tzinfo=UTC)
    assert quarter_of_week(pd.Series(pd.to_datetime([winter, summer], utc=True))).tolist() == [4 * 96 + 33] * 2


def test_a_day_far_from_what_is_usual_is_out_of_the_ordinary():
    days = pd.DataFrame(
        {"folder": "Street_0", "series": "N", "day": range(8), "level": 0.5, "deviation": [0.01, -0.01, 0.02, 0, 0.01, -0.02, 0.4, None]}
    )
    assert sum_up_days(days, ("folder", "series"))["is_unusual"].tolist() == [False] * 6 + [True, False]
    few = sum_up_days(days.iloc[3:7], ("folder", "series"))
    assert not few["is_unusual"].any()


def test_the_interval_grows_as_coverage_falls_and_one_camera_of_several_says_little():
    cameras = [Camera(f"{n}", f"Street {n}", f"Street_{n}", 51.5416, -0.1433) for n in range(8)]
    areas = areas_of(cameras)
    start = pd.Timestamp("2026-01-05 08:00", tz="UTC")
    table = pd.DataFrame({"folder": [f"Street_{n}" for n in range(8)], "series": "", "start": start, "level": [0.2, 0.6] * 4})
    widths = []
    for usable in (8, 6, 4, 2, 1):
        (row,) = index_areas(table.iloc[:usable], areas).query("area == 'London'").to_dict("records")
        assert (row["usable"], row["cameras"], row["coverage"]) == (usable, 8, usable / 8)
        assert 0 <= row["low"] <= row["level"] <= row["high"] <= 1
        widths.append(row["high"] - row["low"])
    assert widths[0] == 0 and widths == sorted(widths) and widths[-1] == 1
    assert set(areas["area"]) == {"London", "Camden"}


def rhythm(days):
    """A London index with a daily and a weekly rhythm, and a rise of 0.1 in the last week."""
    starts = pd.date_range("2026-01-05", periods=96 * days, freq="15min", tz="UTC")
    hours, weekday = starts.hour + starts.minute / 60, starts.day_of_week < 5
    return pd.Series(0.3 + 0.2 * np.sin(hours * np.pi / 12) * weekday + 0.1 * (np.arange(len(starts)) >= 96 * 35), index=starts)


def test_the_season_is_taken_out_from_five_weeks_on_and_gaps_stay_gaps():
    levels = rhythm(42).drop(rhythm(42).index[1000:1050])
    adjusted, reason = adjust_season(levels)
    assert reason == "" and adjusted.index.equals(levels.index)
    first, last = adjusted.iloc[: 96 * 20], adjusted.iloc[-96 * 5 :]
    assert first.std() < 0.02 < levels.std() and last.mean() - first.mean() == pytest.approx(0.1, abs=0.03)


def test_a_short_history_and_one_with_many_gaps_say_why_they_are_not_adjusted():
    adjusted, reason = adjust_season(rhythm(34))
    assert adjusted.isna().all() and reason == "Seasonal adjustment needs 5 weeks; there are 4.9."
    _, reason = adjust_season(rhythm(42).iloc[::2])
    assert reason == "Seasonal adjustment needs 90% of the quarter hours; 50% are there."


def write_days(folder, days):
    """A measured dataset: two usable cameras and one that fails; camera 1 turns on the second day and is broken from 10 to 12."""
    folder.mkdir()
    write_about(folder, About("toy", "a toy", "frames", 5))
    write_cameras(folder, CAMERAS)
    for number in range(days):
        day, rows = MONDAY + timedelta(days=number), []
        for camera in CAMERAS[:2]:
            for slot in pd.date_range(bounds_of_day(day)[0], periods=288, freq="5min"):
                turned = camera is CAMERAS[1] and number
                state = "corrupt" if camera is CAMERAS[1] and slot.hour in (10, 11) else "ok"
                level = (0.2 + 0.01 * number if slot.hour < 12 else 0.6) if state == "ok" else None
                reason = "the view has moved since 09:55 (likeness 0.30)" if turned and slot.hour == 12 and slot.minute == 0 else ""
                rows.append(
                    {
                        "camera": camera.id,
                        "folder": camera.folder,
                        "slot": slot,
                        "time": slot,
                        "state": state,
                        "reason": reason,
                        "view": "N" if camera is CAMERAS[0] else "",
                    }
                    | {"p_full": level, "fullness": level}
                )
        rows.append({"camera": CAMERAS[2].id, "folder": CAMERAS[2].folder, "state": "failed", "reason": "no frames"})
        path = frames_path(folder, day)
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)


def test_missing_stays_missing_and_a_picture_that_moved_without_a_named_view_begins_another_series(tmp_path):
    write_days(tmp_path / "data", 3)
    about = write_index(tmp_path / "data", tmp_path / "out")
    assert (about.measure, about.days, about.cameras) == ("fullness", ["2026-01-05", "2026-01-06", "2026-01-07"], 3)
    assert json.loads((tmp_path / "out" / "index.json").read_text())["season"].startswith("Seasonal adjustment needs 5 weeks")
    quarters = pd.read_parquet(tmp_path / "out" / "quarters" / "day=2026-01-06" / "quarters.parquet")
    assert quarters.groupby("folder").size().to_dict() == {"Street_0": 96, "Street_1": 88}
    assert quarters[quarters["folder"] == "Street_1"].groupby("series").size().to_dict() == {"": 40, "view 2": 48}
    assert quarters["level"].between(0.2, 0.6).all() and set(quarters["frames"]) == {3}
    days = pd.read_parquet(tmp_path / "out" / "days.parquet")
    assert days[days["folder"] == "Street_2"][["slots", "usable"]].drop_duplicates().to_numpy().tolist() == [[0, 0]]
    areas = pd.read_parquet(tmp_path / "out" / "areas.parquet").query("area == 'London'")
    assert sorted(set(areas["usable"])) == [1, 2] and set(areas["cameras"]) == {3}
    cameras = pd.read_parquet(tmp_path / "out" / "cameras.parquet")
    assert cameras[["folder", "area", "series"]].fillna("").to_numpy().tolist() == [
        ["Street_0", "Camden", "N"],
        ["Street_1", "Camden", "view 3"],
        ["Street_2", "Camden", ""],
    ]


def test_a_second_index_replaces_the_first_and_a_folder_without_days_is_refused(tmp_path):
    write_days(tmp_path / "data", 2)
    stale = tmp_path / "out" / "quarters" / "day=2025-12-01"
    stale.mkdir(parents=True)
    write_index(tmp_path / "data", tmp_path / "out")
    assert not stale.exists()
    with pytest.raises(BadSetting, match=r"has no measured days; expected a folder that python -m traffic\.measure wrote"):
        write_index(tmp_path / "absent", tmp_path / "out")
    frames_path(tmp_path / "data", MONDAY).write_bytes(b"PAR1")
    with pytest.raises(BadSetting, match=r"cannot be read \(.*\)\. Remove it and measure the day again"):
        write_index(tmp_path / "data", tmp_path / "out")
