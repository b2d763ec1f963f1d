"""A model folder from photos: fit, export, prove that the forms agree, score, write the card."""

import json
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from carpark.model import load_model
from training.cards.model import model_card
from training.evaluate.scores import score_folder
from training.export.forms import answer_known_pictures, write_config, write_forms
from training.export.proof import prove_agreement
from training.labels import LABELS, PARTIAL
from training.photos import Origin, check_trainable, load_photos
from training.provenance import DRAWN
from training.staging import staged
from training.train.fitting import Recipe, describe, fit_from_scratch, fit_probe, judge_held_out
from training.train.likeness import car_park_config, remember, revision_of
from training.train.transfer import load_taught
from training.weights import load_start

CALIBRATION_PHOTOS = 256  # training photos that set the ranges of the int8 form
WEIGHTS_OF_MODEL = "those of the model started from"


def train(data: Path | Origin, out: Path, recipe: Recipe) -> dict[str, Any]:
    """Write the model folder `out`; what its metrics.json says. Raises a CarparkError, and then nothing is written."""
    origin = data if isinstance(data, Origin) else Origin(data)
    started = time.monotonic()
    with staged(out, marker="config.json") as folder:
        taught = load_taught(recipe.start_from) if recipe.start_from else None
        if taught:
            recipe = replace(recipe, arch=taught.arch, size=taught.size, weights=WEIGHTS_OF_MODEL)
        start = taught.body if taught else load_start(recipe.arch, recipe.weights)
        photos, pixels = load_photos(origin.folder, (recipe.size, recipe.size))
        check_trainable(photos, origin.folder)
        print(f"{len(photos):,} photos of {photos.scene.nunique():,} scenes: {_counts(photos)}")
        if start is None:
            fitted = fit_from_scratch(photos, pixels, recipe)
        else:
            fitted = fit_probe(start, photos, pixels, recipe, prior=taught.head if taught else None)

        config = describe(recipe, fitted) | record(origin, photos, recipe)
        print("exporting: learner, safetensors, ONNX, int8")
        write_forms(fitted.learner, folder, config=config, calibration=pixels[fitted.learnt][:CALIBRATION_PHOTOS])
        features = load_model(folder, "fp32").predict(map(Image.fromarray, pixels[fitted.learnt])).features
        remember(folder, photos[fitted.learnt], features)
        predictions, car_park = judge_held_out(fitted, folder, photos, pixels)
        predictions.to_parquet(folder / "predictions.parquet", index=False)
        write_config(folder, config | {"car_park": car_park_config(car_park), "known_answers": answer_known_pictures(folder)})
        shown = np.flatnonzero(photos.file.isin(predictions.file))
        print(f"proving that the forms agree on {len(shown):,} photos")
        agreement = prove_agreement(folder, pixels[shown], photos.label.iloc[shown])
        metrics: dict[str, Any] = {"validation": score_folder(folder), "scored_by": fitted.scored_by, "agreement": agreement}
        metrics |= {"training_seconds": round(time.monotonic() - started)}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        (folder / "README.md").write_text(model_card(json.loads((folder / "config.json").read_text()), metrics))
    return metrics


def record(origin: Origin, photos: pd.DataFrame, recipe: Recipe) -> dict[str, Any]:
    """How the model was made, as config.json says it; of files and folders the names, since where they lie is nobody's business."""
    recipe_config = asdict(recipe) | {"weights": Path(recipe.weights).name, "start_from": Path(recipe.start_from).name}
    if recipe.start_from:
        shown = ["start_from", "seed"]
    else:
        shown = ["arch", "weights", "size", *(["epochs"] if recipe.weights == "none" else []), "seed"]
    flags = {"data": origin.setting} | {name.replace("_", "-"): recipe_config[name] for name in shown}
    counts = {"photos": len(photos), "scenes": photos.scene.nunique(), "labels": _counts(photos)}
    counts["drawn"] = int((photos["source"] == DRAWN).sum()) if "source" in photos else 0
    return {
        "command": "python -m training.train " + " ".join(f"--{name} {value}" for name, value in flags.items()),
        "recipe": recipe_config,
        "dataset": origin.as_config() | {"sha256": revision_of(photos)} | counts,
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads(), "gpu": torch.cuda.is_available()},
    }


def _counts(photos: pd.DataFrame) -> dict[str, int]:
    return {label: int((photos.label == label).sum()) for label in (*LABELS, PARTIAL) if (photos.label == label).any()}
