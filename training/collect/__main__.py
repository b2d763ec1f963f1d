"""Collect photos of car parks that may be passed on, each with its source, author and licence.

    python -m training.collect --source openverse --out data/raw --limit 300
    python -m training.collect --source commons --out data/raw --limit 300 --contact you@example.org
    python -m training.collect --source csv --from list.csv --out data/raw
    python -m training.collect --source folder --from my-photos --label full --license by --creator "My Name" --out data/raw

Without --label both classes are collected, and without --query by the queries of training/queries.csv. A run that was killed goes on
where it stopped: start it again with the same command. Labels are what was searched for, not what is in the picture: clean them.
"""

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from carpark.errors import BadSetting, one_line_errors
from carpark.files import held
from training.collect.gathering import KEPT, Gathering
from training.collect.ledger import Ledger
from training.collect.paced import PacedClient, Terms
from training.collect.sources import commons, openverse
from training.collect.sources.commons import Commons
from training.collect.sources.listed import Listed, read_folder, read_list
from training.collect.sources.offer import Offer, Source, parse_licenses
from training.collect.sources.openverse import Openverse
from training.labels import LABELS, PARTIAL
from training.provenance import LICENSES, NO_DERIVATIVES

QUERIES = Path(__file__).with_name("queries.csv")
SEARCHED = {"openverse": openverse, "commons": commons}
SOURCES = (*SEARCHED, "csv", "folder")
USER_AGENT = "carpark-classifier/0.1 (collects openly licensed photos of car parks for a public dataset{contact})"
KEPT_SHARE = 0.6  # of offers, for the estimate: the rest is seen before, dead, small or not licensed as wanted
PAUSE_S = 1.0  # between two pictures of one host
DOWNLOAD_S = 1.5  # a picture with its pause, for the estimate


def main(argv: list[str] | None = None) -> None:
    """Collects, and says what became of the offers."""
    args = parse(argv)
    with one_line_errors():
        check(args)
        queries = plan_searches(args)
        busy = f"--out {args.out} is being collected into by another process. Wait for it, or choose another folder."
        with held(args.out / ".collecting", busy=busy):
            ledger = Ledger.open(args.out, args.source)
            print(describe_plan(args, ledger, list(queries)))
            if not args.dry_run:
                try:
                    run(args, ledger, queries)
                except OSError as error:
                    raise BadSetting(f"--out {args.out} cannot be written ({error.strerror}). Make room, then run it again.") from error


def plan_searches(args: argparse.Namespace) -> dict[str, list[str]]:
    """The queries for each label that is wanted; one that says nothing for a source that is not searched. Raises a CarparkError."""
    if args.source in SEARCHED:
        return {label: args.query or read_queries(label) for label in args.label or LABELS}
    unlabelled = next((offer for offer in read_offers(args) if not offer.label), None)
    if unlabelled and len(args.label or []) != 1:
        raise BadSetting(f"{unlabelled.path or unlabelled.image_url} of {args.origin} has no label; name one with --label.")
    return {label: [""] for label in args.label or (*LABELS, PARTIAL)}


def read_queries(label: str) -> list[str]:
    """The shipped queries for a label. Raises BadSetting when there are none."""
    with QUERIES.open(encoding="utf-8", newline="") as file:
        found = [row["query"] for row in csv.DictReader(file) if row["label"] == label]
    if not found:
        raise BadSetting(f"There are no shipped queries for {label}; name some with --query.")
    return found


def read_offers(args: argparse.Namespace) -> tuple[Offer, ...]:
    """What a list or a folder offers. Raises BadPhotos and BadSetting for one that cannot be used."""
    if args.source == "csv":
        return read_list(args.origin)
    return read_folder(args.origin, license_id=args.licenses[0], creator=args.creator)


def run(args: argparse.Namespace, ledger: Ledger, queries: dict[str, list[str]]) -> None:
    """Collects label by label; the last line counts outcomes, whatever ended the run. Raises a CarparkError."""
    user_agent = USER_AGENT.format(contact=f"; {args.contact}" if args.contact else "")
    pause_s = PAUSE_S if args.pause is None else args.pause
    api = (
        PacedClient(args.source, user_agent, Terms(SEARCHED[args.source].PAUSE_S if args.pause is None else pause_s))
        if args.source in SEARCHED
        else None
    )
    pictures = PacedClient("the host of the pictures", user_agent, Terms(pause_s, longest_wait_s=120))
    a_day = openverse.SEARCHES_A_DAY if args.source == "openverse" else None
    gathering = Gathering(ledger, pictures, args.licenses, a_day)
    try:
        for label in queries:
            gathering.gather(open_source(args, api, label), label, queries[label], args.limit)
    finally:
        for client in filter(None, (api, pictures)):
            client.close()
        print(report(gathering, describe_requests(api, pictures), args.out))


def open_source(args: argparse.Namespace, client: PacedClient | None, label: str) -> Source:
    """The adapter; a list or folder offers what has the label, or none."""
    if client is None:
        return Listed(args.source, tuple(offer for offer in read_offers(args) if offer.label in ("", label)))
    api = args.api or SEARCHED[args.source].API
    return Openverse(client, args.licenses, api) if args.source == "openverse" else Commons(client, api)


