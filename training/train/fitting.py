"""A fitted network, ready to be published: from a pretrained body, or a small one from scratch."""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.core import imagenet_stats
from PIL import Image
from torch import nn

from carpark.model.config import CarPark, Thresholds
from carpark.model.counting import counting_layer
from carpark.model.engines import Features, Pixels
from carpark.model.fullness import Fullness, log_odds_of, share_of
from carpark.model.network import FromPixels
from training.labels import LABELS
from training.photos import SCENE_BOXES, split_by_scene, without_pictures
from training.provenance import are_judged
from training.train.calibration import calibrate, tighten
from training.train.folds import assign_folds, sources_of
from training.train.learners import fit, kinds_of, make_learner, photo_loaders, publishable
from training.train.likeness import choose_rule
from training.train.pretrained import VALIDATION_SHARE, Recipe, choose_way, fullness_columns, prove
from training.train.probe import TUNED_BEFORE_LAST, install_head, shares_of
from training.train.transfer import TrainedModel

# Between these the answer is "unsure": a convention for networks from scratch, whose P(full) nothing calibrates.
BY_CONVENTION = Thresholds(empty_at_most=0.2, full_at_least=0.8)


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A network ready to be published, and predictions of photos by what had not learnt from their scenes: it, or another like it."""

    learner: Learner
    remembered: npt.NDArray[np.bool_]  # (photos,) those it was fitted on that answers are explained with; no drawn ones beside real ones
    features: Features  # (remembered photos, width)
    scored: npt.NDArray[np.bool_]  # (photos,) those of `predictions`
    temperature: float  # already in the network's last layer
    thresholds: Thresholds
    fullness: Fullness
    scored_by: str  # in words, for the card
    predictions: pd.DataFrame  # a row for each scored photo
    car_park: CarPark | None = None


def fit_pretrained(
    start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, *, trained: TrainedModel | None = None
) -> FittedNetwork:
    """A network from pretrained weights, scored and calibrated by photos that the like of it did not learn from."""
    way = choose_way(start, photos, pixels, recipe, trained=trained)
    proof, published = prove(way, photos, recipe.seed), way.publish()
    learner = _learner(published.body, photos, pixels, recipe, published.counting)
    install_head(learner.model, published.head.rescaled(proof.calibration.slope, proof.calibration.shift))
    some, sources = photos[way.judged].reset_index(drop=True), sources_of(photos)
    groups = None if sources is None else sources[way.judged].reset_index(drop=True)
    return FittedNetwork(
        learner,
        remembered=way.judged,
        features=published.features,
        scored=way.judged,
        temperature=round(1 / proof.calibration.slope, 4),
        thresholds=proof.calibration.thresholds,
        fullness=proof.calibration.fullness,
        scored_by=proof.scored_by,
        predictions=proof.predictions,
        car_park=choose_rule(published.features, assign_folds(some, recipe.seed, groups=groups)),
    )


def fit_from_scratch(photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> FittedNetwork:
    """Learns from four fifths of the scenes; the rest is for scoring, and says how P(full) becomes the share taken."""
    held_out = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed).to_numpy()
    learner = _learner(None, photos.assign(validation=held_out), pixels, recipe)
    p_full, features = _look(learner, pixels)
    remembered = ~held_out & are_judged(photos)
    some, shares = photos[held_out].reset_index(drop=True), shares_of(photos)[held_out]
    found = calibrate(log_odds_of(p_full[held_out])[None], p_full[None, held_out].astype(np.float64), some, shares)
    by_share, slope = found.fullness, found.fullness.slope  # of the calibrated P(full); the network's own is published here
    fullness = replace(by_share, slope=round(slope * found.slope, 6), shift=round(slope * found.shift + by_share.shift, 4))
    columns = fullness_columns(share_of(p_full[held_out], fullness).astype(np.float64), fullness)
    return FittedNetwork(
        learner,
        remembered,
        features[remembered],
        held_out,
        1.0,
        tighten(BY_CONVENTION, fullness),
        fullness,
        "one split by scene, a fifth held out",
        without_pictures(some).assign(p_full=p_full[held_out], **columns),
        choose_rule(features[remembered | held_out], np.where(held_out, 0, -1)[remembered | held_out]),
    )


def _look(learner: Learner, pixels: Pixels, size: int = 32) -> tuple[npt.NDArray[np.float32], Features]:
    """P(full) and features of photos by a learner's network."""
    network = FromPixels(learner.model, *imagenet_stats)
    with torch.inference_mode():
        seen = [network(torch.from_numpy(pixels[start : start + size])) for start in range(0, len(pixels), size)]
    return np.concatenate([np.asarray(p[:, 1]) for p, _, _ in seen]), np.concatenate([np.asarray(f) for _, f, _ in seen])


def _learner(start: nn.Module | None, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, counting: nn.Conv2d | None = None) -> Learner:
    size = (recipe.size, recipe.size)
    with tempfile.TemporaryDirectory() as work:
        if start is not None:  # its loaders are only what fastai wants to find in an export, so a photo a side and label will do
            photos = photos.assign(validation=split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed))
            first = ~photos.duplicated(["validation", "label"]).to_numpy()
            photos, pixels = photos[first], pixels[first]
        files = write_training_files(photos, pixels, Path(work))
        set_seed(recipe.seed, reproducible=True)
        learner = make_learner(photo_loaders(files, sorted({file.parent.name for file in files}), size), recipe.arch, start, counting)
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


def describe(recipe: Recipe, fitted: FittedNetwork) -> dict[str, Any]:
    """How to use the network, as config.json says it."""
    mean, std = imagenet_stats
    return {
        "architecture": recipe.arch,
        **({"counts": True, "features_before_last": TUNED_BEFORE_LAST} if counting_layer(fitted.learner.model[1]) else {}),
        "labels": list(LABELS),
        "input_size": [recipe.size, recipe.size],
        "resize": "squish, bilinear",
        "scene_boxes": {size: list(box) for size, box in SCENE_BOXES.items()},
        "mean": mean,
        "std": std,
        "temperature": fitted.temperature,
        "thresholds": asdict(fitted.thresholds),
        "fullness": asdict(fitted.fullness),
    }
