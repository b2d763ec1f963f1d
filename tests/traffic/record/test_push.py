import itertools
from datetime import UTC, date, datetime, timedelta

import huggingface_hub.constants
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from carpark.cameras.camera import camera_of_folder
from carpark.errors import BadSetting
from carpark.slots import frame_path, slots_of_day
from tests.carpark.archives.test_hub import FRAME_BYTES, archive_of, frame, serve_hub
from tests.hub_repos import Refused
from tests.mini_hub import MiniHub
from tests.recording import bucket, minutes_ago, offer, start
from tests.recording import frame as jpeg_taken
from traffic.record.keep import remove_old_days
from traffic.record.push import Pusher, open_pusher

REPO, DAY = "alice/frames", date(2026, 1, 14)  # in winter: London's day is UTC's
SLOTS = slots_of_day(DAY)
FOLDERS = ["A40_Ealing", "Baker_St_S_of_Park_Rd", "Camden_High_St"]
EVENING = datetime(2026, 1, 14, 18, tzinfo=UTC)
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of httpx, at the Hub client's upload
PARTS = [f"data/2026-01-14/{hour}.parquet" for hour in ("00", "06", "12", "18")]


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)  # as its environment variable, read at import, would
    disable_progress_bars()
    with MiniHub({"hf_alice": "alice"}) as hub:
        yield hub
    enable_progress_bars()


@pytest.fixture
def out(tmp_path):
    record(tmp_path, SLOTS[::6])
    (tmp_path / "cameras.json").write_text("[]")
    return tmp_path


def record(out, slots, folders=FOLDERS):
    for folder, slot in itertools.product(folders, slots):
        path = out / folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(frame(folder, slot))


def pusher(hub, out, token="hf_alice", **options):
    return Pusher(out, REPO, HfApi(endpoint=hub.url, token=token), **options)


def commits(hub):
    return [commit.title for commit in hub.repos["dataset", REPO].commits]


def files(hub):
    return {path: blob.data for path, blob in hub.repos["dataset", REPO].head.files.items()}


def test_one_camera_s_day_is_read_back_without_the_others(hub, out):
    record(out, SLOTS[::6], [f"Street_{number:02}" for number in range(20)])
    assert pusher(hub, out).push(None) == ""
    assert sorted(files(hub)) == [".gitattributes", "README.md", "cameras.json", *PARTS]
    with serve_hub(files(hub)) as server:
        camera = camera_of_folder(FOLDERS[1])
        found = {fetched.slot: fetched.data for fetched in archive_of(server).fetch(camera, SLOTS) if fetched.data}
        assert found == {slot: frame(FOLDERS[1], slot) for slot in SLOTS[::6]}
        assert server.sent_bytes < len(found) * FRAME_BYTES + 4 * 70_000 < 0.2 * len(b"".join(files(hub).values()))  # and 4 feet
        assert len(archive_of(server).cameras()) == 23


def test_a_part_has_a_row_group_a_camera_and_the_same_frames_give_the_same_bytes(hub, out):
    pusher(hub, out).push(None)
    with pq.ParquetFile(pa.BufferReader(files(hub)[PARTS[0]])) as file:
        assert file.metadata.num_row_groups == 3
        assert file.read(["folder", "slot"]).to_pandas().apply(tuple, axis=1).is_monotonic_increasing
    before = files(hub)
    (out / "pushed.json").unlink()
    pusher(hub, out).push(None)
    assert files(hub) == before
    assert len(commits(hub)) == 5  # the first, and four parts


def test_only_finished_quarters_are_pushed_a_commit_each(hub, out):
    pusher(hub, out).push(EVENING)
    assert commits(hub) == ["initial commit", *(f"36 frames of 2026-01-14 {hour} h UTC" for hour in ("00", "06", "12"))]
    assert PARTS[3] not in files(hub)


def test_pushing_again_pushes_nothing(hub, out):
    pusher(hub, out).push(None)
    asked = len(hub.asked)
    assert pusher(hub, out).push(None) == ""
    assert len(hub.asked) == asked


def test_a_late_frame_of_today_replaces_its_part(hub, tmp_path):
    today = slots_of_day(datetime.now(UTC).date())
    first = today[0].replace(hour=0)
    record(tmp_path, [first])
    ours = pusher(hub, tmp_path)
    ours.push(None)
    record(tmp_path, [first + timedelta(minutes=5)])
    assert not ours.is_pushed(first.date())
    ours.push(None)
    assert [path for path in files(hub) if path.endswith(".parquet")] == [f"data/{first.date()}/00.parquet"]
    assert commits(hub)[1:] == [f"{n} frames of {first.date()} 00 h UTC" for n in (3, 6)]


