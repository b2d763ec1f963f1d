"""Publishing a second time: what others did on the Hub stays, what the model learnt from is checked, and every mishap is one true line."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from carpark.errors import BadModel, BadSetting, CarparkError, NotPublished
from tests.mini_hub import MiniHub
from tests.publishing import REPOS, ROOT, TOKEN, commits, edit, publish_to, remember_photos, repo_of, run_publish
from training.dataset.writing import write_dataset
from training.evaluate.scores import score_folder
from training.publish.steps import ORDER, Request
from training.publish.targets import Target, explained_hub_errors


@pytest.fixture
def relabelled(sample_folder: Path, dataset_folder: Path, tmp_path: Path) -> Path:
    """The dataset with another label for one photo of its training split."""
    photos = shutil.copytree(sample_folder / "photos", tmp_path / "photos")
    table = pd.read_csv(photos / "photos.csv", dtype=str)
    learnt = set(pq.read_table(next((dataset_folder / "data").glob("train-*")), columns=["file"])["file"].to_pylist())
    row = next(row for row in table.index if table.file[row] in learnt and (table.label == table.label[row]).sum() > 5)
    table.loc[row, "label"] = "full" if table.label[row] == "empty" else "empty"
    table.to_csv(photos / "photos.csv", index=False)
    write_dataset(photos, tmp_path / "relabelled", generated=sample_folder / "photos")
    return tmp_path / "relabelled"


def arguments_of(request: Request, *kinds: str) -> list[str]:
    return ["--namespace", "alice", *(word for kind in kinds or ORDER for word in (f"--{kind}", str(request.folders[kind])))]


# What the model learnt from


def test_a_model_alone_is_checked_against_the_dataset_on_the_hub(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    shutil.rmtree(request_.folders["dataset"])
    model = request_.folders["model"]
    (model / "pyproject.toml").write_text("# changed\n")
    (done,) = publish_to(hub, replace(request_, only="model"))
    assert done.plan.paths == {"pyproject.toml"}
    photos = pd.DataFrame([{"file": "a.jpg", "label": "full", "scene": "a", "sha256": "0" * 64}] * 2)
    remember_photos(model, photos)
    with pytest.raises(BadModel, match=r"learnt from 1 photos that alice/carpark-photos does not hold"):
        publish_to(hub, replace(request_, only="model"))
    test = next(blob for path, blob in repo_of(hub, "dataset").head.files.items() if path.startswith("data/test-"))
    (Path.cwd() / "test.parquet").write_bytes(test.data)
    remember_photos(model, photos.assign(sha256=pq.read_table("test.parquet")["sha256"][0].as_py()))
    with pytest.raises(
        BadModel, match=r"learnt from 1 photos of the test split of alice/carpark-photos, .* --data alice/carpark-photos --out "
    ):
        publish_to(hub, replace(request_, only="model"))
    assert commits(hub)["model"] == 2


def test_a_model_of_a_dataset_that_has_moved_on_goes_on_naming_its_own_commit(hub: MiniHub, request_: Request, relabelled: Path) -> None:
    first = publish_to(hub, request_)[0].head
    edit(hub, "dataset", "README.md", b"# Carol's\n")  # a later commit with the same photos
    dataset, model, space = publish_to(hub, replace(request_, folders=request_.folders | {"dataset": relabelled}))
    assert dataset.head != first and not model.plan.paths
    config = json.loads(repo_of(hub, "model").head.files["config.json"].data)
    assert config["dataset"]["revision"] == first and config["command"].split()[4] == f"{REPOS['dataset']}@{first}"
    assert repo_of(hub, "space").variables["CARPARK_DATASET"] == f"{REPOS['dataset']}@{dataset.head}" and space.plan.paths
    publish_to(hub, replace(request_, only="model"))
    assert commits(hub)["model"] == 1


def test_a_label_that_no_published_commit_has_is_noticed(hub: MiniHub, request_: Request, relabelled: Path) -> None:
    other = replace(request_, folders=request_.folders | {"dataset": relabelled})
    with pytest.raises(BadModel, match=r"learnt from another state of .*relabelled: its photos, labels or scenes differ \(data digest "):
        publish_to(hub, other)
    assert not hub.repos
    publish_to(hub, replace(other, only="dataset"))
    with pytest.raises(BadModel, match=r"and no commit of dataset alice/carpark-photos has them\. Train on the dataset, .* --data "):
        publish_to(hub, replace(other, only="model"))


def test_drawn_photos_beside_the_dataset_s_are_counted_and_need_not_be_in_it(
    hub: MiniHub, request_: Request, found_dataset_folder: Path, tuned_folder: Path
) -> None:
    dataset, _, _ = publish_to(hub, replace(request_, folders=request_.folders | {"dataset": found_dataset_folder, "model": tuned_folder}))
    files = repo_of(hub, "model").head.files
    counted = json.loads(files["config.json"].data)["dataset"]
    card = files["README.md"].data.decode()
    assert f"**60 of the {counted['photos']} pictures that it learnt from are car parks drawn by a program" in card
    assert f"python -m training.train --data artifacts/drawn/photos {REPOS['dataset']}@{dataset.head} --arch" in card


@pytest.mark.parametrize("kind", ORDER)
def test_a_folder_at_fault_is_found_before_anything_is_pushed(hub: MiniHub, request_: Request, kind: str) -> None:
    (request_.folders[kind] / {"dataset": "README.md", "model": "metrics.json", "space": "app.py"}[kind]).unlink()
    with pytest.raises(CarparkError):
        publish_to(hub, request_)
    assert not hub.repos and {method for method, _ in hub.asked} <= {"GET"}


# Private repos


def test_private_is_refused_for_a_repo_that_is_public(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, replace(request_, only="dataset"))
    hub.asked.clear()
    with pytest.raises(
        BadSetting, match=r"^dataset alice/carpark-photos is public on the Hub, and --private makes only new repos private\."
    ):
        publish_to(hub, replace(request_, is_private=True))
    assert {method for method, _ in hub.asked} == {"GET"}


def test_repos_that_are_private_stay_so_and_are_said_to_be(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    publish_to(hub, replace(request_, is_private=True))
    result = run_publish(hub, TOKEN, tmp_path, *arguments_of(request_), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(" (private)\n") == 3
    assert "may read the private dataset alice/carpark-photos and model alice/carpark-classifier: set it as the secret" in result.stdout
    assert b"preload_from_hub" not in repo_of(hub, "space").head.files["README.md"].data
    assert commits(hub) == {"dataset": 1, "model": 1, "space": 1}
    result = run_publish(hub, TOKEN, tmp_path, *arguments_of(request_), "--dry-run", "--space-repo", "other", cwd=tmp_path)
    assert "model alice/carpark-classifier is private\nspace alice/other will be public\n" in result.stdout


# What others did on the Hub


def test_what_others_put_there_stays_and_what_goes_is_named(hub: MiniHub, request_: Request, capsys: pytest.CaptureFixture[str]) -> None:
    HfApi(endpoint=hub.url, token=TOKEN).create_repo(REPOS["model"], repo_type="model")
    edit(hub, "model", "LICENSE", b"Their own.\n")
    (request_.folders["space"] / "tabs" / "old.py").write_text('"""Old."""\n')
    publish_to(hub, request_)
    (request_.folders["space"] / "tabs" / "old.py").unlink()
    (request_.folders["model"] / "predictions.parquet").unlink()
    for kind in ORDER:
        edit(hub, kind, "images/banner.png", b"a picture")
    capsys.readouterr()
    publish_to(hub, request_)
    lines = capsys.readouterr().out.splitlines()
    assert "model alice/carpark-classifier: 0 added, 0 changed, 1 removed, 0 bytes" in lines
    assert "  remove predictions.parquet" in lines and "  remove tabs/old.py" in lines
    assert lines.count("  keep   images/banner.png  (not written by this command)") == 3
    assert all("images/banner.png" in repo_of(hub, kind).head.files for kind in ORDER)
    assert repo_of(hub, "model").head.files["LICENSE"].data == b"Their own.\n"


def test_a_card_that_was_kept_is_not_a_failure_and_an_old_commit_in_it_is_named(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    old = publish_to(hub, request_)[0].head
    edit(hub, "model", "README.md", repo_of(hub, "model").head.files["README.md"].data + b"By Carol.\n")
    (request_.folders["dataset"] / "cleaning.csv").write_text("file,decided_by\n")
    result = run_publish(hub, TOKEN, tmp_path, *arguments_of(request_), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (
        "model alice/carpark-classifier: README.md was edited on the Hub (+) and differs from the one here (-). It was left"
        in result.stdout
    )
    assert f"  It still names {old}, and this publication does not." in result.stdout
    assert "  +By Carol." in result.stdout and "  To replace the card: --overwrite-card" in result.stdout


# Mishaps on this machine and on the way


def test_a_full_disk_is_one_line(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    command = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", sys.executable, "-B", "-m", "training.publish", *arguments_of(request_)]
    environment = os.environ | hub.environment(TOKEN, home=tmp_path / "home")
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].endswith(f"({os.strerror(errno.EFBIG)}). Nothing was published.")
    assert not hub.repos and not list((tmp_path / "artifacts").iterdir())


def test_a_bare_error_of_the_upload_client_is_one_line() -> None:
    with (
        pytest.raises(NotPublished, match=r"^model a/b was not published as a whole \(Data processing error: CAS 503\)\. Run this again"),
        explained_hub_errors(Target("a/b", "model")),
    ):
        raise RuntimeError("Data processing error: CAS 503")
    with pytest.raises(RecursionError), explained_hub_errors(Target("a/b", "model")):
        raise RecursionError


def test_a_home_that_cannot_be_written_is_not_needed(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    publish_to(hub, request_)
    edit(hub, "dataset", "README.md", b"# Theirs\n")
    home = tmp_path / "file"
    home.touch()
    result = run_publish(hub, TOKEN, home, *arguments_of(request_), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    result = run_publish(hub, TOKEN, home, *arguments_of(request_), "--only", "space", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


def test_a_server_that_is_down_is_named(request_: Request, tmp_path: Path) -> None:
    with MiniHub({TOKEN: "alice"}) as gone:
        pass
    result = run_publish(gone, TOKEN, tmp_path, *arguments_of(request_), cwd=tmp_path)
    assert (
        result.returncode == 1
        and f"dataset alice/carpark-photos was not published as a whole ({gone.url} does not answer: " in result.stderr
    )


def test_a_killed_run_leaves_nothing_that_the_next_does_not_clear(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    is_over = threading.Event()

    def hang(method: str, path: str) -> None:
        if method == "POST":
            is_over.wait()

    hub.before = hang
    command = [sys.executable, "-m", "training.publish", *arguments_of(request_)]
    killed = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | hub.environment(TOKEN, home=tmp_path / "home"), stderr=subprocess.DEVNULL
    )
    while not any(method == "POST" for method, _ in hub.asked):
        assert killed.poll() is None
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    is_over.set()
    (left,) = (tmp_path / "artifacts").iterdir()
    copied = [path for path in left.rglob("*") if path.is_file() and path.stat().st_nlink == 1]
    assert sum(path.stat().st_size for path in copied) < 2_000_000  # what is large is a link to the original
    hub.before = lambda method, path: None
    originals = {path: path.read_bytes() for kind in ORDER for path in request_.folders[kind].rglob("*") if path.is_file()}
    publish_to(hub, request_)
    assert not list((tmp_path / "artifacts").iterdir())
    assert {path: path.read_bytes() for path in originals} == originals


# What is in the repos


def test_predictions_hold_what_repeats_the_scores_and_no_more(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    publish_to(hub, request_)
    published = repo_of(hub, "model").head.files
    for name in ("config.json", "predictions.parquet"):
        (tmp_path / name).write_bytes(published[name].data)
    assert score_folder(tmp_path) == score_folder(request_.folders["model"])
    columns = set(pd.read_parquet(tmp_path / "predictions.parquet").columns)
    assert {"file", "sha256", "label", "scene", "p_full"} <= columns
    assert not columns & {"creator", "attribution", "source_page", "license", "phash", "retrieved_at", "title"}


def test_each_repo_has_a_licence_and_links_the_others(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, replace(request_, code="https://example.org/code"))
    for kind in ORDER:
        files = repo_of(hub, kind).head.files
        card = files["README.md"].data.decode()
        assert "LICENSE" in files
        assert all(repo in card for other, repo in REPOS.items() if other != "space" or kind != "space"), kind
        assert not [word for word in ("owner/name", "owner/carpark", "owner/car-park-classifier", "{owner}", "/owner)") if word in card]
        if kind != "space":
            assert "https://example.org/code" in card and "@misc{" in card and "author = {alice}" in card
            assert f"{REPOS[kind]}/discussions" in card and "Out of scope" in card
    assert (ROOT / "LICENSE").read_bytes() == repo_of(hub, "model").head.files["LICENSE"].data


def test_drawn_photos_are_called_so_and_the_model_index_names_the_dataset_repo(hub: MiniHub, request_: Request) -> None:
    dataset = publish_to(hub, request_)[0].head
    files = repo_of(hub, "model").head.files
    card = files["README.md"].data.decode()
    config = json.loads(files["config.json"].data)
    drawn = config["dataset"]["photos"]
    assert f"All {drawn} pictures that it learnt from, and those that it was scored on, are car parks drawn by a program" in card
    (result, *_) = repo_of(hub, "model").head.card["model-index"][0]["results"]
    assert result["dataset"]["type"] == REPOS["dataset"] and result["dataset"]["name"].startswith("carpark-photos")
    assert f"python -m training.train --data {REPOS['dataset']}@{dataset} --arch" in card
    assert config["dataset"]["name"] == "carpark-photos" and config["dataset"]["drawn"] == drawn > 30
