"""What was measured is copied to the Hub, once, and never beside another model's rows."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from carpark.archives.folder import FolderArchive
from carpark.errors import BadSetting
from tests.city import City, write_city
from tests.hub_repos import Refused
from tests.publishing import TOKEN, loopback_hub
from tests.traffic.measure.test_measuring import ABOUT, DAY, judging
from traffic.dataset import frames_path
from traffic.measure.jobs import choose_cameras
from traffic.measure.measuring import measure
from traffic.measure.output import begin
from traffic.measure.push import check_repo, push_days

REPO = "alice/london"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of httpx, at the Hub client's upload


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with loopback_hub(tmp_path / "cache") as hub:
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
    return HfApi(endpoint=hub.url, token=TOKEN)


def test_days_are_pushed_once_and_read_back_as_they_are(hub, out):
    check_repo(client(hub), REPO, ABOUT)
    assert push_days(client(hub), REPO, out)
    repo = hub.repos["dataset", REPO]
    name = f"data/day={DAY}/frames.parquet"
    assert sorted(repo.head.files) == [".gitattributes", "README.md", "cameras.json", name, "measured.json"]
    assert pq.read_table(pa.BufferReader(repo.head.files[name].data)).equals(pq.read_table(frames_path(out, DAY), partitioning=None))
    commits = len(repo.commits)
    check_repo(client(hub), REPO, ABOUT)
    assert not push_days(client(hub), REPO, out)
    assert len(repo.commits) == commits


def test_a_repo_that_another_model_was_pushed_to_is_refused_before_anything_is_measured(hub, out):
    push_days(client(hub), REPO, out)
    other = dataclasses.replace(ABOUT, model="f" * 64)
    with pytest.raises(BadSetting, match=rf"--push {REPO} was measured with model toy \(a toy\), .* model f{{12}} .*Choose another repo\."):
        check_repo(client(hub), REPO, other)


def test_a_hub_that_goes_away_is_one_line_and_the_rows_stay(hub, out):
    def refuse(method, path):
        raise Refused(503, "down for maintenance")

    hub.before = refuse
    with pytest.raises(BadSetting, match=rf"--push {REPO} cannot be reached \(.*\)\. Nothing was measured; try again later\."):
        check_repo(client(hub), REPO, ABOUT)
    with pytest.raises(BadSetting, match=rf"The push to {REPO} failed \(.*\); the rows are in .*out\. Run again to push them\."):
        push_days(client(hub), REPO, out)
    assert frames_path(out, DAY).exists()


@pytest.mark.parametrize(("repo", "message"), [("london", "is not a dataset repo"), ("alice/london@v1", "is not a dataset repo")])
def test_a_name_that_is_no_repo_s_is_refused(hub, repo, message):
    with pytest.raises(BadSetting, match=message):
        check_repo(client(hub), repo, ABOUT)
