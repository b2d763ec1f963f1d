"""What protects the page on the open internet: it fetches no address for a visitor, bounds every body, and gives each visitor a share of
the queue that leaves room for others.

Gradio bounds each uploaded file by itself (`max_file_size`) and all that waits (`queue(max_size)`). It also fetches any web address that is
asked for under `/file=`, lets `/run` pass the queue by, and knows no visitors; hence this.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refusal = tuple[int, str]  # the HTTP status, and why in one line

MOST_WAITING = 12  # events of one visitor in the queue; opening the page makes six
MAX_BODY_BYTES = {"upload": 150_000_000, "mcp": 40_000_000, "": 1_000_000}  # an upload may hold many photos, an MCP call one as base64
MAX_UPLOADED_BYTES, WINDOW_S = 500_000_000, 600.0  # of one visitor
WITH_BODY = ("POST", "PUT", "PATCH")
FORGET_ABOVE = 10_000  # visitors whose uploads are remembered
FOREIGN = re.compile(r"/(?:file[=/]\s*[a-z][a-z0-9+.-]*:|proxy=)", re.IGNORECASE)  # a file route with a web address, Gradio's proxy
GONE = {"type": "http.disconnect"}
ANSWER = re.compile(r"/call/(?:v2/)?[^/]+/([^/]+)$")  # where a call's answer is fetched, by the name of its event
ASKING = re.compile(r"/(?:queue/join|call/.+|run/.+|api/.+)/?$")


class Gate:
    """ASGI middleware.

    `visitor_of` names who sent a request ("" is not bounded), `count_waiting` says how many events of a visitor wait in the queue, and
    `forget` gets the call that has its answer.
    """

    def __init__(
        self, app: App, visitor_of: Callable[[Scope], str], count_waiting: Callable[[str], int], forget: Callable[[str], None]
    ) -> None:
        self._app = app
        self._visitor_of = visitor_of
        self._count_waiting = count_waiting
        self._forget = forget
        self._uploaded: dict[str, tuple[float, int]] = {}  # visitor -> start of the window, bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or says in one line why not."""
        refusal = self._refuse(scope) if scope["type"] == "http" else None
        if refusal is None and has_undeclared_body(scope):
            refusal = await run_counting(partial(self._app, scope), receive, send, partial(self._refuse_bytes, scope))
        elif refusal is None:
            await self._app(scope, receive, send)
        if refusal is None:
            if scope["type"] == "http" and scope["method"] == "GET" and (answered := ANSWER.search(scope["path"])):
                self._forget(answered[1])
            return
        status, line = refusal
        body = json.dumps({"detail": line, "error": line}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refuse(self, scope: Scope) -> Refusal | None:
        path: str = scope["path"]
        if FOREIGN.search(path):
            return 403, "No web address is fetched here; upload the file itself."
        if scope["method"] not in WITH_BODY:
            return None
        declared = dict(scope["headers"]).get(b"content-length", b"0")  # the server holds a client to what it declares
        return self._refuse_bytes(scope, int(declared), 0) or self._refuse_asking(scope, path)

    def _refuse_bytes(self, scope: Scope, size: int, taken: int) -> Refusal | None:
        """Why the next `size` bytes of a body are not taken, after those that were."""
        kind = "upload" if scope["path"].endswith("/upload") else "mcp" if "/mcp" in scope["path"] else ""
        bound = MAX_BODY_BYTES[kind]
        if taken + size > bound:
            return 413, f"The request has {taken + size:,} bytes; at most {bound:,} are taken. Send fewer or smaller files."
        visitor = self._visitor_of(scope)
        if kind == "upload" and visitor and not self._may_upload(visitor, size):
            return 429, f"More than {MAX_UPLOADED_BYTES / 1e6:.0f} MB came from you in ten minutes. Please go on in ten minutes."
        return None

    def _refuse_asking(self, scope: Scope, path: str) -> Refusal | None:
        visitor = self._visitor_of(scope)
        if ASKING.search(path) and visitor and self._count_waiting(visitor) >= MOST_WAITING:
            return 503, f"{MOST_WAITING} of your questions are waiting already. Please wait for their answers first."
        return None

    def _may_upload(self, visitor: str, size: int) -> bool:
        now = time.monotonic()
        if len(self._uploaded) > FORGET_ABOVE:
            self._uploaded = {who: upload for who, upload in self._uploaded.items() if now - upload[0] < WINDOW_S}
        began, so_far = self._uploaded.get(visitor, (now, 0))
        if now - began >= WINDOW_S:
            began, so_far = now, 0
        self._uploaded[visitor] = (began, so_far + size)
        return so_far + size <= MAX_UPLOADED_BYTES


def has_undeclared_body(scope: Scope) -> bool:
    """Whether a body may follow whose length nobody declared: a proxy may pass an upload on in chunks as they come."""
    return scope["type"] == "http" and scope["method"] in WITH_BODY and b"content-length" not in dict(scope["headers"])


async def run_counting(
    app: Callable[[Receive, Send], Awaitable[None]], receive: Receive, send: Send, refuse: Callable[[int, int], Refusal | None]
) -> Refusal | None:
    """Runs `app`, and answers what `refuse` returned for a part of the body, by its size and the sum before it; None if it took all.

    To the app, a refused body looks like a client that has gone; what it still sends is dropped, so that the refusal can be sent.
    """
    refusals: list[Refusal] = []
    taken = 0

    async def receive_counted() -> MutableMapping[str, Any]:
        nonlocal taken
        if refusals:
            return GONE
        message = await receive()
        size = len(message.get("body", b""))
        if refusal := refuse(size, taken):
            refusals.append(refusal)
            return GONE
        taken += size
        return message

    async def send_unless_refused(message: MutableMapping[str, Any]) -> None:
        if not refusals:
            await send(message)

    try:
        await app(receive_counted, send_unless_refused)
    except ClientDisconnect:
        if not refusals:
            raise
    return refusals[0] if refusals else None


def expects_proxy(settings: Mapping[str, str]) -> bool:
    """Whether every request comes through a proxy: as CARPARK_BEHIND_PROXY says (1 or 0), else on the Hub, which sets SPACE_ID."""
    setting = settings.get("CARPARK_BEHIND_PROXY", "").strip().lower()
    return setting in ("1", "true", "yes", "on") if setting else bool(settings.get("SPACE_ID"))


def visitor_of(scope: Scope, *, behind_proxy: bool) -> str:
    """The address of the visitor; "" on this machine itself, from where MCP's calls come too, and which is not bounded.

    Behind a proxy it is the last address in X-Forwarded-For: the proxy added that one, the visitor may have written those before it.
    Without a proxy the visitor may have written all of them, so the connection's own address counts.
    """
    if behind_proxy:
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if addresses := [address.strip() for address in ",".join(values).split(",") if address.strip()]:
            return addresses[-1]
    address: str = scope["client"][0] if scope.get("client") else ""
    return "" if address.startswith("127.") or address in ("::1", "testclient") else address
