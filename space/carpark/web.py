"""One polite GET, and the two ways it can fail: this answer (`Faulty`), or the whole source (`Silent`)."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from carpark.pulse import Patience, Pulse

USER_AGENT = "carpark-classifier/0.1 (reads one camera day at a time)"
LONGEST_WAIT_S = 20.0  # of a Retry-After; a source that asks for more is asked again after this
CHUNK_BYTES = 65_536
GONE = (404, 410)


class Faulty(Exception):
    """The answer broke or was an HTTP 5xx; another try may bring it. Caught by all that fetch."""

    cost = 1  # tries that it uses up


class Stalled(Faulty):
    """The answer did not come in time. It has cost seconds, so it counts double."""

    cost = 2


class Silent(Exception):
    """The source cannot be reached, or asks everyone to wait. Caught by all that fetch."""

    def __init__(self, reason: str, wait_s: float = 0, asked_to_wait: bool = False) -> None:
        """`wait_s` 0 leaves the wait to the one who asks again."""
        super().__init__(reason)
        self.wait_s = wait_s
        self.asked_to_wait = asked_to_wait


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that another try would not change."""

    body: bytes
    refusal: str = ""  # why there is no body, for people
    has_none: bool = False  # the server said that there is no such thing
    modified_at: datetime | None = None  # UTC, when the server says so


def get_patiently(url: str, max_bytes: int, patience: Patience) -> Reply:
    """The answer to a GET for one thing, asked again while the server fails. Raises Silent when it is given up."""
    client = WebClient(url, patience, connections=1)
    pulse = Pulse(patience, bad_in_a_row=1)
    try:
        while pulse.may_ask():
            try:
                return client.get(url, max_bytes)
            except Silent as error:
                pulse.silent(str(error), error.wait_s, error.asked_to_wait)
            except Faulty as error:
                pulse.bad(str(error))
        raise Silent(pulse.given_up)
    finally:
        client.close()


class WebClient:
    """GETs from one host over kept-alive connections; follows no redirect, so no other is ever contacted. Safe to share between threads."""

    def __init__(self, base: str, patience: Patience, connections: int) -> None:
        """At most `connections` to the host of `base` are kept alive."""
        self.patience = patience
        self.session = requests.Session()
        # What requests looks up in the environment at every request, a third of its work, is the same for all to one host.
        settings = self.session.merge_environment_settings(base, {}, None, None, None)
        self.session.proxies, self.session.verify, self.session.trust_env = settings["proxies"], settings["verify"], False
        self.session.headers["User-Agent"] = USER_AGENT
        self.session.headers["Accept-Encoding"] = "identity"  # JPEGs are compressed already
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def get(self, url: str, max_bytes: int) -> Reply:
        """The answer to a GET, at most `max_bytes` long. Raises Faulty or Silent."""
        times = (self.patience.connect_s, self.patience.read_s)
        try:
            with self.session.get(url, timeout=times, stream=True, allow_redirects=False) as response:
                refusal = _refusal(response)
                return Reply(b"", refusal, response.status_code in GONE) if refusal else self._read(response, max_bytes)
        except requests.ConnectTimeout as error:
            raise Silent("no connection in time") from error
        except (requests.Timeout, ReadTimeoutError) as error:
            raise Stalled("no answer in time") from error
        except requests.ConnectionError as error:
            raise _explain_connection(error) from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Faulty("the connection broke") from error

    def close(self) -> None:
        """Closes the idle connections."""
        self.session.close()

    def _read(self, response: requests.Response, max_bytes: int) -> Reply:
        deadline = time.monotonic() + self.patience.frame_s
        body = bytearray()
        while chunk := response.raw.read1(CHUNK_BYTES):  # as much as is there, so that an answer that drips is noticed
            body += chunk
            if len(body) > max_bytes:
                return Reply(b"", f"the answer is larger than {max_bytes // 10**6} MB")
            if time.monotonic() > deadline:
                raise Stalled("no whole answer in time")
        return Reply(bytes(body), modified_at=_read_http_date(response.headers.get("Last-Modified", "")))


def _refusal(response: requests.Response) -> str:
    """Why the server gives nothing, "" when it gives something. Raises Faulty and Silent for what may pass."""
    status = response.status_code
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        raise Silent(f"HTTP {status}", _retry_after_s(response), asked_to_wait=True)
    if status >= 500:
        raise Faulty(f"HTTP {status}")
    if 300 <= status < 400:
        return f"the server redirects to {response.headers.get('Location', 'nowhere')[:120]}"
    return "" if status == 200 else f"HTTP {status}"


def _retry_after_s(response: requests.Response) -> float:
    said = response.headers.get("Retry-After", "").strip()
    until = _read_http_date(said)
    wait_s = float(said) if said.isdecimal() else (until - datetime.now(UTC)).total_seconds() if until else 0.0
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)


def _read_http_date(said: str) -> datetime | None:
    try:
        return parsedate_to_datetime(said).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def _explain_connection(error: requests.ConnectionError) -> Faulty | Silent:
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError):
        refused = "refused" in str(cause.reason)
        return Silent("connection refused" if refused else "no connection; is the host's name right?")
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return Silent(f"no secure connection ({type(error).__name__})")
    return Faulty("the connection broke")
