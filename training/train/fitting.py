"""Two ways to a fitted network: a linear probe on pretrained weights, scored out of fold; or a small network from scratch, on a split."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.core import imagenet_stats
from PIL import Image
from torch import nn

from carpark.model import load_model
from carpark.model.config import CarPark
from carpark.model.engines import Pixels
from training.labels import LABELS
from training.photos import SCENE_BOXES, split_by_scene
from training.train.folds import cross_validate
from training.train.learners import fit, kinds_of, make_learner, photo_loaders, publishable
from training.train.likeness import rule_for, rule_out_of_fold
from training.train.probe import Head, fit_head, install_head, pool_photos

VALIDATION_SHARE = 0.2
# Between these the answer is "unsure": a convention, where no out-of-fold predictions say which bounds keep errors rare.
BY_CONVENTION = {"empty_at_most": 0.2, "full_at_least": 0.8}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything beside the photos that decides what comes out; recorded in config.json."""

    arch: str
    weights: str  # imagenet, none, or a file
    size: int  # px, height and width
    epochs: int  # from scratch only; a probe has none
    seed: int
    start_from: str = ""  # a model folder or repo to go on from, instead of `weights`


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A network ready to be published, and what is known of it by photos that it had not seen."""

    learner: Learner
    learnt: npt.NDArray[np.bool_]  # (photos,) those that the network was fitted on
    temperature: float  # already in the network's last layer
    thresholds: dict[str, float]
    scored_by: str  # in words, for the card
    predictions: pd.DataFrame | None  # out of fold; None where the network itself is to judge the photos it has not learnt
    car_park: CarPark | None = None


def fit_probe(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, *, prior: Head | None = None) -> Fitted:
    """Learns from all photos; scores, temperature and bounds come from heads that saw other scenes only. A `prior` is what all begin at."""
    pooled = pool_photos(start, pixels, *imagenet_stats)
    judged = cross_validate(pooled, photos, seed=recipe.seed, prior=prior)
    head = fit_head(pooled, photos.label, prior).at(judged.temperature)
    learner = _learner(start, photos, pixels, recipe)
    install_head(learner.model, head)
    repeats = {f"p_full_{number}": p for number, p in enumerate(judged.p_full[1:].astype(np.float32), start=2)}
    return Fitted(
        learner,
        learnt=np.ones(len(photos), dtype=bool),
        temperature=round(judged.temperature, 4),
        thresholds=judged.thresholds,
        scored_by=f"cross-validation by scene: {judged.folds[0].max() + 1} folds, drawn {len(judged.folds)} times",
        predictions=photos.drop(columns="path").assign(fold=judged.folds[0], p_full=judged.p_full[0].astype(np.float32), **repeats),
        car_park=rule_out_of_fold(pooled[:, 0], judged.folds[0]),
    )


def fit_from_scratch(photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> Fitted:
    """Learns from four fifths of the scenes; the rest is for scoring."""
    held_out = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed).to_numpy()
    learner = _learner(None, photos.assign(validation=held_out), pixels, recipe)
    return Fitted(learner, ~held_out, 1.0, BY_CONVENTION, "one split by scene, a fifth held out", None)


def judge_held_out(fitted: Fitted, folder: Path, photos: pd.DataFrame, pixels: Pixels) -> tuple[pd.DataFrame, CarPark | None]:
    """The predictions and the car park rule of `fitted`, from the model in `folder` where the fitting left them open."""
    if fitted.predictions is not None:
        return fitted.predictions, fitted.car_park
    features = load_model(folder, "fp32").predict(map(Image.fromarray, pixels)).features
    p_full = load_model(folder).p_full(map(Image.fromarray, pixels[~fitted.learnt]))
    return photos[~fitted.learnt].drop(columns="path").assign(p_full=p_full), rule_for(features[fitted.learnt], features[~fitted.learnt])


def _learner(start: nn.Module | None, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> Learner:
    size = (recipe.size, recipe.size)
    with tempfile.TemporaryDirectory() as work:
        if start is not None:  # its loaders are only what fastai wants to find in an export
            photos = photos.assign(validation=split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed))
        files = write_training_files(photos, pixels, Path(work))
        set_seed(recipe.seed, reproducible=True)
        learner = make_learner(photo_loaders(files, sorted({file.parent.name for file in files}), size), recipe.arch, start)
        if start is None:
            fit(learner, recipe.epochs)
        return publishable(learner, files, size)


def write_training_files(photos: pd.DataFrame, pixels: Pixels, work: Path) -> list[Path]:
    """`work/{train,valid}/{kind}/{number}.png`, exactly the pixels that prediction sees; the layout fastai reads without code of ours."""
    files = []
    for number, (kind, is_validation) in enumerate(zip(kinds_of(photos), photos.validation, strict=True)):
        file = work / ("valid" if is_validation else "train") / kind / f"{number:06}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number]).save(file, compress_level=1)
        files.append(file)
    return files


def describe(recipe: Recipe, fitted: Fitted) -> dict[str, Any]:
    """How to use the network, as config.json says it."""
    mean, std = imagenet_stats
    return {
        "architecture": recipe.arch,
        "labels": list(LABELS),
        "input_size": [recipe.size, recipe.size],
        "resize": "squish, bilinear",
        "scene_boxes": {size: list(box) for size, box in SCENE_BOXES.items()},
        "mean": mean,
        "std": std,
        "temperature": fitted.temperature,
        "thresholds": fitted.thresholds,
    }
