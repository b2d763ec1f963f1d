"""Two ways to a fitted network: a linear probe on a pretrained or fine-tuned body, or a small network from scratch, on a split."""

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

from carpark.errors import BadPhotos
from carpark.model.attention import cells_of
from carpark.model.config import CarPark, Thresholds
from carpark.model.engines import Features, Pixels
from carpark.model.fullness import Fullness, interval_of, log_odds_of, share_of
from carpark.model.network import FromPixels
from training.labels import LABELS
from training.photos import SCENE_BOXES, split_by_scene, without_pictures
from training.provenance import are_drawn, are_judged
from training.train.calibration import calibrate, fit_scale
from training.train.drawings import read_drawings
from training.train.folds import cross_validate, sources_of
from training.train.learners import fit, kinds_of, make_learner, photo_loaders, publishable
from training.train.likeness import choose_rule
from training.train.probe import Head, features_before_last, fit_head, install_head, pool_photos, shares_of, weights_of
from training.train.tuning import DRAWN_SHARE, tune_body

VALIDATION_SHARE = 0.2
# Between these the answer is "unsure": a convention, where no out-of-fold predictions say which bounds keep errors rare.
BY_CONVENTION = Thresholds(empty_at_most=0.2, full_at_least=0.8)
DRAWN_FOR_TUNING = 500  # drawn photos from which on --fit auto fine-tunes


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything beside the photos that decides what comes out; recorded in config.json."""

    arch: str
    weights: str  # imagenet, index, none, or a file
    size: int  # px, height and width
    epochs: int  # from scratch only
    seed: int
    start_from: str = ""  # a model folder or repo to go on from, instead of `weights`
    fit: str = "auto"  # probe, finetune, or auto; training from scratch has no choice


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A network ready to be published, and what is known of it by photos that it had not seen."""

    learner: Learner
    features: Features  # (photos, width)
    learnt: npt.NDArray[np.bool_]  # (photos,) those that the network was fitted on, without the drawn ones beside real ones
    temperature: float  # already in the network's last layer
    thresholds: Thresholds
    fullness: Fullness
    scored_by: str  # in words, for the card
    predictions: pd.DataFrame  # of photos of scenes that were not learnt from
    car_park: CarPark | None = None


def should_tune(photos: pd.DataFrame, recipe: Recipe) -> bool:
    """Whether the body is fine-tuned on drawn photos before the head is fitted. Raises BadPhotos where --fit finetune has none."""
    n_drawn = int(are_drawn(photos).sum())
    if recipe.fit == "finetune" and not n_drawn:
        raise BadPhotos(
            "--fit finetune fine-tunes on drawn photos, and --data has none. Make some with "
            "`python -m training.sample --out artifacts/sample` and name artifacts/sample/photos beside your photos."
        )
    return recipe.fit == "finetune" or (recipe.fit == "auto" and n_drawn >= DRAWN_FOR_TUNING)


def fit_probe(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, *, prior: Head | None = None) -> FittedNetwork:
    """Fits one layer to all photos. Scores come from heads that saw other scenes, calibration from heads that saw other sources.

    All heads begin at `prior`. With enough drawn photos the body is fine-tuned on them first; real photos only move the last layer. Where
    all photos are drawn, the body learns from four fifths of the scenes, and the others are scored.
    """
    drawn, judged = are_drawn(photos), are_judged(photos)
    if prior is None and should_tune(photos, recipe):
        if drawn.all():
            judged = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed).to_numpy()
        taught = drawn & ~judged
        drawings = read_drawings(photos[taught], round(DRAWN_SHARE * recipe.size), pixels[~drawn])
        print(f"fine-tuning on {taught.sum():,} drawn photos, {drawings.has_map.sum():,} of them with maps")
        tuned = tune_body(start, drawings, photos.scene[taught], input_px=recipe.size, seed=recipe.seed)
        start, prior = tuned.body, tuned.head
    pooled, features = pool_photos(start, pixels, *imagenet_stats, mirrored=not drawn.all())  # places are drawn either way round
    by_scene = cross_validate(pooled, photos, seed=recipe.seed, prior=prior, judged=judged)
    sources = sources_of(photos)
    elsewhere = by_scene if sources is None else cross_validate(pooled, photos, seed=recipe.seed, repeats=1, prior=prior, groups=sources)
    shares, learnt = shares_of(photos), are_judged(photos)
    some = photos[judged].reset_index(drop=True)
    calibration = calibrate(elsewhere.log_odds[:, judged], elsewhere.p_full[:, judged], some, shares[judged])
    head = fit_head(pooled, shares, weights_of(photos), prior).rescaled(calibration.slope, calibration.shift)
    learner = _learner(start, photos, pixels, recipe)
    install_head(learner.model, head)
    columns = {f"p_full_{number}": p for number, p in enumerate(by_scene.p_full[1:, judged].astype(np.float32), start=2)}
    columns |= fullness_columns(by_scene.fullness[0, judged], calibration.fullness)
    if sources is not None:
        columns |= {"p_full_elsewhere": elsewhere.p_full[0, judged], "fullness_elsewhere": elsewhere.fullness[0, judged]}
    left_out = ", of a fifth that fine-tuning left out" if (judged != learnt).any() else ""
    how = f"cross-validation by scene{left_out}: {by_scene.folds[0].max() + 1} folds, drawn {len(by_scene.folds)} times"
    return FittedNetwork(
        learner,
        features=features,
        learnt=learnt,
        temperature=round(1 / calibration.slope, 4),
        thresholds=calibration.thresholds,
        fullness=calibration.fullness,
        scored_by=how + ("" if sources is None else f"; bounds and intervals by leaving out sources ({sources[judged].nunique()})"),
        predictions=without_pictures(some).assign(
            fold=by_scene.folds[0, judged], p_full=by_scene.p_full[0, judged].astype(np.float32), **columns
        ),
        car_park=choose_rule(features[learnt], elsewhere.folds[0, learnt]),
    )


