"""Photos are reviewed by keyboard in a real browser: every mark is on disk before the next photo shows."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HOLD_BACK, SLOW_MS, watch
from tests.running_space import PATIENCE_S, _free_port, _wait_until_up
from training.clean import __main__ as clean
from training.clean.decisions import CLEANING_FILE, REVIEW, Decision, cleaning_log, read_decisions, to_row
from training.photos import read_photos

PHOTOS = 26
OpenReview = Callable[..., Page]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reviewing:
    url: str
    raw: Path
    out: Path
    process: "subprocess.Popen[bytes]"

    def marks(self) -> list[Decision]:
        return [row for row in read_decisions(self.out / CLEANING_FILE) if row.pass_name == REVIEW]


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Photos, and the folder of a cleaning that proposes something about each."""
    work = tmp_path_factory.mktemp("proposed")
    raw, out = work / "raw", work / "clean"
    (raw / "full").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(PHOTOS):
        patches = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(patches).resize((400, 300)).save(raw / "full" / f"{number:02}.jpg")
    photos = {"file": [f"full/{n:02}.jpg" for n in range(PHOTOS)], "label": "full", "scene": [f"s{n // 2}" for n in range(PHOTOS)]}
    pd.DataFrame(photos | {"license": "by", "attribution": "<b>Ann</b> & Bob"}).to_csv(raw / "photos.csv", index=False)
    clean.main(["--data", str(raw), "--out", str(out), "--weights", "none"])
    digests = {file: hashlib.sha256((raw / file).read_bytes()).hexdigest() for file in photos["file"]}
    rows = [
        Decision(file, digests[file], "labels", "label empty", f"P(full) {0.01 * n:.2f} out of fold, labelled full", f"{1 - 0.01 * n:.3f}")
        for n, file in enumerate(photos["file"])
    ]
    (out / CLEANING_FILE).unlink()
    cleaning_log(out).append([to_row(row) for row in rows])
    return raw, out


@pytest.fixture(scope="module")
def server(proposed: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewing]:
    """A page over photos about each of which something is proposed, in a process of its own."""
    raw, out = proposed[0], Path(shutil.copytree(proposed[1], tmp_path_factory.mktemp("review") / "clean"))
    port, log = _free_port(), out.with_name("log.txt")
    flags = ["--data", str(raw), "--out", str(out), "--review", "--reviewer", "Kim", "--port", str(port)]
    with log.open("w") as output:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'space'}"}
        command = [sys.executable, "-m", "training.clean", *flags]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait_until_up(url, process, log)
            yield Reviewing(url, raw, out, process)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


@pytest.fixture
def reviewing(server: Reviewing, proposed: tuple[Path, Path]) -> Reviewing:
    """The page, with nothing decided yet: it reads its table again each time."""
    shutil.copyfile(proposed[1] / CLEANING_FILE, server.out / CLEANING_FILE)
    return server


@pytest.fixture
def open_review(chromium: Browser, reviewing: Reviewing) -> Iterator[OpenReview]:
    faults: list[str] = []
    pages: list[Page] = []

    def open_one(width: int = 1280) -> Page:
        page = chromium.new_page(viewport={"width": width, "height": 844})
        page.set_default_timeout(SLOW_MS)
        pages.append(page)
        watch(page, reviewing.url, faults)
        page.goto(reviewing.url)
        page.locator("[data-file]").wait_for()
        return page

    yield open_one
    for page in pages:
        page.close()
    assert faults == []


def shown(page: Page) -> str:
    return str(page.locator("[data-file]").get_attribute("data-file"))


def press(page: Page, key: str) -> None:
    """Presses a key and waits until the next card is there."""
    turn = str(page.locator("[data-turn]").get_attribute("data-turn"))
    page.keyboard.press(key)
    expect(page.locator("[data-turn]")).not_to_have_attribute("data-turn", turn)


def test_two_pages_side_by_side_mark_without_losing_anything(open_review: OpenReview, reviewing: Reviewing) -> None:
    one, other = open_review(), open_review(width=390)
    for _ in range(4):
        press(one, "k")
        press(other, "d")
    marks = reviewing.marks()
    assert [row.decision for row in marks] == ["keep", "drop"] * 4  # also about a photo that the other page has just decided
    assert len(read_decisions(reviewing.out / CLEANING_FILE)) == PHOTOS + len(marks)
    assert requests.get(reviewing.url, timeout=30).ok


