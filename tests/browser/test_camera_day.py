"""What a visitor does with a camera's day, done in a browser."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, opener_of_pages, show_day
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.running_space import RunningSpace, running_space

SLOTS, FRAME_S = 288, 1


@dataclass(frozen=True)
class SlowSpace:
    """A Space on an archive that takes `FRAME_S` for each frame until `at_once` is set."""

    url: str
    archive: Loopback
    at_once: threading.Event

    def asked_for(self, camera: str) -> int:
        """How many requests there were about the camera."""
        return sum(camera.replace(" ", "_") in path for path in self.archive.asked)


@pytest.fixture(scope="module")
def slow_space(sample_folder: Path, tiny_model_folder: Path) -> Iterator[SlowSpace]:
    """The archive has the sample day under three cameras, one for each test, so that none meets what another has cached."""
    (folder,) = (path for path in (sample_folder / "archive").iterdir() if path.is_dir())
    lanes, at_once = ("Left_Lane", "Turned_Lane", "Watched_Lane"), threading.Event()

    def answer(path: str, nth: int) -> Answer:
        lane, _, rest = path.strip("/").partition("/")
        file = folder / rest
        if file.is_file():
            at_once.wait(FRAME_S)
            return Answer(file.read_bytes())
        names = [entry.name for entry in file.iterdir()] if lane and file.is_dir() else [] if lane else lanes
        return Answer("".join(f'<a href="{name}/">x</a>' for name in names).encode()) if names else NOT_FOUND

    with Loopback(answer) as server, running_space({"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": server.base}) as space:
        yield SlowSpace(space.url, server, at_once)


@pytest.fixture
def slow(slow_space: SlowSpace) -> SlowSpace:
    slow_space.at_once.clear()
    return slow_space


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark")], ids=["wide and light", "narrow and dark"])
def page(request: pytest.FixtureRequest, chromium: Browser, space: RunningSpace, used_pages: list[Page]) -> Iterator[Page]:
    """The sample day, shown once for all tests that only look around in it."""
    width, scheme = request.param
    with opener_of_pages(chromium, space.url, used_pages) as open_one:
        page = open_one(width=width, scheme=scheme)
        show_day(page)
        yield page


@pytest.fixture(scope="session")
def truth(sample_folder: Path) -> pd.DataFrame:
    """What really happened in each slot of the sample day."""
    return pd.read_csv(sample_folder / "truth.csv", keep_default_na=False)


def moments_of(page: Page) -> list[list[Any]]:
    """What the chart knows of each row: clock, slot, kind, words, minute."""
    moments: list[list[Any]] = json.loads(page.locator("#day-chart .plot").get_attribute("data-moments") or "[]")
    return moments


def share_of_day(page: Page, place: int) -> float:
    """Where on the chart the row lies, 0 to 1: a minute after the time at which its frame was taken."""
    return float((moments_of(page)[place][4] + 1) / 1440)


def choose_moment(page: Page, place: int) -> None:
    """Clicks the chart where the row lies."""
    plot = page.locator("#day-chart .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    plot.click(position={"x": share_of_day(page, place) * box["width"], "y": 100})


def test_a_day_shows_the_share_taken_first_and_class_and_probability_on_demand(page: Page) -> None:
    expect(page.locator("#day-words")).to_contain_text("of 288 slots, one every 5 min, have a usable frame.")
    share, probability = page.locator("#day-chart .lines .in-share"), page.locator("#day-chart .lines .in-probability")
    for view, displays in {
        "Share taken": ("inline", "none"),
        "Class and probability": ("none", "inline"),
        "Class alone": ("none", "none"),
    }.items():
        if view == "Share taken":
            expect(page.get_by_label(view)).to_be_checked()
        page.get_by_label(view).check()
        expect(share).to_have_css("display", displays[0])
        expect(probability).to_have_css("display", displays[1])
        expect(page.locator("#day-chart .band").first).to_be_visible()
    expect(page.get_by_text("where a jam is 100%")).to_be_visible()


def test_the_day_opens_with_its_fullest_moment(open_page: OpenPage) -> None:
    page = open_page()
    show_day(page)
    expect(page.locator("#day-frame img")).to_be_visible()
    expect(page.locator("#day-frame .says")).to_contain_text("P(full) ")


def test_a_click_on_a_moment_shows_its_frame(page: Page, truth: pd.DataFrame) -> None:
    place = int(truth.index[truth.state == "ok"][100])
    choose_moment(page, place)
    image = page.locator("#day-frame img")
    expect(image).to_have_attribute("alt", f"The camera's frame of {moments_of(page)[place][0]}: " + found(page))
    assert image.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [352, 288]


def found(page: Page) -> str:
    return page.locator("#day-frame .says").inner_text()


def test_a_click_on_a_gap_says_why_it_is_one(page: Page, truth: pd.DataFrame) -> None:
    reasons = {"frozen": "Frozen: ", "in_use": "Camera in use: ", "missing": "Missing: the archive has no frame for this slot"}
    for state, reason in reasons.items():
        choose_moment(page, int(truth.index[truth.state == state][1]))
        expect(page.locator("#day-frame .says")).to_contain_text(reason)
    expect(page.locator("#day-frame img")).to_be_hidden()
    expect(page.locator("#day-frame .no-picture")).to_have_text("No picture. Missing: the archive has no frame for this slot")


def test_dragging_along_the_chart_scrubs_through_the_day(open_page: OpenPage) -> None:
    page = open_page()
    show_day(page)
    choose_moment(page, 100)
    box = page.locator("#day-chart .plot").bounding_box()
    assert box
    page.mouse.down()
    page.mouse.move(box["x"] + share_of_day(page, 200) * box["width"], box["y"] + 50, steps=10)
    page.mouse.up()
    expect(page.locator("#day-frame .clock")).to_have_text(moments_of(page)[200][0])
    expect(page.locator("#day-chart .plot")).to_have_attribute("aria-valuenow", "200")


def test_the_chart_is_walked_through_by_keyboard_and_says_where_it_is(page: Page) -> None:
    plot = page.get_by_role("slider", name="Moment of the day")
    plot.focus()
    for key, place in {"Home": 0, "ArrowRight": 1, "PageDown": 0, "PageUp": 12, "End": 287}.items():
        clock = moments_of(page)[place][0]
        page.keyboard.press(key)
        expect(page.locator("#day-frame .clock")).to_have_text(clock)
        assert (plot.get_attribute("aria-valuetext") or "").startswith(f"{clock}, ")


def test_the_day_plays_as_a_time_lapse_and_stops_when_told(open_page: OpenPage) -> None:
    page = open_page(width=390)
    show_day(page)
    choose_moment(page, 40)
    expect(page.locator("#day-frame img")).to_be_visible()
    page.get_by_label("Speed").select_option("fast")
    page.get_by_role("button", name="Play the day").click()
    page.wait_for_function("document.querySelector('#day-chart .plot').ariaValueNow > 75")
    assert page.locator("#day-frame img").get_attribute("src")
    page.get_by_role("button", name="Pause").click()
    stopped = page.locator("#day-frame .clock").inner_text()
    page.get_by_role("button", name="Later frame").click()
    expect(page.locator("#day-frame .clock")).not_to_have_text(stopped)
    page.get_by_role("button", name="Earlier frame").click()
    expect(page.locator("#day-frame .clock")).to_have_text(stopped)


def test_the_time_lapse_ends_with_the_day(open_page: OpenPage) -> None:
    page = open_page()
    show_day(page)
    choose_moment(page, 284)
    page.get_by_role("button", name="Play the day").click()
    expect(page.locator("#day-frame .clock")).to_have_text(moments_of(page)[287][0])
    expect(page.get_by_role("button", name="Play the day")).to_be_visible()


def test_the_chart_is_drawn_while_frames_still_arrive(open_page: OpenPage, slow: SlowSpace, sample_folder: Path) -> None:
    page = open_page(url=slow.url)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.get_by_role("combobox", name="Camera").fill("Watched Lane")
    page.get_by_role("combobox", name="Camera").press("Enter")
    page.get_by_role("textbox", name="Day").fill(next((sample_folder / "archive").glob("*/*")).name)
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-chart .plot")).to_be_visible()
    expect(page.locator("#day-chart .state.pending").first).to_be_visible()
    assert not slow.at_once.is_set()
    slow.at_once.set()
    expect(page.locator("#day-words")).to_contain_text("of 288 slots, one every 5 min, have a usable frame.")


def test_the_table_downloads_as_csv_and_parquet(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    show_day(page)
    tables = []
    for name, read in {"CSV": pd.read_csv, "Parquet": pd.read_parquet}.items():
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download as {name}").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        tables.append(read(file))
    assert [len(table) for table in tables] == [288, 288]
    assert list(tables[0].columns) == list(tables[1].columns)


def test_a_camera_that_does_not_exist_is_answered_with_a_message(open_page: OpenPage) -> None:
    page = open_page(width=390)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.get_by_role("combobox", name="Camera").fill("Abbey Road <img src=//elsewhere.example>")
    page.get_by_role("combobox", name="Camera").press("Enter")
    expect(page.get_by_text("Camera 'Abbey Road <img src=//elsewhere.example>' was not found").first).to_be_visible()


def test_a_day_that_has_not_begun_is_answered_with_a_message(open_page: OpenPage) -> None:
    page = open_page(width=390)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.get_by_role("textbox", name="Day").fill("2099-01-01")
    page.get_by_role("button", name="Show the day").click()
    expect(page.get_by_text("2099-01-01 has not begun")).to_be_visible()


def test_cameras_and_days_are_offered(open_page: OpenPage, sample_folder: Path) -> None:
    page = open_page()
    day = next((sample_folder / "archive").glob("*/*"))
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("combobox", name="Camera")).to_have_value(day.parent.name.replace("_", " "))
    expect(page.get_by_role("textbox", name="Day")).to_have_value(day.name)


def begin_day(open_page: OpenPage, slow: SlowSpace, camera: str) -> Page:
    """The offered day of the camera, whose first frames have come in."""
    page = open_page(url=slow.url)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("textbox", name="Day")).not_to_have_value("")
    page.get_by_role("combobox", name="Camera").fill(camera)
    page.get_by_role("combobox", name="Camera").press("Enter")
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-words h2")).to_contain_text(camera)
    return page


def test_who_leaves_in_mid_day_is_waited_for_no_longer(open_page: OpenPage, slow: SlowSpace) -> None:
    begin_day(open_page, slow, "Left Lane").close()
    asked = -1
    while slow.asked_for("Left Lane") != asked:  # 288 slots, 16 at a time, would take 18 seconds
        asked = slow.asked_for("Left Lane")
        time.sleep(FRAME_S + 1)
    assert asked < SLOTS


def test_who_asks_for_another_day_gets_it_at_once(open_page: OpenPage, slow: SlowSpace) -> None:
    page = begin_day(open_page, slow, "Turned Lane")
    page.get_by_role("textbox", name="Day").fill("2026-03-01")
    page.get_by_role("button", name="Show the day").click()
    expect(page.get_by_text("No frame of Turned Lane on 2026-03-01")).to_be_visible()
    assert slow.asked_for("Turned Lane") < 2 * SLOTS


def test_the_chart_downloads_as_a_picture_and_a_frame_shows_its_heat(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(width=390, scheme="dark")
    show_day(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as PNG").click()
    download.value.save_as(tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png", formats=["PNG"]) as picture:
        assert picture.size[0] == 2200
        seen = {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=1 << 24) or []}
    light = {(242, 180, 140), (181, 214, 234), (247, 227, 176), (213, 217, 222)}  # full, empty, unsure, usable
    assert (255, 255, 255) in seen and light & seen, "its light colours, also on a dark page"
    image = page.locator("#day-frame img")
    expect(image).to_be_visible()
    plain = image.get_attribute("src")
    page.get_by_label("Show what spoke for the answer").check()
    expect(image).not_to_have_attribute("src", plain or "")


def test_a_day_without_frames_is_explained_with_what_was_tried_and_what_to_do(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("textbox", name="Day")).not_to_have_value("")
    page.get_by_role("textbox", name="Day").fill("2026-03-01")
    page.get_by_role("button", name="Show the day").click()
    for words in ("This day cannot be shown", "It has 1 day of this camera: 2026-03-02.", "Asked: ", "choose another day or camera"):
        expect(page.locator("#day-words")).to_contain_text(words)
