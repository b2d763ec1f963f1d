"""GETs within a source's terms: one at a time, a pause between two to one host, and waits as long as the source asks for.

Collecting runs unattended, so it waits where the Space would give up (carpark.web.breaker).
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3.util import parse_url

from carpark.errors import NoAnswer
from carpark.web.breaker import Patience
from carpark.web.client import Reply, RequestFailed, SourceUnavailable, WebClient

MAX_JSON_BYTES, MAX_PICTURE_BYTES = 5_000_000, 25_000_000
MAX_REDIRECTS = 2
MAX_URL = 8_000  # characters
MAX_HOSTS = 8  # whose connections are kept open
WEEK_S = 604_800.0  # longest Retry-After that is read as it is


@dataclass(frozen=True, slots=True)
class Terms:
    """How often to ask a source, and how long to wait for it; the tests shorten both."""

    pause_s: float = 1.0  # between the starts of two requests to one host
    longest_wait_s: float = 900.0  # longest Retry-After to wait for; a longer one ends the run
    patience: Patience = field(default_factory=lambda: Patience(connect_s=10, read_s=20, frame_s=120, longest_backoff_s=30))

    def backoff(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row; about the pause at first."""
        return self.patience.backoff(failures) * self.pause_s / self.patience.backoff_s


class Unreachable(Exception):
    """A GET that failed at every try; the next run may succeed. Every caller catches it."""


class PacedClient:
    """One request at a time. Waits that the source asks for are reported to `say`."""

    def __init__(self, name: str, user_agent: str, terms: Terms, say: Callable[[str], None] = print) -> None:
        self.name = name
        self.requests = 0
        self.closest_s = float("inf")  # shortest time between the starts of two requests to one host
        self._user_agent = user_agent
        self._terms = terms
        self._say = say
        self._asked_at: dict[str, float] = {}  # by host, by the monotonic clock
        self._clients: dict[str, WebClient] = {}  # by scheme and host, since the environment may name a proxy for each

    def get(self, url: str, max_bytes: int = MAX_PICTURE_BYTES) -> Reply:
        """The answer to a GET, after redirects within its host; a refusal for an address that cannot be fetched.

        Raises Unreachable, and NoAnswer if the host asks for too long a wait.
        """
        for _ in range(MAX_REDIRECTS + 1):
            if fault := find_fault(url):
                return Reply(b"", fault)
            reply = self._get_patiently(url, max_bytes)
            if not reply.moved_to:
                return reply
            try:
                target = urljoin(url, reply.moved_to)
            except ValueError:
                return replace(reply, moved_to="")  # the refusal names the address
            if find_host(target) != find_host(url):
                return reply  # hosts show "no longer available" this way, and nobody vouched for the other host
            url = target
        return Reply(b"", f"the server sends more than {MAX_REDIRECTS} redirects")

    def get_json(self, url: str, is_busy: Callable[[Mapping[str, Any]], bool] = lambda answer: False) -> dict[str, Any]:
        """The JSON object that an API answers. Raises NoAnswer for anything else, and for an API that stays busy."""
        for waits in range(self._terms.patience.tries):
            try:
                reply = self.get(url, MAX_JSON_BYTES)
            except Unreachable as error:
                raise NoAnswer(f"{self.name} does not answer ({error}). Run the same command again later to continue.") from error
            if reply.refusal:
                raise NoAnswer(f"{self.name} refuses: {reply.refusal} from {url[:200]}")
            try:
                answer = json.loads(reply.body)
            except ValueError as error:
                raise NoAnswer(f"{self.name} does not answer JSON: {reply.body[:80]!r}") from error
            if not isinstance(answer, dict):
                raise NoAnswer(f"{self.name} answers a {type(answer).__name__}; expected an object.")
            if not is_busy(answer):
                return answer
            self._wait(5 * self._terms.backoff(waits + 1), "it is busy")
        raise NoAnswer(f"{self.name} stays busy. Run the same command again later to continue.")

    def close(self) -> None:
        """Closes the idle connections."""
        for client in self._clients.values():
            client.close()

    def _client_for(self, url: str) -> WebClient:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        if base not in self._clients:
            if len(self._clients) == MAX_HOSTS:
                self._clients.pop(next(iter(self._clients))).close()
            self._clients[base] = WebClient(base, self._terms.patience, 1, user_agent=self._user_agent, longest_wait_s=WEEK_S)
        return self._clients[base]

    def _get_patiently(self, url: str, max_bytes: int) -> Reply:
        patience, failures, reason = self._terms.patience, 0, ""
        while failures < patience.tries:
            self._keep_pace(url)
            try:
                return self._client_for(url).get(url, max_bytes)
            except SourceUnavailable as error:
                failures, reason = failures + 1, str(error)
                self._wait(max(error.wait_s, self._terms.backoff(failures)), reason if error.asked_to_wait else "")
            except RequestFailed as error:
                failures, reason = failures + error.cost, str(error)
                self._wait(self._terms.backoff(failures), "")
        raise Unreachable(f"{reason} from {find_host(url)}")

    def _keep_pace(self, url: str) -> None:
        host = urlsplit(url).netloc
        before = self._asked_at.get(host, -float("inf"))
        time.sleep(max(before + self._terms.pause_s - time.monotonic(), 0))
        self._asked_at[host] = time.monotonic()
        self.closest_s = min(self.closest_s, self._asked_at[host] - before)
        self.requests += 1

    def _wait(self, seconds: float, asked: str) -> None:
        """Waits. Raises NoAnswer instead if the wait is longer than the terms allow."""
        if seconds > self._terms.longest_wait_s:
            raise NoAnswer(f"{self.name} asks to wait {describe_s(seconds)} ({asked}). Run the same command again after that to continue.")
        if asked and seconds >= 1:
            self._say(f"waiting {describe_s(seconds)}, as {self.name} asks ({asked})")
        time.sleep(seconds)


def find_fault(url: str) -> str:
    """Why nothing can be fetched from an address, whatever its host answers; "" for an address that may be tried."""
    shown = repr(url[:200])
    if len(url) > MAX_URL:
        return f"the address {shown}... is longer than {MAX_URL:,} characters"
    try:
        parts = parse_url(url)
        (parts.host or "").encode("idna")  # raises for an empty label and for one that is too long
        urlsplit(url)  # refuses other hosts than urllib3
    except ValueError as error:
        return f"{shown} is not an address ({error})"
    if parts.scheme not in ("http", "https") or not parts.host:
        return f"{shown} is not an address; expected http:// or https://"
    return ""


def find_host(url: str) -> str:
    """The host of an address; "" for what is not one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def describe_s(seconds: float) -> str:
    """A duration such as "3 min"."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
