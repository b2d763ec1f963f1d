"""Shared fixtures: a small drawn sample, and a small model trained on it, made once a run by the real commands.

The suite runs in several processes (pytest-xdist). What is costly is made by the first process that needs it, in a folder that all of them
see; the others wait for it. Nothing is kept between runs.
"""

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the processes of the suite share the cores

with warnings.catch_warnings():  # fastai warns about itself and its libraries while it is imported; every later warning is an error
    warnings.simplefilter("ignore")
    import fastai.vision.all  # noqa: F401  # imported for that alone

from training.dataset.writing import write_dataset
from training.sample import __main__ as sample
from training.train.fitting import Recipe
from training.train.folder import train

# What `make test-quick` leaves out: tests that train, start a Space or other processes, or open a browser.
SLOW_FIXTURES = {"sample_folder", "dataset_folder", "tiny_model_folder", "chromium", "space", "photos", "planted"}
SLOW_ROOMS = (
    "tests/browser/",
    "tests/space/",
    "tests/training/",
    "tests/traffic/",
    "tests/serving/test_process.py",
    "tests/carpark/hub/",
    "tests/carpark/day/test_killed_day.py",
)
QUICK_IN_SLOW_ROOMS = ("tests/training/test_", "tests/training/evaluate/", "tests/traffic/record/test_rounds.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow tests."""
    for item in items:
        path = item.path.relative_to(item.config.rootpath).as_posix()
        is_slow_room = path.startswith(SLOW_ROOMS) and not path.startswith(QUICK_IN_SLOW_ROOMS)
        uses_real_data = any(mark.name == "skipif" and "shared/data" in str(mark.kwargs.get("reason")) for mark in item.iter_markers())
        if is_slow_room or uses_real_data or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder by its name with the function that is handed in, unless another process of this run has made it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, write: Callable[[Path], object]) -> Path:
        with FileLock(shared / f"{name}.lock"):
            if not (shared / f"{name}.done").exists():
                shutil.rmtree(shared / name, ignore_errors=True)  # of a process that failed halfway
                write(shared / name)
                (shared / f"{name}.done").touch()
        return shared / name

    return make


@pytest.fixture(scope="session")
def sample_folder(make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """What `python -m training.sample` writes, with few photos: photos/, archive/, truth.csv."""
    return make_once("sample", lambda out: sample.main(["--out", str(out), "--photos", "60", "--seed", "3"]))


@pytest.fixture(scope="session")
def dataset_folder(sample_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """What `python -m training.dataset` writes of the sample's photos."""
    photos = sample_folder / "photos"
    return make_once("dataset", lambda out: write_dataset(photos, out, generated=photos))


@pytest.fixture(scope="session")
def tiny_model_folder(dataset_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model folder of a small network fitted for two epochs: complete and consistent, but not good."""
    recipe = Recipe("resnet18", "none", size=64, epochs=2, seed=0)
    return make_once("model", lambda out: train(dataset_folder, out, recipe))
