"""The Space killed while a visitor votes: what was confirmed is kept, and nothing is half a vote."""

import json
import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from carpark.votes import Tally, open_votes, times
from tests.browser.conftest import SLOW_MS, OpenPage, ask
from tests.running_space import RunningSpace, running_space


@pytest.fixture
def settings(sample_folder: Path, tiny_model_folder: Path, tmp_path: Path) -> dict[str, Path]:
    return {"CARPARK_MODEL": tiny_model_folder, "CARPARK_DATASET": sample_folder / "photos", "CARPARK_VOTES": tmp_path / "votes"}


def ask_unwatched(chromium: Browser, space: RunningSpace, photo: Path) -> Page:
    """A page that may complain: its server is about to be killed."""
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(space.url)
    ask(page, photo)
    return page


def test_a_confirmed_vote_outlives_a_kill_and_is_counted_afterwards(
    chromium: Browser, open_page: OpenPage, settings: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    with running_space(settings) as space:
        page = ask_unwatched(chromium, space, photo)
        page.get_by_role("button", name="Yes").click()
        expect(page.locator("#vote-thanks")).to_contain_text("Thank you, your vote is kept.")
        os.kill(space.pid, signal.SIGKILL)
        page.close()
    (file,) = (tmp_path / "votes").rglob("*.jsonl")
    assert json.loads(file.read_text())["right"] is True
    with running_space(settings) as again:
        about = open_page(url=again.url)
        about.get_by_role("tab", name="About").click()
        expect(about.locator(".facts")).to_contain_text(f"right {times(Tally(1, 1))}")
        about.close()


def test_a_vote_that_is_not_confirmed_yet_is_kept_whole_or_not_at_all(
    chromium: Browser, settings: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    with running_space(settings) as space:
        page = ask_unwatched(chromium, space, photo)
        page.get_by_role("button", name="No", exact=True).click()
        os.kill(space.pid, signal.SIGKILL)
        page.close()
    open_votes(str(tmp_path / "votes"), tmp_path)  # as the next Space does
    lines = [line for file in (tmp_path / "votes").rglob("*.jsonl") for line in file.read_text().splitlines()]
    assert [json.loads(line)["right"] for line in lines] in ([], [False])