def test_a_card_says_what_is_known_and_other_photos_can_be_chosen(open_review: OpenReview) -> None:
    page = open_review(width=390)
    card = page.locator("[data-file]")
    expect(card).to_contain_text("P(full) 0.00 out of fold")
    expect(card).to_contain_text("by: <b>Ann</b> & Bob")
    expect(card.get_by_role("img", name="full/01.jpg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("Label").click()
    page.get_by_role("option", name="empty", exact=True).click()
    expect(page.get_by_text("Nothing left to decide here")).to_be_visible()


def test_a_key_is_answered_when_the_stream_of_answers_closes_at_the_same_moment(chromium: Browser, reviewing: Reviewing) -> None:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(HOLD_BACK)
    page.goto(reviewing.url)
    page.locator("[data-file]").wait_for()
    page.locator("html[data-held]").wait_for()
    press(page, "k")
    assert [row.decision for row in reviewing.marks()] == ["keep"]
    page.close()


def test_a_grid_is_marked_by_keys_and_keeps_its_tiles(open_review: OpenReview, reviewing: Reviewing) -> None:
    page = open_review(width=390)
    page.keyboard.press("g")
    page.locator(".grid").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tiles = page.locator("[data-tile]")
    expect(tiles).to_have_count(12)
    press(page, "ArrowRight")
    assert shown(page) == "full/01.jpg" and reviewing.marks() == []
    press(page, "e")
    assert [(row.file, row.decision) for row in reviewing.marks()] == [("full/01.jpg", "label empty")]
    expect(tiles).to_have_count(12)
    expect(tiles.nth(1)).to_contain_text("label empty")
    assert shown(page) == "full/02.jpg"
    press(page, "u")
    assert shown(page) == "full/01.jpg" and reviewing.marks()[-1].decision == ""
    expect(tiles.nth(1)).not_to_contain_text("label empty")


def test_twenty_marks_three_undone_a_reload_and_a_replay(open_review: OpenReview, reviewing: Reviewing) -> None:
    page = open_review()  # the last test: it ends the server
    keys, decided = "kefpdn" * 3 + "ke", []
    for number, key in enumerate(keys):
        file = shown(page)
        assert file == f"full/{number:02}.jpg"  # worst first
        press(page, key)
        decided.append((file, reviewing.marks()[-1].decision))
        assert reviewing.marks()[-1].file == file  # on disk before the next card
    wanted = {"k": "keep", "e": "label empty", "f": "label full", "p": "label partial", "d": "drop", "n": "drop"}
    assert decided == [(f"full/{n:02}.jpg", wanted[key]) for n, key in enumerate(keys)]
    assert reviewing.marks()[5].reason == "not a car park" and {row.decided_by for row in reviewing.marks()} == {"Kim"}
    for number in (19, 18, 17):
        press(page, "u")
        assert shown(page) == f"full/{number:02}.jpg"
    expect(page.get_by_text(f"17 of {PHOTOS} decided")).to_be_visible()
    page.reload()
    page.locator("[data-file]").wait_for()
    assert shown(page) == "full/17.jpg"
    expect(page.get_by_text(f"17 of {PHOTOS} decided")).to_be_visible()

    page.close()  # a page whose server is gone complains
    reviewing.process.send_signal(signal.SIGINT)
    assert reviewing.process.wait(timeout=PATIENCE_S) == 0
    photos = read_photos(reviewing.out)
    assert len(photos) == PHOTOS - 5 and photos.label.value_counts().to_dict() == {"full": 15, "empty": 3, "partial": 3}
    again = reviewing.out.with_name("again")
    clean.main(["--data", str(reviewing.raw), "--out", str(again), "--replay", str(reviewing.out / CLEANING_FILE)])
    files = [sorted((path.relative_to(folder), path.read_bytes()) for path in folder.rglob("*.*")) for folder in (reviewing.out, again)]
    assert files[0] == files[1]
