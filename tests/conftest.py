"""Shared fixtures: a small drawn sample, a small model trained on it by the real commands, and a Space that shows both.

The suite runs in several processes (pytest-xdist). Folders are made by the first process that needs them, and all processes see them; the
others wait. A running Space belongs to one process, so the files that share one are sent to the same process. Nothing is kept between runs.
"""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the processes of the suite share the cores

with warnings.catch_warnings():  # fastai warns about itself and its libraries while it is imported; every later warning is an error
    warnings.simplefilter("ignore")
    import fastai.vision.all  # noqa: F401  # imported for that alone

from tests.running_space import RunningSpace, running_space
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

# The order of the files: the longest first, so that no process is alone at the end.
SHARED_SPACE = (
    *(f"tests/browser/test_{name}.py" for name in ("page", "photo", "camera_day", "choosing", "comparison", "everyone", "listening")),
    "tests/space/test_app.py",
    "tests/space/test_mcp.py",
)
LONGEST = (
    *SHARED_SPACE,
    "tests/traffic/record/test_record.py",
    "tests/training/collect/",
    "tests/space/",
    "tests/browser/",
    "tests/training/",
    "tests/carpark/",
)


class KeepFilesWhole(LoadScopeScheduling):
    """Sends each file to one process, in the order of collection, and all files of `SHARED_SPACE` to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "a shared Space" if file in SHARED_SPACE else file


@pytest.hookimpl(optionalhook=True)  # without xdist there is nothing to schedule
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> KeepFilesWhole:
    config.option.loadscopereorder = False  # by the number of tests, it would be
    return KeepFilesWhole(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow tests, and puts the longest files first."""
    for item in items:
        path = item.path.relative_to(item.config.rootpath).as_posix()
        is_slow_room = path.startswith(SLOW_ROOMS) and not path.startswith(QUICK_IN_SLOW_ROOMS)
        uses_real_data = any(mark.name == "skipif" and "shared/data" in str(mark.kwargs.get("reason")) for mark in item.iter_markers())
        if is_slow_room or uses_real_data or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: next((place for place, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST)))


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


@pytest.fixture(scope="session")
def space(sample_folder: Path, tiny_model_folder: Path) -> Iterator[RunningSpace]:
    """A Space with the sample and the small model, for tests that leave it as it is."""
    settings = {
        "CARPARK_MODEL": tiny_model_folder,
        "CARPARK_DATASET": sample_folder / "photos",
        "CARPARK_ARCHIVE": sample_folder / "archive",
    }
    with running_space(settings) as running:
        yield running


@pytest.fixture(scope="session")
def unset_space() -> Iterator[RunningSpace]:
    """A Space without a model and an archive, and with a dataset and a box for votes that cannot be used."""
    with running_space({"CARPARK_DATASET": "a/my--data", "CARPARK_VOTES": "o/v@main"}) as running:
        yield running
