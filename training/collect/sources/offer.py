"""A picture as its source offers it, before anybody has looked at it."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from carpark.errors import BadSetting
from training.provenance import LICENSES


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source says of one picture; texts have no line breaks, and are empty where it says nothing."""

    source: str
    source_id: str
    image_url: str
    source_page: str
    license: str  # an id of `LICENSES`; anything else is what the source calls its licence
    title: str = ""
    creator: str = ""
    license_version: str = ""
    license_url: str = ""
    attribution: str = ""
    label: str = ""  # where the source itself knows
    path: Path | None = None  # of a picture on this machine, which is not fetched


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a search."""

    offers: tuple[Offer, ...]
    next: str  # the cursor of the page after it, "" when this is the last


class Source(Protocol):
    """A place that can be searched, page by page. `search` raises NoAnswer."""

    @property
    def name(self) -> str:
        """As photos.csv calls it."""

    def search(self, query: str, cursor: str) -> Page:
        """The page of `query` at `cursor`, "" for the first."""


def one_line(text: object) -> str:
    """The text with every run of white space as one blank, so that a row of a table is always one line; "" for None."""
    return "" if text is None else " ".join(str(text).split())


def credited(offer: Offer) -> Offer:
    """The offer with the address of its licence and its line of credit, where the source did not tell them."""
    offer = replace(offer, license_url=offer.license_url or _license_url(offer))
    return replace(offer, attribution=offer.attribution or _credit(offer))


def _license_url(offer: Offer) -> str:
    if offer.license in ("cc0", "pdm"):
        return f"https://creativecommons.org/publicdomain/{'zero' if offer.license == 'cc0' else 'mark'}/1.0/"
    is_known = offer.license in LICENSES and offer.license_version
    return f"https://creativecommons.org/licenses/{offer.license}/{offer.license_version}/" if is_known else ""


def _credit(offer: Offer) -> str:
    """Title, creator and licence in one line, worded as Openverse does (`attribution` of its answers)."""
    is_public_domain = offer.license in ("cc0", "pdm")
    title = f'"{offer.title}"' if offer.title else "This work"
    by = f" by {offer.creator}" if offer.creator else ""
    licence = f"{LICENSES.get(offer.license, offer.license)} {offer.license_version}".rstrip()
    verb, terms = ("is marked with", "the terms") if is_public_domain else ("is licensed under", "a copy of this license")
    where = f" To view {terms}, visit {offer.license_url}." if offer.license_url else ""
    return f"{title}{by} {verb} {licence}.{where}"


def parse_licenses(text: str) -> tuple[str, ...]:
    """The ids in a list with commas between, in the order of `LICENSES`. Raises BadSetting for an id that does not exist."""
    wanted = [part.strip() for part in text.split(",")]
    for part in wanted:
        if part not in LICENSES:
            raise BadSetting(f"--license {part!r} is not a licence id; expected some of {','.join(LICENSES)}.")
    return tuple(name for name in LICENSES if name in wanted)


def scene_of(offer: Offer) -> str:
    """A first guess at the place: pictures of one creator whose titles differ in numbers alone are a series of one place.

    Cleaning groups near-duplicates on top of it. A picture without title or creator is its own scene.
    """
    stem = re.sub(r"[\W\d_]+", "-", f"{offer.creator} {offer.title}".lower()).strip("-")
    return f"{offer.source}-{stem[:80]}" if offer.creator and offer.title and stem else f"{offer.source}-{offer.source_id}"
