"""Measure many cameras and days of an archive: one Parquet dataset, a row for each frame, partitioned by day.

    python -m traffic.measure --archive frames --days 2026-11-01..2026-11-30 --cameras all --model artifacts/model --out artifacts/london
    python -m traffic.measure --archive frames --follow --every 5m --cameras all --model artifacts/model --out artifacts/london

Needs Ray: pip install -r traffic/requirements.txt. RAY_ADDRESS names a cluster; without it, Ray runs on this machine's cores. A run that
was killed continues when the same command is run again.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from huggingface_hub import HfApi

from carpark.archives import open_archive
from carpark.day.kept import EDITION
from carpark.errors import BadSetting, one_line_errors
from carpark.hub.source import find_folder, open_source
from carpark.model.config import read_config
from traffic.dataset import About
from traffic.measure.engine import measure_on_ray, running_ray
from traffic.measure.following import follow
from traffic.measure.jobs import choose_cameras, parse_days
from traffic.measure.judging import WorkerSettings
from traffic.measure.measuring import describe_code, measure, measure_listed
from traffic.measure.output import begin, sole_writer
from traffic.measure.push import check_repo, push_days
from traffic.record.rounds import parse_span
from traffic.record.session import stop_on_signals

MEMORY = ".remembered"


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, or follows a recorder until it is stopped."""
    args = parse(argv)
    with one_line_errors():
        if args.workers < 0:
            raise BadSetting(f"--workers is {args.workers}; expected 1 or more, or 0 for one on each core.")
        days = parse_days(args.days) if args.days else []
        every, length = parse_span(args.every), parse_span(args.length) if args.length else None
        archive = open_archive(args.archive)
        cameras = choose_cameras(archive, args.cameras)  # says at once what cannot be measured
        model = read_config(open_source(args.model, repo_type="model").folder).sha256
        frames, forms = (str(folder.resolve()) if (folder := find_folder(name)) else name for name in (args.archive, args.model))
        memory = args.out.resolve() / MEMORY
        settings = WorkerSettings(frames, forms, model, describe_code(), memory if args.follow else None)
        about = About(model, args.model, args.archive, EDITION)
        api = HfApi()
        if args.push:
            check_repo(api, args.push, about)
        with sole_writer(args.out), running_ray(args.workers) as workers:
            begin(args.out, about)
            engine = partial(measure_on_ray, settings=settings, workers=workers)
            if args.follow:
                run = partial(measure_listed, archive, args.cameras, out=args.out, engine=engine)
                rounds = follow(run, every, memory=memory, stop=stop_on_signals(), length=length)
                print(f"{rounds:,} rounds -> {args.out}")
            else:
                print(f"{measure(archive, cameras, days, out=args.out, engine=engine)} -> {args.out}")
            if args.push:
                is_new = push_days(api, args.push, args.out, is_private=args.private)
                print(f"{args.push} has these days {'now' if is_new else 'already'}")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags, not checked yet."""
    parser = argparse.ArgumentParser(prog="python -m traffic.measure", description="Measures many cameras and days of an archive.")
    add = parser.add_argument
    add("--archive", required=True, metavar="DIR|URL|OWNER/NAME", help="frames in the layout of the public archive")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--days", metavar="A..B", help="London days, both included; or one day")
    which.add_argument("--follow", action="store_true", help="measure what a running recorder adds, until stopped")
    add("--cameras", default="all", metavar="all|ID,...", help="ids, names or folders with commas between (default: all)")
    add("--model", required=True, metavar="DIR|OWNER/NAME", help="model folder or Hub repo")
    add("--out", required=True, type=Path, metavar="DIR", help="the dataset; a run that was killed continues in it")
    add("--push", metavar="OWNER/NAME", help="at the end, copy the days to this dataset repo on the Hub")
    add("--private", action="store_true", help="make that repo private where it does not exist yet")
    add("--workers", type=int, default=0, metavar="N", help="camera days at a time, each on a core (default: one for each core)")
    add("--every", default="5m", metavar="SPAN", help="of --follow: between two rounds (default: 5m)")
    add("--for", dest="length", metavar="SPAN", help="of --follow: how long (default: until stopped)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
