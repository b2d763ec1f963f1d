"""Architectures under the same folds: their scores, the speed of their int8 form, and the scores with fewer photos."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fastai.vision.core import imagenet_stats

from carpark.errors import BadSetting, BadWeights
from carpark.model.engines import Pixels
from training.crossvalidate.speed import measure_int8
from training.evaluate.scores import score
from training.labels import LABELS
from training.photos import check_trainable, find_photos, load_photos, without_pictures
from training.train.calibration import calibrate
from training.train.folds import CrossValidation, cross_validate, judge_by_heads
from training.train.probe import Array, pool_photos, shares_of
from training.weights import load_start

SHARES = (0.25, 0.5)  # of the scenes, for the learning curve, which ends with all of them


def compare_architectures(
    data: str, folder: Path, archs: Sequence[str], *, weights: str, size: int, seed: int, learning_curve: bool
) -> list[dict[str, Any]]:
    """A row an architecture, printed as it is done; writes table.json and predictions-{arch}.parquet into `folder`.

    `weights` belong to the first architecture; the others start from their own ImageNet weights. Raises a CarparkError.
    """
    source = find_photos(data).folder
    photos, pixels = load_photos(source, (size, size))
    check_trainable(photos, source)
    rows = []
    for number, arch in enumerate(archs):
        row, validated, pooled = compare(arch, "imagenet" if number else weights, photos, pixels, seed)
        if validated is not None:
            columns = {f"p_full_{draw}": p_full for draw, p_full in enumerate(validated.p_full, start=1)}
            table = without_pictures(photos).assign(fold=validated.folds[0], **columns)
            table.to_parquet(folder / f"predictions-{arch.replace('/', '-')}.parquet", index=False)
            if learning_curve:
                row["learning_curve"] = [*learn_less(photos, pooled, seed), learnt_from(photos, row)]
        rows.append(row)
        print(json.dumps(row))
    (folder / "table.json").write_text(json.dumps(rows, indent=2) + "\n")
    return rows


def compare(
    arch: str, weights: str, photos: pd.DataFrame, pixels: Pixels, seed: int
) -> tuple[dict[str, Any], CrossValidation | None, Array]:
    """A row of the table; its predictions and pooled features where the architecture's weights could be had."""
    started = time.monotonic()
    try:
        start = load_start(arch, weights)
    except BadWeights as error:
        why = str(error).replace(str(Path.home()), "~")  # the table is published
        return {"arch": arch, "missing": why} | measure_int8(arch, None, pixels), None, np.empty((0, 0, 0))
    if start is None:
        raise BadSetting("--weights none: folds are for pretrained networks; expected imagenet, or the file of a state dict.")
    million = sum(weight.numel() for weight in start.parameters()) / 1e6
    pooled, _ = pool_photos(start, pixels, *imagenet_stats)
    judged = cross_validate(judge_by_heads(pooled, photos), photos, seed=seed)
    seconds = round(time.monotonic() - started)
    row = {"arch": arch, "million_weights": round(million, 1), "seconds": seconds} | measure_int8(arch, start, pixels)
    row |= summarize(photos, judged)
    return row, judged, pooled


def summarize(photos: pd.DataFrame, judged: CrossValidation) -> dict[str, Any]:
    """The scores of the first folds, and the errors each time that the folds were drawn."""
    bounds = calibrate(judged.log_odds, judged.p_full, photos, shares_of(photos)).thresholds
    every = [score(photos.drop(columns="scene").assign(p_full=p_full), bounds) for p_full in judged.p_full]
    return {"errors_each_time": [scores["errors"] for scores in every]} | every[0]


def learn_less(photos: pd.DataFrame, pooled: Array, seed: int) -> list[dict[str, Any]]:
    """The scores when only a share of the scenes is there; shares with too few scenes a class are left out."""
    scenes = np.random.default_rng(seed).permutation(photos.scene.unique())
    rows = []
    for share in SHARES:
        chosen = photos.scene.isin(scenes[: round(share * len(scenes))]).to_numpy()
        few = photos[chosen].reset_index(drop=True)
        if min(few.scene[few.label == label].nunique() for label in LABELS) >= 2:
            scores = summarize(few, cross_validate(judge_by_heads(pooled[chosen], few), few, seed=seed))
            rows.append(learnt_from(few, scores))
    return rows


def learnt_from(photos: pd.DataFrame, scores: dict[str, Any]) -> dict[str, Any]:
    """A point of the learning curve."""
    return {"photos": len(photos), "scenes": photos.scene.nunique()} | {key: scores[key] for key in ("n", "errors_each_time", "auroc")}
