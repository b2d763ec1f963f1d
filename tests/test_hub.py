"""Model and dataset come from a folder or from a Hub, which here is a real HTTP server on loopback that the real client talks to."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from carpark.errors import BadSetting
from carpark.hub import local_folder

COMMIT = "c0ffee" * 6 + "c0ff"
FILES = {"config.json": b'{"labels": ["empty", "full"]}', "README.md": b"# A model\n"}


def git_id(content: bytes) -> str:
    """git's name for a file of that content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """One model repo, `alice/carpark`, with one commit."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in (f"/api/models/alice/carpark/revision/{name}" for name in ("main", COMMIT)):
            siblings = [{"rfilename": name} for name in FILES]
            self.answer(json.dumps({"id": "alice/carpark", "sha": COMMIT, "siblings": siblings}).encode())
        elif path == f"/api/models/alice/carpark/tree/{COMMIT}":
            entries = [{"type": "file", "path": name, "size": len(content), "oid": git_id(content)} for name, content in FILES.items()]
            self.answer(json.dumps(entries).encode())
        elif path.startswith("/api/models/alice/carpark/revision/"):
            self.answer(b"", 404, {"X-Error-Code": "RevisionNotFound"})
        elif path.startswith(f"/alice/carpark/resolve/{COMMIT}/") and path.rsplit("/", 1)[1] in FILES:
            content = FILES[path.rsplit("/", 1)[1]]
            self.answer(content, 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{git_id(content)}"'})
        else:
            self.answer(b"", 404, {"X-Error-Code": "RepoNotFound"})

    def answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(setting: str, home: Path, port: int) -> str:
    """What a fresh process prints for `local_folder(setting)`: the client reads its endpoint when it is imported."""
    script = (
        "import sys; from carpark.errors import one_line_errors; from carpark.hub import local_folder\n"
        "with one_line_errors(): print(local_folder(sys.argv[1], repo_type='model'))"
    )
    network = {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run([sys.executable, "-c", script, setting], env=os.environ | network, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert local_folder(str(tmp_path), repo_type="model") == tmp_path


def test_what_is_neither_folder_nor_repo_id_is_told_apart() -> None:
    with pytest.raises(BadSetting, match="'no such thing' is neither a folder here nor a Hub model repo"):
        local_folder("no such thing", repo_type="model")


@pytest.mark.parametrize("setting", ["alice/carpark", f"alice/carpark@{COMMIT}"])
def test_a_repo_is_fetched_whole_and_kept_for_when_the_hub_is_down(setting: str, hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    folder = Path(ask(setting, tmp_path, hub.server_port))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert folder.name == COMMIT
    nothing_listens = 9
    assert Path(ask(setting, tmp_path, nothing_listens)) == folder


def test_what_the_hub_does_not_have_is_said_in_one_line(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert ask("alice/nothing", tmp_path, hub.server_port).startswith("alice/nothing is neither a folder here nor a model repo on the Hub")
    assert ask("alice/carpark@v9", tmp_path, hub.server_port) == "The model repo alice/carpark has no revision 'v9' on the Hub."


def test_a_hub_out_of_reach_with_a_cold_cache_is_said_in_one_line(tmp_path: Path) -> None:
    said = ask("alice/carpark", tmp_path, 9)
    assert said == "alice/carpark is no folder here, and the Hub cannot be reached for a model that is not cached."
