"""Three ways to a fitted network: a linear probe on a pretrained body, fine-tuning, or a small network from scratch."""

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
from carpark.model.config import CarPark, Thresholds
from carpark.model.counting import counting_layer
from carpark.model.engines import Features, Pixels
from carpark.model.fullness import Fullness, interval_of, log_odds_of, share_of
from carpark.model.network import FromPixels
from training.labels import LABELS
from training.photos import SCENE_BOXES, split_by_scene, without_pictures
from training.provenance import are_drawn, are_judged
from training.train.calibration import calibrate, tighten
from training.train.folds import FOLDS, REPEATS, Judge, assign_folds, cross_validate, judge_by_heads, sources_of
from training.train.learners import fit, kinds_of, make_learner, photo_loaders, publishable
from training.train.likeness import choose_rule
from training.train.pictures import read_pictures
from training.train.probe import (
    AS_COUNTED,
    TUNED_BEFORE_LAST,
    Array,
    Head,
    fit_head,
    install_head,
    pool_photos,
    shares_of,
    weights_of,
)
from training.train.transfer import TrainedModel
from training.train.tuning import EPOCHS, EPOCHS_BESIDE, LOAD_SCALE, CountingNetwork, Lessons

VALIDATION_SHARE = 0.2
# Between these the answer is "unsure": a convention for networks from scratch, whose P(full) nothing calibrates.
BY_CONVENTION = Thresholds(empty_at_most=0.2, full_at_least=0.8)
HALVES = 2  # in so many folds networks are fine-tuned again, which takes minutes each
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


