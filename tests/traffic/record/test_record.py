import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from carpark.archives import open_archive
from carpark.day import camera_day
from carpark.slots import LONDON, floor_to_slot, frame_path, read_slot
from tests.carpark.day.test_table import ToyModel
from tests.loopback import NOT_FOUND, Answer
from tests.recording import CAMERAS, asked, bucket, frame, frames_on_disk, minutes_ago, offer, open_session, record_once, rows, start
from traffic.record.__main__ import main
from traffic.record.camera_list import CameraList
from traffic.record.resume import read_recorded
from traffic.record.store import store_frame

ID, OTHER = "00001.00007", "00001.00008"


def test_a_frame_is_stored_as_it_came_in_the_slot_in_which_it_was_taken(tmp_path):
    taken = minutes_ago(7)
    with bucket({ID: offer(frame(taken))}) as server:
        record_once(server, tmp_path, ID)
    path = tmp_path / "Street_7" / frame_path(floor_to_slot(taken))
    assert path.read_bytes() == frame(taken)
    (row,) = rows(tmp_path)
    assert (row["camera"], row["status"], row["captured_at"]) == (ID, "stored", taken.isoformat())
    assert row["path"] == path.relative_to(tmp_path).as_posix()
    assert row["etag"] == offer(frame(taken)).headers["ETag"]


def test_a_frame_without_exif_lies_in_the_slot_that_the_server_says(tmp_path):
    at = minutes_ago(22)
    with bucket({ID: offer(frame(), **{"Last-Modified": f"{at:%a, %d %b %Y %H:%M:%S} GMT"})}) as server:
        record_once(server, tmp_path, ID)
    assert frames_on_disk(tmp_path) == [f"Street_7/{frame_path(floor_to_slot(at))}"]


@pytest.mark.parametrize("taken", [minutes_ago(-60), minutes_ago(3 * 24 * 60)], ids=["in the future", "days ago"])
def test_a_camera_with_a_wrong_clock_is_not_believed(tmp_path, taken):
    with bucket({ID: offer(frame(taken))}) as server:
        before = floor_to_slot(datetime.now(UTC))
        record_once(server, tmp_path, ID)
    paths = [f"Street_7/{frame_path(slot)}" for slot in (before, floor_to_slot(datetime.now(UTC)))]
    (stored,) = frames_on_disk(tmp_path)
    assert stored in paths
    assert rows(tmp_path)[0]["captured_at"] == ""


def test_two_pictures_of_one_slot_are_both_kept(tmp_path):
    slot = floor_to_slot(minutes_ago(30))
    pictures = [frame(slot + timedelta(seconds=s), seed) for seed, s in enumerate((5, 200))]
    for picture in pictures:
        with bucket({ID: offer(picture)}) as server:
            record_once(server, tmp_path, ID)
    paths = [tmp_path / "Street_7" / frame_path(slot + timedelta(seconds=s)) for s in (0, 200)]
    assert [path.read_bytes() for path in paths] == pictures


def test_an_hour_of_a_camera_that_changes_every_three_minutes_does_not_drift(tmp_path):
    start = floor_to_slot(minutes_ago(120))
    for number in range(20):
        taken = start + timedelta(minutes=3 * number, seconds=7)
        path = store_frame(tmp_path / "Street_7", taken, frame(taken, number % 8))
        assert timedelta(0) <= taken - read_slot(path.name) < timedelta(minutes=5)


def test_a_camera_that_tfl_drops_takes_no_other_along_and_is_waited_for(tmp_path):
    other = "00001.00008"
    with bucket({ID: offer(frame(minutes_ago(4))), other: offer(frame(minutes_ago(3), 2))}) as server:
        session = open_session(server, tmp_path, f"{ID},{other}", every_s=60)
        session.run(timedelta(0))
        cameras = session.cameras
        cameras.cameras = tuple(camera for camera in cameras.cameras if camera.id != other)  # TfL's next list
        assert [camera.id for camera in cameras.choose(f"{ID},{other}")] == [ID]
        again = CameraList(tmp_path, cameras.url, cameras.patience, cameras.cameras)
        again.recorded |= read_recorded(tmp_path)  # as a new process would
        assert [camera.id for camera in again.choose(f"{ID},{other}")] == [ID]
        assert again.unknown[0].startswith(f"Camera '{other}' was not found")


def test_a_picture_that_did_not_change_is_not_sent_again(tmp_path):
    with bucket({ID: offer(frame(minutes_ago(4)))}) as server:
        session = open_session(server, tmp_path, ID, every_s=0.3)
        assert session.run(timedelta(seconds=0.8)).startswith("1 frames in ")
        assert server.sent_bytes < 2 * len(frame(minutes_ago(4))) + 100_000
    assert [row["status"] for row in rows(tmp_path)][:2] == ["stored", "unchanged"]


