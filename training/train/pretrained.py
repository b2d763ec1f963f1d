"""Two ways to go on from a pretrained body, a linear probe or fine-tuning; and what each says of photos that it did not learn from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from fastai.vision.core import imagenet_stats
from scipy.special import expit
from torch import nn

from carpark.errors import BadPhotos
from carpark.model.engines import Features, Pixels
from carpark.model.fullness import Fullness, interval_of, share_of
from training.photos import split_by_scene, without_pictures
from training.provenance import are_drawn, are_judged, are_streets
from training.train.calibration import Calibration, calibrate
from training.train.folds import FOLDS, REPEATS, Judge, cross_validate, judge_by_heads, sources_of
from training.train.pictures import read_pictures
from training.train.probe import AS_COUNTED, Array, Head, fit_head, pool_photos, shares_of, weights_of
from training.train.transfer import TrainedModel
from training.train.tuning import EPOCHS, EPOCHS_BESIDE, LOAD_SCALE, CountingNetwork, Lessons

FITS = ("auto", "probe", "finetune")
SIZES, DEFAULT_SIZE = (64, 1024), 288  # px, height and width of the input
VALIDATION_SHARE = 0.2
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
class Taught:
    """What goes into the model: a body, and the head over its features or its counts."""

    body: nn.Module
    head: Head
    features: Features  # (judged photos, width)
    counting: nn.Conv2d | None = None  # the layer over the last maps whose counts the head is over, if it is


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a body is taught for publication, and how photos are judged by others like it that did not learn from them."""

    publish: Callable[[], Taught]
    judge: Judge
    judged: npt.NDArray[np.bool_]  # (photos,)
    how: str  # the photos are judged, in words
    groups: pd.Series | None = None  # (photos,) those of one group are never learnt from and judged by one network; the scenes when None
    n_folds: int = FOLDS
    repeats: int = 1
    nearby: Array | None = None  # (photos,) log-odds by what was taught other scenes of their sources; filled by `judge`, NaN of most


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What networks say of photos that they did not learn from, and what follows for the one that is published."""

    predictions: pd.DataFrame  # a row for each judged photo
    calibration: Calibration
    scored_by: str  # in words, for the card


def choose_way(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe, *, trained: TrainedModel | None = None) -> Way:
    """Fine-tuning with enough drawn photos; otherwise, and from a model that was `trained` before, one layer is fitted to all photos."""
    should_probe = trained is not None or not should_tune(photos, recipe)
    return _probe(start, photos, pixels, trained) if should_probe else _tune(start, photos, pixels, recipe)


def prove(way: Way, photos: pd.DataFrame, seed: int) -> Proof:
    """Judges the photos, by leaving out scenes or sources as `way` says, and calibrates by leaving out sources where there are three."""
    judged, shares = way.judged, shares_of(photos)
    validated = cross_validate(way.judge, photos, seed=seed, n_folds=way.n_folds, repeats=way.repeats, groups=way.groups, judged=judged)
    columns = {f"p_full_{number}": p for number, p in enumerate(validated.p_full[1:, judged].astype(np.float32), start=2)}
    repeated = f", repeated {way.repeats} times with new folds" if way.repeats > 1 else ""
    scored_by = f"{way.how}: {validated.folds[0].max() + 1} folds{repeated}"
    sources, elsewhere = sources_of(photos), validated
    if sources is not None and way.groups is None:
        elsewhere = cross_validate(way.judge, photos, seed=seed, repeats=1, groups=sources, judged=judged)
        columns |= {"p_full_elsewhere": elsewhere.p_full[0, judged], "fullness_elsewhere": elsewhere.fullness[0, judged]}
        scored_by += f"; bounds and intervals by leaving out sources ({sources[judged].nunique()})"
    some = photos[judged].reset_index(drop=True)
    calibration = calibrate(elsewhere.log_odds[:, judged], elsewhere.p_full[:, judged], some, shares[judged])
    columns |= fullness_columns(validated.fullness[0, judged], calibration.fullness)
    if way.nearby is not None:
        p_full = expit(calibration.slope * way.nearby[judged] + calibration.shift)
        columns |= {"p_full_nearby": p_full, "fullness_nearby": share_of(p_full, calibration.fullness)}
    predictions = without_pictures(some).assign(
        fold=validated.folds[0, judged], p_full=validated.p_full[0, judged].astype(np.float32), **columns
    )
    return Proof(predictions, calibration, scored_by)


def fullness_columns(fullness: npt.NDArray[np.float64], rule: Fullness) -> dict[str, npt.NDArray[np.float32]]:
    """The share taken and its 80% interval as columns of predictions.parquet."""
    low, high = interval_of(fullness, rule)
    return {"fullness": fullness.astype(np.float32), "fullness_low": low, "fullness_high": high}


def _probe(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, trained: TrainedModel | None) -> Way:
    """One layer fitted to all photos; others judge, which saw other photos."""
    remembered, alone = are_judged(photos), are_drawn(photos).all()
    prior, counting = (trained.head, trained.counting) if trained else (None, None)
    mirrored = not alone  # the renderer mirrors places by itself
    pooled, features = pool_photos(start, pixels, *imagenet_stats, mirrored=mirrored, counting=counting)

    def publish() -> Taught:
        return Taught(start, fit_head(pooled, shares_of(photos), weights_of(photos), prior), features[remembered], counting)

    return Way(publish, judge_by_heads(pooled, photos, prior), remembered, "cross-validation by scene", repeats=REPEATS)


def _tune(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> Way:
    """Fine-tuned on drawn photos, then on real ones; photos of half of the sources are judged by a network that was taught the other half.

    A fifth of the scenes of that other half is held back from it, and judged as `nearby`: new places of known sources. Where all photos are
    drawn, the network is taught four fifths of the scenes, and only the others are judged and remembered.
    """
    drawn, sources = are_drawn(photos), sources_of(photos)
    pictures = read_pictures(photos, round(LOAD_SCALE * recipe.size), pixels[~drawn])
    lessons = Lessons(pictures, drawn, photos.scene, recipe.size, recipe.seed)
    print(f"fine-tuning on {drawn.sum():,} drawn photos, {pictures.has_map.sum():,} of them with maps")
    if drawn.all():
        return _tune_on_drawn(start, photos, pixels, lessons)
    network = lessons.teach_drawings(start, drawn, EPOCHS)
    near = choose_nearby(photos, sources, recipe.seed)
    nearby = np.full(len(photos), np.nan) if near.any() else None

    def teach(taught: npt.NDArray[np.bool_]) -> CountingNetwork:
        print(f"fine-tuning further, with {(taught & ~drawn).sum():,} real photos beside the drawn ones")
        return lessons.teach_photos(network, taught, EPOCHS_BESIDE)

    def judge(learnt: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> Array:
        taught = teach(learnt & ~near)
        if nearby is not None:
            nearby[learnt & near] = taught.look(pixels[learnt & near])[0]
        return taught.look(pixels[others])[0]

    def publish() -> Taught:
        taught = teach(np.ones(len(photos), dtype=bool))
        return Taught(taught.body, AS_COUNTED, taught.look(pixels[~drawn])[1], taught.counting)

    halves = "scenes" if sources is None else f"sources ({sources[~drawn].nunique()})"
    how = f"fine-tuning with half of the {halves}, for the others" + (", less a fifth of the places" if near.any() else "")
    return Way(publish, judge, ~drawn, how, sources, HALVES, nearby=nearby)


def _tune_on_drawn(start: nn.Module, photos: pd.DataFrame, pixels: Pixels, lessons: Lessons) -> Way:
    judged = split_by_scene(photos, validation=VALIDATION_SHARE, seed=lessons.seed).to_numpy()
    taught, log_odds = lessons.teach_drawings(start, ~judged, EPOCHS), np.full(len(photos), np.nan)
    log_odds[judged], features = taught.look(pixels[judged])
    published = Taught(taught.body, AS_COUNTED, features, taught.counting)
    how = "a fifth of the scenes, which fine-tuning left out"
    return Way(lambda: published, lambda _, others: log_odds[others], judged, how)


def choose_nearby(photos: pd.DataFrame, sources: pd.Series | None, seed: int) -> npt.NDArray[np.bool_]:
    """(n,) a fifth of the scenes of each source of real car parks that has five; none without `sources`."""
    near = np.zeros(len(photos), dtype=bool)
    if sources is None:
        return near
    rng, is_real = np.random.default_rng(seed), ~are_drawn(photos) & ~are_streets(photos)
    for _, scenes in photos.scene[is_real].groupby(sources[is_real]):
        chosen = rng.choice(scenes.unique(), int(VALIDATION_SHARE * scenes.nunique()), replace=False)
        near[scenes.index[scenes.isin(chosen)]] = True
    return near
