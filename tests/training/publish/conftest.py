"""A Hub on loopback, and the three folders to publish to it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mini_hub import MiniHub
from tests.publishing import loopback_hub, request_for, write_light_model
from training.publish.steps import Request


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniHub]:
    """Its publications make their copies below `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    with loopback_hub(tmp_path / "cache") as hub:
        yield hub


@pytest.fixture(scope="module")
def folders(tiny_model_folder: Path, dataset_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Request:
    return request_for(dataset_folder, write_light_model(tiny_model_folder, tmp_path_factory.mktemp("publish") / "model"))


@pytest.fixture
def request_(folders: Request, tmp_path: Path) -> Request:
    """All three, from copies that a test may change."""
    copies = {kind: shutil.copytree(folder, tmp_path / kind) for kind, folder in folders.folders.items()}
    return replace(folders, folders=copies)
