"""One run of collecting: plan the searches, open the source, gather photos label by label."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from carpark.errors import BadSetting
from training.collect.gathering import Gathering
from training.collect.ledger import OUTCOME_KEPT, Ledger
from training.collect.paced import PacedClient, Terms
from training.collect.sources import commons, openverse
from training.collect.sources.commons import Commons
from training.collect.sources.listed import Listed, read_folder, read_list
from training.collect.sources.offer import Offer, OfferSource
from training.collect.sources.openverse import Openverse
from training.labels import LABELS, PARTIAL

QUERIES = Path(__file__).with_name("queries.csv")
SEARCHED = {"openverse": openverse, "commons": commons}
SOURCES = (*SEARCHED, "csv", "folder")
COLLECT_USER_AGENT = "carpark-classifier/0.1 (collects openly licensed photos of car parks for a public dataset{contact})"
KEPT_SHARE = 0.6  # of the offers, for the estimate; the others are known, dead, too small or under another licence
PICTURE_PAUSE_S = 1.0  # between two downloads from one host
DOWNLOAD_S = 1.5  # of a download and its pause, for the estimate


@dataclass(frozen=True, slots=True)
class Settings:
    """What to collect, and where from."""

    source: str  # one of SOURCES
    out: Path
    limit: int  # photos of each label
    licenses: tuple[str, ...]
    labels: tuple[str, ...] = ()  # empty: both classes, or every label of a list or folder
    queries: tuple[str, ...] = ()  # empty: the shipped ones
    origin: Path | None = None  # the CSV file of "csv", or the picture folder of "folder"
    creator: str = ""  # of the pictures in a folder
    contact: str = ""  # for the User-Agent
    api: str = ""  # address of the source's API; "" for the public one
    pause_s: float | None = None  # between two requests to one host; None for what the source asks for


def plan_searches(settings: Settings) -> dict[str, list[str]]:
    """The queries by label; one empty query for a source without search. Raises BadPhotos and BadSetting."""
    if settings.source in SEARCHED:
        return {label: list(settings.queries) or read_queries(label) for label in settings.labels or LABELS}
    unlabelled = next((offer for offer in read_offers(settings) if not offer.label), None)
    if unlabelled and len(settings.labels) != 1:
        raise BadSetting(f"{unlabelled.path or unlabelled.image_url} of {settings.origin} has no label. Give one with --label.")
    return {label: [""] for label in settings.labels or (*LABELS, PARTIAL)}


def read_queries(label: str) -> list[str]:
    """The shipped queries for a label. Raises BadSetting for a label without any."""
    with QUERIES.open(encoding="utf-8", newline="") as file:
        found = [row["query"] for row in csv.DictReader(file) if row["label"] == label]
    if not found:
        raise BadSetting(f"The shipped queries have none for {label}. Give some with --query.")
    return found


def read_offers(settings: Settings) -> tuple[Offer, ...]:
    """The offers of a list or a folder. Raises BadPhotos and BadSetting if it cannot be used."""
    origin = Path(settings.origin or "")
    if settings.source == "csv":
        return read_list(origin)
    return read_folder(origin, license_id=settings.licenses[0], creator=settings.creator)


def collect(settings: Settings, ledger: Ledger, searches: dict[str, list[str]]) -> None:
    """Collects label by label. The last line printed counts the outcomes, however the run ends. Raises a CarparkError."""
    user_agent = COLLECT_USER_AGENT.format(contact=f"; {settings.contact}" if settings.contact else "")
    pause_s = PICTURE_PAUSE_S if settings.pause_s is None else settings.pause_s
    api = None
    if settings.source in SEARCHED:
        asked_pause_s = SEARCHED[settings.source].PAUSE_S if settings.pause_s is None else pause_s
        api = PacedClient(settings.source, user_agent, Terms(asked_pause_s))
    pictures = PacedClient("the host of the pictures", user_agent, Terms(pause_s, longest_wait_s=120))
    a_day = openverse.SEARCHES_A_DAY if settings.source == "openverse" else None
    gathering = Gathering(ledger, pictures, settings.licenses, a_day)
    try:
        for label, queries in searches.items():
            gathering.gather(open_offers(settings, api, label), label, queries, settings.limit)
    finally:
        for client in filter(None, (api, pictures)):
            client.close()
        print(report(gathering, describe_requests(api, pictures), settings.out))


def open_offers(settings: Settings, client: PacedClient | None, label: str) -> OfferSource:
    """The source of a run. A list or folder offers the pictures with the label, or without any."""
    if client is None:
        return Listed(settings.source, tuple(offer for offer in read_offers(settings) if offer.label in ("", label)))
    api = settings.api or SEARCHED[settings.source].API
    return Openverse(client, settings.licenses, api) if settings.source == "openverse" else Commons(client, api)


def describe_plan(settings: Settings, ledger: Ledger, labels: Sequence[str]) -> str:
    """An estimate of the searches, downloads and minutes of a run."""
    there = {label: min(ledger.kept[label], settings.limit) for label in labels}
    wanted = settings.limit * len(labels) - sum(there.values())
    have = ", ".join(f"{count} {label}" for label, count in there.items())
    if settings.source not in SEARCHED:
        return f"{settings.source}: up to {settings.limit:,} photos of each label from {settings.origin}; {have} there"
    adapter = SEARCHED[settings.source]
    downloads = round(wanted / KEPT_SHARE)
    searches = -(-downloads // adapter.PAGE_SIZE)
    minutes = (searches * adapter.PAUSE_S + downloads * DOWNLOAD_S) / 60
    return (
        f"{settings.source}: {wanted:,} photos wanted ({have} there): about {searches:,} searches and {downloads:,} downloads, "
        f"some {max(round(minutes), 1)} minutes"
    )


def describe_requests(api: PacedClient | None, pictures: PacedClient) -> str:
    """How many requests were made, and the shortest time between two to the API."""
    requests = f"{pictures.requests + (api.requests if api else 0)} requests"
    if not api or api.requests < 2:
        return requests
    return f"{requests}, {api.requests} of them to {api.name}, never less than {api.closest_s:.1f} s apart"


def report(gathering: Gathering, requests: str, out: Path) -> str:
    """The last line of a run: counts by outcome."""
    refused = ", ".join(f"{count} {outcome}" for outcome, count in sorted(gathering.counts.items()) if outcome != OUTCOME_KEPT)
    there = ", ".join(f"{count} {label}" for label, count in sorted(gathering.ledger.kept.items())) or "none"
    counted = f"{gathering.counts[OUTCOME_KEPT]} kept{', ' if refused else ''}{refused}; {requests}"
    return f"{counted}; photos from {gathering.ledger.source}: {there} -> {out}"
