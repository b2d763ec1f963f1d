"""An archive of frames on a web server: parallel requests over kept-alive connections, with retries and pauses."""

import html
import re
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, unquote

from carpark.archives.folder import MAX_FRAME_BYTES
from carpark.cameras.camera import Camera, camera_of_folder, find_camera, is_safe_folder
from carpark.errors import BadSetting
from carpark.slots import (
    NO_FRAME,
    SLOT,
    Fetched,
    Timetable,
    bounds_of_day,
    dates_of_day,
    frame_path,
    read_day_folders,
    read_slots,
    slots_of_day,
    why_no_frame,
)
from carpark.web.breaker import CircuitBreaker, Patience
from carpark.web.client import RequestFailed, SourceUnavailable, WebClient, get_patiently

CONCURRENCY = 16  # requests in flight
MAX_LISTING_BYTES = 4_000_000
FRAME_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["'](?:[^"'?#]*/)?([^"'/?#]+\.jpg)["']""", re.IGNORECASE)
MINUTE, HOURLY = timedelta(minutes=1), timedelta(hours=1)
PROBED_HOURS = (12, 9, 16)  # of the day, until one has a frame
# Cadences in the order in which they are tried, each with minutes that belong to it and not to one tried later: at most 14 probes.
PROBES = tuple((minutes[0] * MINUTE, minutes) for minutes in ((5, 25, 35), (6, 18, 42), (10, 50), (12, 24), (15, 45), (20,), (30,)))
DIRECTORY_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']([^"'/?#]+)/["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpArchive:
    """The archive below `location`, an http(s) base without a slash at its end. Only that host is ever contacted."""

    location: str
    patience: Patience = field(default_factory=Patience)
    _cadences: dict[str, timedelta] = field(default_factory=dict, repr=False, compare=False)  # by camera and month, as probed

    @property
    def cache(self) -> None:
        """None; see `CachedArchive`."""

    def cameras(self) -> list[Camera]:
        """The folders that the base's index page links to; none without that page. Raises BadSetting when the archive is down."""
        return [camera_of_folder(name) for name in self._list(f"{self.location}/") if is_safe_folder(name)]

    def camera(self, key: str) -> Camera:
        """The listed camera with this id, name or folder; where nothing is listed, any safe folder name. Raises UnknownCamera."""
        cameras = self.cameras()
        return find_camera(cameras, key) if cameras else camera_of_folder(key.strip())

    def days(self, camera: Camera) -> list[date]:
        """The days that the camera's index page links to, in order; none without that page. Raises BadSetting when the archive is down."""
        return read_day_folders(self._list(f"{self._base(camera)}/"))

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The frames that the day's index pages link to. Without those pages: every slot at the cadence that a few probes find.

        Raises BadSetting when the archive is down.
        """
        pages = [self._read_page(f"{self._base(camera)}/{date}/") for date in dates_of_day(day)]
        names = [unquote(html.unescape(name)) for page in pages for name in FRAME_LINK.findall(page)]
        if slots := read_slots(names, day):
            return Timetable(tuple(slots))
        month = f"{camera.folder} {day:%Y-%m}"  # the cadence of an archive may change from month to month
        if month not in self._cadences:
            self._cadences[month] = self._probe_cadence(camera, day)
        return Timetable(tuple(slots_of_day(day, self._cadences[month])), is_listed=False)

    def edition(self, camera: Camera, day: date) -> str:
        """Always "": a public archive does not change finished days."""
        return ""

    def notes(self) -> list[str]:
        """None."""
        return []

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """One answer for each slot, as they arrive. Closing the iterator stops the traffic."""
        base = self._base(camera)
        breaker = CircuitBreaker(self.patience, failures_in_a_row=CONCURRENCY)
        client = WebClient(base, self.patience, connections=CONCURRENCY)
        pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="fetch")
        try:
            urls = [f"{base}/{quote(frame_path(slot), safe='/@')}" for slot in slots]
            asked = [pool.submit(self._fetch_slot, client, breaker, slot, url) for slot, url in zip(slots, urls, strict=True)]
            for answered in as_completed(asked):
                yield answered.result()
        finally:
            breaker.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            client.close()

    def _base(self, camera: Camera) -> str:
        return f"{self.location}/{quote(camera_of_folder(camera.folder).folder, safe='')}"

    def _fetch_slot(self, client: WebClient, breaker: CircuitBreaker, slot: datetime, url: str) -> Fetched:
        """Tries a slot until there is an answer, its tries are used up, or the source is given up."""
        tries = costs = 0
        while breaker.may_ask():
            try:
                reply = client.get(url, MAX_FRAME_BYTES)
            except SourceUnavailable as error:
                breaker.record_outage(str(error), error.wait_s, error.asked_to_wait)
            except RequestFailed as error:
                breaker.record_failure(str(error))
                tries, costs = tries + 1, costs + error.cost
                if costs >= self.patience.tries:
                    return Fetched(slot, url, None, f"{error} ({tries} tries)", is_final=False)
                breaker.pause(self.patience.backoff(tries))
            else:
                breaker.record_success()
                if reason := NO_FRAME if reply.has_none else reply.refusal or why_no_frame(reply.body):
                    return Fetched(slot, url, None, reason, is_final=reply.has_none)
                return Fetched(slot, url, reply.body, source=self.location)
        return Fetched(slot, url, None, f"the source stopped answering: {breaker.given_up or 'the fetching was stopped'}", is_final=False)

    def _probe_cadence(self, camera: Camera, day: date) -> timedelta:
        """How far apart the frames of the day are, by asking for a few of them, one after the other; `SLOT` when none is found."""
        base, (start, end) = self._base(camera), bounds_of_day(day)
        client = WebClient(base, self.patience, connections=1)

        def is_there(slot: datetime) -> bool:
            body = client.get(f"{base}/{quote(frame_path(slot), safe='/@')}", MAX_FRAME_BYTES).body
            return bool(body) and not why_no_frame(body)

        try:
            hours = [start + (end - start) // 24 * hour for hour in PROBED_HOURS]
            hour = next((hour for hour in hours if hour <= datetime.now(UTC) and is_there(hour)), None)
            if hour is None:
                return SLOT
            return next((cadence for cadence, minutes in PROBES if any(is_there(hour + minute * MINUTE) for minute in minutes)), HOURLY)
        except (RequestFailed, SourceUnavailable):
            return SLOT  # the frames are asked for with more patience
        finally:
            client.close()

    def _list(self, url: str) -> list[str]:
        """The names of the folders that an index page links to, in order; none when the server has no such page."""
        return sorted({unquote(html.unescape(name)) for name in DIRECTORY_LINK.findall(self._read_page(url))})

    def _read_page(self, url: str) -> str:
        """An index page; "" when the server has no such page. Raises BadSetting when it is down."""
        try:
            reply = get_patiently(url, MAX_LISTING_BYTES, self.patience)
        except SourceUnavailable as error:
            raise BadSetting(
                f"The archive {self.location} does not answer ({error}). Check CARPARK_ARCHIVE, or try again later."
            ) from error
        return "" if reply.refusal else reply.body.decode("utf-8", "replace")
