"""An archive of frames on a web server: many requests at once over kept-alive connections, patient with failures, never rude."""

import html
import re
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import quote, unquote

from carpark.archives.folder import MAX_FRAME_BYTES
from carpark.cameras.camera import Camera, camera_of_folder, find_camera, is_safe_folder
from carpark.errors import BadSetting
from carpark.slots import NO_FRAME, Fetched, frame_path, read_day_folders, why_no_frame
from carpark.web.breaker import CircuitBreaker, Patience
from carpark.web.client import Faulty, Silent, WebClient, get_patiently

CONCURRENCY = 16  # requests in flight
MAX_LISTING_BYTES = 4_000_000
DIRECTORY_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']([^"'/?#]+)/["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpArchive:
    """The archive below `location`, an http(s) base without a slash at its end. Only that host is ever contacted."""

    location: str
    patience: Patience = field(default_factory=Patience)

    @property
    def cache(self) -> None:
        """None; see `CachedArchive`."""

    def cameras(self) -> list[Camera]:
        """The folders that the base's index page links to; none where there is no such page. Raises BadSetting when it is down."""
        return [camera_of_folder(name) for name in self._list(f"{self.location}/") if is_safe_folder(name)]

    def camera(self, key: str) -> Camera:
        """The listed camera with this id, name or folder; where nothing is listed, any safe folder name. Raises UnknownCamera."""
        cameras = self.cameras()
        return find_camera(cameras, key) if cameras else camera_of_folder(key.strip())

    def days(self, camera: Camera) -> list[date]:
        """The days that the camera's index page links to, in order; none where there is no such page. Raises BadSetting when it is down."""
        return read_day_folders(self._list(f"{self._base(camera)}/"))

    def edition(self, camera: Camera, day: date) -> str:
        """Always "": a public archive does not change finished days."""
        return ""

    def notes(self) -> list[str]:
        """None."""
        return []

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """One answer for each slot, as they arrive. Closing the iterator stops the traffic."""
        base = self._base(camera)
        pulse = CircuitBreaker(self.patience, bad_in_a_row=CONCURRENCY)
        client = WebClient(base, self.patience, connections=CONCURRENCY)
        pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="fetch")
        try:
            urls = [f"{base}/{quote(frame_path(slot), safe='/@')}" for slot in slots]
            asked = [pool.submit(self._fetch_slot, client, pulse, slot, url) for slot, url in zip(slots, urls, strict=True)]
            for answered in as_completed(asked):
                yield answered.result()
        finally:
            pulse.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            client.close()

    def _base(self, camera: Camera) -> str:
        return f"{self.location}/{quote(camera_of_folder(camera.folder).folder, safe='')}"

    def _fetch_slot(self, client: WebClient, pulse: CircuitBreaker, slot: datetime, url: str) -> Fetched:
        """Tries a slot until there is an answer, its tries are used up, or the source is given up."""
        tries = costs = 0
        while pulse.may_ask():
            try:
                reply = client.get(url, MAX_FRAME_BYTES)
            except Silent as error:
                pulse.silent(str(error), error.wait_s, error.asked_to_wait)
            except Faulty as error:
                pulse.bad(str(error))
                tries, costs = tries + 1, costs + error.cost
                if costs >= self.patience.tries:
                    return Fetched(slot, url, None, f"{error} ({tries} tries)", is_final=False)
                pulse.pause(self.patience.backoff(tries))
            else:
                pulse.good()
                if reason := NO_FRAME if reply.has_none else reply.refusal or why_no_frame(reply.body):
                    return Fetched(slot, url, None, reason, is_final=reply.has_none)
                return Fetched(slot, url, reply.body, source=self.location)
        return Fetched(slot, url, None, f"the source stopped answering: {pulse.given_up or 'the fetching was stopped'}", is_final=False)

    def _list(self, url: str) -> list[str]:
        """The names of the folders that an index page links to, in order; none when the server has no such page."""
        try:
            reply = get_patiently(url, MAX_LISTING_BYTES, self.patience)
        except Silent as error:
            raise BadSetting(
                f"The archive {self.location} does not answer ({error}). Check CARPARK_ARCHIVE, or try again later."
            ) from error
        page = "" if reply.refusal else reply.body.decode("utf-8", "replace")
        return sorted({unquote(html.unescape(name)) for name in DIRECTORY_LINK.findall(page)})
