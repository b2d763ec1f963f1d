import json
from datetime import UTC, datetime, timedelta

import pytest

from carpark.archives import open_archive
from carpark.archives.cached import CachedArchive
from carpark.archives.chain import ArchiveChain
from carpark.archives.folder import FolderArchive
from carpark.archives.live import LiveArchive
from carpark.cache import Cache
from carpark.cameras.camera import Camera, camera_of_folder
from carpark.slots import LONDON, SLOT, floor_to_slot, frame_path, slots_of_day
from tests.carpark.archives.test_opening import HASTY, JPEG
from tests.carpark.cameras.test_catalogue import LIST, PLACES
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.street import exif, jpeg, street

CAMERA = Camera("00001.00007", "Street 7", "Street_7", 51.5, -0.1)


def slots_until_now():
    now = datetime.now(UTC)
    return [slot for slot in slots_of_day(now.astimezone(LONDON).date()) if slot <= now] or [floor_to_slot(now)]


def live(server, cache=None):
    return LiveArchive(cache, bucket=f"{server.base}/bucket", catalogue_url=f"{server.base}/list", patience=HASTY)


def serve(frame):
    return Loopback(lambda path, nth: LIST if path == "/list" else frame if path == "/bucket/00001.00007.jpg" else NOT_FOUND)


def taken(time):
    return Answer(jpeg(street(), exif=exif(f"{time:%Y:%m:%d %H:%M:%S}")))


def frames_of(answers):
    return {fetched.slot: fetched.data for fetched in answers if fetched.data}


def test_the_newest_frame_fills_the_slot_in_which_it_was_captured():
    captured_at = datetime.now(UTC) - timedelta(minutes=7)
    slots = [floor_to_slot(captured_at) + i * SLOT for i in range(-2, 2)]
    with serve(taken(captured_at)) as server:
        answers = list(live(server).fetch(CAMERA, slots))
        assert [bool(fetched.data) for fetched in answers] == [False, False, True, False]
        assert answers[2].source == "live"
        assert answers[0].reason == "the live source has only the newest frame"
        assert not answers[0].is_final
        assert server.asked == ["/bucket/00001.00007.jpg"]


def test_without_exif_the_server_says_when_the_frame_is_from():
    at = datetime.now(UTC) - timedelta(minutes=12)
    frame = Answer(jpeg(street()), headers={"Last-Modified": at.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    with serve(frame) as server:
        assert list(frames_of(live(server).fetch(CAMERA, [floor_to_slot(at), floor_to_slot(at) - SLOT]))) == [floor_to_slot(at)]


def test_for_a_past_day_the_live_source_is_not_asked():
    yesterday = slots_of_day((datetime.now(LONDON) - timedelta(days=2)).date())
    with serve(Answer(JPEG)) as server:
        assert not frames_of(live(server).fetch(CAMERA, yesterday))
        assert server.asked == []


def test_a_camera_that_is_not_a_jamcam_is_not_asked_for():
    with serve(Answer(JPEG)) as server:
        assert not frames_of(live(server).fetch(camera_of_folder("Our_Lot"), slots_until_now()))
        assert live(server).days(camera_of_folder("Our_Lot")) == []
        assert server.asked == []


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Answer(status=500), "the live source does not answer: HTTP 500"),
        (NOT_FOUND, "the archive has no frame for this slot"),
        (Answer(b"<html>"), "the source answered with a web page"),
    ],
)
def test_a_live_source_that_fails_says_so_in_every_slot(frame, reason):
    with serve(frame) as server:
        assert {fetched.reason for fetched in live(server).fetch(CAMERA, slots_until_now())} == {reason}


def test_the_live_source_lists_the_catalogue():
    with serve(Answer(JPEG)) as server:
        archive = live(server)
        assert len(archive.cameras()) == 150
        assert archive.camera("JamCams_00001.00007").name == "Street 7"
        assert archive.days(CAMERA) == [datetime.now(LONDON).date()]
        assert archive.notes() == []


def test_live_frames_are_kept_so_that_the_day_fills(tmp_path):
    cache = Cache(tmp_path)
    slots = slots_until_now()
    with serve(taken(slots[-1])) as server:
        archive = CachedArchive(live(server, cache), cache)
        assert list(frames_of(archive.fetch(CAMERA, slots))) == [slots[-1]]
    with serve(NOT_FOUND) as server:
        archive = CachedArchive(live(server, cache), cache)
        assert list(frames_of(archive.fetch(CAMERA, slots))) == [slots[-1]]


def test_the_archive_comes_first_and_the_live_frame_completes_it(tmp_path):
    slots = slots_until_now()
    for slot in slots[:-1]:
        path = tmp_path / CAMERA.folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)
    (tmp_path / CAMERA.folder / f"{datetime.now(LONDON):%Y-%m-%d}").mkdir(parents=True, exist_ok=True)
    with serve(taken(slots[-1])) as server:
        chain = ArchiveChain((FolderArchive(tmp_path), live(server)))
        assert sorted(frames_of(chain.fetch(CAMERA, slots))) == slots
        assert chain.camera("street 7").id == "00001.00007"
        assert len(chain.cameras()) == 150


def test_a_recorded_catalogue_beside_the_folders_gives_ids_and_positions(tmp_path):
    (tmp_path / "Street_7" / "2020-03-09").mkdir(parents=True)
    (tmp_path / "Our_Lot" / "2020-03-09").mkdir(parents=True)
    for written, ids in ((json.dumps(PLACES), ["Our_Lot", "00001.00007"]), ("{nonsense", ["Our_Lot", "Street_7"])):
        (tmp_path / "cameras.json").write_text(written)
        assert [camera.id for camera in open_archive(str(tmp_path)).cameras()] == ids


def test_live_is_a_location_of_its_own(tmp_path):
    assert open_archive("live").location == "live"
    assert open_archive(f"{tmp_path}, live", Cache(tmp_path)).location == f"{tmp_path}, live"