def test_a_picture_that_was_stored_before_a_kill_is_known_without_its_row(tmp_path):
    with bucket({ID: offer(frame())}) as server:  # its slot is that of the clock, so that nothing but its bytes tells
        record_once(server, tmp_path, ID)
        (path,) = (tmp_path / "manifest").iterdir()
        path.unlink()
        record_once(server, tmp_path, ID)
    assert len(frames_on_disk(tmp_path)) == 1
    assert [row["status"] for row in rows(tmp_path)] == ["same picture"]


def test_after_a_restart_only_cameras_without_a_row_in_the_tick_are_asked(tmp_path):
    with bucket({ID: Answer(status=500), OTHER: Answer(status=500)}) as server:
        record_once(server, tmp_path, ID, every_s=8)
        for _ in range(2):  # in the same tick
            open_session(server, tmp_path, f"{ID},{OTHER}", every_s=8).run(timedelta(0))
            assert asked(server) == [ID, OTHER]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NOT_FOUND, "HTTP 404"),
        (Answer(status=500), "HTTP 500"),
        (Answer(frame(), drop_after=900), "the connection broke"),
        (Answer(b"<html>Sorry"), "the source answered with a web page"),
        (Answer(b""), "the source's file is empty"),
        (Answer(b"no picture"), "not a JPEG picture"),
        (Answer(frame()[:-900]), "cut short"),
        (Answer(status=302, headers={"Location": "https://elsewhere/"}), "the server redirects to https://elsewhere/"),
    ],
)
def test_an_answer_that_is_not_a_whole_frame_is_a_row_that_says_why(tmp_path, answer, status):
    with bucket({ID: answer}) as server:
        record_once(server, tmp_path, ID)
        assert asked(server) == [ID]  # the next tick is the retry
    assert [row["status"] for row in rows(tmp_path)] == [status]
    assert frames_on_disk(tmp_path) == []


def test_an_outage_is_found_out_once_a_round(tmp_path, capsys):
    with bucket(lambda camera: Answer(status=500)) as server:
        record_once(server, tmp_path, "all")
        assert 24 <= len(asked(server)) < 24 + 16
    found = [row["status"] for row in rows(tmp_path)]
    assert len(found) == 150
    assert found.count("not asked: the bucket is down (HTTP 500)") == 150 - len(asked(server))
    assert capsys.readouterr().err == "the bucket is down (HTTP 500); the rest of the round was not asked\n"


def test_a_bucket_that_was_gone_is_recorded_when_it_is_back(tmp_path):
    server = bucket({ID: offer(frame(minutes_ago(4)))})
    with server:
        session = open_session(server, tmp_path, ID, every_s=0.3)
        session.cameras.refresh()
    session.run(timedelta(0))
    with server:
        record_once(server, tmp_path, ID)
    assert [row["status"] for row in rows(tmp_path)] == ["connection refused", "stored"]


def test_a_bucket_that_asks_to_wait_is_left_alone_until_the_next_round(tmp_path):
    with bucket(lambda camera: Answer(status=429, headers={"Retry-After": "60"})) as server:
        record_once(server, tmp_path, "all")
        assert len(asked(server)) <= 16
    assert rows(tmp_path)[-1]["status"] == "not asked: the bucket asks to wait (HTTP 429)"


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="a small disk can only be mounted by root on Linux")
def test_a_full_disk_leaves_no_half_files_and_loses_nothing_once_there_is_room(tmp_path, capsys):
    pictures = {camera.id: frame(minutes_ago(9), seed) for seed, camera in enumerate(CAMERAS[:8])}
    wanted = ",".join(pictures)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs CAP_SYS_ADMIN, which this container does not grant its root")
    try:
        with bucket({camera: offer(picture) for camera, picture in pictures.items()}) as server:
            session = open_session(server, tmp_path, wanted, every_s=0.4)
            session.cameras.refresh()
            filler = tmp_path / "filler"
            free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
            filler.write_bytes(b"." * (free - 40_000))
            session.run(timedelta(0))
            assert 0 < len(frames_on_disk(tmp_path)) < 8
            assert capsys.readouterr().err.count("No space left on device") == 1
            stored = {path.read_bytes() for path in tmp_path.glob("*/*/*.jpg")}
            assert stored <= set(pictures.values())
            filler.unlink()
            session.run(timedelta(0))
            assert {path.read_bytes() for path in tmp_path.glob("*/*/*.jpg")} == set(pictures.values())
            assert not list(tmp_path.glob("*/.half-written"))
            assert all(None not in row and None not in row.values() for row in rows(tmp_path))
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_the_recorded_folder_opens_as_an_archive_with_a_day(tmp_path):
    slots = [floor_to_slot(minutes_ago(m)) for m in (14, 9, 4)]
    for seed, slot in enumerate(slots):
        with bucket({ID: offer(frame(slot + timedelta(seconds=20), seed))}) as server:
            record_once(server, tmp_path, ID)
    archive = open_archive(str(tmp_path))
    (camera,) = archive.cameras()
    assert camera == CAMERAS[[camera.id for camera in CAMERAS].index(ID)]
    states = {}
    for day in {slot.astimezone(LONDON).date() for slot in slots}:  # two days around midnight
        table = camera_day(camera, day, archive=archive, model=ToyModel())
        states |= dict(zip(table["slot"], table["state"], strict=True))
    assert [states[slot] for slot in slots] == ["ok"] * 3


