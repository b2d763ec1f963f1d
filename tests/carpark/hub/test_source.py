"""Model and dataset come from a folder or from a Hub, which here is a real HTTP server on loopback that the real client talks to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from carpark.errors import BadModel, BadSetting
from carpark.hub.revisions import Pin, check_files, digest_file, read_pins, write_pins
from carpark.hub.source import REPO_ID, open_source
from tests.hub_repos import Blob, Repo
from tests.mini_hub import MiniHub

FILES = {"config.json": b'{"labels": ["empty", "full"]}', "README.md": b"# A model\n", "model.pkl": b"weights"}
NOBODY = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # where nothing listens
ASK = """
import json, sys
from carpark.errors import one_line_errors
from carpark.hub.source import open_source
from carpark.hub.revisions import Pin
with one_line_errors():
    source = open_source(sys.argv[1], repo_type="model", pin=Pin(**json.loads(sys.argv[2])) if sys.argv[2:] else None)
    print(source.folder, source.note, sep="\\n")
"""


@pytest.fixture
def hub() -> Iterator[MiniHub]:
    with MiniHub({}) as hub:
        repo = hub.repos["model", "alice/carpark"] = Repo("model", "alice/carpark")
        repo.commit({name: Blob(data) for name, data in FILES.items()}, "All of it")
        yield hub


def commit_of(hub: MiniHub) -> str:
    return hub.repos["model", "alice/carpark"].head.sha


def ask(network: dict[str, str], *arguments: str) -> list[str]:
    """The lines that a fresh process prints for `open_source`: the client reads its endpoint when it is imported."""
    done = subprocess.run([sys.executable, "-c", ASK, *arguments], env=os.environ | network, capture_output=True, text=True)
    return (done.stdout or done.stderr.splitlines()[-1]).removesuffix("\n").split("\n")


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert open_source(str(tmp_path), repo_type="model").folder == tmp_path


def test_what_is_neither_folder_nor_repo_id_is_told_apart() -> None:
    with pytest.raises(BadSetting, match="'no such thing' is neither a folder here nor a Hub model repo"):
        open_source("no such thing", repo_type="model")


LONGEST = "n" * 96
NAMES = [
    "owner/name",
    "O_1/a.b-c",
    "1/2",
    f"{LONGEST}/{LONGEST}",
    f"o/{LONGEST}n",
    "../photos",
    "./photos",
    ".o/n",
    "o/.n",
    "o/n.",
    "-o/n",
    "o/n-",
]
NAMES += ["o./n", "o-/n", "a/my--data", "a--b/c", "a/b..c", "a/b.git", "a/b.git2", "\u00e4/b", "a/b c", "a/b/c", "a/", "/b", "a/b\n"]


@pytest.mark.parametrize("name", NAMES)
def test_a_repo_id_is_what_the_hubs_client_takes_for_one(name: str) -> None:
    try:
        validate_repo_id(name)
        is_valid = True
    except HFValidationError:
        is_valid = False
    assert bool(REPO_ID.fullmatch(name)) == is_valid
    found = REPO_ID.fullmatch(f"{name}@refs/pr/1--2")
    assert (found and (found["repo"], found["revision"])) == ((name, "refs/pr/1--2") if is_valid else None)


@pytest.mark.parametrize("setting", ["../photos", "a/my--data", "~nosuchuser/photos", "x" * 5000, "a/b.git", "a\0b"])
def test_a_name_that_is_neither_is_a_bad_setting_however_odd(setting: str) -> None:
    with pytest.raises(BadSetting, match="is neither a folder here nor a Hub dataset repo"):
        open_source(setting, repo_type="dataset")


@pytest.mark.parametrize("revision", [False, True])
def test_a_repo_is_fetched_whole_and_kept_for_when_the_hub_is_down(revision: bool, hub: MiniHub, tmp_path: Path) -> None:
    commit = commit_of(hub)
    setting = f"alice/carpark@{commit}" if revision else "alice/carpark"
    network = hub.environment(None, home=tmp_path)
    folder, note = ask(network, setting)
    assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == FILES
    assert (Path(folder).name, note) == (commit, "")
    again, note = ask(network | NOBODY, setting)
    assert again == folder
    assert note.startswith("The Hub does not answer (") and note.endswith(f"): model alice/carpark at {commit[:12]} comes from the cache.")


def test_what_the_hub_does_not_have_is_said_in_one_line(hub: MiniHub, tmp_path: Path) -> None:
    network = hub.environment(None, home=tmp_path)
    assert ask(network, "alice/nothing")[0].startswith("alice/nothing is neither a folder here nor a model repo on the Hub")
    assert ask(network, "alice/carpark@v9") == ["The model repo alice/carpark has no revision 'v9' on the Hub."]


def test_a_hub_out_of_reach_with_a_cold_cache_is_said_in_one_line(hub: MiniHub, tmp_path: Path) -> None:
    (result,) = ask(hub.environment(None, home=tmp_path) | NOBODY, "alice/carpark")
    assert result.startswith("alice/carpark is not a folder here, and the Hub cannot be reached for a model that is not cached (")


def test_of_a_pinned_repo_only_the_pinned_files_are_fetched_whatever_revision_is_asked_for(hub: MiniHub, tmp_path: Path) -> None:
    repo = hub.repos["model", "alice/carpark"]
    pin = {"repo": repo.id, "revision": repo.head.sha, "files": {"model.pkl": repo.head.files["model.pkl"].sha256}}
    repo.commit({"model.pkl": Blob(b"other weights")}, "Swap")
    network = hub.environment(None, home=tmp_path)
    for setting in ("alice/carpark", f"alice/carpark@{repo.head.sha}"):
        folder, note = ask(network, setting, json.dumps(pin))
        assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == {"model.pkl": b"weights"}
        assert note == ""


def test_another_model_than_the_pinned_one_may_be_named_and_is_said_to_be_unverified(tmp_path: Path) -> None:
    source = open_source(str(tmp_path), repo_type="model", pin=Pin("alice/carpark", "0" * 40, {}))
    assert source.folder == tmp_path
    assert source.note == f"The model is {tmp_path}, not the alice/carpark that this Space was published with, so it is not verified."


def test_a_file_that_is_not_the_pinned_one_is_refused_with_both_hashes(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"other weights")
    pin = Pin("alice/carpark", "0" * 40, {"model.pkl": "1" * 64})
    found = digest_file(tmp_path / "model.pkl")
    with pytest.raises(BadModel, match=rf"^model\.pkl of alice/carpark@0{{40}} is not .* 1{{64}}, found {found}\. Nothing of it was"):
        check_files(tmp_path, pin)
    with pytest.raises(BadModel, match=r"^config\.json of .* found no such file"):
        check_files(tmp_path, Pin("alice/carpark", "0" * 40, {"config.json": "1" * 64}))


def test_pins_are_read_as_they_were_written(tmp_path: Path) -> None:
    pins = {"model": Pin("alice/carpark", "0" * 40, {"model.pkl": "1" * 64})}
    write_pins(tmp_path / "revisions.json", pins)
    assert read_pins(tmp_path / "revisions.json") == pins
    assert read_pins(tmp_path / "none.json") == {}
    (tmp_path / "revisions.json").write_text('{"model": {"repo": 1}}')
    with pytest.raises(BadSetting, match=r"revisions\.json does not pin repos"):
        read_pins(tmp_path / "revisions.json")


def test_a_cache_that_cannot_be_written_is_named_and_not_taken_for_a_hub_that_is_down(hub: MiniHub, tmp_path: Path) -> None:
    (tmp_path / "hub").touch()  # where a folder belongs
    (line,) = ask(hub.environment(None, home=tmp_path), "alice/carpark")
    assert line.startswith(f"The model repo alice/carpark cannot be kept here: {tmp_path}/hub")
    assert "cannot be written (" in line and line.endswith("). Set HF_HOME to a folder that can be.")


@pytest.mark.parametrize("setting", ["../photos", "a/my--data", "a/.hidden"])
def test_a_name_that_no_repo_can_have_is_one_line(setting: str) -> None:
    with pytest.raises(BadSetting, match="is neither a folder here nor a Hub dataset repo"):
        open_source(setting, repo_type="dataset")
