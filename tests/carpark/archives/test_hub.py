import io
import json
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carpark.archives import open_archive
from carpark.archives.hub import FRAME_COLUMNS, HubArchive
from carpark.cameras.camera import camera_of_folder
from carpark.errors import BadSetting, UnknownCamera
from carpark.slots import slots_of_day
from tests.carpark.cameras.test_camera import place
from tests.loopback import Answer, Loopback

REPO, SHA = "someone/frames", "a" * 40
DAY = date(2020, 7, 1)  # in summer: its first hour lies in the UTC date before
SLOTS = slots_of_day(DAY)
CAMERA = camera_of_folder("Baker_St_S_of_Park_Rd")
FRAME_BYTES = 5000


def frame(folder, slot):
    return b"\xff\xd8" + f"{folder} {slot:%d %H:%M}".encode().ljust(FRAME_BYTES, b".")


def day_file(folders, slots):
    """A Parquet file as the recorder pushes it: a row group for each camera."""
    file = io.BytesIO()
    schema = pa.schema(FRAME_COLUMNS)
    with pq.ParquetWriter(file, schema, compression="none", use_dictionary=False) as writer:
        for folder in sorted(folders):
            rows = [{"folder": folder, "slot": slot, "jpeg": frame(folder, slot)} for slot in slots]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return file.getvalue()


def serve_hub(files):
    """A Hub with one dataset repo, read only."""

    def reply(body, status=200):
        return Answer(json.dumps(body).encode(), status, headers={"Content-Type": "application/json"})

    def missing(code):
        headers = {"X-Error-Code": code, "X-Error-Message": "not found"}
        return Answer(b'{"error": "not found"}', 404, headers)

    def answer(path, nth):
        path = path.split("?")[0]
        if path.startswith(f"/api/datasets/{REPO}/tree/"):
            folder = path.split("/", 6)[6].partition("/")[2].rstrip("/")
            folder += "/" if folder else ""
            inside = sorted({name[len(folder) :].split("/")[0] for name in files if name.startswith(folder)})
            if folder and not inside:
                return missing("EntryNotFound")
            kinds = {name: "file" if folder + name in files else "directory" for name in inside}
            size = {name: len(files.get(folder + name, b"")) for name in inside}
            return reply([{"type": kinds[name], "path": folder + name, "size": size[name], "oid": "b" * 40} for name in inside])
        if path.startswith(f"/api/datasets/{REPO}"):
            return reply({"id": REPO, "sha": SHA, "siblings": [], "private": False})
        if path.startswith(f"/datasets/{REPO}/resolve/"):
            name = path.split("/", 6)[6]
            return Answer(files[name], headers={"ETag": '"b"', "X-Repo-Commit": SHA}) if name in files else missing("EntryNotFound")
        return missing("RepoNotFound")

    return Loopback(answer)


@pytest.fixture
def files():
    folders = ["A40_Ealing", CAMERA.folder, "Camden_High_St"]
    evening = [slot for slot in SLOTS if slot.date() == date(2020, 6, 30)]
    rest = [slot for slot in SLOTS if slot.date() == DAY]
    return {
        "data/2020-06-30/0.parquet": day_file(folders, evening),
        "data/2020-07-01/0.parquet": day_file(folders, rest[:100]),
        "data/2020-07-01/1.parquet": day_file(folders, rest[90:200]),
        "cameras.json": json.dumps([place()]).encode(),
    }


def archive_of(server, **options):
    return HubArchive(REPO, endpoint=server.base, **options)


def test_a_camera_day_comes_from_all_its_files_each_slot_once(files):
    with serve_hub(files) as server:
        answers = list(archive_of(server).fetch(CAMERA, SLOTS))
    assert sorted(fetched.slot for fetched in answers) == SLOTS
    found = {fetched.slot: fetched for fetched in answers}
    assert [slot for slot in SLOTS if found[slot].data] == SLOTS[:212]
    assert all(found[slot].data == frame(CAMERA.folder, slot) for slot in SLOTS[:212])
    assert {fetched.source for fetched in answers} == {REPO, ""}
    assert found[SLOTS[-1]].reason == "the archive has no frame for this slot"
    assert found[SLOTS[-1]].is_final


def test_of_a_file_only_the_wanted_camera_is_read(files):
    with serve_hub(files) as server:
        frames = [fetched.data for fetched in archive_of(server).fetch(CAMERA, SLOTS) if fetched.data]
        assert len(frames) == 212
        assert server.sent_bytes < 1.6 * 222 * FRAME_BYTES  # 222 rows are this camera's, of 666


def test_cameras_and_days_are_listed(files):
    with serve_hub(files) as server:
        archive = archive_of(server)
        assert [camera.folder for camera in archive.cameras()] == ["A40_Ealing", CAMERA.folder, "Camden_High_St"]
        assert archive.camera("00001.07389").folder == CAMERA.folder
        assert archive.days(CAMERA) == [date(2020, 6, 30), DAY]
        with pytest.raises(UnknownCamera, match="among 3 cameras"):
            archive.camera("Nowhere")


def test_an_empty_repo_has_no_cameras_and_no_frames():
    with serve_hub({}) as server:
        archive = archive_of(server)
        assert archive.cameras() == archive.days(CAMERA) == []
        assert not any(fetched.data for fetched in archive.fetch(CAMERA, SLOTS))


def test_a_recent_slot_may_still_be_pushed():
    recent = [datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)]
    with serve_hub({}) as server:
        assert [fetched.is_final for fetched in archive_of(server).fetch(CAMERA, recent)] == [False]


def test_a_repo_that_is_not_there_is_one_line(files):
    with serve_hub(files) as server:
        archive = HubArchive("someone/else", endpoint=server.base)
        with pytest.raises(BadSetting, match="someone/else is neither a folder here nor a dataset repo on the Hub"):
            archive.cameras()
        assert not any(fetched.data or fetched.is_final for fetched in archive.fetch(CAMERA, SLOTS))


def test_a_hub_that_cannot_be_reached_is_one_line():
    archive = HubArchive(REPO, endpoint="http://127.0.0.1:9")
    with pytest.raises(BadSetting, match=r"The archive someone/frames on the Hub cannot be read \(.*refused\)\. Try again later\."):
        archive.cameras()
    assert not any(fetched.data or fetched.is_final for fetched in archive.fetch(CAMERA, SLOTS))


def test_a_file_that_is_not_parquet_leaves_the_other_days(files):
    files["data/2020-07-01/0.parquet"] = b"not a parquet file at all"
    with serve_hub(files) as server:
        found = {fetched.slot: fetched for fetched in archive_of(server).fetch(CAMERA, SLOTS)}
        assert all(found[slot].data for slot in SLOTS[:12])
        assert found[SLOTS[12]].reason.startswith("the Hub does not answer: ")
        assert not found[SLOTS[12]].is_final


def test_a_setting_names_a_repo_and_its_revision():
    assert open_archive("someone/frames@main").location == "someone/frames@main"
    assert open_archive("someone/frames, live").location == "someone/frames, live"
