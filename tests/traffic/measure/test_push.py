"""What was measured is copied to the Hub, once, and never beside another model's rows."""

import dataclasses

import huggingface_hub.constants
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from carpark.archives.folder import FolderArchive
from carpark.errors import BadSetting
from tests.city import City, write_city
from tests.hub_repos import Refused
from tests.mini_hub import MiniHub
from tests.traffic.measure.test_measuring import ABOUT, DAY, judging
from traffic.dataset import frames_path
from traffic.measure.jobs import choose_cameras
from traffic.measure.measuring import measure
from traffic.measure.output import begin
from traffic.measure.push import open_repo, push_days

REPO = "alice/london"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of httpx, at the Hub client's upload


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)  # as its environment variable, read at import, would
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    with MiniHub({"hf_alice": "alice"}) as hub:
        yield hub


@pytest.fixture
def out(tmp_path):
    """Two cameras of a city, measured by a toy."""
    write_city(tmp_path / "archive", City(2, DAY, slots=6))
    archive = FolderArchive(tmp_path / "archive")
    begin(tmp_path / "out", ABOUT)
    measure(archive, choose_cameras(archive, "all"), [DAY], out=tmp_path / "out", engine=judging(archive))
    return tmp_path / "out"


def client(hub):
    return HfApi(endpoint=hub.url, token="hf_alice")


def test_days_are_pushed_once_and_read_back_as_they_are(hub, out, capsys):
    api = open_repo(REPO, ABOUT, client(hub))
    push_days(out, REPO, api)
    repo = hub.repos["dataset", REPO]
    name = f"data/day={DAY}/frames.parquet"
    assert sorted(repo.head.files) == [".gitattributes", "README.md", "cameras.json", name, "measured.json"]
    assert pq.read_table(pa.BufferReader(repo.head.files[name].data)).equals(pq.read_table(frames_path(out, DAY), partitioning=None))
    commits = len(repo.commits)
    push_days(out, REPO, open_repo(REPO, ABOUT, client(hub)))
    assert len(repo.commits) == commits
    assert [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"pushed: {REPO} has the days of {out}",
        "pushed: nothing",
    ]


def test_a_repo_that_another_model_was_pushed_to_is_refused_before_anything_is_measured(hub, out):
    push_days(out, REPO, client(hub))
    other = dataclasses.replace(ABOUT, model="f" * 64)
    with pytest.raises(BadSetting, match=rf"--push {REPO} was measured with model toy \(a toy\), .* model f{{12}} .*Choose another repo\."):
        open_repo(REPO, other, client(hub))


def test_a_hub_that_goes_away_is_one_line_and_the_rows_stay(hub, out):
    def refuse(method, path):
        raise Refused(503, "down for maintenance")

    hub.before = refuse
    with pytest.raises(BadSetting, match=rf"--push {REPO} cannot be reached \(.*\)\. Nothing was measured; try again later\."):
        open_repo(REPO, ABOUT, client(hub))
    with pytest.raises(BadSetting, match=rf"The push to {REPO} failed \(.*\); the rows are in .*out\. Run again to push them\."):
        push_days(out, REPO, client(hub))
    assert frames_path(out, DAY).exists()


@pytest.mark.parametrize(("repo", "message"), [("london", "is not a dataset repo"), ("alice/london@v1", "is not a dataset repo")])
def test_a_name_that_is_no_repo_s_is_refused(hub, repo, message):
    with pytest.raises(BadSetting, match=message):
        open_repo(repo, ABOUT, client(hub))