def should_tune(photos: pd.DataFrame, recipe: Recipe) -> bool:
    """Whether the body is fine-tuned on drawn photos before the head is fitted. Raises BadPhotos where --fit finetune has none."""
    n_drawn = int(are_drawn(photos).sum())
    if recipe.fit == "finetune" and not n_drawn:
        raise BadPhotos(
            "--fit finetune fine-tunes on drawn photos, and --data has none. Make some with "
            "`python -m training.sample --out artifacts/sample` and name artifacts/sample/photos beside your photos."
        )
    return recipe.fit == "finetune" or (recipe.fit == "auto" and n_drawn >= DRAWN_FOR_TUNING)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A body and its head, and how photos are judged that the like of it did not learn from."""

    body: nn.Module
    head: Head
    features: Features  # (judged photos, width)
    judge: Judge
    judged: npt.NDArray[np.bool_]  # (photos,)
    how: str  # photos were judged, in words
    groups: pd.Series | None = None  # (photos,) of which no one is learnt from and judged; the scenes when None
    n_folds: int = FOLDS
    repeats: int = 1
    counting: nn.Conv2d | None = None  # the layer over the last maps whose counts the head is over, if it is


def fit_pretrained(
    start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, *, trained: TrainedModel | None = None
) -> FittedNetwork:
    """A network from pretrained weights, scored and calibrated by photos that the like of it did not learn from.

    With enough drawn photos it is fine-tuned; otherwise, and from a model that was `trained` before, one layer is fitted to all photos.
    """
    should_probe = trained is not None or not should_tune(photos, recipe)
    fit = _probe(start, photos, pixels, trained) if should_probe else _tune(start, photos, pixels, recipe)
    judged, shares = fit.judged, shares_of(photos)
    validated = cross_validate(
        fit.judge, photos, seed=recipe.seed, n_folds=fit.n_folds, repeats=fit.repeats, groups=fit.groups, judged=judged
    )
    columns = {f"p_full_{number}": p for number, p in enumerate(validated.p_full[1:, judged].astype(np.float32), start=2)}
    repeated = f", repeated {fit.repeats} times with new folds" if fit.repeats > 1 else ""
    scored_by = f"{fit.how}: {validated.folds[0].max() + 1} folds{repeated}"
    sources, elsewhere = sources_of(photos), validated
    if sources is not None and fit.groups is None:
        elsewhere = cross_validate(fit.judge, photos, seed=recipe.seed, repeats=1, groups=sources, judged=judged)
        columns |= {"p_full_elsewhere": elsewhere.p_full[0, judged], "fullness_elsewhere": elsewhere.fullness[0, judged]}
        scored_by += f"; bounds and intervals by leaving out sources ({sources[judged].nunique()})"
    some = photos[judged].reset_index(drop=True)
    calibration = calibrate(elsewhere.log_odds[:, judged], elsewhere.p_full[:, judged], some, shares[judged])
    learner = _learner(fit.body, photos, pixels, recipe, fit.counting)
    install_head(learner.model, fit.head.rescaled(calibration.slope, calibration.shift))
    columns |= fullness_columns(validated.fullness[0, judged], calibration.fullness)
    groups = None if sources is None else sources[judged].reset_index(drop=True)
    return FittedNetwork(
        learner,
        remembered=judged,
        features=fit.features,
        scored=judged,
        temperature=round(1 / calibration.slope, 4),
        thresholds=calibration.thresholds,
        fullness=calibration.fullness,
        scored_by=scored_by,
        predictions=without_pictures(some).assign(
            fold=validated.folds[0, judged], p_full=validated.p_full[0, judged].astype(np.float32), **columns
        ),
        car_park=choose_rule(fit.features, assign_folds(some, recipe.seed, groups=groups)),
    )


def _probe(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, trained: TrainedModel | None) -> Fit:
    """One layer fitted to all photos; others judge, which saw other photos."""
    remembered, alone = are_judged(photos), are_drawn(photos).all()
    prior, counting = (trained.head, trained.counting) if trained else (None, None)
    mirrored = not alone  # the renderer mirrors places by itself
    pooled, features = pool_photos(start, pixels, *imagenet_stats, mirrored=mirrored, counting=counting)
    head = fit_head(pooled, shares_of(photos), weights_of(photos), prior)
    judge = judge_by_heads(pooled, photos, prior)
    return Fit(start, head, features[remembered], judge, remembered, "cross-validation by scene", repeats=REPEATS, counting=counting)


def _tune(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> Fit:
    """Fine-tuned on drawn photos, then on real ones; those of half of the sources are judged by a network that was taught the others.

    Where all photos are drawn, it is taught four fifths of the scenes, and only the others are judged and remembered.
    """
    drawn, sources = are_drawn(photos), sources_of(photos)
    pictures = read_pictures(photos, round(LOAD_SCALE * recipe.size), pixels[~drawn])
    lessons = Lessons(pictures, drawn, photos.scene, recipe.size, recipe.seed)
    print(f"fine-tuning on {drawn.sum():,} drawn photos, {pictures.has_map.sum():,} of them with maps")
    if drawn.all():
        judged = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed).to_numpy()
        published, log_odds = lessons.teach_drawings(start, ~judged, EPOCHS), np.full(len(photos), np.nan)
        log_odds[judged], features = published.look(pixels[judged])
        how = "a fifth of the scenes, which fine-tuning left out"
        return Fit(published.body, AS_COUNTED, features, lambda _, others: log_odds[others], judged, how, counting=published.counting)
    network = lessons.teach_drawings(start, drawn, EPOCHS)

    def teach(taught: npt.NDArray[np.bool_]) -> CountingNetwork:
        print(f"fine-tuning further, with {(taught & ~drawn).sum():,} real photos beside the drawn ones")
        return lessons.teach_photos(network, taught, EPOCHS_BESIDE)

    def judge(learnt: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> Array:
        return teach(learnt).look(pixels[others])[0]

    published = teach(np.ones(len(photos), dtype=bool))
    _, features = published.look(pixels[~drawn])
    halves = "scenes" if sources is None else f"sources ({sources[~drawn].nunique()})"
    how = f"fine-tuning with half of the {halves}, for the others"
    return Fit(published.body, AS_COUNTED, features, judge, ~drawn, how, sources, HALVES, counting=published.counting)


def fullness_columns(fullness: npt.NDArray[np.float64], rule: Fullness) -> dict[str, npt.NDArray[np.float32]]:
    """The share taken and its 80% interval as columns of predictions.parquet."""
    low, high = interval_of(fullness, rule)
    return {"fullness": fullness.astype(np.float32), "fullness_low": low, "fullness_high": high}


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
