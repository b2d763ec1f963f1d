"""Architectures side by side under the same folds by scene; nothing is published, and no test split is touched.

    python -m training.crossvalidate --data photos --arch efficientnet_lite0 resnet34 resnet50 --out artifacts/crossvalidation
    python -m training.crossvalidate --data photos --arch mobilenet_v2 --weights FILE --model artifacts/model --out artifacts/folds

`--out` gets table.json, a row an architecture, and predictions-{arch}.parquet, P(full) of each photo each time that the folds were drawn.
A row whose pretrained weights cannot be had says so: its size and speed are measured all the same, its accuracy is not. `--weights FILE`
belongs to the first architecture; the others start from their own ImageNet weights. With --learning-curve the folds are also run on
a quarter and half of the scenes. With --model the table lands in that model's metrics.json and card.
"""

import argparse
from pathlib import Path

from carpark.errors import BadSetting, one_line_errors
from carpark.model.architectures import ARCHITECTURES, DEFAULT_ARCHITECTURE
from carpark.model.network import check_architecture
from training.cards.model import add_to_card
from training.crossvalidate.comparison import compare_architectures
from training.memory import keep_freed_memory
from training.staging import staged


def main(argv: list[str] | None = None) -> None:
    """Run the folds for each architecture; print a line for each, and one that says what was written where."""
    parser = argparse.ArgumentParser(prog="python -m training.crossvalidate", description="Compare architectures under the same folds.")
    parser.add_argument("--data", required=True, help="photos folder, or dataset repo (folder or owner/name) without its test split")
    parser.add_argument("--out", type=Path, required=True, help="folder for table.json and the predictions")
    parser.add_argument(
        "--arch",
        nargs="+",
        default=[DEFAULT_ARCHITECTURE],
        help=f"some of {', '.join(ARCHITECTURES)}, or timm/NAME (default: {DEFAULT_ARCHITECTURE})",
    )
    parser.add_argument("--weights", default="imagenet", help="imagenet; or, for the first architecture, index or the file of a state dict")
    parser.add_argument("--size", type=int, default=320, help="height and width of the input, px (default: 320)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-curve", action="store_true", help="also with a quarter and half of the scenes")
    parser.add_argument("--model", type=Path, help="model folder whose card gets the table")
    args = parser.parse_args(argv)
    keep_freed_memory()
    with one_line_errors():
        for arch in args.arch:
            check_architecture(arch)
        if not 64 <= args.size <= 1024:
            raise BadSetting(f"--size is {args.size}; expected 64 to 1024.")
        with staged(args.out, marker="table.json") as folder:
            rows = compare_architectures(
                args.data,
                folder,
                args.arch,
                weights=args.weights,
                size=args.size,
                seed=args.seed,
                learning_curve=args.learning_curve,
            )
            if args.model:
                add_to_card(args.model, "architectures", rows)
    print(f"{len(rows)} architectures compared under the same folds -> {args.out}")


if __name__ == "__main__":
    main()
