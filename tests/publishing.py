"""What the tests of publication share: a model folder of a few bytes, and a publication to a Hub on loopback from within the test."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pandas as pd
import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from carpark.hub.revisions import digest_file
from carpark.model.config import MODEL_FILES
from carpark.model.neighbours import NEIGHBOURS_FILE, write_neighbours
from tests.hub_repos import Blob, Repo
from tests.mini_hub import MiniHub
from training.publish.__main__ import FOLDERS, NAMES
from training.publish.steps import ORDER, Published, Request, publish
from training.publish.targets import Target

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "hf_alice"
REPOS = {kind: f"alice/{name}" for kind, name in NAMES.items()}


def write_light_model(model: Path, out: Path) -> Path:
    """A copy of a model folder with a few bytes for each form, which publication compares and never opens."""
    shutil.copytree(model, out, ignore=shutil.ignore_patterns(*MODEL_FILES.values()))
    config = json.loads((out / "config.json").read_text())
    for name in MODEL_FILES.values():
        (out / name).write_bytes(name.encode())
        config["files"][name] = {"sha256": digest_file(out / name), "bytes": len(name)}
    (out / "config.json").write_text(json.dumps(config))
    return out


@contextmanager
def loopback_hub(cache: Path, *, is_paid: bool = True) -> Iterator[MiniHub]:
    """A Hub that `publish_to` reaches; what the client reads of its environment at import is as in a process of its own."""
    disable_progress_bars()
    with pytest.MonkeyPatch.context() as patch, MiniHub({TOKEN: "alice", "hf_bob": "bob"}, is_paid=is_paid) as hub:
        patch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        yield hub
    enable_progress_bars()


def request_for(dataset: Path, model: Path, **options: Any) -> Request:
    """A publication as the command line asks for it, to the repos of alice."""
    targets = {kind: Target(REPOS[kind], kind) for kind in ORDER}
    return Request(targets, {"dataset": dataset, "model": model, "space": ROOT / FOLDERS["space"]}, **options)


def publish_to(hub: MiniHub, request: Request, token: str | bool = TOKEN) -> list[Published]:
    return list(publish(HfApi(endpoint=hub.url, token=token), request))


def repo_of(hub: MiniHub, kind: str) -> Repo:
    return hub.repos[kind, REPOS[kind]]


def commits(hub: MiniHub) -> dict[str, int]:
    """How often each repo was published to."""
    return {kind: len(repo_of(hub, kind).commits) - 1 for kind in ORDER if (kind, REPOS[kind]) in hub.repos}


def edit(hub: MiniHub, kind: str, path: str, data: bytes) -> None:
    """What somebody else does in the browser."""
    repo = repo_of(hub, kind)
    repo.commit({**repo.head.files, path: Blob(data)}, f"Update {path}", author="carol")


def run_publish(hub: MiniHub, token: str | None, home: Path, *arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "training.publish", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | hub.environment(token, home=home), capture_output=True, text=True)


def remember_photos(model: Path, photos: pd.DataFrame) -> None:
    """As if the model had learnt from these."""
    write_neighbours(model, photos, np.zeros((len(photos), 2), np.float32))
    config = json.loads((model / "config.json").read_text())
    config["files"][NEIGHBOURS_FILE]["sha256"] = digest_file(model / NEIGHBOURS_FILE)
    (model / "config.json").write_text(json.dumps(config))