def test_a_signal_ends_it_with_one_line_of_what_was_recorded(tmp_path):
    with bucket({ID: offer(frame(minutes_ago(4)))}) as server:
        process = start(server, tmp_path, "--cameras", ID, "--every", "1s", "--contact", "me@example.org")
        assert "UTC: 1 stored, 0 unchanged, 0 failed in " in process.stdout.readline()
        second = start(server, tmp_path, "--cameras", ID, "--every", "1s")
        assert second.communicate(timeout=20)[1] == (
            f"--out {tmp_path} is being recorded to by another process. Stop that one, or choose another folder.\n"
        )
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert server.user_agents >= {"carpark-recorder/0.1 (one conditional request a camera every few minutes) me@example.org"}
    assert (process.returncode, err, second.returncode) == (0, "", 1)
    assert out.splitlines()[-1].startswith("1 frames in ")


def test_a_killed_recorder_goes_on_without_loss_or_doubles(tmp_path):
    started = time.time()
    taken = minutes_ago(59)

    def newest(camera):
        moment = int(time.time() - started) // 2
        return offer(frame(taken + timedelta(minutes=5 * moment), moment))

    with bucket(newest) as server:
        for _ in range(2):
            process = start(server, tmp_path, "--cameras", "all", "--every", "2s")
            time.sleep(1.6)
            process.kill()
            process.communicate()
        start(server, tmp_path, "--cameras", "all", "--every", "2s", "--for", "2s").communicate(timeout=30)
    for camera in CAMERAS:
        stored = [path.read_bytes() for path in (tmp_path / camera.folder).glob("*/*.jpg")]
        assert len(stored) == len(set(stored)) > 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--every", "5"], "'5' is not a span of time; expected a number above 0 and a unit, such as 300s, 5m, 1h or 30d."),
        (["--keep", "0d"], "'0d' is not a span of time; expected a number above 0 and a unit, such as 300s, 5m, 1h or 30d."),
        (["--every", "30s"], "--every 30s is too often for s3-eu-west-1.amazonaws.com; expected 1m or more. TfL's frames change every 5m."),
        (["--bucket", "frames"], "--bucket frames is not a bucket; expected an http(s) base such as https://s3-eu-west-1"),
        (["--contact", "me\nX: y"], "--contact 'me\\nX: y' cannot stand in a User-Agent; expected an address or a page, in one line."),
        (["--out", "/dev/null/x"], "/dev/null/x cannot be written (Not a directory). Choose another folder."),
    ],
)
def test_a_flag_that_cannot_be_used_is_one_line(tmp_path, flags, message):
    with pytest.raises(SystemExit) as ended:
        main(["--cameras", ID, "--out", str(tmp_path / "out"), *flags])
    assert str(ended.value).startswith(message)


def test_an_unknown_camera_is_one_line_before_anything_is_asked(tmp_path):
    with bucket({}) as server:
        process = start(server, tmp_path, "--cameras", f"{ID},00009.99999", "--every", "1s")
        assert process.communicate(timeout=20)[1] == (
            "Camera '00009.99999' was not found among 150 cameras. Choose one by its id or name from the list of cameras.\n"
        )
        assert asked(server) == []


def make_day(out, day):
    path = out / "Street_7" / f"{day}" / f"{day}@10_00GMT.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(frame())


def test_old_days_go_and_newer_ones_stay(tmp_path):
    today = datetime.now(UTC).date()
    for age in (40, 30, 29):
        make_day(tmp_path, today - timedelta(days=age))
    with bucket({ID: offer(frame(minutes_ago(1)))}) as server:
        session = open_session(server, tmp_path, ID, keep=timedelta(days=30))
        session.run(timedelta(0))
    newest = floor_to_slot(minutes_ago(1)).date()
    kept = [date.fromisoformat(path.name) for path in sorted((tmp_path / "Street_7").iterdir()) if path.is_dir()]
    assert kept == [day for day in (today - timedelta(days=30), today - timedelta(days=29)) if newest - day < timedelta(days=30)] + [newest]
