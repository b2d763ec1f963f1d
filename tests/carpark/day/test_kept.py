"""Days kept between visits."""

import time
from datetime import UTC, datetime

import pandas as pd
import pytest

from carpark.archives import open_archive
from carpark.archives.cached import CachedArchive
from carpark.archives.http import HttpArchive
from carpark.cache import Cache
from carpark.day import camera_day
from carpark.day.kept import read_known
from carpark.day.table import summarize_day
from carpark.slots import LONDON, frame_path, slots_of_day
from tests.carpark.archives.test_opening import HASTY
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.toy_day import CAMERA, DAY, FULLNESS, SLOTS, ListedArchive, ToyModel, faulty_frames, moment


@pytest.fixture(scope="module")
def faulty():
    return faulty_frames()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_a_finished_day_is_never_fetched_or_classified_twice(cache, faulty):
    first, again = ListedArchive(faulty, cache), ListedArchive({}, cache)
    table = camera_day(CAMERA, DAY, archive=first, model=ToyModel())
    model, seen = ToyModel(), []
    kept = camera_day(CAMERA, DAY, archive=again, model=model, progress=seen.append)
    pd.testing.assert_frame_equal(kept, table)
    assert (again.asked, model.batches) == ([], [])
    assert seen[-1].fetched == seen[-1].classified == seen[-1].total == 288
    assert summarize_day(kept) == summarize_day(table)


def test_a_kept_day_has_its_shares_and_an_unfinished_one_is_not_asked_for_them_again(cache, faulty):
    table = camera_day(CAMERA, DAY, archive=ListedArchive(faulty, cache), model=ToyModel(fullness=FULLNESS))
    kept = camera_day(CAMERA, DAY, archive=ListedArchive({}, cache), model=ToyModel(fullness=FULLNESS))
    pd.testing.assert_frame_equal(kept, table)
    usable = table[table["p_full"].notna()]
    assert {answer.fullness for answer in read_known(table).values()} == set(usable["fullness"])


def test_another_model_judges_a_kept_day_anew(cache, faulty):
    camera_day(CAMERA, DAY, archive=ListedArchive(faulty, cache), model=ToyModel())
    model = ToyModel("another")
    camera_day(CAMERA, DAY, archive=ListedArchive(faulty, cache), model=model)
    assert sum(model.batches) == 2


def test_of_an_unfinished_day_only_what_is_new_is_fetched_and_classified(cache):
    now = datetime.now(UTC)
    today = now.astimezone(LONDON).date()
    begun = [slot for slot in slots_of_day(today) if slot <= now]
    frames = {slot: moment(i) for i, slot in enumerate(begun[:2])}
    inner = ListedArchive(frames)
    archive = CachedArchive(inner, cache)
    camera_day(CAMERA, today, archive=archive, model=ToyModel())
    inner.asked, model = [], ToyModel()
    table = camera_day(CAMERA, today, archive=archive, model=model)
    assert not set(frames) & set(inner.asked)
    assert model.batches == []
    assert (table["state"] == "ok").sum() == len(frames)


def test_a_day_on_which_the_source_failed_is_completed_later(cache):
    slots = SLOTS[:3]
    failing = {path: Answer(status=500) for path in (f"/{CAMERA.folder}/{frame_path(slots[1])}",)}
    pictures = {f"/{CAMERA.folder}/{frame_path(slot)}": Answer(moment(i)) for i, slot in enumerate(slots)}

    def answer(path, nth):
        return failing.get(path) or pictures.get(path) or NOT_FOUND

    with Loopback(answer) as server:
        archive = CachedArchive(HttpArchive(server.base, HASTY), cache)
        first = camera_day(CAMERA, DAY, archive=archive, model=ToyModel())
        assert first["state"].iloc[:3].tolist() == ["ok", "missing", "ok"]
        failing.clear()
        server.asked.clear()
        model = ToyModel()
        second = camera_day(CAMERA, DAY, archive=archive, model=model)
        assert second["state"].iloc[:3].tolist() == ["ok"] * 3
        assert server.asked == [f"/{CAMERA.folder}/{frame_path(slots[1])}"]
        assert model.batches == [1]
        server.asked.clear()
        camera_day(CAMERA, DAY, archive=archive, model=ToyModel())
        assert server.asked == []


def test_a_folder_whose_frames_change_is_read_again(tmp_path, cache):
    path = tmp_path / CAMERA.folder / frame_path(SLOTS[0])
    path.parent.mkdir(parents=True)
    path.write_bytes(moment(0))
    archive = open_archive(str(tmp_path), cache)
    assert (camera_day(CAMERA, DAY, archive=archive, model=ToyModel())["state"] == "ok").sum() == 1
    (path.parent / "2020-03-09@00_05GMT.jpg").write_bytes(moment(1))
    assert (camera_day(CAMERA, DAY, archive=archive, model=ToyModel())["state"] == "ok").sum() == 2


def test_a_kept_day_is_there_in_half_a_second(cache):
    pictures = {slot: moment(i % 8) for i, slot in enumerate(SLOTS)}
    camera_day(CAMERA, DAY, archive=ListedArchive(pictures, cache), model=ToyModel())
    started = time.process_time()
    camera_day(CAMERA, DAY, archive=ListedArchive({}, cache), model=ToyModel())
    assert time.process_time() - started < 0.5
