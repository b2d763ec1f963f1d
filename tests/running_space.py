"""The Space as a visitor meets it: `python app.py` in a process of its own, on a free port of this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from gradio_client import Client

SPACE = Path(__file__).parent.parent / "space"
PATIENCE_S = 180  # a fresh environment compiles its bytecode first


@dataclass(frozen=True)
class RunningSpace:
    url: str
    log: Path
    pid: int

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running_space(settings: Mapping[str, str | Path], folder: Path = SPACE, python: str = sys.executable) -> Iterator[RunningSpace]:
    """The Space in `folder` with these CARPARK_* settings and no others, up and answering; it ends with the context."""
    port = _free_port()
    with TemporaryDirectory(prefix="space-test-") as work:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CARPARK_", "GRADIO_"))}
        environment |= {"GRADIO_SERVER_PORT": str(port), "TMPDIR": work, "CARPARK_CACHE": str(Path(work, "cache")), "HF_HUB_OFFLINE": "1"}
        environment |= {name: str(value) for name, value in settings.items()}
        log = Path(work, "log.txt")
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen([python, "app.py"], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
            try:
                url = f"http://127.0.0.1:{port}/"
                _wait_until_up(url, process, log)
                yield RunningSpace(url, log, process.pid)
            finally:
                process.terminate()
                process.wait(timeout=20)


def connect(url: str) -> Client:
    """A client that does not give up after five seconds: behind its first page, a Space is busy importing torch."""
    return Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE_S})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise AssertionError(f"The Space ended with status {process.returncode}:\n{log.read_text(encoding='utf-8')}")
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"The Space was not up in {PATIENCE_S} s:\n{log.read_text(encoding='utf-8')}")
