"""Generate a sample data set: photos of full and empty car parks, and one day of one camera.

    python -m training.sample --out artifacts/sample [--photos 480] [--views aerial ground] [--streets 0] [--maps] [--varied] [--seed 0]

A fresh clone has no photos, so the demo draws its own with Pillow and NumPy. The same seed gives the same files; another seed gives other
places.
"""

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from carpark.errors import BadSetting, one_line_errors
from training.sample.day import write_day
from training.sample.photos import FEWEST_PHOTOS, plan_places, write_photos
from training.sample.scenery.scenes import VIEWS
from training.sample.scenery.truth import MAPS
from training.sample.streets import plan_streets
from training.staging import staged


def main(argv: list[str] | None = None) -> None:
    """Write `photos/`, `archive/` and `truth.csv`."""
    with one_line_errors():
        args = parse(argv)
        with (
            staged(args.out, marker="truth.csv") as folder,
            ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool,
        ):
            if args.maps:
                (folder / "photos" / MAPS).mkdir(parents=True)
            places, streets = plan_places(args.photos, args.seed, args.views), plan_streets(args.streets, args.seed)
            photos = write_photos(folder / "photos", pool, places=places, streets=streets, seed=args.seed, varied=args.varied)
            truth = write_day(folder, pool, seed=args.seed)
    faulty = (truth.state != "ok").sum()
    day = f"{len(truth)} slots of a camera, {faulty} of them faulty"
    print(f"{len(photos):,} photos of {photos.scene.nunique()} places and {day} -> {args.out}")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Parse and check the flags. Raise BadSetting."""
    parser = argparse.ArgumentParser(prog="python -m training.sample", description="Generate photos of car parks and a camera day.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write; an earlier sample there is replaced")
    parser.add_argument("--photos", type=int, default=480, metavar="N", help="number of photos (default 480)")
    parser.add_argument(
        "--views", nargs="+", choices=VIEWS, default=VIEWS, metavar="VIEW", help=f"some of {', '.join(VIEWS)} (default all)"
    )
    parser.add_argument("--streets", type=int, default=0, metavar="N", help="number of pictures of streets beside them (default 0)")
    parser.add_argument("--maps", action="store_true", help="write photos/maps/ too: where vehicles are, and bays or lanes")
    parser.add_argument(
        "--varied", action="store_true", help="also lots that lack rows, bushes and boxes behind bays, people, roadworks, closed streets"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the drawings (default 0)")
    args = parser.parse_args(argv)
    if args.photos < FEWEST_PHOTOS:
        raise BadSetting(f"--photos is {args.photos}; expected {FEWEST_PHOTOS} or more, so that each view shows both classes.")
    if args.streets < 0:
        raise BadSetting(f"--streets is {args.streets}; expected 0 or more.")
    if args.seed < 0:
        raise BadSetting(f"--seed is {args.seed}; expected 0 or more.")
    return args


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # there are as many processes as cores; more threads would wait for each other
    main()
