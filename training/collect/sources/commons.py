"""Search Wikimedia Commons by its MediaWiki API.

    GET https://commons.wikimedia.org/w/api.php?action=query&generator=search&gsrnamespace=6&gsrsearch=…&prop=imageinfo&iiprop=…

Its terms: a User-Agent with a contact, one request at a time, and `maxlag` for jobs that nobody waits for
(https://www.mediawiki.org/wiki/API:Etiquette). Pictures only in the sizes on offer: take the address of the scaled picture from the answer,
and never build it (https://www.mediawiki.org/wiki/Common_thumbnail_sizes).
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from carpark.errors import NoAnswer
from training.collect.paced import PacedClient
from training.collect.sources.offer import Offer, Page, credited, one_line, read_id, whole_number

API = "https://commons.wikimedia.org/w/api.php"
PAGE_SIZE = 50
PAUSE_S = 1.0
DEEPEST_OFFSET = 500  # later results have little to do with the query
THUMBNAIL_WIDTH = 1280  # px; the smallest size on offer above MAX_PHOTO_SIDE_PX
PICTURES = ("image/jpeg", "image/png", "image/tiff", "image/webp")
BUSY = ("maxlag", "ratelimited", "readonly")  # codes of temporary errors, which come as HTTP 200
METADATA_FIELDS = "Artist|License|LicenseShortName|LicenseUrl|ObjectName"


@dataclass(frozen=True, slots=True)
class Commons:
    """The search covers all licences; each offer names its own."""

    client: PacedClient
    api: str = API
    name: str = "commons"

    def search(self, query: str, cursor: str) -> Page:
        """The results from number `cursor` on, best first. Raises NoAnswer."""
        asked: dict[str, object] = {
            "action": "query",
            "format": "json",
            "formatversion": 2,
            "maxlag": 5,
            "generator": "search",
            "gsrsearch": f"filetype:bitmap {query}",
            "gsrnamespace": 6,
            "gsrlimit": PAGE_SIZE,
            "prop": "imageinfo",
            "iiprop": "url|size|mime|sha1|extmetadata",
            "iiurlwidth": THUMBNAIL_WIDTH,
            "iiextmetadatafilter": METADATA_FIELDS,
        }
        if cursor:
            asked |= {"gsroffset": cursor, "continue": "gsroffset||"}
        answer = self.client.get_json(f"{self.api}?{urlencode(asked)}", is_busy=_is_busy)
        if "error" in answer:
            raise NoAnswer(f"{self.api} refuses: {one_line(answer['error'])[:160]}")
        pages = sorted(_dicts(_dict(answer.get("query")).get("pages")), key=lambda page: whole_number(page.get("index")))
        offset = whole_number(_dict(answer.get("continue")).get("gsroffset"))
        return Page(tuple(filter(None, map(read_page, pages))), str(offset) if 0 < offset < DEEPEST_OFFSET else "")


def read_page(page: Mapping[str, Any]) -> Offer | None:
    """The offer of one element of `query.pages`; None for a file that is not a photo, such as a drawing or a PDF."""
    info = next(iter(_dicts(page.get("imageinfo"))), {})
    if info.get("mime") and info["mime"] not in PICTURES:
        return None
    metadata = {name: _plain(_dict(entry).get("value")) for name, entry in _dict(info.get("extmetadata")).items()}
    license_id, version = read_license(metadata)
    offer = Offer(
        source="commons",
        source_id=read_id(page.get("pageid"), page),
        image_url=one_line(info.get("thumburl")),
        source_page=one_line(info.get("descriptionurl")),
        license=license_id,
        title=metadata.get("ObjectName") or _plain(page.get("title")).removeprefix("File:"),
        creator=metadata.get("Artist", ""),
        license_version=version,
        license_url=metadata.get("LicenseUrl", ""),
    )
    return credited(offer)


def read_license(metadata: Mapping[str, str]) -> tuple[str, str]:
    """Licence id and version from `extmetadata`; for one that is not of Creative Commons, its name on Commons and ""."""
    if named := re.search(r"creativecommons\.org/licenses/(by(?:-\w\w)*)/(\d\.\d)", metadata.get("LicenseUrl", "")):
        return named[1], named[2]
    if named := re.fullmatch(r"cc-(by(?:-(?:sa|nc|nd))*)-(\d\.\d)(?:-\w+)?", metadata.get("License", "")):
        return named[1], named[2]
    if (
        "publicdomain/zero" in metadata.get("LicenseUrl", "")
        or metadata.get("License", "").startswith("cc0")
        or metadata.get("License") == "cc-zero"
    ):
        return "cc0", "1.0"
    if "publicdomain/mark" in metadata.get("LicenseUrl", "") or metadata.get("License", "").startswith("pd"):
        return "pdm", ""
    return metadata.get("LicenseShortName") or metadata.get("License") or "none stated", ""


def _plain(text: object) -> str:
    """The text without HTML tags, in one line."""
    return one_line(html.unescape(re.sub(r"<[^>]*>", " ", str(text or ""))))


def _dict(value: object) -> dict[str, Any]:
    """The value if it is an object of JSON; else an empty one."""
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    """The objects in a list of JSON; none for anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _is_busy(answer: Mapping[str, Any]) -> bool:
    return _dict(answer.get("error")).get("code") in BUSY
