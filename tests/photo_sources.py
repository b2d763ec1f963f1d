"""Openverse and Wikimedia Commons on loopback: answers in the shape of their documentation, terms enforced, all faults.

Shapes: https://api.openverse.org/v1/ (images_search) and https://commons.wikimedia.org/w/api.php?action=help&modules=query%2Bimageinfo.
"""

import io
import json
import time
from abc import abstractmethod
from collections.abc import Callable
from functools import cache
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from tests.loopback import NOT_FOUND, Answer, Loopback

JSON = {"Content-Type": "application/json"}
HTML = Answer(b"<html><body>This photo was removed</body></html>", headers={"Content-Type": "text/html"})
# What happens to the picture with this number; all others are fine.
DEAD, PAGE, SMALL, TWIN, LARGE, CUT, ELSEWHERE, MOVED, BROKEN_ONCE, ERROR_ONCE, BUSY_ONCE, BOMB = 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25
SLOW = 27
TWIN_OF = 8
FAULTS = {DEAD: "dead link", PAGE: "no picture", SMALL: "too small", TWIN: "duplicate", CUT: "no picture", BOMB: "no picture"}


@cache
def picture(number: int, size: tuple[int, int] = (320, 280), format_name: str = "JPEG") -> bytes:
    """A picture of coloured patches, another one for each number."""
    patches = np.random.default_rng(number).integers(0, 255, (7, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(buffer, format_name)
    return buffer.getvalue()


def serve_picture(number: int, nth: int, base: str) -> Answer:
    """The answer to the GET for a picture that was asked for `nth` times before."""
    good = Answer(picture(TWIN_OF if number == TWIN else number))
    if nth == 0:
        first = {
            BROKEN_ONCE: Answer(good.body, drop_after=100),
            ERROR_ONCE: Answer(b"oops", 500),
            BUSY_ONCE: Answer(b"slow down", 429, {"Retry-After": "1"}),
            MOVED: Answer(b"", 301, {"Location": f"/pictures/{number}.jpg?moved"}),
        }
        if number in first:
            return first[number]
    return {
        DEAD: NOT_FOUND,
        PAGE: HTML,
        SMALL: Answer(picture(SMALL, (300, 120))),
        LARGE: Answer(picture(LARGE, (2400, 1600))),
        CUT: Answer(good.body[: len(good.body) // 2]),
        ELSEWHERE: Answer(b"", 302, {"Location": base.replace("127.0.0.1", "localhost") + "/pictures/0.jpg"}),
        BOMB: Answer(_bomb()),
        SLOW: Answer(good.body, drip_s=0.01),
    }.get(number, good)


@cache
def _bomb() -> bytes:
    """A PNG of a few kilobytes with more pixels than anybody should decode."""
    buffer = io.BytesIO()
    Image.new("1", (9000, 6000)).save(buffer, "PNG")
    return buffer.getvalue()


class PhotoSource(Loopback):
    """An API with `count` pictures for every query, and the host of the pictures in one. Refuses what its terms forbid."""

    def __init__(self, count: int, *, is_slow: bool = False) -> None:
        super().__init__(self._answer)
        self.count = count
        self.is_slow = is_slow
        self.search_times: list[float] = []
        self.refused: list[str] = []
        self.fail_searches: Callable[[int], Answer | None] = lambda nth: None

    @abstractmethod
    def search(self, asked: dict[str, str], nth: int) -> Answer:
        """What the API answers."""

    def numbers(self, asked: dict[str, str], query: str) -> range:
        """Numbers of the pictures that a query finds: other queries find others, and the last one that another found too."""
        first = 100 * (sum(query.encode()) % 50) if query != "parking" else 0
        return range(first, first + self.count)

    def _answer(self, path: str, nth: int) -> Answer:
        parts = urlsplit(path)
        if parts.path.startswith("/pictures/"):
            number = int(parts.path.removeprefix("/pictures/").removesuffix(".jpg"))
            if number == SLOW and not self.is_slow:
                number = 1000 + SLOW
            return serve_picture(number, nth + ("moved" in parts.query), self.base)
        self.search_times.append(time.monotonic())
        if failure := self.fail_searches(len(self.search_times) - 1):
            return failure
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return self.search(asked, nth)

    def refuse(self, status: int, detail: str, **headers: str) -> Answer:
        self.refused.append(detail)
        return Answer(json.dumps({"detail": detail}).encode(), status, JSON | headers)


class OpenverseServer(PhotoSource):
    """`GET /v1/images/`."""

    def search(self, asked: dict[str, str], nth: int) -> Answer:
        size, page = int(asked.get("page_size", 20)), int(asked.get("page", 1))
        if size > 20:
            return self.refuse(401, "Ensure this value is less than or equal to 20.")
        numbers = self.numbers(asked, asked["q"])
        body = {
            "result_count": len(numbers),
            "page_count": -(-len(numbers) // size),
            "page_size": size,
            "page": page,
            "results": [self._result(number) for number in numbers[(page - 1) * size : page * size]],
        }
        return Answer(json.dumps(body).encode(), headers=JSON)

    def _result(self, number: int) -> dict[str, object]:
        license_id = ("by", "cc0", "by-sa", "pdm")[number % 4]
        name = {"by": "licenses/by/2.0", "cc0": "publicdomain/zero/1.0", "by-sa": "licenses/by-sa/4.0", "pdm": "publicdomain/mark/1.0"}[
            license_id
        ]
        identifier = f"4bc43a04-ef46-4544-a0c1-{number:012d}"
        return {
            "id": identifier,
            "title": f"Car park {'abcdefghij'[number % 10]}\n{number}",
            "indexed_on": "2022-08-27T17:39:48Z",
            "foreign_landing_url": f"{self.base}/photos/{number}",
            "url": f"{self.base}/pictures/{number}.jpg",
            "creator": f"Ann, Bob & “Çelik” {'ABC'[number % 3]}",
            "creator_url": None,
            "license": license_id,
            "license_version": name.rsplit("/", 1)[1],
            "license_url": f"https://creativecommons.org/{name}/",
            "provider": "flickr",
            "source": "flickr",
            "category": None,
            "filesize": None,
            "filetype": None,
            "tags": [{"accuracy": None, "name": "parking", "unstable__provider": "flickr"}],
            "attribution": f'"Car park {number}" by Ann is licensed under {license_id}.',
            "fields_matched": ["title"],
            "mature": False,
            "height": 280,
            "width": 320,
            "thumbnail": f"{self.base}/v1/images/{identifier}/thumb/",
            "detail_url": f"{self.base}/v1/images/{identifier}/",
            "related_url": f"{self.base}/v1/images/{identifier}/related/",
            "unstable__sensitivity": [],
        }


class CommonsServer(PhotoSource):
    """`GET /w/api.php` with `generator=search` and `formatversion=2`."""

    def search(self, asked: dict[str, str], nth: int) -> Answer:
        limit, offset = int(asked["gsrlimit"]), int(asked.get("gsroffset", 0))
        if limit > 500:
            return self.refuse(200, "gsrlimit may not be over 500")
        numbers = self.numbers(asked, asked["gsrsearch"].removeprefix("filetype:bitmap "))
        found = list(enumerate(numbers))[offset : offset + limit]
        body: dict[str, object] = {"batchcomplete": True}
        if offset + limit < len(numbers):
            body["continue"] = {"gsroffset": offset + limit, "continue": "gsroffset||"}
        if found:  # without a result there is no "query" at all
            body["query"] = {"pages": [self._page(number, index + 1) for index, number in reversed(found)]}
        return Answer(json.dumps(body).encode(), headers=JSON)

    def _page(self, number: int, index: int) -> dict[str, object]:
        output = {
            "ObjectName": {"value": f"Car park {number}", "source": "mediawiki-metadata", "hidden": ""},
            "Artist": {"value": f'<a href="//commons.wikimedia.org/wiki/User:Jo">Jo &amp; {number % 7}</a>', "source": "commons-desc-page"},
            **({"License": {"value": "pd"}, "LicenseShortName": {"value": "Public domain"}} if number % 3 == 0 else {}),
        }
        if number % 3 == 1:
            output |= {"License": {"value": "cc-by-sa-3.0"}, "LicenseShortName": {"value": "CC BY-SA 3.0"}}
            output |= {"LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/3.0"}}
        if number % 3 == 2:
            output |= {"License": {"value": "gfdl"}, "LicenseShortName": {"value": "GFDL"}}
        info = {
            "size": 5_000_000,
            "width": 4000,
            "height": 3000,
            "thumburl": f"{self.base}/pictures/{number}.jpg",
            "thumbwidth": 1280,
            "thumbheight": 960,
            "url": f"{self.base}/originals/{number}.jpg",
            "descriptionurl": f"{self.base}/wiki/File:Car_park_{number}.jpg",
            "descriptionshorturl": f"{self.base}/w/index.php?curid={number}",
            "sha1": f"{number:040x}",
            "mime": "application/pdf" if number == 4 else "image/jpeg",
            "extmetadata": output,
        }
        return {
            "pageid": number,
            "ns": 6,
            "title": f"File:Car park {number}.jpg",
            "index": index,
            "imagerepository": "local",
            "imageinfo": [info],
        }
