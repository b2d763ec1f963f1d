"""Shared fixtures: a small generated sample, and a small model trained on it, made once a run by the real commands."""

import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():  # fastai warns about itself and its libraries while it is imported; every later warning is an error
    warnings.simplefilter("ignore")
    import fastai.vision.all  # noqa: F401  # imported for that alone

from training.dataset.writing import write_dataset
from training.sample import __main__ as sample
from training.train.fitting import Recipe
from training.train.folder import train


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m training.sample` writes, with few photos: photos/, archive/, truth.csv."""
    out = tmp_path_factory.mktemp("sample") / "sample"
    sample.main(["--out", str(out), "--photos", "60", "--seed", "3"])
    return out


@pytest.fixture(scope="session")
def dataset_folder(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m training.dataset` writes of the sample's photos."""
    out = tmp_path_factory.mktemp("dataset") / "dataset"
    write_dataset(sample_folder / "photos", out, generated=sample_folder / "photos")
    return out


@pytest.fixture(scope="session")
def tiny_model_folder(dataset_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a small network fitted for two epochs: complete and consistent, but not good."""
    out = tmp_path_factory.mktemp("model") / "model"
    train(dataset_folder, out, Recipe("resnet18", "none", size=64, epochs=2, seed=0))
    return out
