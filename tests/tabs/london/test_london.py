"""The London tab on the index of a made-up week."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from carpark.errors import BadDay, BadSetting, UnknownCamera
from tabs.london.answers import answer_of_day, answer_of_week
from tabs.london.charts import week_svg
from tabs.london.index import list_areas, open_index, read_about, read_week
from tabs.london.tab import build_london_tab, show_area, show_city, show_week
from tests.traffic.index.test_index import write_days
from traffic.index.writing import write_index

DAY = date(2026, 1, 6)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("london")
    write_days(folder / "data", 3)
    write_index(folder / "data", folder / "index")
    return open_index(str(folder / "index"))


def test_a_day_comes_with_all_cameras_and_a_byte_for_each_quarter_hour(index):
    page = show_city(index, DAY)
    assert "Tuesday 6 January 2026: 3 cameras, 67% of them with usable frames. Level: mean share of the road that is taken" in page
    assert page.count("<circle") == 3 and "?london=2026-01-06" in page
    assert "London: 21% (95% interval 21% to 21%), from 2 of 3 cameras (67%)." in page.replace("&quot;", '"')
    assert "no usable camera" not in page
    assert page.endswith("<p>These levels were not checked against labels of people.</p>")


def test_the_camera_of_a_week_has_gaps_and_links_to_its_days(index):
    week = read_week(index, "JamCams_00001.00001", DAY)
    assert (week.camera["name"], week.monday, len(week.quarters)) == ("Street 1", date(2026, 1, 5), 3 * 88)
    assert week_svg(week).split('class="level" d="')[1].split('"')[0].count("M") == 4  # three mornings' gaps and two midnights without one
    words = show_week(index, "Street_1", DAY)
    assert (
        "too few weeks to say what is usual. Not checked against labels of people." in words
        and "?camera=00001.00001&amp;day=2026-01-05" in words.replace("&day", "&amp;day")
    )
    with pytest.raises(UnknownCamera, match=r"Camera 'Nowhere' was not found among 3 cameras"):
        read_week(index, "Nowhere", DAY)


def test_what_people_and_detectors_say_stands_beside_the_number(tmp_path):
    write_days(tmp_path / "data", 1)  # 0.2 until noon, 0.6 after
    files = [f"Street_0/2026-01-05/2026-01-05@{hour:02}_00GMT.jpg" for hour in (8, 9, 13, 14, 15)]
    pd.DataFrame({"file": files, "level": [1, 1, 3, 4, 3]}).to_csv(tmp_path / "labels.csv", index=False)
    pd.DataFrame({"file": files, "vehicles_one": [2, 3, 9, 8, 9]}).to_csv(tmp_path / "counts.csv", index=False)
    write_index(tmp_path / "data", tmp_path / "index", labels=[tmp_path / "labels.csv"], counts=[tmp_path / "counts.csv"])
    index = open_index(str(tmp_path / "index"))
    words = show_week(index, "Street_0", date(2026, 1, 5))
    assert "Checked against 5 labels of people: rank correlation 0.91 (95% interval " in words
    assert "); on average 0% above them. Against 5 counts of vehicles_one: rank correlation 0.89 (95% interval" in words
    table = show_city(index, date(2026, 1, 5)).partition('<details class="trust">')[2]
    assert (
        "<td>people</td><td>all day</td><td>5</td><td>0.91 (" in table
        and "<td>people</td><td>8:00</td><td>1</td><td>not known</td><td>+10</td>" in table
    )
    assert "<td>vehicles_one</td><td>13:00</td><td>1</td><td>not known</td><td></td>" in table


def test_areas_have_a_curve_and_one_without_frames_says_so(index):
    assert list_areas(index) == ["London", "Camden"]
    assert "Fullness index of Camden, 96 quarter hours" in show_area(index, "Camden", DAY)
    assert "No camera of Camden has a usable frame on Thursday 8 January 2026" in show_area(index, "Camden", date(2026, 1, 8))


def test_the_endpoints_answer_the_same_numbers(index):
    day = answer_of_day(index, DAY)
    assert (day["measure"], len(day["quarters"])) == ("fullness", 2 * 96)
    assert day["quarters"][0] == {
        "area": "Camden", "start": "2026-01-06T00:00:00Z", "level": 0.21, "low": 0.21, "high": 0.21, "coverage": 0.6667, "usual": None
    }  # fmt: skip
    week = answer_of_week(read_week(index, "Street 0", DAY))
    assert (week["camera_id"], week["area"], len(week["quarters"])) == ("00001.00000", "Camden", 3 * 96)
    assert week["quarters"][0]["level"] == 0.2
    with pytest.raises(BadDay, match=r"The index has no 2026-01-08; it has 3 days, 2026-01-05 to 2026-01-07\."):
        answer_of_day(index, date(2026, 1, 8))


def test_an_index_that_is_missing_or_not_set_says_one_line_or_has_no_tab(tmp_path):
    with pytest.raises(BadSetting, match=r"CARPARK_LONDON is 'no such', neither a folder here nor a Hub dataset repo"):
        open_index("no such")
    with pytest.raises(BadSetting, match=r"cannot be read \(it has no such file\)\. Make it again with python -m traffic\.index"):
        read_about(open_index(str(tmp_path)))
    build_london_tab(None, None, SimpleNamespace(name_of=lambda setting: ""))  # touches no page
