"""A day is what the archive holds: its table follows the source's own rhythm, whatever that is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from carpark.archives import open_archive
from carpark.archives.http import HttpArchive
from carpark.cache import Cache
from carpark.cameras.camera import camera_of_folder
from carpark.day import camera_day
from carpark.day.table import summarize_day
from carpark.slots import bounds_of_day, frame_path, slots_of_day
from tests.carpark.archives.test_opening import HASTY, serve_folder
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.real_data import ARCHIVE, SHARED, needs_real_data
from tests.street import exif, jpeg, street
from tests.toy_day import ToyModel, moment

CAMERA = camera_of_folder("Davies_St")
DAY = date(2020, 12, 5)
HOLES = {10, 11, 50, 130}  # slots that the archive lacks
LONGEST_PROBING = 14  # requests to find the cadence of a server that lists nothing


def every(minutes: float, day: date = DAY) -> list[datetime]:
    return slots_of_day(day, timedelta(minutes=minutes))


def fill(root: Path, slots: list[datetime]) -> Path:
    for number, slot in enumerate(slots):
        path = root / CAMERA.folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(moment(number % 8))
    return root


def without_index(root: Path) -> Loopback:
    """A server that has the files, and no index pages."""

    def answer(path: str, _: int) -> Answer:
        file = root / path.strip("/")
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    return Loopback(answer)


@pytest.fixture
def six_minutes(tmp_path: Path) -> Path:
    return fill(tmp_path, [slot for place, slot in enumerate(every(6)) if place not in HOLES])


def read(archive_setting: str, day: date = DAY) -> pd.DataFrame:
    return camera_day(CAMERA, day, archive=open_archive(archive_setting), model=ToyModel())


@pytest.mark.parametrize("minutes", [3, 5, 6, 12, 30])
def test_every_frame_of_any_cadence_has_its_row(tmp_path: Path, minutes: int) -> None:
    slots = every(minutes)
    table = read(str(fill(tmp_path, slots)))
    assert table["slot"].tolist() == slots
    assert (table["sha256"] != "").all()
    assert summarize_day(table).cadence == timedelta(minutes=minutes)


def test_only_the_holes_of_the_sources_own_rhythm_are_missing(six_minutes: Path) -> None:
    table = read(str(six_minutes))
    assert len(table) == 240
    assert set(table.index[table["state"] == "missing"]) == HOLES
    summary = summarize_day(table)
    assert (summary.frames, summary.slots, summary.cadence) == (236, 240, timedelta(minutes=6))


@pytest.mark.parametrize("serve", [serve_folder, without_index], ids=["with index pages", "without index pages"])
def test_a_server_gives_the_same_day_as_the_folder(six_minutes: Path, serve: Callable[[Path], Loopback]) -> None:
    local = read(str(six_minutes))
    with serve(six_minutes) as server:
        remote = camera_day(CAMERA, DAY, archive=HttpArchive(server.base, HASTY), model=ToyModel())
        assert len(server.asked) <= 288 + LONGEST_PROBING
    same = [column for column in local.columns if column not in ("source", "url", "reason")]
    pd.testing.assert_frame_equal(local[same], remote[same])


def test_the_cadence_of_a_server_is_probed_once_a_month(six_minutes: Path) -> None:
    with without_index(six_minutes) as server:
        archive = HttpArchive(server.base, HASTY)
        archive.timetable(CAMERA, DAY)
        first = len(server.asked)
        assert archive.timetable(CAMERA, DAY + timedelta(days=1)).slots == tuple(every(6, DAY + timedelta(days=1)))
    assert first <= 1 + LONGEST_PROBING
    assert len(server.asked) == first + 1  # for the other day's index page


def test_a_server_without_index_and_frames_is_asked_for_at_most_a_day_of_five_minutes(tmp_path: Path) -> None:
    with without_index(tmp_path) as server:
        timetable = HttpArchive(server.base, HASTY).timetable(CAMERA, DAY)
    assert len(timetable.slots) + len(server.asked) <= 288 + LONGEST_PROBING


def test_names_with_seconds_are_frames_too(tmp_path: Path) -> None:
    start, _ = bounds_of_day(DAY)
    slots = [start + timedelta(minutes=10 * i, seconds=30) for i in range(144)]
    table = read(str(fill(tmp_path, slots)))
    assert table["slot"].tolist() == slots
    assert table["url"].iloc[0].endswith("2020-12-05@00_00_30GMT.jpg")


def test_a_day_of_few_frames_has_the_rhythm_of_the_days_around_it(tmp_path: Path) -> None:
    fill(tmp_path, [every(6)[50], every(6)[90]])
    fill(tmp_path, every(6, DAY + timedelta(days=1)))
    assert summarize_day(read(str(tmp_path))).cadence == timedelta(minutes=6)


def test_a_frame_is_placed_at_the_time_at_which_it_was_taken(tmp_path: Path) -> None:
    slots = every(6)[100:110]
    fill(tmp_path, every(6))
    for number, slot in enumerate(slots):
        taken = f"{slot + timedelta(minutes=4):%Y:%m:%d %H:%M:%S}"
        (tmp_path / CAMERA.folder / frame_path(slot)).write_bytes(jpeg(street(number), exif=exif(taken)))
    table = read(str(tmp_path))
    assert table["time"].iloc[100] == slots[0] + timedelta(minutes=4)
    assert table["time"].iloc[0] == table["slot"].iloc[0] + timedelta(minutes=4)  # a frame that does not say: as late as the others
    assert table["time"].is_monotonic_increasing


def test_two_names_with_one_capture_time_are_one_picture(tmp_path: Path) -> None:
    taken = exif(f"{every(6)[100]:%Y:%m:%d %H:%M:%S}")
    fill(tmp_path, every(6))
    for place in (100, 101):
        (tmp_path / CAMERA.folder / frame_path(every(6)[place])).write_bytes(jpeg(street(333), exif=taken))
    table = read(str(tmp_path))
    assert table["state"].iloc[[100, 101]].tolist() == ["ok", "frozen"]
    assert table["reason"].iloc[101] == "stored twice: taken at 10:00:00, as the picture at 10:00"


def test_a_day_of_a_server_that_went_down_comes_from_the_cache(six_minutes: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with serve_folder(six_minutes) as server:
        base, port = server.base, server.port
        before = camera_day(CAMERA, DAY, archive=open_archive(base, cache), model=ToyModel())
    with Loopback(lambda path, nth: Answer(status=500), port):
        after = camera_day(CAMERA, DAY, archive=open_archive(base, cache), model=ToyModel())
    pd.testing.assert_frame_equal(before, after)


def test_two_archives_of_one_camera_give_each_moment_once(six_minutes: Path, tmp_path: Path) -> None:
    other = fill(tmp_path / "other", every(6))  # has what the first one lacks
    table = read(f"{six_minutes},{other}")
    assert len(table) == 240
    assert (table["sha256"] != "").all()
    assert set(table["source"][list(HOLES)]) == {str(other)}


@needs_real_data
@pytest.mark.parametrize("archive", [SHARED / "jamcam" / "archive", ARCHIVE], ids=["jamcam", "car parks"])
def test_every_frame_of_every_real_day_has_its_row(archive: Path) -> None:
    opened = open_archive(str(archive))
    counts = {}
    for camera in opened.cameras():
        for day in opened.days(camera):
            table = camera_day(camera, day, archive=opened, model=ToyModel())
            in_source = len(list((archive / camera.folder / str(day)).glob("*.jpg")))
            counts[camera.folder, day] = in_source
            assert (table["sha256"] != "").sum() == in_source, (camera.folder, day)
    if ("Oxford_St_Davies_St", DAY) in counts:
        assert counts["Oxford_St_Davies_St", DAY] == 45


@needs_real_data
def test_the_twenty_pictures_that_occur_twice_were_stored_twice() -> None:
    opened = open_archive(str(SHARED / "jamcam" / "archive"))
    reasons = []
    for camera in opened.cameras():
        for day in opened.days(camera):
            table = camera_day(camera, day, archive=opened, model=ToyModel())
            reasons += table["reason"][table["state"] == "frozen"].tolist()
    assert len(reasons) == 20
    assert all(reason.startswith("stored twice: taken at ") for reason in reasons)


def test_the_clocks_change_in_a_six_minute_archive(tmp_path: Path) -> None:
    day = date(2020, 10, 25)
    table = read(str(fill(tmp_path, every(6, day))), day)
    assert len(table) == 250
    assert table["slot"].iloc[0] == datetime(2020, 10, 24, 23, tzinfo=UTC)
