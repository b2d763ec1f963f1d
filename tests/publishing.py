"""What the tests of publication share: a small dataset repo folder, and a publication to a Hub on loopback from within the test."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from carpark.model import FILES
from carpark.revisions import digest_file
from tests.hub_repos import Repo
from tests.mini_hub import MiniHub
from training.publish import FOLDERS, NAMES, ORDER, Published, Request, publish
from training.targets import Target

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "hf_alice"
REPOS = {kind: f"alice/{name}" for kind, name in NAMES.items()}
CARD = """---
configs:
- config_name: default
  data_files:
  - {split: test, path: data/test-*.parquet}
- config_name: permissive
  data_files:
  - {split: test, path: permissive/test-*.parquet}
---

# Photos

`load_dataset("owner/name")`
"""


def write_dataset(photos: Path, out: Path) -> Path:
    """A dataset repo folder with eight of the photos and two configs."""
    features = Features({"image": Image(), "label": ClassLabel(names=["empty", "full"]), "scene": Value("string")})
    files = [file for label in ("empty", "full") for file in sorted((photos / label).glob("*.jpg"))[:4]]
    rows = [{"image": {"path": file.name, "bytes": file.read_bytes()}, "label": file.parent.name, "scene": file.stem} for file in files]
    for config, some in (("data", rows), ("permissive", rows[2:6])):
        (out / config).mkdir(parents=True)
        Dataset.from_list(some, features=features).to_parquet(out / config / "test-00000-of-00001.parquet")
    (out / "README.md").write_text(CARD)
    return out


def write_light_model(model: Path, out: Path) -> Path:
    """A copy of a model folder with a few bytes for each form, which publication compares and never opens."""
    shutil.copytree(model, out, ignore=shutil.ignore_patterns(*FILES.values()))
    config = json.loads((out / "config.json").read_text())
    for name in FILES.values():
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
