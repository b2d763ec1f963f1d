"""Split clean photos by scene and write them as a dataset repo folder: Parquet, attribution, card.

    python -m training.dataset --data data/clean --out artifacts/dataset [--generated artifacts/sample/photos]

Every photo needs a licence. Configs: `default`; `permissive`, those under cc0, pdm and by; `partial`, photos between the classes;
`generated`, drawn car parks. The same photos and seed give the same bytes, so that a second `training.publish` changes nothing.
"""

import argparse
from pathlib import Path

from datasets import disable_progress_bars

from carpark.errors import BadSetting, one_line_errors
from training.dataset.writing import by_split, write_dataset


def main(argv: list[str] | None = None) -> None:
    """Write the folder; one line at the end says what went where."""
    parser = argparse.ArgumentParser(prog="python -m training.dataset", description="Write clean photos as a dataset repo folder.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos, with photos.csv beside them")
    parser.add_argument("--out", type=Path, default=Path("artifacts/dataset"), metavar="DIR", help="default: artifacts/dataset")
    parser.add_argument("--generated", type=Path, metavar="DIR", help="photos of training.sample for the generated config")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other splits (default 0)")
    args = parser.parse_args(argv)
    disable_progress_bars()  # of `datasets`, one for each file; the photos have theirs
    with one_line_errors():
        if not 0 <= args.seed < 2**32:
            raise BadSetting(f"--seed is {args.seed}; expected 0 to {2**32 - 1}.")
        photos = write_dataset(args.data, args.out, generated=args.generated, seed=args.seed)
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in by_split(photos))
    print(f"{len(photos):,} photos of {photos.scene.nunique():,} scenes: {counts} -> {args.out}")


if __name__ == "__main__":
    main()
