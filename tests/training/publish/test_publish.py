"""Publication to a real HTTP Hub: one commit a repo, none for nothing, and every refusal is one line that leaves a rerun to do the rest."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from huggingface_hub import HfApi, ModelCard, SpaceCard

from carpark.errors import BadModel, CarparkError, NotPublished
from carpark.hub.revisions import digest_file
from tests.hub_answers import Dropped
from tests.hub_repos import Refused
from tests.mini_hub import MiniHub
from tests.publishing import REPOS, ROOT, TOKEN, commits, edit, loopback_hub, publish_to, remember_photos, repo_of, run_publish
from training.publish import __main__ as publish
from training.publish.plans import is_sealed, seal_card
from training.publish.steps import ORDER, Request

LFS = "/_lfs/"


def test_each_repo_gets_one_commit_and_names_the_ones_before(hub: MiniHub, request_: Request) -> None:
    dataset, model, _ = [done.head for done in publish_to(hub, request_)]
    assert commits(hub) == {"dataset": 1, "model": 1, "space": 1}
    published = repo_of(hub, "model").head.files
    config = json.loads(published["config.json"].data)
    assert (config["dataset"]["repo"], config["dataset"]["revision"]) == (REPOS["dataset"], dataset)
    card = ModelCard(published["README.md"].data.decode())
    assert card.data.datasets == [REPOS["dataset"]] and card.data.eval_results[0].dataset_revision == dataset
    assert f'from_pretrained_fastai("{REPOS["model"]}"' in card.text and "owner/name" not in card.text
    space = repo_of(hub, "space")
    pins = json.loads(space.head.files["revisions.json"].data)
    assert (pins["model"]["revision"], pins["dataset"]["revision"]) == (model, dataset)
    loaded = ("config.json", "metrics.json", "model.int8.onnx", "model.onnx", "model.pkl", "model.safetensors", "neighbours.parquet")
    assert pins["model"]["files"] == {name: published[name].sha256 for name in loaded}
    assert space.variables == {"CARPARK_MODEL": f"{REPOS['model']}@{model}", "CARPARK_DATASET": f"{REPOS['dataset']}@{dataset}"}
    front = SpaceCard(space.head.files["README.md"].data.decode()).data
    assert (front.models, front.datasets) == ([REPOS["model"]], [REPOS["dataset"]])
    assert front.preload_from_hub == [f"{REPOS['model']} {','.join(loaded)} {model}"]
    assert REPOS["dataset"] in repo_of(hub, "dataset").head.files["README.md"].data.decode()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="`git ls-files` needs a git checkout, and this is a bare copy")
def test_the_space_is_pushed_as_git_has_it(hub: MiniHub, request_: Request) -> None:
    (request_.folders["space"] / ".gradio").mkdir()
    (request_.folders["space"] / ".gradio" / "certificate.pem").touch()
    publish_to(hub, request_)
    tracked = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT / "space", capture_output=True)
    assert {".gitattributes", "revisions.json", *tracked.stdout.decode().split()} == set(repo_of(hub, "space").head.files)


def test_publishing_the_same_again_commits_and_uploads_nothing(hub: MiniHub, request_: Request) -> None:
    first = publish_to(hub, request_)
    hub.asked.clear()
    again = publish_to(hub, request_)
    assert {done.plan.summary() for done in again} == {"no change"}
    assert [done.head for done in again] == [done.head for done in first]
    assert {method for method, _ in hub.asked} == {"GET"}


def test_a_changed_card_changes_that_card_and_no_other_repo(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    card = request_.folders["dataset"] / "README.md"
    card.write_text(card.read_text() + "\nMore words.\n")
    changed = publish_to(hub, request_)
    assert [set(done.plan.paths) for done in changed] == [{"README.md"}, set(), set()]
    assert commits(hub) == {"dataset": 2, "model": 1, "space": 1}


def test_new_photos_are_named_by_model_and_space(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    (request_.folders["dataset"] / "cleaning.csv").write_text("file,kept\n")
    dataset, model, space = publish_to(hub, request_)
    assert model.plan.changed.keys() == {"README.md", "config.json"}
    assert space.plan.changed.keys() == {"README.md", "revisions.json"}
    assert repo_of(hub, "space").variables["CARPARK_DATASET"] == f"{REPOS['dataset']}@{dataset.head}"


def test_what_vanished_here_vanishes_there(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    (request_.folders["model"] / "predictions.parquet").unlink()
    publish_to(hub, request_)
    files = repo_of(hub, "model").head.files
    assert "predictions.parquet" not in files and {"model.pkl", ".gitattributes"} <= files.keys()


def test_a_card_edited_on_the_hub_stays_until_told_otherwise(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    edit(hub, "dataset", "README.md", repo_of(hub, "dataset").head.files["README.md"].data + b"By Carol.\n")
    (request_.folders["dataset"] / "cleaning.csv").write_text("file,kept\n")
    for _ in range(2):  # our own commit beside the edited card does not make it ours
        done = publish_to(hub, request_)[0]
        assert done.plan.edited_card == ["+By Carol."]
        assert b"By Carol." in repo_of(hub, "dataset").head.files["README.md"].data
    assert "cleaning.csv" in repo_of(hub, "dataset").head.files
    publish_to(hub, replace(request_, overwrite_card=True))
    assert b"By Carol." not in repo_of(hub, "dataset").head.files["README.md"].data


def test_our_own_card_is_known_by_its_seal_whatever_the_hub_keeps_of_commits(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    repo = repo_of(hub, "dataset")
    repo.commits[:] = [replace(commit, message="", title="") for commit in repo.commits]
    card = request_.folders["dataset"] / "README.md"
    card.write_text(card.read_text() + "\nMore words.\n")
    done = publish_to(hub, request_)[0]
    assert done.plan.paths == {"README.md"} and not done.plan.edited_card


def test_a_card_without_metadata_is_sealed_too(tmp_path: Path) -> None:
    for text in ("# Mine\n", "---\nlicense: mit\n---\n# Mine\n"):
        (tmp_path / "README.md").write_text(text)
        for _ in range(2):
            seal_card(tmp_path / "README.md")
            sealed = (tmp_path / "README.md").read_text()
            assert sealed.count("card_sha256: ") == 1 and is_sealed(sealed) and not is_sealed(sealed + "By Carol.\n")
        assert not is_sealed(text) and ModelCard(sealed).data.card_sha256


def test_a_card_edited_on_the_hub_moves_no_other_repo(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    edit(hub, "dataset", "README.md", b"# Carol's\n")
    assert [set(done.plan.paths) for done in publish_to(hub, request_)] == [set(), set(), set()]


def test_a_card_that_was_there_before_us_stays(hub: MiniHub, request_: Request) -> None:
    HfApi(endpoint=hub.url, token=TOKEN).create_repo(REPOS["dataset"], repo_type="dataset")
    edit(hub, "dataset", "README.md", b"# Mine\n")
    assert "+# Mine" in publish_to(hub, request_)[0].plan.edited_card


def test_a_dry_run_needs_no_token_and_writes_nothing(hub: MiniHub, request_: Request, tmp_path: Path) -> None:
    publish_to(hub, request_)
    (request_.folders["model"] / "predictions.parquet").unlink()
    hub.asked.clear()
    folders = [argument for kind, folder in request_.folders.items() for argument in (f"--{kind}", str(folder))]
    result = run_publish(hub, None, tmp_path, "--namespace", "alice", "--dry-run", "--space-repo", "other", *folders)
    assert result.returncode == 0, result.stderr
    assert "dataset alice/carpark-photos: 0 added, 1 changed, 0 removed, " in result.stdout  # its card names the Space
    assert (
        "model alice/carpark-classifier: 0 added, 1 changed, 1 removed, " in result.stdout
        and "\n  remove predictions.parquet\n" in result.stdout
    )
    assert "space alice/other (will be created): " in result.stdout and "  add    revisions.json  " in result.stdout
    assert {method for method, _ in hub.asked} == {"GET"}


def test_without_a_token_one_line_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match=r"^No token was found to publish with\. Log in with `hf auth login`, or set HF_TOKEN .*/tokens$"):
        publish.main(["--namespace", "alice"])
    with pytest.raises(SystemExit, match=r"^'a b/carpark-photos' is not a repo name: "):
        publish.main(["--namespace", "a b"])


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("hf_wrong", r"^The Hub does not know the token for dataset alice/carpark-photos \(HTTP 401\)\. Log in with `hf auth login`"),
        ("hf_bob", r"^The token may not write to dataset alice/carpark-photos \(HTTP 403\)\. .* choose another --namespace\.$"),
    ],
)
def test_a_token_that_will_not_do_is_one_line_without_the_token(hub: MiniHub, request_: Request, token: str, message: str) -> None:
    with pytest.raises(NotPublished, match=message) as refusal:
        publish_to(hub, request_, token)
    assert token not in str(refusal.value) and not hub.repos


def test_a_space_that_must_be_paid_for_leaves_dataset_and_model_published(request_: Request, tmp_path: Path) -> None:
    with loopback_hub(tmp_path / "cache", is_paid=False) as hub:
        with pytest.raises(NotPublished, match=r"space alice/carpark-demo was not created\. .* PRO .* --hardware zero-a10g"):
            publish_to(hub, request_)
        assert commits(hub) == {"dataset": 1, "model": 1}
        publish_to(hub, replace(request_, hardware="zero-a10g"))
        assert commits(hub) == {"dataset": 1, "model": 1, "space": 1}
        assert repo_of(hub, "space").hardware == "zero-a10g"


def test_what_a_second_publisher_commits_in_between_is_planned_upon(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, request_)
    (request_.folders["dataset"] / "cleaning.csv").write_text("file,kept\n")
    times = iter(range(1))

    def interfere(method: str, path: str) -> None:
        if "/commit/" in path and next(times, None) is not None:
            edit(hub, "dataset", "README.md", b"# Theirs\n")

    hub.before = interfere
    assert publish_to(hub, request_)[0].plan.edited_card
    files = repo_of(hub, "dataset").head.files
    assert files["README.md"].data == b"# Theirs\n" and "cleaning.csv" in files


def test_a_second_publisher_who_never_rests_ends_in_one_line(hub: MiniHub, request_: Request) -> None:
    def interfere(method: str, path: str) -> None:
        if "/commit/" in path:
            edit(hub, "dataset", "notes.txt", os.urandom(8))

    hub.before = interfere
    with pytest.raises(NotPublished, match=r"^Somebody else changed dataset alice/carpark-photos .* Run this again\.$"):
        publish_to(hub, request_)


def test_a_connection_that_drops_in_mid_upload_is_taken_up_again(hub: MiniHub, request_: Request) -> None:
    times = iter(range(1))

    def drop_once(method: str, path: str) -> None:
        if path.startswith(LFS) and method == "PUT" and next(times, None) is not None:
            raise Dropped

    hub.before = drop_once
    publish_to(hub, request_)
    assert commits(hub) == {"dataset": 1, "model": 1, "space": 1}


@pytest.mark.parametrize("kind", ORDER)
def test_a_publication_that_broke_off_is_completed_by_the_next(hub: MiniHub, request_: Request, kind: str) -> None:
    def drop(method: str, path: str) -> None:
        if f"/{REPOS[kind]}/commit/" in path:
            raise Dropped

    hub.before = drop
    with pytest.raises(NotPublished, match=rf"^{kind} {REPOS[kind]} was not published as a whole .* it goes on where it ended\.$"):
        publish_to(hub, request_)
    hub.before = lambda method, path: None
    before, uploads = commits(hub), len([path for method, path in hub.asked if method == "PUT"])
    publish_to(hub, request_)
    assert commits(hub) == {"dataset": 1, "model": 1, "space": 1}
    assert all(count == 1 for done, count in before.items() if done != kind)
    if kind != "dataset":
        assert len([path for method, path in hub.asked if method == "PUT"]) == uploads  # what was uploaded is not uploaded again


def test_a_hub_that_fails_is_one_line(hub: MiniHub, request_: Request) -> None:
    def fail(method: str, path: str) -> None:
        raise Refused(500, "Internal Server Error")

    hub.before = fail
    with pytest.raises(NotPublished, match=r"^dataset alice/carpark-photos was not published as a whole \(HTTP 500\)\."):
        publish_to(hub, request_)


def test_one_repo_alone_names_the_others_as_they_are_on_the_hub(hub: MiniHub, request_: Request) -> None:
    with pytest.raises(NotPublished, match=r"^dataset alice/carpark-photos is not on the Hub.*leave --only out\.$"):
        publish_to(hub, replace(request_, only="space"))
    publish_to(hub, request_)
    pins = repo_of(hub, "space").head.files["revisions.json"].data
    (request_.folders["space"] / "tabs" / "news.py").write_text('"""New."""\n')
    for kind in ("dataset", "model"):
        shutil.rmtree(request_.folders[kind])
    (done,) = publish_to(hub, replace(request_, only="space"))
    assert done.plan.paths == {"tabs/news.py"}
    assert repo_of(hub, "space").head.files["revisions.json"].data == pins


def test_private_repos_are_private_and_not_preloaded(hub: MiniHub, request_: Request) -> None:
    publish_to(hub, replace(request_, is_private=True))
    assert all(repo_of(hub, kind).is_private for kind in ORDER)
    assert b"preload_from_hub" not in repo_of(hub, "space").head.files["README.md"].data


def test_a_model_that_is_not_what_its_config_says_is_not_published(hub: MiniHub, request_: Request) -> None:
    (request_.folders["model"] / "model.pkl").write_bytes(b"another")
    with pytest.raises(BadModel, match=r"model\.pkl is not the file that config\.json names"):
        publish_to(hub, request_)


def test_the_command_starts_without_torch() -> None:
    code = "import sys, training.publish.__main__; print({'torch', 'fastai', 'gradio', 'sklearn'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'space'}"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_model_that_learnt_from_the_test_split_or_from_other_photos_is_not_published(
    hub: MiniHub, request_: Request, sample_folder: Path, tmp_path: Path
) -> None:
    model = request_.folders["model"]
    photos = pd.read_csv(sample_folder / "photos" / "photos.csv")
    photos["sha256"] = [digest_file(sample_folder / "photos" / file) for file in photos.file]
    remember_photos(model, photos)
    with pytest.raises(BadModel, match=r"learnt from \d+ photos of the test split of .* python -m training\.train --data "):
        publish_to(hub, request_)
    remember_photos(model, photos.assign(sha256="0" * 64))
    with pytest.raises(BadModel, match=r"learnt from 1 photos that .* does not hold"):
        publish_to(hub, request_)
    assert not hub.repos


@pytest.mark.parametrize(
    ("kind", "message"), [("dataset", "is not a dataset repo"), ("model", "is not a model folder"), ("space", "is not a Space")]
)
def test_a_folder_of_another_kind_is_refused(hub: MiniHub, request_: Request, tmp_path: Path, kind: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CarparkError, match=message):
        publish_to(hub, replace(request_, folders=request_.folders | {kind: tmp_path / "empty"}))
