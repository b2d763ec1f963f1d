"""What stands before the page: which requests pass, and in which words the others are turned away."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from serving.gate import MAX_BODY_BYTES, MAX_UPLOADED_BYTES, MOST_WAITING, Gate, visitor_of

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

    headers = [(b"content-length", str(size).encode())] if size is not None else []
    request = {"type": "http", "path": path, "method": method, "headers": headers, "client": (visitor, 5000)}
    asyncio.run(gate(request, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]).get("detail", "")


def quiet_gate(waiting: int = 0) -> Gate:
    return Gate(passed, lambda visitor: waiting, forget=lambda event: None)


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
    assert knock(quiet_gate(), path) == (403, "No web address is fetched here; hand in the file itself.")


@pytest.mark.parametrize("path", ["/", "/gradio_api/file=/tmp/gradio/ab/photo.jpg", "/assets/index.js", "/config"])
def test_what_the_page_itself_asks_for_passes(path: str) -> None:
    assert knock(quiet_gate(), path)[0] == 200


@pytest.mark.parametrize(("path", "kind"), [("/gradio_api/upload", "upload"), ("/gradio_api/mcp/", "mcp"), ("/gradio_api/queue/join", "")])
def test_every_body_is_bounded(path: str, kind: str) -> None:
    bound = MAX_BODY_BYTES[kind]
    assert knock(quiet_gate(), path, method="POST", size=bound)[0] == 200
    status, line = knock(quiet_gate(), path, method="POST", size=bound + 1)
    assert (status, line) == (413, f"The request has {bound + 1:,} bytes; at most {bound:,} are taken. Send fewer or smaller files.")


def test_a_call_is_forgotten_when_its_answer_was_fetched_and_not_before() -> None:
    forgotten: list[str] = []
    gate = Gate(passed, lambda visitor: 0, forget=forgotten.append)
    knock(gate, "/gradio_api/call/classify", method="POST")
    knock(gate, "/gradio_api/queue/data")
    assert forgotten == []
    knock(gate, "/gradio_api/call/classify/5f1e")
    knock(gate, "/gradio_api/call/v2/camera_day/6a2b")
    assert forgotten == ["5f1e", "6a2b"]


def test_a_body_without_a_declared_length_is_not_read() -> None:
    assert knock(quiet_gate(), "/gradio_api/upload", method="POST", size=None)[0] == 411


def test_a_visitor_who_waits_for_many_answers_waits_and_another_does_not() -> None:
    gate = Gate(passed, lambda visitor: MOST_WAITING if visitor == LONDON else 0, forget=lambda event: None)
    for path in ("/gradio_api/queue/join", "/gradio_api/call/classify", "/gradio_api/call/v2/classify/"):
        status, line = knock(gate, path, method="POST")
        assert (status, line) == (503, "12 of your questions are waiting already. Please wait for their answers first.")
        assert knock(gate, path, method="POST", visitor=PARIS)[0] == 200


def test_uploads_are_bounded_for_each_visitor_and_come_back_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, now = quiet_gate(), [1000.0]
    monkeypatch.setattr("serving.gate.time.monotonic", lambda: now[0])
    upload: dict[str, Any] = {"method": "POST", "size": 100_000_000}
    allowed = MAX_UPLOADED_BYTES // 100_000_000
    assert [knock(gate, "/gradio_api/upload", **upload)[0] for _ in range(allowed + 1)] == [200] * allowed + [429]
    assert knock(gate, "/gradio_api/upload", visitor=PARIS, **upload)[0] == 200
    now[0] += 601
    assert knock(gate, "/gradio_api/upload", **upload)[0] == 200


def scope(client: str, forwarded: str = "") -> dict[str, Any]:
    return {"headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else [], "client": (client, 1)}


def test_without_a_proxy_a_visitor_is_who_connects_and_nobody_on_this_machine() -> None:
    assert visitor_of(scope(PARIS, f"{LONDON}, 10.2.2.2")) == PARIS  # no proxy is expected, so the header is the visitor's own
    assert visitor_of(scope(PARIS)) == PARIS
    assert visitor_of(scope("127.0.0.1")) == visitor_of(scope("::1")) == ""


@pytest.mark.parametrize("setting", ["SPACE_ID", "CARPARK_BEHIND_PROXY"])
def test_behind_a_proxy_the_address_that_it_added_counts(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(setting, "1")
    assert visitor_of(scope("127.0.0.1", f"127.0.0.1, {LONDON}")) == LONDON
    assert visitor_of(scope("10.1.1.1", f"{PARIS}, {LONDON}")) == LONDON
    assert visitor_of(scope("10.1.1.1", "127.0.0.1")) == "127.0.0.1"  # bounded: only this machine itself is not
    assert visitor_of(scope("127.0.0.1")) == ""
