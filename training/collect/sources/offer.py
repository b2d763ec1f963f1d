"""A picture as its source offers it, before it is downloaded."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from carpark.errors import BadSetting
from training.provenance import LICENSES

LONGEST_TEXT = 10_000  # characters
PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Offer:
    """One picture as its source describes it. Texts are one line each; "" for unknown."""

    source: str
    source_id: str
    image_url: str
    source_page: str
    license: str  # an id of `LICENSES`, or else the source's own name for the licence
    title: str = ""
    creator: str = ""
    license_version: str = ""
    license_url: str = ""
    attribution: str = ""
    label: str = ""  # if the source knows it, as these three
    scene: str = ""  # the place
    occupancy: str = ""  # share of the bays that is taken, 0 to 1
    view: str = ""
    path: Path | None = None  # of a local picture, which is not downloaded


@dataclass(frozen=True, slots=True)
class Page:
    """One page of search results."""

    offers: tuple[Offer, ...]
    next: str  # cursor of the next page; "" on the last


class OfferSource(Protocol):
    """A place that offers pictures, page by page. `search` raises NoAnswer."""

    @property
    def name(self) -> str:
        """The `source` in photos.csv."""

    def search(self, query: str, cursor: str) -> Page:
        """The page of results for `query` at `cursor`; "" is the first page."""


def one_line(text: object) -> str:
    """The text in one line of at most `LONGEST_TEXT` characters that UTF-8 and CSV can hold; "" for None."""
    if text is None:
        return ""
    return " ".join(str(text).encode(errors="replace").decode().replace("\0", " ").split())[:LONGEST_TEXT]


def whole_number(value: object) -> int:
    """A number of an answer; 0 for anything else."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0


def read_id(value: object, found: Mapping[str, object]) -> str:
    """The id in an answer; for a result without one, a digest of the whole result."""
    return one_line(value) or hashlib.sha256(repr(sorted(found.items(), key=str)).encode(errors="replace")).hexdigest()[:16]


def file_stem(offer: Offer) -> str:
    """Name of the photo's file without label and suffix. An id that is more than a plain word is replaced by its digest."""
    name = offer.source_id
    if not PLAIN_ID.fullmatch(name):
        name = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{offer.source}-{name}"


def credited(offer: Offer) -> Offer:
    """The offer, with licence address and attribution filled in if the source has none."""
    offer = replace(offer, license_url=offer.license_url or _license_url(offer))
    return replace(offer, attribution=offer.attribution or _credit(offer))


def _license_url(offer: Offer) -> str:
    if offer.license in ("cc0", "pdm"):
        return f"https://creativecommons.org/publicdomain/{'zero' if offer.license == 'cc0' else 'mark'}/1.0/"
    is_known = offer.license in LICENSES and offer.license_version
    return f"https://creativecommons.org/licenses/{offer.license}/{offer.license_version}/" if is_known else ""


def _credit(offer: Offer) -> str:
    """Title, creator and licence in one line, in the words of Openverse."""
    is_public_domain = offer.license in ("cc0", "pdm")
    title = f'"{offer.title}"' if offer.title else "This work"
    by = f" by {offer.creator}" if offer.creator else ""
    licence = f"{LICENSES.get(offer.license, offer.license)} {offer.license_version}".rstrip()
    verb, terms = ("is marked with", "the terms") if is_public_domain else ("is licensed under", "a copy of this license")
    where = f" To view {terms}, visit {offer.license_url}." if offer.license_url else ""
    return f"{title}{by} {verb} {licence}.{where}"


def parse_licenses(text: str) -> tuple[str, ...]:
    """The ids of a comma-separated list, in the order of `LICENSES`. Raises BadSetting for an unknown id."""
    wanted = [part.strip() for part in text.split(",")]
    for part in wanted:
        if part not in LICENSES:
            raise BadSetting(f"--license {part!r} is not a licence id; expected some of {','.join(LICENSES)}.")
    return tuple(name for name in LICENSES if name in wanted)


def scene_of(offer: Offer) -> str:
    """The place, if the source knows it. Else a guess: titles of one creator that differ only in numbers are a series of one place.

    Cleaning merges near-duplicates later. A picture without title or creator is its own scene.
    """
    if offer.scene:
        return offer.scene
    stem = re.sub(r"[\W\d_]+", "-", f"{offer.creator} {offer.title}".lower()).strip("-")
    return f"{offer.source}-{stem[:80]}" if offer.creator and offer.title and stem else file_stem(offer)
