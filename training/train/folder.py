"""A model folder from photos: fit, export, prove that the forms agree, score, write the card."""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from carpark.errors import BadModel
from carpark.model.engines import Pixels
from training.cards.model import model_card
from training.evaluate.scores import score_folder
from training.export.forms import answer_known_pictures, write_config, write_forms
from training.export.proof import prove_agreement
from training.labels import LABELS, PARTIAL
from training.photos import Origin, check_trainable, describe_origins, load_all
from training.provenance import are_drawn, are_judged, are_streets
from training.staging import staged
from training.train.fitting import FittedNetwork, describe, fit_from_scratch, fit_pretrained
from training.train.likeness import keep_neighbours, revision_of
from training.train.pretrained import Recipe, should_tune
from training.train.transfer import load_trained
from training.weights import load_start

CALIBRATION_PHOTOS = 64  # that set the ranges of the int8 form; with 256, P(full) strays as far and it takes three times as long
TRIAL_PHOTOS = 64  # by which layers of the int8 form stay float
WEIGHTS_OF_MODEL = "those of the model started from"


def train(data: Path | Sequence[Origin], out: Path, recipe: Recipe) -> dict[str, Any]:
    """Write the model folder `out`; what its metrics.json says. Raises a CarparkError, and then nothing is written."""
    origins = [Origin(data)] if isinstance(data, Path) else data
    started = time.monotonic()
    with staged(out, marker="config.json") as folder:
        trained = load_trained(recipe.start_from) if recipe.start_from else None
        if trained:
            recipe = replace(recipe, arch=trained.arch, size=trained.size, weights=WEIGHTS_OF_MODEL)
        start = trained.body if trained else load_start(recipe.arch, recipe.weights)
        photos, pixels = load_all(origins, (recipe.size, recipe.size))
        check_trainable(photos, origins[0].folder)
        print(f"{len(photos):,} photos of {photos.scene.nunique():,} scenes: {_counts(photos)}")
        if start is None:
            fitted = fit_from_scratch(photos, pixels, recipe)
        else:
            fitted = fit_pretrained(start, photos, pixels, recipe, trained=trained)

        config = describe(recipe, fitted) | record(origins, photos, recipe)
        predictions = fitted.predictions
        predictions.to_parquet(folder / "predictions.parquet", index=False)
        scored = np.flatnonzero(fitted.scored)
        doubtful = scored[np.abs(predictions.p_full.to_numpy() - 0.5).argsort()[:TRIAL_PHOTOS]]  # P(full) moves most there
        try:
            agreement = _export(fitted, folder, config, (photos, pixels), scored, doubtful)
        except BadModel:
            print("not on all photos: exporting again, with an int8 format that is tried on all of them")
            agreement = _export(fitted, folder, config, (photos, pixels), scored, scored)
        metrics: dict[str, Any] = {"validation": score_folder(folder), "scored_by": fitted.scored_by, "agreement": agreement}
        metrics |= {"training_seconds": round(time.monotonic() - started)}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        (folder / "README.md").write_text(model_card(json.loads((folder / "config.json").read_text()), metrics))
    return metrics


def _export(
    fitted: FittedNetwork,
    folder: Path,
    config: dict[str, Any],
    data: tuple[pd.DataFrame, Pixels],
    scored: npt.NDArray[np.intp],
    tried: npt.NDArray[np.intp],
) -> dict[str, Any]:
    """Writes the formats, with an int8 one that agrees on the photos `tried`, and the neighbours; how all agree on the `scored` photos."""
    photos, pixels = data
    print("exporting: learner, safetensors, ONNX, int8")
    calibration = _spread(pixels[fitted.remembered], CALIBRATION_PHOTOS)
    write_forms(fitted.learner, folder, config=config, calibration=calibration, photos=pixels[tried])
    keep_neighbours(folder, photos[fitted.remembered], fitted.features)
    rule = fitted.car_park and asdict(fitted.car_park)
    write_config(folder, config | {"car_park": rule, "known_answers": answer_known_pictures(folder)})
    print(f"proving that the formats agree on {len(scored):,} photos")
    return prove_agreement(folder, pixels[scored], photos.label.iloc[scored])


def _spread(pixels: Pixels, count: int) -> Pixels:
    """`count` of the photos, or all, evenly from first to last, so that each folder has its share."""
    chosen: Pixels = pixels[np.unique(np.linspace(0, len(pixels) - 1, count).astype(int))]
    return chosen


def record(origins: Sequence[Origin], photos: pd.DataFrame, recipe: Recipe) -> dict[str, Any]:
    """How the model was made, as config.json says it; of files and folders the names, since where they lie is nobody's business."""
    tuned = recipe.weights != "none" and not recipe.start_from and should_tune(photos, recipe)
    recipe_config = asdict(recipe) | {"tuned": tuned, "weights": Path(recipe.weights).name, "start_from": Path(recipe.start_from).name}
    if recipe.start_from:
        flag_names = ["start_from", "seed"]
    else:
        flag_names = ["arch", "weights", "size", *(["epochs"] if recipe.weights == "none" else ["fit"]), "seed"]
    flags = {"data": " ".join(origin.setting for origin in origins)} | {name.replace("_", "-"): recipe_config[name] for name in flag_names}
    counts = {"photos": len(photos), "scenes": photos.scene.nunique(), "labels": _counts(photos)}
    counts |= {"drawn": int(are_drawn(photos).sum()), "streets": int(are_streets(photos).sum())}
    return {
        "command": "python -m training.train " + " ".join(f"--{name} {value}" for name, value in flags.items()),
        "recipe": recipe_config,
        "dataset": describe_origins(origins) | {"sha256": revision_of(photos[are_judged(photos)])} | counts,
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads(), "gpu": torch.cuda.is_available()},
    }


def _counts(photos: pd.DataFrame) -> dict[str, int]:
    return {label: int((photos.label == label).sum()) for label in (*LABELS, PARTIAL) if (photos.label == label).any()}
