"""The Space killed in the middle of a camera day: what it left half written is never used."""

import hashlib
import os
import signal
import threading
from pathlib import Path

from gradio_client import Client

from carpark.cache import DIGEST_BYTES
from carpark.files import HALF_WRITTEN
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.running_space import running_space


def test_a_space_killed_in_mid_day_uses_no_half_written_entry(sample_folder: Path, tiny_model_folder: Path, tmp_path: Path) -> None:
    day = next((sample_folder / "archive").glob("*/*"))
    half_way, go_on = threading.Event(), threading.Event()

    def answer(path: str, nth: int) -> Answer:
        file = sample_folder / "archive" / path.strip("/")
        if path.endswith("@12_00GMT.jpg"):
            half_way.set()
            go_on.wait(60)
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    with Loopback(answer) as server:
        settings = {"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": server.base, "CARPARK_CACHE": tmp_path / "cache"}
        with running_space(settings) as space:
            Client(space.url, verbose=False).submit(day.parent.name, day.name, api_name="/camera_day")
            assert half_way.wait(120)
            os.kill(space.pid, signal.SIGKILL)
        go_on.set()
        left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert left
        damaged = next(path for path in left if not path.name.endswith(HALF_WRITTEN))
        damaged.write_bytes(damaged.read_bytes()[: DIGEST_BYTES + 50])  # as if the machine had lost power as well
        with running_space(settings) as again:
            found = Client(again.url, verbose=False).predict(day.parent.name, day.name, api_name="/camera_day")
    assert [slot["sha256"] for slot in found["slots"]] == [sha256_of(day, slot["slot"]) for slot in found["slots"]]


def sha256_of(day: Path, slot: str) -> str:
    file = day / f"{day.name}@{slot[11:13]}_{slot[14:16]}GMT.jpg"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