def fullness_columns(fullness: npt.NDArray[np.float64], rule: Fullness) -> dict[str, npt.NDArray[np.float32]]:
    """The share taken and its 80% interval as columns of predictions.parquet."""
    low, high = interval_of(fullness, rule)
    return {"fullness": fullness.astype(np.float32), "fullness_low": low, "fullness_high": high}


def fit_from_scratch(photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> FittedNetwork:
    """Learns from four fifths of the scenes; the rest is for scoring, and says how P(full) becomes the share taken."""
    held_out = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed).to_numpy()
    learner = _learner(None, photos.assign(validation=held_out), pixels, recipe)
    p_full, features = _look(learner, pixels)
    learnt = ~held_out & are_judged(photos)
    some, shares = photos[held_out].reset_index(drop=True), shares_of(photos)[held_out]
    odds = log_odds_of(p_full[held_out])
    fullness = calibrate(odds[None], p_full[None, held_out].astype(np.float64), some, shares).fullness
    slope, shift = fit_scale(odds, shares)
    fullness = replace(fullness, slope=round(slope, 4), shift=round(shift, 4))
    columns = fullness_columns(share_of(p_full[held_out], fullness).astype(np.float64), fullness)
    return FittedNetwork(
        learner,
        features,
        learnt,
        1.0,
        BY_CONVENTION,
        fullness,
        "one split by scene, a fifth held out",
        without_pictures(some).assign(p_full=p_full[held_out], **columns),
        choose_rule(features[learnt | held_out], np.where(held_out, 0, -1)[learnt | held_out]),
    )


def _look(learner: Learner, pixels: Pixels, size: int = 32) -> tuple[npt.NDArray[np.float32], Features]:
    """P(full) and features of photos by a learner's network."""
    network = FromPixels(learner.model, *imagenet_stats)
    with torch.inference_mode():
        seen = [network(torch.from_numpy(pixels[start : start + size])) for start in range(0, len(pixels), size)]
    return np.concatenate([np.asarray(p[:, 1]) for p, _, _ in seen]), np.concatenate([np.asarray(f) for _, f, _ in seen])


def _learner(start: nn.Module | None, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> Learner:
    size = (recipe.size, recipe.size)
    with tempfile.TemporaryDirectory() as work:
        if start is not None:  # its loaders are only what fastai wants to find in an export, so a photo a side and label will do
            photos = photos.assign(validation=split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed))
            first = ~photos.duplicated(["validation", "label"]).to_numpy()
            photos, pixels = photos[first], pixels[first]
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


def describe(recipe: Recipe, fitted: FittedNetwork) -> dict[str, Any]:
    """How to use the network, as config.json says it."""
    mean, std = imagenet_stats
    cells = cells_of(fitted.learner.model[0])
    return {
        "architecture": recipe.arch,
        **({"attention": list(cells), "features_before_last": features_before_last(fitted.learner.model[0])} if cells else {}),
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
