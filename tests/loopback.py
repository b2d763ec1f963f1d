"""A real web server on loopback that answers as a test tells it to, and remembers what it was asked."""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@dataclass(frozen=True)
class Answer:
    """What one request gets."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop_after: int | None = None  # bytes of the body, then the connection breaks
    drip_s: float = 0.0  # before every byte of the body


NOT_FOUND = Answer(b"<html>Not Found</html>", 404, {"Content-Type": "text/html"})


class Loopback:
    """Serves `answer(path, nth)`, where `nth` counts the requests for that path from 0. Use as a context manager."""

    def __init__(self, answer: Callable[[str, int], Answer], port: int = 0) -> None:
        self.answer = answer
        self.port = port
        self.asked: list[str] = []
        self.user_agents: set[str] = set()
        self.connections = 0
        self.busiest = 0
        self.sent_bytes = 0
        self._in_flight = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.asked)

    def __enter__(self) -> "Loopback":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _make_handler(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuses new connections and breaks those that are open, as a crashed server does. A stopped server may be started again."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._open.add(connection)

    def begin(self, path: str, user_agent: str) -> int:
        with self._lock:
            nth = self.asked.count(path)
            self.asked.append(path)
            self.user_agents.add(user_agent)
            self._in_flight += 1
            self.busiest = max(self.busiest, self._in_flight)
            return nth

    def sent(self, body_bytes: int) -> None:
        with self._lock:
            self.sent_bytes += body_bytes

    def end(self) -> None:
        with self._lock:
            self._in_flight -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what these tests are about; they need no traceback."""


def _make_handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            loopback.connected(self.connection)

        def do_GET(self) -> None:
            path = unquote(self.path)
            nth = loopback.begin(path, self.headers.get("User-Agent", ""))
            try:
                answer = loopback.answer(path, nth)
                time.sleep(answer.delay_s)
                self._send(answer)
            finally:
                loopback.end()

        def _send(self, answer: Answer) -> None:
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if wanted and answer.status == 200:
                first, last = int(wanted[1]), int(wanted[2])
                part = {"Content-Range": f"bytes {first}-{last}/{len(answer.body)}"}
                answer = replace(answer, status=206, body=answer.body[first : last + 1], headers=answer.headers | part)
            if answer.status == 200 and answer.headers.get("ETag") and answer.headers["ETag"] == self.headers.get("If-None-Match"):
                answer = replace(answer, status=304, body=b"")
            self.send_response(answer.status)
            for name, value in {"Content-Type": "image/jpeg", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            loopback.sent(len(answer.body))
            self.end_headers()
            if answer.drip_s:
                for byte in answer.body:
                    time.sleep(answer.drip_s)
                    self.wfile.write(bytes([byte]))
            self.wfile.write(b"" if answer.drip_s else answer.body[: answer.drop_after])
            if answer.drop_after is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output clean."""

    return Handler
