"""Collect photos of car parks that may be republished, each with its source, author and licence.

    python -m training.collect --source openverse --out data/raw --limit 300
    python -m training.collect --source commons --out data/raw --limit 300 --contact you@example.org
    python -m training.collect --source csv --from list.csv --out data/raw
    python -m training.collect --source folder --from my-photos --label full --license by --creator "My Name" --out data/raw

Without --label it collects both classes; without --query it uses the queries of training/collect/queries.csv. Run the same command again
to continue a run that was stopped. A photo's label is that of the query that found it, so clean the photos next.
"""

import argparse
import os
from pathlib import Path
from urllib.parse import urlsplit

from carpark.errors import BadSetting, one_line_errors
from carpark.files import exclusive_lock
from training.collect.collecting import SEARCHED, SOURCES, Settings, collect, describe_plan, plan_searches
from training.collect.ledger import Ledger
from training.collect.sources.offer import parse_licenses
from training.labels import LABELS, PARTIAL
from training.provenance import LICENSES, NO_DERIVATIVES


def main(argv: list[str] | None = None) -> None:
    """Print the plan, collect, and print what became of the offers."""
    args = parse(argv)
    with one_line_errors():
        settings = check(args)
        searches = plan_searches(settings)
        busy = f"--out {args.out} is being collected into by another process. Wait for it, or choose another folder."
        with exclusive_lock(args.out / ".collecting", busy=busy):
            ledger = Ledger.open(args.out, args.source)
            print(describe_plan(settings, ledger, list(searches)))
            if not args.dry_run:
                try:
                    collect(settings, ledger, searches)
                except OSError as error:
                    raise BadSetting(f"--out {args.out} cannot be written ({error.strerror}). Make room, then run it again.") from error


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Parse the flags, without checking them."""
    parser = argparse.ArgumentParser(prog="python -m training.collect", description="Collect openly licensed photos of car parks.")
    add = parser.add_argument
    add("--source", required=True, choices=SOURCES, help="where the photos come from")
    add("--out", required=True, type=Path, metavar="DIR", help="photos folder to add to")
    add("--label", action="append", choices=(*LABELS, PARTIAL), help="label to collect; repeatable (default: empty and full)")
    add("--query", action="append", metavar="TEXT", help="search query; repeatable (default: those of training/collect/queries.csv)")
    add("--limit", type=int, default=200, metavar="N", help="photos of each label to collect from this source (default: 200)")
    add(
        "--license",
        metavar="ID,...",
        help="licences to accept (default: all but NoDerivatives); with --source folder, the licence that you give",
    )
    add("--from", dest="origin", type=Path, metavar="PATH", help="the CSV file of --source csv, or the picture folder of --source folder")
    add("--creator", default="", metavar="NAME", help="who took the pictures of --source folder")
    add(
        "--contact",
        default=os.environ.get("CARPARK_CONTACT", ""),
        metavar="TEXT",
        help="how to reach you; sent as part of the User-Agent (or CARPARK_CONTACT)",
    )
    add("--api", default="", metavar="URL", help="address of the source's API (default: the public one)")
    add(
        "--pause",
        type=float,
        metavar="S",
        help="seconds between two requests to one host (default: what the source asks for)",
    )
    add("--dry-run", action="store_true", help="print the plan, and collect nothing")
    return parser.parse_args(argv)


def check(args: argparse.Namespace) -> Settings:
    """The settings of the run. Raises BadSetting for flags that cannot be used together."""
    licenses = parse_licenses(args.license) if args.license else tuple(name for name in LICENSES if name not in NO_DERIVATIVES)
    if args.limit < 1:
        raise BadSetting(f"--limit is {args.limit}; expected 1 or more photos.")
    if args.source in ("csv", "folder") and not args.origin:
        raise BadSetting(
            f"--source {args.source} needs --from: {'a CSV with image_url,license' if args.source == 'csv' else 'a folder of pictures'}."
        )
    if args.source == "folder" and (not args.license or len(licenses) != 1 or not args.creator):
        raise BadSetting(
            "--source folder needs --creator NAME and --license with one id: the licence under which you publish your pictures."
        )
    if not f"{args.contact} ".isprintable() or any(ord(letter) > 255 for letter in args.contact):
        raise BadSetting(f"--contact {args.contact!r} cannot stand in a User-Agent; expected an address or a page, in one line of Latin-1.")
    if args.source == "commons" and not args.contact.strip():
        raise BadSetting(
            "--source commons needs --contact (or CARPARK_CONTACT), an address or a page: "
            "Wikimedia requires a way to reach the user of a program."
        )
    if args.source in SEARCHED:
        check_api(args.source, args.api, args.pause)
    return Settings(
        args.source,
        args.out,
        args.limit,
        tuple(licenses),
        labels=tuple(args.label or ()),
        queries=tuple(args.query or ()),
        origin=args.origin,
        creator=args.creator,
        contact=args.contact,
        api=args.api,
        pause_s=args.pause,
    )


def check_api(source: str, api: str, pause_s: float | None) -> None:
    """Raise BadSetting for an API that is not an address, or for a pause that the public API does not allow."""
    adapter = SEARCHED[source]
    try:
        parts = urlsplit(api or adapter.API)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise BadSetting(f"--api {api} is not an address; expected one such as {adapter.API}.")
    if pause_s is not None and pause_s < adapter.PAUSE_S and host == urlsplit(adapter.API).hostname:
        raise BadSetting(f"--pause {pause_s} is too short for {host}; expected {adapter.PAUSE_S} s or more.")


if __name__ == "__main__":
    main()
