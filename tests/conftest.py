"""Shared fixtures: a small drawn sample, a small model trained on it by the real commands, and a Space that shows both.

The suite runs in several processes (pytest-xdist): a file in one of them, and all files that show the running Space in the same one.
Folders are made by the first process that needs them; the others wait for them and see them. Nothing is kept between runs.
"""

import importlib
import os
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

from tests.running_space import RunningSpace, running_space

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the processes of the suite share the cores

# What `make test-quick` leaves out: tests that train, start a Space or other processes, or open a browser.
SLOW_FIXTURES = {"sample_folder", "dataset_folder", "tiny_model_folder", "chromium", "space", "photos", "planted"}
SLOW_ROOMS = (
    "tests/browser/",
    "tests/space/",
    "tests/training/",
    "tests/traffic/",
    "tests/serving/test_process.py",
    "tests/carpark/hub/",
)
QUICK_IN_SLOW_ROOMS = ("tests/training/test_", "tests/training/evaluate/", "tests/traffic/record/test_rounds.py")

# They share one running Space, so they run in one process; the page of the review is not the Space's.
SHOW_THE_SPACE = ("tests/browser/", "tests/space/test_app.py", "tests/space/test_mcp.py")
SHOW_NO_SPACE = "tests/browser/test_review.py"

# The order of the files: the longest first, so that no process is alone at the end; two need no sample, while another process draws it.
LONGEST = (
    "tests/browser/test_camera_day.py",
    "tests/traffic/record/test_record.py",
    "tests/training/clean/test_clean.py",
    "tests/space/test_pinned_space.py",
    "tests/browser/",
    "tests/space/",
    "tests/training/",
    "tests/carpark/",
)


def pytest_configure(config: pytest.Config) -> None:
    """Imports fastai where tests run: it and its libraries warn while they are imported, and every later warning is an error.

    A shell that starts the suite in the background has it ignore Ctrl-C, and so would the commands that tests interrupt.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    only_hands_out_tests = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not only_hands_out_tests:
        importlib.import_module("serving.lean_gradio")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("fastai.vision.all")


class BySpace(LoadFileScheduling):
    """A file runs in one process, and all files that show the running Space in the same one."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return "the running Space" if path.startswith(SHOW_THE_SPACE) and path != SHOW_NO_SPACE else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> BySpace:
    """What hands the files out."""
    return BySpace(config, log)


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
    """Makes a folder by its name with the given function, unless another process of this run has made it."""
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
    from training.sample import __main__ as sample

    return make_once("sample", lambda out: sample.main(["--out", str(out), "--photos", "60", "--seed", "16"]))


@pytest.fixture(scope="session")
def dataset_folder(sample_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """What `python -m training.dataset` writes of the sample's photos."""
    from training.dataset.writing import write_dataset

    photos = sample_folder / "photos"
    return make_once("dataset", lambda out: write_dataset(photos, out, generated=photos))


@pytest.fixture(scope="session")
def tiny_model_folder(dataset_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model folder of a small network fitted for three epochs: complete and consistent, but not good."""
    from training.train.folder import train
    from training.train.pretrained import Recipe

    recipe = Recipe("resnet18", "none", size=64, epochs=3, seed=0)
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
