"""Bodies and sizes side by side under the same folds; nothing is published, and no test split is touched.

    python -m training.crossvalidate --data photos --arch efficientnet_lite0 efficientnet_lite2 --size 256 288 --out artifacts/folds
    python -m training.crossvalidate --data artifacts/drawn/photos photos --arch resnet34 resnet50 --fit finetune --out artifacts/folds
    python -m training.crossvalidate --data photos --arch mobilenet_v2 --weights FILE --model artifacts/model --out artifacts/folds

Each is fitted and judged as training would (`--fit` as there), with scenes and, from three sources on, sources left out; only the network
that would be published is not made. `--out` gets table.json, a row a body and size, and predictions-{arch}-{size}.parquet. A row whose
pretrained weights cannot be had says so: its size and speed are measured all the same, its accuracy is not. `--weights FILE` belongs to
the first body; the others start from their own ImageNet weights. With --learning-curve the folds are also run on a quarter and half of
the scenes. With --model the table lands in that model's metrics.json and card.
"""

import argparse
from pathlib import Path

from carpark.errors import BadSetting, one_line_errors
from carpark.model.architectures import ARCHITECTURES, DEFAULT_ARCHITECTURE
from carpark.model.network import check_architecture
from training.cards.model import add_to_card
from training.crossvalidate.comparison import compare_bodies
from training.memory import keep_freed_memory
from training.photos import find_photos
from training.staging import staged
from training.train.pretrained import DEFAULT_SIZE, FITS, SIZES, Recipe


def main(argv: list[str] | None = None) -> None:
    """Run the folds for each body and size; print a line for each, and one that says what was written where."""
    parser = argparse.ArgumentParser(prog="python -m training.crossvalidate", description="Compare bodies and sizes under the same folds.")
    parser.add_argument("--data", required=True, nargs="+", help="photos folders, tables, or dataset repos without their test split")
    parser.add_argument("--out", type=Path, required=True, help="folder for table.json and the predictions")
    parser.add_argument(
        "--arch",
        nargs="+",
        default=[DEFAULT_ARCHITECTURE],
        help=f"some of {', '.join(ARCHITECTURES)}, or timm/NAME (default: {DEFAULT_ARCHITECTURE})",
    )
    parser.add_argument("--weights", default="imagenet", help="imagenet; or, for the first body, index or the file of a state dict")
    parser.add_argument("--size", type=int, nargs="+", default=[DEFAULT_SIZE], help=f"of the input, px (default: {DEFAULT_SIZE})")
    parser.add_argument("--fit", choices=FITS, default="auto", help="probe, finetune or auto, as training has it (default: auto)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-curve", action="store_true", help="also with a quarter and half of the scenes")
    parser.add_argument("--model", type=Path, help="model folder whose card gets the table")
    args = parser.parse_args(argv)
    keep_freed_memory()
    with one_line_errors():
        for arch in args.arch:
            check_architecture(arch)
        least, most = SIZES
        for size in args.size:
            if not least <= size <= most:
                raise BadSetting(f"--size is {size}; expected {least} to {most}.")
        recipe = Recipe(args.arch[0], args.weights, args.size[0], epochs=0, seed=args.seed, fit=args.fit)
        origins = [find_photos(setting) for setting in args.data]
        with staged(args.out, marker="table.json") as folder:
            rows = compare_bodies(origins, folder, recipe, args.arch, args.size, learning_curve=args.learning_curve)
            if args.model:
                add_to_card(args.model, "architectures", rows)
    print(f"{len(rows)} compared under the same folds -> {args.out}")


if __name__ == "__main__":
    main()
