"""A Hub on loopback that the real clients publish to and load from; plain LFS, so clients need HF_HUB_DISABLE_XET=1.

    with MiniHub({"hf_alice": "alice"}) as hub:
        subprocess.run([...], env={**os.environ, **hub.environment("hf_alice", home=tmp_path)})

Endpoint and token are read when huggingface_hub is imported: hence the subprocess, or `HfApi(endpoint=hub.url, token=...)`.
`hub.before` sees each request first, and may plant a fault: raise Refused, raise Dropped, or change a repo.
"""

import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path

from tests.hub_answers import Handler
from tests.hub_repos import Repo


class MiniHub:
    """Repos by type and id, such as `hub.repos["model", "alice/carpark"]`. Use as a context manager."""

    def __init__(self, tokens: Mapping[str, str], *, is_paid: bool = True) -> None:
        self.tokens = tokens  # token -> user
        self.is_paid = is_paid  # otherwise Gradio Spaces answer 402 on other hardware than ZeroGPU
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lfs: dict[str, bytes] = {}  # by sha256
        self.asked: list[tuple[str, str]] = []  # method, path
        self.received_bytes = 0  # of request bodies
        self.before: Callable[[str, str], None] = lambda method, path: None
        self.lock = threading.RLock()

    def __enter__(self) -> "MiniHub":
        handler = type("HubHandler", (Handler,), {"hub": self})
        self._server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, token: str | None, *, home: Path) -> dict[str, str]:
        """What a client's process needs to talk to this Hub only; `home` holds its cache."""
        return {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token or "", "HF_HUB_OFFLINE": "0"}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections need no traceback."""
