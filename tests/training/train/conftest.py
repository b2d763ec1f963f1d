"""A small model whose body was fine-tuned, for the tests of what it has and of going on from it."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tuned_folder(sample_folder: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model folder whose body was fine-tuned on the drawn photos."""
    import torch  # not above: this file may be read before fastai is imported without its warnings
    from torchvision import models

    from training.train.fitting import Recipe
    from training.train.folder import train

    def write(out: Path) -> None:
        torch.manual_seed(0)
        start = out.with_name("tuned-start.pth")
        torch.save(models.resnet18(weights=None).state_dict(), start)
        train(sample_folder / "photos", out, Recipe("resnet18", str(start), size=64, epochs=1, seed=0, fit="finetune"))

    return make_once("tuned", write)
