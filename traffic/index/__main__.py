"""Say what is usual for each camera, which days are not, and how full the boroughs and London are.

    python -m traffic.index --data artifacts/london --out artifacts/london-index [--labels labels.csv] [--counts counts.csv]

Reads what python -m traffic.measure wrote, and takes the newest eight weeks of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from carpark.errors import one_line_errors
from traffic.index.writing import write_index


def main(argv: Sequence[str] | None = None) -> None:
    """Writes the index."""
    args = parse(argv)
    with one_line_errors():
        about = write_index(args.data, args.out, labels=args.labels, counts=args.counts)
    if about.season:
        print(about.season)
    days = f"{len(about.days)} days, {about.days[0]} to {about.days[-1]}"
    print(f"{about.measure} of {about.cameras:,} cameras on {days} -> {args.out}")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m traffic.index", description="Makes the index of a measured dataset.")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="what python -m traffic.measure wrote")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the index; an earlier one there is replaced")
    parser.add_argument(
        "--labels", nargs="*", default=[], type=Path, metavar="FILE", help="what people say of frames: file,level or file,occupancy"
    )
    parser.add_argument("--counts", nargs="*", default=[], type=Path, metavar="FILE", help="what detectors count in them: file,vehicles")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
