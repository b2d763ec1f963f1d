"""The generated camera day has a slot for every five minutes, a believable course, and every fault that it claims."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageChops

from carpark.quality.exif import DATE_TIME_ORIGINAL, EXIF_IFD, USER_COMMENT
from carpark.quality.judging import judge_files
from training.sample.day import SIGNS, shoot_day, take_frame
from training.sample.feed import (
    BOTTOM_PX,
    FRAME_HEIGHT_PX,
    FRAME_WIDTH_PX,
    TOP_PX,
    add_overlays,
    draw_card,
    encode,
    write_clock,
)

SEED = 3  # of the sample_folder fixture


@pytest.fixture(scope="session")
def truth(sample_folder: Path) -> pd.DataFrame:
    table = pd.read_csv(sample_folder / "truth.csv", parse_dates=["slot"], keep_default_na=False)
    return table.assign(path=[sample_folder / file if file else None for file in table.file])


def exif_of(path: Path) -> tuple[datetime | None, bool | None]:
    """When the picture was taken and whether the camera was available, as the file says."""
    with Image.open(path) as image:
        tags = image.getexif().get_ifd(EXIF_IFD)
    if not tags:
        return None, None
    about = json.loads(tags[USER_COMMENT].removeprefix(b"ASCII\0\0\0"))
    return datetime.strptime(tags[DATE_TIME_ORIGINAL], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC), about["available"]


def test_every_slot_of_the_day_is_in_the_truth_and_every_state_occurs(truth: pd.DataFrame) -> None:
    assert truth.slot.tolist() == pd.date_range("2026-03-02", periods=288, freq="5min", tz="UTC").tolist()
    assert set(truth.state) == {"ok", "in_use", "corrupt", "frozen", "late", "missing"}


def test_files_lie_where_an_archive_keeps_them(truth: pd.DataFrame, sample_folder: Path) -> None:
    there = truth[truth.state != "missing"]
    assert (truth.file[truth.state == "missing"] == "").all()
    assert sorted(there.file) == sorted(str(path.relative_to(sample_folder)) for path in sample_folder.glob("archive/*/*/*"))
    pattern = re.compile(r"archive/Market_St_Sample_Car_Park/2026-03-02/2026-03-02@(\d\d)_(\d\d)GMT\.jpg")
    assert [pattern.fullmatch(file).groups() for file in there.file] == [(f"{t:%H}", f"{t:%M}") for t in there.slot]


def test_the_judge_of_frames_sees_every_state_as_it_was_planted(truth: pd.DataFrame) -> None:
    there = truth[truth.state != "missing"]
    judged = pd.Series([frame.state for frame in judge_files(there.path.tolist())], index=there.index)
    assert there[judged != there.state].file.tolist() == []


def test_a_frozen_frame_repeats_the_bytes_of_the_last_good_one(truth: pd.DataFrame) -> None:
    for before, after in pairwise(truth.itertuples()):
        if after.state == "frozen":
            assert before.state in ("ok", "frozen")
            assert after.path.read_bytes() == before.path.read_bytes()


def test_good_frames_are_never_identical(truth: pd.DataFrame) -> None:
    files = [path.read_bytes() for path in truth.path[truth.state == "ok"]]
    assert len(set(files)) == len(files)


def test_exif_tells_when_a_picture_was_taken_unless_the_archive_lost_it(truth: pd.DataFrame) -> None:
    for row in truth[truth.state.isin(["ok", "late"])].itertuples():
        captured_at, available = exif_of(row.path)
        if captured_at is not None:
            age = row.slot - captured_at
            assert (age > timedelta(minutes=15)) == (row.state == "late")
            assert available is True
    assert {exif_of(path)[0] is None for path in truth.path[truth.state == "ok"]} == {True, False}
    assert {exif_of(path)[0] is None for path in truth.path[truth.state == "frozen"]} == {True, False}


def test_cards_say_that_the_camera_is_not_available_or_nothing(truth: pd.DataFrame) -> None:
    assert {exif_of(path)[1] for path in truth.path[truth.state == "in_use"]} == {False, None}


def test_the_car_park_fills_in_the_morning_and_empties_in_the_evening(truth: pd.DataFrame) -> None:
    by_slot = truth.set_index(truth.slot.dt.strftime("%H:%M")).occupancy
    assert by_slot["00:00":"05:55"].max() <= 0.2
    assert by_slot["10:00":"16:00"].min() >= 0.7
    assert by_slot["21:00":].max() <= 0.2
    assert by_slot.between(0.4, 0.6).sum() <= 16
    assert by_slot.diff().abs().max() < 0.2


def test_the_same_seed_gives_the_same_frames() -> None:
    first, second = (next(islice(shoot_day(SEED), 150, None)) for _ in range(2))
    assert take_frame(first, seed=SEED) == take_frame(second, seed=SEED)


def test_overlays_cover_the_rows_at_the_top_and_bottom_only() -> None:
    bare = Image.new("RGB", (FRAME_WIDTH_PX, FRAME_HEIGHT_PX), (90, 60, 30))
    burnt_in = np.asarray(ImageChops.difference(add_overlays(bare, SIGNS, datetime(2026, 3, 2, 13, 57, tzinfo=UTC)), bare)).any(axis=2)
    assert burnt_in[:TOP_PX, :120].any()  # clock and number
    assert burnt_in[:TOP_PX, -80:].any()  # badge
    assert burnt_in[-BOTTOM_PX:, 150:200].any()  # place
    assert not burnt_in[TOP_PX:-BOTTOM_PX].any()


def test_the_clock_shows_london_time_and_exif_utc(tmp_path: Path) -> None:
    bare, summer = Image.new("RGB", (FRAME_WIDTH_PX, FRAME_HEIGHT_PX)), datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert write_clock(summer) == "Wed 01 Jul 13:30"
    (tmp_path / "frame.jpg").write_bytes(encode(bare, SIGNS, summer))
    assert exif_of(tmp_path / "frame.jpg") == (summer, True)


def test_a_card_is_flat_but_for_its_text() -> None:
    card = np.asarray(draw_card(SIGNS))
    assert 0.6 < (card == 128).all(axis=2).mean() < 0.95