def describe_plan(args: argparse.Namespace, ledger: Ledger, labels: Sequence[str]) -> str:
    """What a run is expected to take, before it begins."""
    there = {label: min(ledger.kept[label], args.limit) for label in labels}
    wanted = args.limit * len(labels) - sum(there.values())
    have = ", ".join(f"{count} {label}" for label, count in there.items())
    if args.source not in SEARCHED:
        return f"{args.source}: up to {args.limit:,} photos of each label from {args.origin}; {have} there"
    adapter = SEARCHED[args.source]
    downloads = round(wanted / KEPT_SHARE)
    searches = -(-downloads // adapter.PAGE_SIZE)
    minutes = (searches * adapter.PAUSE_S + downloads * DOWNLOAD_S) / 60
    return (
        f"{args.source}: {wanted:,} photos wanted ({have} there): about {searches:,} searches and {downloads:,} downloads, "
        f"some {max(round(minutes), 1)} minutes"
    )


def describe_requests(api: PacedClient | None, pictures: PacedClient) -> str:
    """How many requests there were, and how close together those to the API came, as measured."""
    requests = f"{pictures.requests + (api.requests if api else 0)} requests"
    if not api or api.requests < 2:
        return requests
    return f"{requests}, {api.requests} of them to {api.name}, never less than {api.closest_s:.1f} s apart"


def report(gathering: Gathering, requests: str, out: Path) -> str:
    """The last line: counts by outcome."""
    refused = ", ".join(f"{count} {outcome}" for outcome, count in sorted(gathering.counts.items()) if outcome != KEPT)
    there = ", ".join(f"{count} {label}" for label, count in sorted(gathering.ledger.kept.items())) or "none"
    counted = f"{gathering.counts[KEPT]} kept{', ' if refused else ''}{refused}; {requests}"
    return f"{counted}; photos from {gathering.ledger.source}: {there} -> {out}"


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The flags, not checked yet."""
    parser = argparse.ArgumentParser(prog="python -m training.collect", description="Collect openly licensed photos of car parks.")
    add = parser.add_argument
    add("--source", required=True, choices=SOURCES, help="where from")
    add("--out", required=True, type=Path, metavar="DIR", help="photos folder to add to")
    add("--label", action="append", choices=(*LABELS, PARTIAL), help="what to collect; repeatable (default: empty and full)")
    add("--query", action="append", metavar="TEXT", help="what to search for; repeatable (default: training/queries.csv)")
    add("--limit", type=int, default=200, metavar="N", help="photos of each label wanted from this source (default: 200)")
    add("--license", metavar="ID,...", help="licences wanted (default: all but NoDerivatives); for --source folder the one you give")
    add("--from", dest="origin", type=Path, metavar="PATH", help="the list of --source csv, or the pictures of --source folder")
    add("--creator", default="", metavar="NAME", help="who took the pictures of --source folder")
    add(
        "--contact",
        default=os.environ.get("CARPARK_CONTACT", ""),
        metavar="TEXT",
        help="how to reach you, for the User-Agent (or CARPARK_CONTACT)",
    )
    add("--api", default="", metavar="URL", help="where the source's API is (default: its own address)")
    add(
        "--pause",
        type=float,
        metavar="S",
        help="between two requests to one host (default: what the source asks for)",
    )
    add("--dry-run", action="store_true", help="say what it would take, and collect nothing")
    return parser.parse_args(argv)


def check(args: argparse.Namespace) -> None:
    """Raises BadSetting for flags that do not go together, and sets `licenses`."""
    args.licenses = parse_licenses(args.license) if args.license else tuple(name for name in LICENSES if name not in NO_DERIVATIVES)
    if args.limit < 1:
        raise BadSetting(f"--limit is {args.limit}; expected 1 or more photos.")
    if args.source in ("csv", "folder") and not args.origin:
        raise BadSetting(
            f"--source {args.source} needs --from: {'a CSV with image_url,license' if args.source == 'csv' else 'a folder of pictures'}."
        )
    if args.source == "folder" and (not args.license or len(args.licenses) != 1 or not args.creator):
        raise BadSetting(
            "--source folder needs --creator NAME and --license with one id: the licence under which you pass your pictures on."
        )
    if not f"{args.contact} ".isprintable():
        raise BadSetting(f"--contact {args.contact!r} cannot stand in a User-Agent; expected an address or a page, in one line.")
    if args.source == "commons" and not args.contact.strip():
        raise BadSetting(
            "--source commons needs --contact (or CARPARK_CONTACT), an address or a page: "
            "Wikimedia asks every program to say how to reach its user."
        )
    if args.source in SEARCHED:
        check_api(args)


def check_api(args: argparse.Namespace) -> None:
    """Raises BadSetting for an API that is none, or a public one that would be asked too often."""
    adapter = SEARCHED[args.source]
    parts = urlsplit(args.api or adapter.API)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"--api {args.api} is no address; expected one such as {adapter.API}.")
    if args.pause is not None and args.pause < adapter.PAUSE_S and parts.hostname == urlsplit(adapter.API).hostname:
        raise BadSetting(f"--pause {args.pause} is too short for {parts.hostname}; expected {adapter.PAUSE_S} s or more.")


if __name__ == "__main__":
    main()
