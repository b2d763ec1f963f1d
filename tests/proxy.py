"""A reverse proxy on loopback that serves a page under a sub-path and passes every body on in chunks, as some hosts do."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PART_BYTES = 4_096
HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive"}


@contextmanager
def proxied(port: int, path: str) -> Iterator[str]:
    """The address under which what listens on `port` is served below `path`, "/carpark" for example."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            if not self.path.startswith(path):
                self.send_error(404)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            headers |= {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
            body = self.read_body() if self.command == "POST" else None
            headers |= {"Transfer-Encoding": "chunked"} if body else {}
            with suppress(ConnectionError):  # who refuses a body answers, and closes before the rest of it has come
                upstream.request(self.command, self.path.removeprefix(path) or "/", body, headers, encode_chunked=body is not None)
            answer = upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            with suppress(http.client.IncompleteRead):  # of an open stream when the page ends
                while part := answer.read1():
                    self.wfile.write(part)
                    self.wfile.flush()
            upstream.close()

        def read_body(self) -> Iterator[bytes]:
            left = int(self.headers.get("Content-Length") or 0)
            while left and (part := self.rfile.read(min(PART_BYTES, left))):
                left -= len(part)
                yield part

        do_GET = do_POST = do_HEAD = pass_on  # noqa: N815  # as http.server names them

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}{path}/"
        server.shutdown()
