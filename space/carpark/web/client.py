"""One polite GET. It fails by itself (`RequestFailed`), or because the whole source is down (`SourceUnavailable`)."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, ReadTimeoutError, SSLError

from carpark.web.breaker import CircuitBreaker, Patience

USER_AGENT = "carpark-classifier/0.1 (reads one camera day at a time)"
LONGEST_WAIT_S = 20.0  # of a Retry-After; a longer one is cut to this
CHUNK_BYTES = 65_536
GONE = (404, 410)


class RequestFailed(Exception):
    """The connection broke, or the answer was an HTTP 5xx; another try may succeed. Every caller catches it."""

    cost = 1  # in tries


class ReadTimeout(RequestFailed):
    """The answer did not come in time. It cost seconds, so it counts as two tries."""

    cost = 2


class SourceUnavailable(Exception):
    """The source cannot be reached, or asks everyone to wait. Every caller catches it."""

    def __init__(self, reason: str, wait_s: float = 0, asked_to_wait: bool = False) -> None:
        """`wait_s`: seconds that the source asks to wait; 0 where it names none."""
        super().__init__(reason)
        self.wait_s = wait_s
        self.asked_to_wait = asked_to_wait


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that another try would not change."""

    body: bytes
    refusal: str = ""  # why the body is missing, for people
    has_none: bool = False  # the server has no such file
    modified_at: datetime | None = None  # UTC, when the server says so
    answered_at: datetime | None = None  # UTC, by the server's clock
    etag: str = ""  # as the server wrote it; names these bytes in a later GET
    is_unchanged: bool = False  # the server still has what the etag of the GET names, and sent no body
    moved_to: str = ""  # where a redirect points, as the server wrote it


def get_patiently(url: str, max_bytes: int, patience: Patience) -> Reply:
    """The answer to a GET, repeated while the server fails. Raises SourceUnavailable when it is given up."""
    client = WebClient(url, patience, connections=1)
    breaker = CircuitBreaker(patience, failures_in_a_row=1)
    try:
        while breaker.may_ask():
            try:
                return client.get(url, max_bytes)
            except SourceUnavailable as error:
                breaker.record_outage(str(error), error.wait_s, error.asked_to_wait)
            except RequestFailed as error:
                breaker.record_failure(str(error))
        raise SourceUnavailable(breaker.given_up)
    finally:
        client.close()


class WebClient:
    """GETs from one host over kept-alive connections; follows no redirect, so no other host is contacted. Safe to share between threads.

    urllib3 without requests around it does half the work for each of a day's 288 small answers.
    """

    def __init__(
        self, base: str, patience: Patience, connections: int, *, user_agent: str = USER_AGENT, longest_wait_s: float = LONGEST_WAIT_S
    ) -> None:
        """At most `connections` to the host of `base` are kept alive; the environment's proxies and certificates count.

        A longer Retry-After than `longest_wait_s` is cut to it.
        """
        self.patience = patience
        self.longest_wait_s = longest_wait_s
        environment = requests.Session().merge_environment_settings(base, {}, None, None, None)
        proxy = requests.utils.select_proxy(base, environment["proxies"])
        own_certificates = environment["verify"] if isinstance(environment["verify"], str) else None
        options: dict[str, Any] = {
            "maxsize": connections,
            "retries": False,
            "timeout": Timeout(connect=patience.connect_s, read=patience.read_s),
            "headers": {"User-Agent": user_agent, "Accept-Encoding": "identity"},  # JPEGs are compressed already
            "ca_certs": own_certificates or requests.utils.DEFAULT_CA_BUNDLE_PATH,
        }
        self.pool = ProxyManager(proxy, **options) if proxy else PoolManager(**options)

    def get(self, url: str, max_bytes: int, *, etag: str = "") -> Reply:
        """The answer to a GET, at most `max_bytes` long; without a body if `etag` still names what is there.

        Raises RequestFailed and SourceUnavailable.
        """
        headers = {**self.pool.headers, **({"If-None-Match": etag} if etag else {})}
        try:
            response = self.pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
            try:
                body = self._read(response, max_bytes)
            finally:
                response.close()  # one that was read to its end has given its connection back before
        except (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError) as error:
            raise SourceUnavailable(_explain(error)) from error
        except ReadTimeoutError as error:
            raise ReadTimeout("no answer in time") from error
        except (HTTPError, OSError) as error:
            raise RequestFailed("the connection broke") from error
        if response.status == 304:
            return Reply(b"", etag=etag, is_unchanged=True)
        if refusal := _refusal(response, self.longest_wait_s):
            moved_to = response.headers.get("Location", "") if 300 <= response.status < 400 else ""
            return Reply(b"", refusal, response.status in GONE, moved_to=moved_to)
        if body is None:
            return Reply(b"", f"the answer is larger than {max_bytes // 10**6} MB")
        received = response.headers
        modified_at, answered_at = (_read_http_date(received.get(name, "")) for name in ("Last-Modified", "Date"))
        return Reply(body, modified_at=modified_at, answered_at=answered_at, etag=received.get("ETag", ""))

    def close(self) -> None:
        """Closes the idle connections."""
        self.pool.clear()

    def _read(self, response: BaseHTTPResponse, max_bytes: int) -> bytes | None:
        """The whole body; None when it is longer than `max_bytes`."""
        deadline = time.monotonic() + self.patience.frame_s
        body = bytearray()
        while chunk := response.read1(CHUNK_BYTES, decode_content=False):  # as much as is there, so that an answer that drips is noticed
            body += chunk
            if len(body) > max_bytes:
                return None
            if time.monotonic() > deadline:
                raise ReadTimeout("no whole answer in time")
        return bytes(body)


def _refusal(response: BaseHTTPResponse, longest_wait_s: float) -> str:
    """Why the answer has no body; "" for HTTP 200. Raises RequestFailed and SourceUnavailable for what may pass."""
    status = response.status
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        wait_s = min(_retry_after_s(response.headers.get("Retry-After", "")), longest_wait_s)
        raise SourceUnavailable(f"HTTP {status}", wait_s, asked_to_wait=True)
    if status >= 500:
        raise RequestFailed(f"HTTP {status}")
    if 300 <= status < 400:
        return f"the server redirects to {response.headers.get('Location', 'nowhere')[:120]}"
    return "" if status == 200 else f"HTTP {status}"


def _retry_after_s(value: str) -> float:
    """Seconds, 0 or more, from a number or a date."""
    until = _read_http_date(value)
    wait_s = float(value) if value.strip().isdecimal() else (until - datetime.now(UTC)).total_seconds() if until else 0.0
    return max(wait_s, 0.0)


def _read_http_date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _explain(error: HTTPError) -> str:
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return "no connection in time"
    if isinstance(error, NewConnectionError):
        return "connection refused" if "refused" in str(error) else "no connection; is the host's name right?"
    return f"no secure connection ({type(error).__name__})"
