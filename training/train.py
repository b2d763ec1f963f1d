"""Train the classifier on a folder of photos and write it as a model repo folder.

    python -m training.train --data artifacts/sample/photos --out artifacts/model --arch resnet18 --weights none
    python -m training.train --data photos --out artifacts/model                       # resnet34 from ImageNet weights

Photos labelled `partial` are neither class: they teach P(full) = 0.5, or their `occupancy` where photos.csv tells it.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from fastai.torch_core import set_seed
from fastai.vision.core import imagenet_stats
from PIL import Image

from carpark.errors import BadSetting, one_line_errors
from carpark.model import Model, Pixels, load_model
from carpark.network import NAMES, torchvision_name
from training.cards import model_card
from training.export import prove_agreement, write_config, write_forms
from training.learners import fit, kinds_of, make_learner, photo_loaders, publishable
from training.likeness import remember, rule_for, said_of
from training.photos import LABELS, PARTIAL, check_trainable, load_photos, split_by_scene
from training.scores import score
from training.staging import staged
from training.weights import load_start

VALIDATION_SHARE = 0.2
CALIBRATION_PHOTOS = 256  # training photos that set the ranges of the int8 form
RANGES = {"size": (64, 1024), "epochs": (1, 1000), "seed": (0, 2**32 - 1)}
# Between these the answer is "unsure": a convention, until thresholds are chosen for a stated error on out-of-fold predictions.
THRESHOLDS = {"empty_at_most": 0.2, "full_at_least": 0.8}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything beside the photos that decides what comes out; recorded in config.json."""

    arch: str
    weights: str  # imagenet, none, or a file
    size: int  # px, height and width
    epochs: int
    seed: int


def train(data: Path, out: Path, recipe: Recipe) -> dict[str, Any]:
    """Write the model folder `out`; what its metrics.json says. Raises a CarparkError, and then nothing is written."""
    started = time.monotonic()
    with staged(out, marker="config.json") as folder, tempfile.TemporaryDirectory() as work:
        start = load_start(recipe.arch, recipe.weights)
        size = (recipe.size, recipe.size)
        photos, pixels = load_photos(data, size)
        check_trainable(photos, data)
        photos["validation"] = split_by_scene(photos, validation=VALIDATION_SHARE, seed=recipe.seed)
        print(f"{len(photos):,} photos of {photos.scene.nunique():,} scenes: {_counts(photos)}; {photos.validation.sum():,} held out")
        files = write_training_files(photos, pixels, Path(work))
        set_seed(recipe.seed, reproducible=True)
        vocab = sorted({file.parent.name for file in files})
        learner = make_learner(photo_loaders(files, vocab, size, tilt=start is not None), recipe.arch, start)
        fit(learner, recipe.epochs, pretrained=start is not None)

        calibration = pixels[~photos.validation.to_numpy()][:CALIBRATION_PHOTOS]
        config = describe(data, photos, recipe)
        write_forms(publishable(learner, files, size), folder, config=config, calibration=calibration)
        held_out = photos[photos.validation]
        features = load_model(folder, "fp32").look(map(Image.fromarray, pixels)).features
        is_known = ~photos.validation.to_numpy()
        remember(folder, photos[is_known], features[is_known])
        config["car_park"] = said_of(rule_for(features[is_known], features[~is_known]))
        write_config(folder, config)
        agreement = prove_agreement(folder, pixels[held_out.index], held_out.label)
        metrics = measure(load_model(folder), held_out, pixels[held_out.index], folder / "predictions.parquet")
        metrics |= {"agreement": agreement, "training_seconds": round(time.monotonic() - started)}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        (folder / "README.md").write_text(model_card(config, metrics))
    return metrics


def write_training_files(photos: pd.DataFrame, pixels: Pixels, work: Path) -> list[Path]:
    """`work/{train,valid}/{kind}/{number}.png`, exactly the pixels that prediction sees; the layout fastai reads without code of ours."""
    files = []
    for number, (kind, is_validation) in enumerate(zip(kinds_of(photos), photos.validation, strict=True)):
        file = work / ("valid" if is_validation else "train") / kind / f"{number:06}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number]).save(file, compress_level=1)
        files.append(file)
    return files


def describe(data: Path, photos: pd.DataFrame, recipe: Recipe) -> dict[str, Any]:
    """What config.json says beyond files and versions: how to use the model, and how it was made."""
    mean, std = imagenet_stats
    return {
        "architecture": recipe.arch,
        "labels": list(LABELS),
        "input_size": [recipe.size, recipe.size],
        "resize": "squish, bilinear",
        "mean": mean,
        "std": std,
        "temperature": 1.0,
        "thresholds": THRESHOLDS,
        "recipe": asdict(recipe) | {"weights": Path(recipe.weights).name},  # a file's folder is nobody's business
        "dataset": {"name": data.name, "photos": len(photos), "scenes": photos.scene.nunique(), "labels": _counts(photos)},
    }


def measure(model: Model, held_out: pd.DataFrame, pixels: Pixels, out: Path) -> dict[str, Any]:
    """The scores of `model` on the held-out photos, whose predictions are written to `out`."""
    p_full = model.p_full(map(Image.fromarray, pixels))
    predictions = held_out.drop(columns=["path", "validation"]).assign(p_full=p_full)
    predictions.to_parquet(out, index=False)
    return {"validation": score(predictions, model.config.thresholds)}


def _counts(photos: pd.DataFrame) -> dict[str, int]:
    return {label: int((photos.label == label).sum()) for label in (*LABELS, PARTIAL) if (photos.label == label).any()}


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.train", description="Train the classifier and write a model folder.")
    parser.add_argument("--data", type=Path, required=True, help="photos folder: empty/ full/ [partial/], photos.csv beside them")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--arch", default="resnet34", help=f"one of {', '.join(NAMES)} (default: resnet34)")
    parser.add_argument("--weights", default="imagenet", help="imagenet, none, or a file with torchvision's state dict")
    parser.add_argument("--size", type=int, default=224, help="height and width of the input, px (default: 224)")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the photos with all layers training (default: 8)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train, prove, write; one line at the end says what was written where."""
    args = _parse(argv)
    with one_line_errors():
        torchvision_name(args.arch)  # a wrong name is found before the photos are read
        for name, (least, most) in RANGES.items():
            if not least <= getattr(args, name) <= most:
                raise BadSetting(f"--{name} is {getattr(args, name)}; expected {least} to {most}.")
        metrics = train(args.data, args.out, Recipe(args.arch, args.weights, args.size, args.epochs, args.seed))
    scores = metrics["validation"]
    print(
        f"{scores['errors']} errors in {scores['n']} photos of unseen scenes, {metrics['training_seconds']} s; "
        f"learner, safetensors, ONNX and int8 agree -> {args.out}"
    )


if __name__ == "__main__":
    main()
