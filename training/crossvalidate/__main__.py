"""Architectures side by side under the same folds by scene; nothing is published, and no test split is touched.

    python -m training.crossvalidate --data photos --arch mobilenet_v2 resnet34 resnet50 --out artifacts/crossvalidation
    python -m training.crossvalidate --data photos --arch mobilenet_v2 --weights FILE --model artifacts/model --out artifacts/folds

`--out` gets table.json, a row an architecture, and predictions-{arch}.parquet, P(full) of each photo each time that the folds were drawn.
A row whose pretrained weights cannot be had says so: its size and speed are measured all the same, its accuracy is not. `--weights FILE`
belongs to the first architecture; the others start from torchvision's ImageNet weights. With --learning-curve the folds are also run on
a quarter and half of the scenes. With --model the table lands in that model's metrics.json and card.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fastai.vision.core import imagenet_stats

from carpark.errors import BadSetting, BadWeights, one_line_errors
from carpark.model.config import Thresholds
from carpark.model.engines import Pixels
from carpark.model.network import ARCHITECTURES, torchvision_name
from training.cards.model import add_to_card
from training.crossvalidate.speed import measure_int8
from training.evaluate.scores import score
from training.labels import LABELS
from training.photos import check_trainable, find_photos, load_photos
from training.staging import staged
from training.train.folds import CrossValidation, cross_validate
from training.train.probe import Array, pool_photos
from training.weights import load_start

SHARES = (0.25, 0.5)  # of the scenes, for the learning curve, which ends with all of them


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
    pooled = pool_photos(start, pixels, *imagenet_stats)
    judged = cross_validate(pooled, photos, seed=seed)
    seconds = round(time.monotonic() - started)
    row = {"arch": arch, "million_weights": round(million, 1), "seconds": seconds} | measure_int8(arch, start, pixels)
    row |= summarize(photos, judged)
    return row, judged, pooled


def summarize(photos: pd.DataFrame, judged: CrossValidation) -> dict[str, Any]:
    """The scores of the first folds, and the errors each time that the folds were drawn."""
    bounds = Thresholds(**judged.thresholds)
    every = [score(photos.drop(columns="scene").assign(p_full=p_full), bounds) for p_full in judged.p_full]
    return {"errors_each_time": [said["errors"] for said in every]} | every[0]


def learn_less(photos: pd.DataFrame, pooled: Array, seed: int) -> list[dict[str, Any]]:
    """The scores when only a share of the scenes is there; shares with too few scenes a class are left out."""
    scenes = np.random.default_rng(seed).permutation(photos.scene.unique())
    rows = []
    for share in SHARES:
        chosen = photos.scene.isin(scenes[: round(share * len(scenes))]).to_numpy()
        few = photos[chosen].reset_index(drop=True)
        if min(few.scene[few.label == label].nunique() for label in LABELS) >= 2:
            said = summarize(few, cross_validate(pooled[chosen], few, seed=seed))
            rows.append(learnt_from(few, said))
    return rows


def learnt_from(photos: pd.DataFrame, said: dict[str, Any]) -> dict[str, Any]:
    """A point of the learning curve."""
    return {"photos": len(photos), "scenes": photos.scene.nunique()} | {key: said[key] for key in ("n", "errors_each_time", "auroc")}


def main(argv: list[str] | None = None) -> None:
    """Run the folds for each architecture; print a line for each, and one that says what was written where."""
    parser = argparse.ArgumentParser(prog="python -m training.crossvalidate", description="Compare architectures under the same folds.")
    parser.add_argument("--data", required=True, help="photos folder, or dataset repo (folder or owner/name) without its test split")
    parser.add_argument("--out", type=Path, required=True, help="folder for table.json and the predictions")
    parser.add_argument("--arch", nargs="+", default=["mobilenet_v2"], help=f"some of {', '.join(ARCHITECTURES)} (default: mobilenet_v2)")
    parser.add_argument("--weights", default="imagenet", help="imagenet, or the file of a state dict for the first architecture")
    parser.add_argument("--size", type=int, default=384, help="height and width of the input, px (default: 384)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-curve", action="store_true", help="also with a quarter and half of the scenes")
    parser.add_argument("--model", type=Path, help="model folder whose card gets the table")
    args = parser.parse_args(argv)
    with one_line_errors():
        for arch in args.arch:
            torchvision_name(arch)
        if not 64 <= args.size <= 1024:
            raise BadSetting(f"--size is {args.size}; expected 64 to 1024.")
        data = find_photos(args.data).folder
        with staged(args.out, marker="table.json") as folder:
            photos, pixels = load_photos(data, (args.size, args.size))
            check_trainable(photos, data)
            rows = []
            for number, arch in enumerate(args.arch):
                row, judged, pooled = compare(arch, "imagenet" if number else args.weights, photos, pixels, args.seed)
                if judged is not None:
                    columns = {f"p_full_{number}": p_full for number, p_full in enumerate(judged.p_full, start=1)}
                    table = photos.drop(columns="path").assign(fold=judged.folds[0], **columns)
                    table.to_parquet(folder / f"predictions-{arch}.parquet", index=False)
                    if args.learning_curve:
                        row["learning_curve"] = [*learn_less(photos, pooled, args.seed), learnt_from(photos, row)]
                rows.append(row)
                print(json.dumps(row))
            (folder / "table.json").write_text(json.dumps(rows, indent=2) + "\n")
            if args.model:
                add_to_card(args.model, "architectures", rows)
    print(f"{len(rows)} architectures under the same folds of {photos.scene.nunique():,} scenes -> {args.out}")


if __name__ == "__main__":
    main()
