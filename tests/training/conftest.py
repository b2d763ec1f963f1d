"""A dataset of photos that nobody drew, and a small model whose body was fine-tuned on drawn photos before it learnt from them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def found_dataset_folder(sample_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The dataset of the sample's photos, as if they were photographs."""
    from training.dataset.writing import write_dataset

    def write(out: Path) -> None:
        photos = shutil.copytree(sample_folder / "photos", out.with_name("found-photos"))
        pd.read_csv(photos / "photos.csv").assign(source="folder").to_csv(photos / "photos.csv", index=False)
        write_dataset(photos, out)

    return make_once("found-dataset", write)


@pytest.fixture(scope="session")
def tuned_folder(sample_folder: Path, found_dataset_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model folder whose body was fine-tuned on the drawn photos, and whose head learnt from them and from the dataset."""
    import torch  # not above: this file may be read before fastai is imported without its warnings
    from torchvision import models

    from training.photos import Origin
    from training.train.folder import train
    from training.train.pretrained import Recipe

    def write(out: Path) -> None:
        torch.manual_seed(0)
        start = out.with_name("tuned-start.pth")
        torch.save(models.resnet18(weights=None).state_dict(), start)
        origins = [Origin(sample_folder / "photos"), Origin(found_dataset_folder)]
        with pytest.MonkeyPatch.context() as patch:  # how it is made counts here, not how much it learns
            patch.setattr("training.train.pretrained.EPOCHS", 1)
            patch.setattr("training.train.pretrained.EPOCHS_BESIDE", 1)
            train(origins, out, Recipe("resnet18", str(start), size=64, epochs=1, seed=0, fit="finetune"))

    return make_once("tuned", write)
