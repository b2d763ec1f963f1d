"""The Space killed while a visitor votes and a camera day computes: what was confirmed is kept, and nothing half written is used."""

import hashlib
import json
import os
import signal
import threading
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from carpark.cache import DIGEST_BYTES
from carpark.files import HALF_WRITTEN
from carpark.votes import Tally, open_votes, times
from tests.browser.conftest import SLOW_MS, OpenPage, ask
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.running_space import RunningSpace, connect, running_space


def ask_unwatched(chromium: Browser, space: RunningSpace, photo: Path) -> Page:
    """A page that may complain: its server is about to be killed."""
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(space.url)
    ask(page, photo)
    return page


def test_a_killed_space_keeps_what_it_confirmed_and_uses_nothing_half_written(
    chromium: Browser, open_page: OpenPage, sample_folder: Path, tiny_model_folder: Path, photo: Path, tmp_path: Path
) -> None:
    votes, cache = tmp_path / "votes", tmp_path / "cache"
    day = next((sample_folder / "archive").glob("*/*"))
    half_way, go_on = threading.Event(), threading.Event()

    def answer(path: str, nth: int) -> Answer:
        file = sample_folder / "archive" / path.strip("/")
        if path.endswith("@14_35GMT.jpg"):
            half_way.set()
            go_on.wait(60)
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    with Loopback(answer) as server:
        settings = {"CARPARK_MODEL": tiny_model_folder, "CARPARK_DATASET": sample_folder / "photos", "CARPARK_VOTES": votes}
        settings |= {"CARPARK_ARCHIVE": server.base, "CARPARK_CACHE": cache}
        with running_space(settings) as space:
            page = ask_unwatched(chromium, space, photo)
            page.get_by_role("button", name="Yes").click()
            expect(page.locator("#vote-thanks")).to_contain_text("Thank you, your vote is kept.")
            connect(space.url).submit(day.parent.name, day.name, api_name="/camera_day")
            assert half_way.wait(120)
            os.kill(space.pid, signal.SIGKILL)
            page.close()
        go_on.set()
        assert said_right(votes) == [True]
        left = [path for path in cache.rglob("*") if path.is_file()]
        damaged = next(path for path in left if not path.name.endswith(HALF_WRITTEN))
        damaged.write_bytes(damaged.read_bytes()[: DIGEST_BYTES + 50])  # as if the machine had lost power as well
        with running_space(settings) as again:
            about = open_page(url=again.url)
            about.get_by_role("tab", name="About").click()
            expect(about.locator(".facts")).to_contain_text(f"right {times(Tally(1, 1))}")
            about.close()
            found = connect(again.url).predict(day.parent.name, day.name, api_name="/camera_day")
            page = ask_unwatched(chromium, again, photo)
            page.get_by_role("button", name="No", exact=True).click()
            os.kill(again.pid, signal.SIGKILL)
            page.close()
    assert [slot["sha256"] for slot in found["slots"]] == [sha256_of(day, slot["slot"]) for slot in found["slots"]]
    open_votes(str(votes), tmp_path)  # as the next Space does
    assert said_right(votes) in ([True], [False, True])


def said_right(votes: Path) -> list[bool]:
    """What the votes in the box say, sorted."""
    return sorted(json.loads(line)["right"] for file in votes.rglob("*.jsonl") for line in file.read_text().splitlines())


def sha256_of(day: Path, slot: str) -> str:
    file = day / f"{day.name}@{slot[11:13]}_{slot[14:16]}GMT.jpg"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
