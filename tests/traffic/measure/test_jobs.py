from datetime import date

import pytest

from carpark.archives import open_archive
from carpark.errors import BadDay, BadSetting, UnknownCamera
from traffic.measure.jobs import choose_cameras, list_jobs, parse_days


def test_days_are_a_range_with_both_ends_or_one_day():
    assert parse_days("2020-02-28..2020-03-01") == [date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1)]
    assert parse_days("2020-02-28") == [date(2020, 2, 28)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2020-03-02..2020-03-01", "--days 2020-03-02..2020-03-01 ends before it begins; expected the earlier day first"),
        ("2020-02-30..2020-03-01", "'2020-02-30' is not a day; expected one that exists, as YYYY-MM-DD"),
        ("..2020-03-01", "'' is not a day"),
    ],
)
def test_days_that_make_no_sense_are_refused(text, message):
    with pytest.raises(BadDay) as caught:
        parse_days(text)
    assert message in str(caught.value)


def test_jobs_come_day_by_day_each_camera_once(tmp_path):
    for name in ("Mill_Ln", "High_St"):
        (tmp_path / name / "2020-03-01").mkdir(parents=True)
    archive = open_archive(str(tmp_path))
    cameras = choose_cameras(archive, "all")
    assert cameras == choose_cameras(archive, "Mill_Ln,High_St,Mill_Ln")
    days = parse_days("2020-03-01..2020-03-02")
    jobs = [(job.camera.folder, job.day.day) for job in list_jobs(cameras, days)]
    assert jobs == [("High_St", 1), ("Mill_Ln", 1), ("High_St", 2), ("Mill_Ln", 2)]
    with pytest.raises(UnknownCamera, match="Camera 'Mil_Ln' was not found among 2 cameras"):
        choose_cameras(archive, "Mil_Ln")
    with pytest.raises(BadSetting, match="--cameras ',' names no camera; expected all, or ids with commas between"):
        choose_cameras(archive, ",")


def test_an_archive_without_cameras_is_refused(tmp_path):
    with pytest.raises(BadSetting, match=r"lists no cameras\. Name them: --cameras ID,ID"):
        choose_cameras(open_archive(str(tmp_path)), "all")
