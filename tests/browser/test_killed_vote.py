"""The Space killed while a visitor votes: what was confirmed is kept, and nothing is half a vote."""

import json
import os
import signal
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from carpark.votes import Tally, open_votes, times
from tests.browser.conftest import SLOW_MS, OpenPage, ask
from tests.running_space import RunningSpace, running_space


def ask_unwatched(chromium: Browser, space: RunningSpace, photo: Path) -> Page:
    """A page that may complain: its server is about to be killed."""
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(space.url)
    ask(page, photo)
    return page


def test_a_vote_outlives_a_kill_if_it_was_confirmed_and_is_whole_or_not_there_if_it_was_not(
    chromium: Browser, open_page: OpenPage, sample_folder: Path, tiny_model_folder: Path, photo: Path, tmp_path: Path
) -> None:
    votes = tmp_path / "votes"
    settings = {"CARPARK_MODEL": tiny_model_folder, "CARPARK_DATASET": sample_folder / "photos", "CARPARK_VOTES": votes}
    with running_space(settings) as space:
        page = ask_unwatched(chromium, space, photo)
        page.get_by_role("button", name="Yes").click()
        expect(page.locator("#vote-thanks")).to_contain_text("Thank you, your vote is kept.")
        os.kill(space.pid, signal.SIGKILL)
        page.close()
    assert said_right(votes) == [True]
    with running_space(settings) as again:
        about = open_page(url=again.url)
        about.get_by_role("tab", name="About").click()
        expect(about.locator(".facts")).to_contain_text(f"right {times(Tally(1, 1))}")
        about.close()
        page = ask_unwatched(chromium, again, photo)
        page.get_by_role("button", name="No", exact=True).click()
        os.kill(again.pid, signal.SIGKILL)
        page.close()
    open_votes(str(votes), tmp_path)  # as the next Space does
    assert said_right(votes) in ([True], [False, True])


def said_right(votes: Path) -> list[bool]:
    """What the votes in the box say, sorted."""
    return sorted(json.loads(line)["right"] for file in votes.rglob("*.jsonl") for line in file.read_text().splitlines())