def test_what_another_recorder_pushed_is_never_replaced(hub, tmp_path):
    for name, slot in (("one", SLOTS[0]), ("two", SLOTS[1])):
        record(tmp_path / name, [slot])
        pusher(hub, tmp_path / name).push(None)
    assert sorted(path for path in files(hub) if path.startswith("data")) == ["data/2026-01-14/00-2.parquet", PARTS[0]]
    with serve_hub(files(hub)) as server:
        answers = archive_of(server).fetch(camera_of_folder(FOLDERS[0]), SLOTS[:3])
        assert sorted(fetched.slot for fetched in answers if fetched.data) == SLOTS[:2]


def test_a_push_that_fails_says_why_and_is_made_up_for(hub, out, capsys):
    def refuse(method, path):
        if method == "POST" and path.endswith("/commit/main"):
            raise Refused(403, "no")

    hub.before = refuse
    ours = pusher(hub, out)
    ours.start()
    ours.finish(is_last=False)
    assert capsys.readouterr().err == f"The push to {REPO} failed (HTTP 403); it is tried again after the next round.\n"
    assert not ours.is_pushed(DAY)
    assert not list(out.glob(".push*"))
    with pytest.raises(BadSetting, match=rf"The push to {REPO} failed \(HTTP 403\); the frames are in .*\. Run again to push them\."):
        ours.finish(is_last=True)
    hub.before = lambda method, path: None
    ours.start()
    ours.finish(is_last=False)
    assert ours.is_pushed(DAY)


def test_a_day_that_is_yet_to_be_pushed_is_kept(hub, out):
    record(out, [slot + timedelta(days=60) for slot in SLOTS[:1]])
    ours = pusher(hub, out)
    assert remove_old_days(out, timedelta(days=30), may_go=ours.is_pushed) == 0
    ours.push(None)
    assert remove_old_days(out, timedelta(days=30), may_go=ours.is_pushed) == len(SLOTS[::6]) * 3
    assert set(PARTS) <= set(files(hub))


def test_a_private_repo_is_made_private_and_a_card_of_its_owner_stays(hub, out):
    HfApi(endpoint=hub.url, token="hf_alice").create_repo(REPO, repo_type="dataset", private=True)
    HfApi(endpoint=hub.url, token="hf_alice").upload_file(
        path_or_fileobj=b"# Mine\n", path_in_repo="README.md", repo_id=REPO, repo_type="dataset"
    )
    pusher(hub, out, is_private=True).push(None)
    assert hub.repos["dataset", REPO].is_private
    assert files(hub)["README.md"] == b"# Mine\n"


def test_a_wrong_token_is_a_failed_push(hub, out):
    assert pusher(hub, out, token="hf_bob").push(None) == "HTTP 401"


def test_a_hub_that_is_gone_is_a_failed_push(out):
    gone = Pusher(out, REPO, HfApi(endpoint="http://127.0.0.1:9", token="hf_alice"))
    assert "Connection refused" in gone.push(None)


def test_a_run_of_given_length_pushes_all_it_has(tmp_path):
    with MiniHub({"hf_alice": "alice"}) as hub, bucket({"00001.00007": offer(jpeg_taken(minutes_ago(4)))}) as server:
        environment = hub.environment("hf_alice", home=tmp_path / "home")
        flags = ["--cameras", "00001.00007", "--every", "1s", "--for", "1s", "--push", REPO]
        answer, complained = start(server, tmp_path / "out", *flags, environment=environment).communicate(timeout=60)
        assert f"pushed 1 frames: {REPO}/data/" in answer
        assert complained == ""
        assert len([path for path in files(hub) if path.endswith(".parquet")]) == 1


def test_the_card_names_the_sources(hub, out):
    pusher(hub, out).push(None)
    card = files(hub)["README.md"].decode()
    assert "Powered by TfL Open Data" in card
    assert "Contains OS data © Crown copyright and database rights 2016 and Geomni UK Map data © and database rights [2019]" in card


def test_a_repo_that_cannot_be_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(BadSetting, match=r"--push frames is not a dataset repo; expected OWNER/NAME\."):
        open_pusher(tmp_path, "frames", is_private=False)
    with pytest.raises(BadSetting, match=r"--push a/b needs a token that may write; set HF_TOKEN, or log in with: hf auth login"):
        open_pusher(tmp_path, "a/b", is_private=False)
