"""Bodies and sizes under the same folds: their scores, the speed of their int8 form, and the scores with fewer photos."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carpark.errors import BadSetting, BadWeights
from carpark.model.engines import Pixels
from training.crossvalidate.speed import measure_int8
from training.evaluate.scores import score_all
from training.labels import LABELS
from training.photos import Origin, check_trainable, load_all
from training.train.pretrained import Proof, Recipe, choose_way, prove
from training.weights import load_start

CURVE_SHARES = (0.25, 0.5)  # of the scenes, for the learning curve, which ends with all of them


def compare_bodies(
    origins: Sequence[Origin], folder: Path, recipe: Recipe, archs: Sequence[str], sizes: Sequence[int], *, learning_curve: bool
) -> list[dict[str, Any]]:
    """A row a body and size, printed as it is done; writes table.json and predictions-{arch}-{size}.parquet into `folder`.

    The `recipe`'s weights belong to the first body; the others start from their own ImageNet weights. Raises a CarparkError.
    """
    rows = []
    for size in sizes:
        photos, pixels = load_all(origins, (size, size))
        check_trainable(photos, origins[0].folder)
        for arch in archs:
            asked = replace(recipe, arch=arch, size=size, weights=recipe.weights if arch == archs[0] else "imagenet")
            row, proof = compare(photos, pixels, asked)
            if proof:
                proof.predictions.to_parquet(folder / f"predictions-{arch.replace('/', '-')}-{size}.parquet", index=False)
                if learning_curve:
                    row["learning_curve"] = [*learn_less(photos, pixels, asked), learnt_from(photos, row)]
            rows.append(row)
            print(json.dumps(row))
    (folder / "table.json").write_text(json.dumps(rows, indent=2) + "\n")
    return rows


def compare(photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> tuple[dict[str, Any], Proof | None]:
    """A row of the table, and what it was computed from where the body's weights could be had."""
    started = time.monotonic()
    body: dict[str, Any] = {"arch": recipe.arch, "size": recipe.size}
    try:
        start = load_start(recipe.arch, recipe.weights)
    except BadWeights as error:
        why = str(error).replace(str(Path.home()), "~")  # the table is published
        return body | {"missing": why} | measure_int8(recipe.arch, None, pixels), None
    if start is None:
        raise BadSetting("--weights none: folds are for pretrained networks; expected imagenet, or the file of a state dict.")
    million = sum(weight.numel() for weight in start.parameters()) / 1e6
    speed = measure_int8(recipe.arch, start, pixels)
    proof = prove(choose_way(start, photos, pixels, recipe), photos, recipe.seed)
    row = body | {"million_weights": round(million, 1), "seconds": round(time.monotonic() - started)} | speed
    return row | summarize(proof), proof


def summarize(proof: Proof) -> dict[str, Any]:
    """The scores of the first folds, and the errors each time that the folds were drawn."""
    predictions = proof.predictions.drop(columns="scene")
    scores = score_all(predictions, proof.calibration.thresholds, proof.calibration.fullness)
    return {"errors_each_time": scores.get("repeats", {}).get("errors", [scores["errors"]])} | scores


def learn_less(photos: pd.DataFrame, pixels: Pixels, recipe: Recipe) -> list[dict[str, Any]]:
    """The scores when only a share of the scenes is there; shares with too few scenes a class are left out."""
    scenes = np.random.default_rng(recipe.seed).permutation(photos.scene.unique())
    points = []
    for share in CURVE_SHARES:
        chosen = photos.scene.isin(scenes[: round(share * len(scenes))]).to_numpy()
        few = photos[chosen].reset_index(drop=True)
        if min(few.scene[few.label == label].nunique() for label in LABELS) >= 2:
            start = load_start(recipe.arch, recipe.weights)
            assert start is not None  # `compare` refuses a body without weights
            points.append(learnt_from(few, summarize(prove(choose_way(start, few, pixels[chosen], recipe), few, recipe.seed))))
    return points


def learnt_from(photos: pd.DataFrame, scores: dict[str, Any]) -> dict[str, Any]:
    """A point of the learning curve."""
    return {"photos": len(photos), "scenes": photos.scene.nunique()} | {key: scores[key] for key in ("n", "errors_each_time", "auroc")}
