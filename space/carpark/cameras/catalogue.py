"""TfL's list of JamCams, cached on disk and refreshed once a day. While TfL is down the last good copy is used, and its age is shown.

catalogue = load_catalogue(cache)
search_cameras(catalogue.cameras, "camden high")
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from carpark.cache import Cache
from carpark.cameras.boroughs import borough_of
from carpark.cameras.camera import Camera, parse_catalogue
from carpark.errors import BadSetting
from carpark.web.breaker import Patience
from carpark.web.client import SourceUnavailable, get_patiently

TFL_CATALOGUE = "https://api.tfl.gov.uk/Place/Type/JamCam"
FRESH = timedelta(days=1)  # cameras come and go by the month
ASK_AGAIN = timedelta(minutes=10)  # after TfL did not answer
MAX_BYTES = 20_000_000  # the recorded answer has 1.2 MB
FEWEST_CAMERAS = 100  # an answer with fewer is refused; TfL lists 880 to 910


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The cameras, and how old the list is."""

    cameras: tuple[Camera, ...]
    retrieved_at: datetime
    problem: str = ""  # why it is not newer
    tried_at: datetime | None = None  # of the last request that TfL did not answer

    def note(self, now: datetime) -> str:
        """What a person should know about its age; "" while it is fresh."""
        if not self.problem or now - self.retrieved_at < FRESH:
            return ""
        days = max((now - self.retrieved_at).days, 1)
        return f"TfL's list of cameras is {days} day{'s' if days > 1 else ''} old: TfL does not answer ({self.problem})."


def load_catalogue(cache: Cache | None, *, url: str = TFL_CATALOGUE, patience: Patience | None = None) -> Catalogue:
    """The cached list, refreshed from TfL once it is a day old; while TfL is down, the last one.

    Raises BadSetting when TfL is down and no list is cached.
    """
    now = datetime.now(UTC)
    kept = _read_kept(cache, url)
    if kept and (now - kept.retrieved_at < FRESH or (kept.tried_at and now - kept.tried_at < ASK_AGAIN)):
        return kept
    try:
        catalogue = Catalogue(ask_catalogue(url, patience or Patience())[0], now)
    except SourceUnavailable as error:
        if not kept:
            raise BadSetting(f"TfL's list of cameras cannot be fetched from {url} ({error}). Try again later, or use a folder.") from error
        catalogue = replace(kept, problem=str(error), tried_at=now)
    if cache:
        cache.put(_key(url), json.dumps(asdict(catalogue), default=datetime.isoformat).encode())
    return catalogue


def search_cameras(cameras: Sequence[Camera], text: str) -> list[Camera]:
    """The cameras whose id starts with `text`, or that have each of its words in their name, view or borough; best first.

    The words may be cut short.
    """
    wanted = text.strip().removeprefix("JamCams_").casefold()
    words = wanted.split()
    scores = [(_score(camera, wanted, words), camera.name, camera) for camera in cameras]
    return [camera for score, _, camera in sorted(scores, key=lambda entry: (-entry[0], entry[1])) if score]


def _score(camera: Camera, wanted: str, words: list[str]) -> int:
    """0 for no match; an id counts before a name, a name before view and borough."""
    if wanted and camera.id.casefold().startswith(wanted):
        return 3
    name = camera.name.casefold()
    if all(word in name for word in words):
        return 2
    return 1 if all(word in f"{name} {camera.view.casefold()} {borough_of(camera).casefold()}" for word in words) else 0


def ask_catalogue(url: str, patience: Patience) -> tuple[tuple[Camera, ...], bytes]:
    """The cameras that TfL lists, and its answer as bytes. Raises SourceUnavailable for any other answer."""
    reply = get_patiently(url, MAX_BYTES, patience)
    if reply.refusal:
        raise SourceUnavailable(reply.refusal)
    try:
        cameras = parse_catalogue(json.loads(reply.body))
    except (ValueError, TypeError) as error:
        raise SourceUnavailable("its answer is not a list of cameras") from error
    if len(cameras) < FEWEST_CAMERAS:
        raise SourceUnavailable(f"its answer lists {len(cameras)} cameras")
    return tuple(cameras), reply.body


def _read_kept(cache: Cache | None, url: str) -> Catalogue | None:
    entry = cache.get(_key(url)) if cache else None
    if entry is None:
        return None
    fields = json.loads(entry)
    return Catalogue(
        cameras=tuple(Camera(**camera) for camera in fields["cameras"]),
        retrieved_at=datetime.fromisoformat(fields["retrieved_at"]),
        problem=fields["problem"],
        tried_at=fields["tried_at"] and datetime.fromisoformat(fields["tried_at"]),
    )


def _key(url: str) -> str:
    return f"catalogue 1 {url}"
