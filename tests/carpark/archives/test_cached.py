from datetime import date

import pytest

from carpark.archives.cached import CachedArchive
from carpark.archives.http import HttpArchive
from carpark.cache import Cache
from carpark.errors import UnknownCamera
from carpark.slots import frame_path, slots_of_day
from tests.carpark.archives.test_opening import CAMERA, HASTY, JPEG, serve_folder
from tests.loopback import NOT_FOUND, Answer, Loopback

DAY = date(2020, 3, 9)
SLOTS = slots_of_day(DAY)[:12]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def open_over(server, cache):
    return CachedArchive(HttpArchive(server.base, HASTY), cache)


def by_slot(answers):
    return {fetched.slot: (fetched.data, fetched.reason, fetched.url, fetched.source) for fetched in answers}


def test_each_frame_and_each_absence_is_fetched_once(cache):
    have = {f"/{CAMERA.folder}/{frame_path(slot)}": JPEG + bytes([i]) for i, slot in enumerate(SLOTS[:5])}
    with Loopback(lambda path, nth: Answer(have[path]) if path in have else NOT_FOUND) as server:
        archive = open_over(server, cache)
        first = by_slot(archive.fetch(CAMERA, SLOTS))
        assert by_slot(archive.fetch(CAMERA, SLOTS)) == first
        assert len(server.asked) == len(SLOTS)
    assert [first[slot][0] for slot in SLOTS[:6]] == [JPEG + bytes([i]) for i in range(5)] + [None]


@pytest.mark.parametrize("passing", [Answer(status=500), Answer(b"<html>"), Answer(status=403), Answer(b"")])
def test_what_may_pass_is_asked_for_again(cache, passing):
    with Loopback(lambda path, nth: passing) as server:
        list(open_over(server, cache).fetch(CAMERA, SLOTS[:1]))
    with Loopback(lambda path, nth: Answer(JPEG), server.port) as server:
        assert next(open_over(server, cache).fetch(CAMERA, SLOTS[:1])).data == JPEG


def test_a_damaged_entry_is_fetched_again(cache):
    with Loopback(lambda path, nth: Answer(JPEG)) as server:
        archive = open_over(server, cache)
        list(archive.fetch(CAMERA, SLOTS[:1]))
        (entry,) = [path for path in cache.folder.rglob("*") if path.is_file()]
        entry.write_bytes(entry.read_bytes()[:-3])
        assert next(archive.fetch(CAMERA, SLOTS[:1])).data == JPEG
        assert len(server.asked) == 2


def test_listings_are_not_asked_for_at_every_turn(cache, tmp_path):
    root = tmp_path / "archive"
    (root / CAMERA.folder / "2020-03-09").mkdir(parents=True)
    with serve_folder(root) as server:
        archive = open_over(server, cache)
        for _ in range(3):
            assert archive.camera("baker st s of park rd") == CAMERA
            assert archive.days(CAMERA) == [DAY]
        assert len(server.asked) == 2
        with pytest.raises(UnknownCamera, match="among 1 camera"):
            archive.camera("Nowhere")
