"""Train the classifier on a folder of photos and write it as a model repo folder.

    python -m training.train --data photos --out artifacts/model                       # efficientnet_lite0 from ImageNet weights
    python -m training.train --data artifacts/sample/photos --out artifacts/model --arch resnet18 --weights none

    python -m training.train --data frames --out artifacts/street --start-from artifacts/model   # a camera of one's own

From pretrained weights one layer is fitted (`training.train.probe`), on all photos, and scored by cross-validation over scenes. With 500
drawn photos the later blocks are fine-tuned instead (`training.train.tuning`), on the drawings, then on the real photos beside them; these
are scored by networks that were taught other sources. Without pretrained weights a network is fitted from scratch on four fifths of the
scenes and scored on the rest. Photos labelled `partial` teach what lies between the classes, and are never counted as errors. --start-from
refits only the last layer of a model of ours, regularised towards its old weights. Clock and texts of JamCam stills are cut away, here and
wherever the model answers (`scene_boxes` in config.json).
"""

import argparse
import gc
import sys
from pathlib import Path

from carpark.errors import BadSetting, BadWeights, one_line_errors
from carpark.model.architectures import ARCHITECTURES, DEFAULT_ARCHITECTURE
from carpark.model.network import check_architecture
from training.memory import keep_freed_memory
from training.photos import find_photos
from training.train.folder import train
from training.train.pretrained import DEFAULT_SIZE, FITS, SIZES, Recipe

NO_WEIGHTS = 3  # exit status where the starting weights cannot be had: `make demo` then trains from scratch
RANGES = {"size": SIZES, "epochs": (1, 1000), "seed": (0, 2**32 - 1)}


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.train", description="Train the classifier and write a model folder.")
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        help="photos folders (empty/ full/ [partial/], photos.csv), tables X.csv, or dataset repos owner/name[@revision]",
    )
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument(
        "--arch", default=DEFAULT_ARCHITECTURE, help=f"one of {', '.join(ARCHITECTURES)}, or timm/NAME (default: {DEFAULT_ARCHITECTURE})"
    )
    parser.add_argument("--weights", default="imagenet", help="imagenet, index (the package index), none, or a file with a state dict")
    parser.add_argument("--start-from", default="", help="model folder or Hub repo to go on from; sets --arch, --weights and --size")
    parser.add_argument("--size", type=int, default=DEFAULT_SIZE, help=f"height and width of the input, px (default: {DEFAULT_SIZE})")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the photos with --weights none (default: 8)")
    parser.add_argument(
        "--fit",
        choices=FITS,
        default="auto",
        help="probe: one layer on pretrained features; finetune: the body is fine-tuned on the drawn photos first; auto: finetune where "
        "there are 500 drawn photos (default)",
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train, prove, write; one line at the end says what was written where."""
    args = _parse(argv)
    keep_freed_memory()
    with one_line_errors():
        check_architecture(args.arch)  # a wrong name is found before the photos are read
        for name, (least, most) in RANGES.items():
            if not least <= getattr(args, name) <= most:
                raise BadSetting(f"--{name} is {getattr(args, name)}; expected {least} to {most}.")
        if args.fit != "auto" and (args.weights == "none" or args.start_from):
            unlike = "--weights none" if args.weights == "none" else "--start-from"
            raise BadSetting(f"--fit {args.fit} does not go with {unlike}, which has one way to fit. Leave --fit out.")
        recipe = Recipe(args.arch, args.weights, args.size, args.epochs, args.seed, args.start_from, args.fit)
        try:
            metrics = train([find_photos(setting) for setting in args.data], args.out, recipe)
        except BadWeights as error:
            print(error, file=sys.stderr)
            sys.exit(NO_WEIGHTS)
    scores = metrics["validation"]
    print(
        f"{scores['errors']} errors in {scores['n']} held-out predictions, {metrics['training_seconds']} s; "
        f"learner, safetensors, ONNX and int8 agree -> {args.out}"
    )
    gc.freeze()  # before it ends, Python would look through half a million objects once more, which takes two seconds


if __name__ == "__main__":
    main()
