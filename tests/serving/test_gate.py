"""What stands before the page: which requests pass, and in which words the others are turned away."""

import asyncio
import json
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

import pytest
from starlette.requests import Request

from serving.gate import MAX_BODY_BYTES, MAX_UPLOADED_BYTES, MOST_WAITING, Gate, expects_proxy, visitor_of

LONDON, PARIS = "203.0.113.7", "203.0.113.8"


async def passed(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def knock(gate: Gate, path: str, *, method: str = "GET", size: int | None = 2, visitor: str = LONDON) -> tuple[int, str]:
    """Status and line that the gate answers."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    headers = [(b"x-forwarded-for", visitor.encode())] + ([(b"content-length", str(size).encode())] if size is not None else [])
    scope = {"type": "http", "path": path, "method": method, "headers": headers, "client": ("10.0.0.1", 5000)}
    asyncio.run(gate(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]).get("detail", "")


def gate_with(
    count_waiting: Callable[[str], int] = lambda visitor: 0,
    forget: Callable[[str], None] = lambda event: None,
    *,
    behind_proxy: bool = True,
    app: Any = passed,
) -> Gate:
    return Gate(app, partial(visitor_of, behind_proxy=behind_proxy), count_waiting, forget)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://10.0.0.5/secret",
        "/gradio_api/file=https://elsewhere.example/a.jpg",
        "/gradio_api/file=HTTP://elsewhere.example/a.jpg",
        "/gradio_api/file= http://elsewhere.example/a.jpg",
        "/gradio_api/file/http://elsewhere.example/a.jpg",
        "/gradio_api/file=ftp://elsewhere.example/a.jpg",
        "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/proxy=https://someone.hf.space/",
    ],
)
def test_no_web_address_is_fetched(path: str) -> None:
    assert knock(gate_with(), path) == (403, "No web address is fetched here; upload the file itself.")


@pytest.mark.parametrize("path", ["/", "/gradio_api/file=/tmp/gradio/ab/photo.jpg", "/assets/index.js", "/config"])
def test_what_the_page_itself_asks_for_passes(path: str) -> None:
    assert knock(gate_with(), path)[0] == 200


@pytest.mark.parametrize(("path", "kind"), [("/gradio_api/upload", "upload"), ("/gradio_api/mcp/", "mcp"), ("/gradio_api/queue/join", "")])
def test_every_body_is_bounded(path: str, kind: str) -> None:
    bound = MAX_BODY_BYTES[kind]
    assert knock(gate_with(), path, method="POST", size=bound)[0] == 200
    status, line = knock(gate_with(), path, method="POST", size=bound + 1)
    assert (status, line) == (413, f"The request has {bound + 1:,} bytes; at most {bound:,} are taken. Send fewer or smaller files.")


def test_a_call_is_forgotten_when_its_answer_was_fetched_and_not_before() -> None:
    forgotten: list[str] = []
    gate = gate_with(forget=forgotten.append)
    knock(gate, "/gradio_api/call/classify", method="POST")
    knock(gate, "/gradio_api/queue/data")
    assert forgotten == []
    knock(gate, "/gradio_api/call/classify/5f1e")
    knock(gate, "/gradio_api/call/v2/camera_day/6a2b")
    assert forgotten == ["5f1e", "6a2b"]


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    async for _ in Request(scope, receive).stream():
        pass
    await passed(scope, receive, send)


def knock_in_chunks(gate: Gate, sizes: list[int]) -> tuple[int, str]:
    """Status and line that the gate answers to an upload that declares no length, as a proxy may pass it on."""
    parts = [{"type": "http.request", "body": bytes(size), "more_body": True} for size in sizes] + [{"type": "http.request", "body": b""}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"x-forwarded-for", LONDON.encode()), (b"transfer-encoding", b"chunked")]
    asyncio.run(gate({"type": "http", "path": "/gradio_api/upload", "method": "POST", "headers": headers}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]).get("detail", "")


def test_a_body_in_chunks_is_counted_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_BODY_BYTES, "upload", 100)
    gate = gate_with(app=reads_all)
    assert knock_in_chunks(gate, [60, 40]) == (200, "")
    assert knock_in_chunks(gate, [60, 41, 10]) == (413, "The request has 101 bytes; at most 100 are taken. Send fewer or smaller files.")


def test_uploads_in_chunks_count_for_the_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.gate.MAX_UPLOADED_BYTES", 100)
    gate = gate_with(app=reads_all)
    assert knock_in_chunks(gate, [50, 50]) == (200, "")
    assert knock_in_chunks(gate, [1])[0] == 429


def test_a_visitor_who_waits_for_many_answers_waits_and_another_does_not() -> None:
    gate = gate_with(lambda visitor: MOST_WAITING if visitor == LONDON else 0)
    for path in ("/gradio_api/queue/join", "/gradio_api/call/classify", "/gradio_api/call/v2/classify/"):
        status, line = knock(gate, path, method="POST")
        assert (status, line) == (503, "12 of your questions are waiting already. Please wait for their answers first.")
        assert knock(gate, path, method="POST", visitor=PARIS)[0] == 200


def test_uploads_are_bounded_for_each_visitor_and_come_back_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, now = gate_with(), [1000.0]
    monkeypatch.setattr("serving.gate.time.monotonic", lambda: now[0])
    upload: dict[str, Any] = {"method": "POST", "size": 100_000_000}
    allowed = MAX_UPLOADED_BYTES // 100_000_000
    assert [knock(gate, "/gradio_api/upload", **upload)[0] for _ in range(allowed + 1)] == [200] * allowed + [429]
    assert knock(gate, "/gradio_api/upload", visitor=PARIS, **upload)[0] == 200
    now[0] += 601
    assert knock(gate, "/gradio_api/upload", **upload)[0] == 200


def scope_of(client: str, *forwarded: str) -> dict[str, Any]:
    """A request from `client` with these X-Forwarded-For headers."""
    return {"headers": [(b"x-forwarded-for", value.encode()) for value in forwarded], "client": (client, 1)}


@pytest.mark.parametrize(
    ("forwarded", "visitor"),
    [
        ([f"{LONDON}, {PARIS}"], PARIS),
        ([LONDON, PARIS], PARIS),
        ([f"127.0.0.1, {PARIS}"], PARIS),
        ([f"{LONDON},{PARIS}, "], PARIS),
        ([PARIS], PARIS),
        (["127.0.0.1"], "127.0.0.1"),
        (["", " , "], "10.1.1.1"),
        ([], "10.1.1.1"),
    ],
)
def test_behind_a_proxy_a_visitor_is_the_address_that_the_proxy_added(forwarded: list[str], visitor: str) -> None:
    assert visitor_of(scope_of("10.1.1.1", *forwarded), behind_proxy=True) == visitor
    assert visitor_of(scope_of("10.1.1.1", *forwarded), behind_proxy=False) == "10.1.1.1"


def test_calls_from_this_machine_are_nobodys_and_a_header_names_somebody() -> None:
    for client in ("127.0.0.1", "127.8.8.8", "::1"):
        assert visitor_of(scope_of(client), behind_proxy=True) == visitor_of(scope_of(client), behind_proxy=False) == ""
    assert visitor_of(scope_of("127.0.0.1", f"127.0.0.1, {PARIS}"), behind_proxy=True) == PARIS


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, False),
        ({"SPACE_ID": "owner/name"}, True),
        ({"CARPARK_BEHIND_PROXY": "1"}, True),
        ({"CARPARK_BEHIND_PROXY": "true"}, True),
        ({"CARPARK_BEHIND_PROXY": ""}, False),
        ({"CARPARK_BEHIND_PROXY": "0"}, False),
        ({"SPACE_ID": "owner/name", "CARPARK_BEHIND_PROXY": "0"}, False),
    ],
)
def test_a_proxy_is_expected_on_the_hub_and_where_the_setting_says_so(settings: dict[str, str], expected: bool) -> None:
    assert expects_proxy(settings) is expected


@pytest.mark.parametrize("forged", ["127.0.0.1", "::1", "198.51.100.{}"])
def test_a_forged_address_gives_no_further_share(forged: str) -> None:
    upload: dict[str, Any] = {"method": "POST", "size": 100_000_000}
    allowed = MAX_UPLOADED_BYTES // 100_000_000
    for gate in (gate_with(), gate_with(behind_proxy=False)):
        visitors = [f"{forged.format(number)}, {LONDON}" for number in range(allowed + 1)]
        assert [knock(gate, "/gradio_api/upload", visitor=visitor, **upload)[0] for visitor in visitors] == [200] * allowed + [429]
