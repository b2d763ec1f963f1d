"""Search Openverse, the search engine for openly licensed pictures (mostly of Flickr and museums).

    GET https://api.openverse.org/v1/images/?q=…&license=by,cc0&page_size=20&page=1

Anonymous callers get 20 results a page (HTTP 401 beyond), 12 pages deep, 20 requests a minute and 200 a day (HTTP 429 beyond).
Shape of an answer: https://api.openverse.org/v1/#tag/images/operation/images_search
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from carpark.errors import NoAnswer
from training.collect.paced import PacedClient
from training.collect.sources.offer import Offer, Page, credited, one_line, read_id, whole_number

API = "https://api.openverse.org/v1/images/"
PAGE_SIZE, DEEPEST_PAGE = 20, 12
PAUSE_S = 3.1  # 60 s / 20, and a little more
SEARCHES_A_DAY = 200


@dataclass(frozen=True, slots=True)
class Openverse:
    """The search takes licences, so that the results are usable."""

    client: PacedClient
    licenses: tuple[str, ...]
    api: str = API
    name: str = "openverse"

    def search(self, query: str, cursor: str) -> Page:
        """Page number `cursor` of the results, best first. Raises NoAnswer."""
        page = int(cursor or 1)
        asked = {
            "q": query,
            "license": ",".join(self.licenses),
            "excluded_source": "wikimedia",  # Commons has a source of its own, which fetches scaled pictures as Commons asks
            "page_size": PAGE_SIZE,
            "page": page,
        }
        answer = self.client.get_json(f"{self.api}?{urlencode(asked)}")
        results = answer.get("results")
        if not isinstance(results, list):
            raise NoAnswer(f"{self.api} answers without results ({str(answer)[:120]}). Has the API changed?")
        offers = tuple(read_result(result) for result in results if isinstance(result, dict))
        last = min(whole_number(answer.get("page_count")), DEEPEST_PAGE)
        return Page(offers, str(page + 1) if page < last else "")


def read_result(result: dict[str, object]) -> Offer:
    """The offer of one element of `results`."""
    fields = {name: one_line(value) for name, value in result.items()}
    return credited(
        Offer(
            source="openverse",
            source_id=read_id(result.get("id"), result),
            image_url=fields.get("url", ""),
            source_page=fields.get("foreign_landing_url", ""),
            license=fields.get("license", "").lower(),
            title=fields.get("title", ""),
            creator=fields.get("creator", ""),
            license_version=fields.get("license_version", ""),
            license_url=fields.get("license_url", ""),
            attribution=fields.get("attribution", ""),
        )
    )
