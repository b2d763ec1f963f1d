"""What a visitor does on the page, done in a browser."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.running_space import RunningSpace, running_space

WIDTHS = (1280, 390)


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, open_page: OpenPage) -> Iterator[Page]:
    yield open_page(width=request.param)


@pytest.fixture(scope="session")
def photo(sample_folder: Path) -> Path:
    return min((sample_folder / "photos" / "full").glob("*.jpg"))


def upload(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Drop an image file here to upload").click()
    chooser.value.set_files(file)


def show_day(page: Page) -> None:
    page.get_by_role("tab", name="Camera day").click()
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-chart .main-svg").first).to_be_visible()


def test_an_uploaded_photo_gets_a_verdict_and_both_probabilities(page: Page, photo: Path) -> None:
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()
    assert page.locator(".verdict-word").inner_text() in ("Full", "Empty", "Unsure")
    percents = [int(text.removesuffix("%")) for text in page.locator("#probabilities dd").all_inner_texts()]
    assert sum(percents) in (99, 100, 101)
    assert sorted(page.locator("#probabilities dt").all_inner_texts()) == ["empty", "full"]


def test_a_click_on_a_sample_judges_it(open_page: OpenPage) -> None:
    page = open_page(width=390)
    expect(page.locator("#samples button")).to_have_count(8)
    page.locator("#samples button").nth(2).click()
    expect(page.locator(".verdict-word")).to_be_visible()


def test_a_cleared_photo_takes_its_answer_along(open_page: OpenPage, photo: Path) -> None:
    page = open_page()
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()
    page.get_by_role("button", name="Remove Image").click()
    expect(page.get_by_text("The answer will appear here.")).to_be_visible()


def test_a_file_that_is_no_picture_is_named_and_makes_room_for_the_next(open_page: OpenPage, photo: Path, tmp_path: Path) -> None:
    page = open_page()
    (tmp_path / "notes.jpg").write_text("no picture")
    upload(page, tmp_path / "notes.jpg")
    expect(page.get_by_text("notes.jpg is not a picture that can be read")).to_be_visible()
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()


def test_a_day_is_charted_and_the_line_can_be_hidden_and_shown(page: Page) -> None:
    show_day(page)
    expect(page.locator("#day-words")).to_contain_text("of 288 five-minute slots have a usable frame.")
    line = page.locator("#day-chart .scatterlayer .js-line")
    expect(line).not_to_have_count(0)
    page.get_by_label("Show the probability line").uncheck()
    expect(line).to_have_count(0)
    expect(page.locator("#day-chart .main-svg").first).to_be_visible()
    page.get_by_label("Show the probability line").check()
    expect(line).not_to_have_count(0)


def test_the_chart_is_drawn_while_frames_still_arrive(
    open_page: OpenPage, sample_folder: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    archive, rest = sample_folder / "archive", threading.Event()

    def answer(path: str, nth: int) -> Answer:
        file = archive / path.strip("/")
        if path.endswith("@20_00GMT.jpg"):
            rest.wait(60)
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    folder = next(path for path in archive.iterdir() if path.is_dir())
    with Loopback(answer) as server, running_space({"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": server.base}) as slow:
        page = open_page(url=slow.url)
        page.get_by_role("tab", name="Camera day").click()
        expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
        for name, value in {"Camera": folder.name, "Day": min(path.name for path in folder.iterdir())}.items():
            page.get_by_role("combobox", name=name).fill(value)
            page.get_by_role("combobox", name=name).press("Enter")
        page.get_by_role("button", name="Show the day").click()
        expect(page.locator("#day-chart .main-svg").first).to_be_visible()
        assert not rest.is_set()
        rest.set()
        expect(page.locator("#day-words")).to_contain_text("of 288 five-minute slots have a usable frame.")
        page.close()  # before the Space that it listens to


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
    expect(page.get_by_text("There is no camera 'Abbey Road <img src=//elsewhere.example>'").first).to_be_visible()


def test_a_day_that_has_not_begun_is_answered_with_a_message(open_page: OpenPage) -> None:
    page = open_page(width=390)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.get_by_role("combobox", name="Day").fill("2099-01-01")
    page.get_by_role("combobox", name="Day").press("Enter")
    page.get_by_role("button", name="Show the day").click()
    expect(page.get_by_text("2099-01-01 has not begun")).to_be_visible()


def test_cameras_and_days_are_offered(open_page: OpenPage, sample_folder: Path) -> None:
    page = open_page()
    day = next((sample_folder / "archive").glob("*/*"))
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("combobox", name="Camera")).to_have_value(day.parent.name.replace("_", " "))
    expect(page.get_by_role("combobox", name="Day")).to_have_value(f"{pd.Timestamp(day.name):%A %-d %B %Y}")


def test_where_tfl_data_is_shown_tfl_is_credited(open_page: OpenPage) -> None:
    page = open_page(width=390)
    for tab in ("Camera day", "About"):
        page.get_by_role("tab", name=tab).click()
        credit = page.get_by_text("Powered by TfL Open Data. Contains OS data © Crown copyright").locator("visible=true")
        expect(credit).to_have_count(1)


def test_about_tells_how_well_the_model_does_and_which_it_is(open_page: OpenPage, tiny_model_folder: Path) -> None:
    page = open_page()
    page.get_by_role("tab", name="About").click()
    expect(page.locator(".facts")).to_contain_text("95% interval")
    expect(page.locator(".facts")).to_contain_text(str(tiny_model_folder))
    expect(page.get_by_text('api_name="/camera_day"').first).to_be_visible()


def test_nothing_is_wider_than_a_phone(open_page: OpenPage) -> None:
    page = open_page(width=390)
    show_day(page)
    for tab in ("Camera day", "About", "Photo"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, tab


def test_the_page_is_dark_for_those_who_want_it_dark(open_page: OpenPage) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    assert brightness(open_page(scheme="dark")) < 100 < 600 < brightness(open_page(scheme="light"))


def test_both_tabs_work_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#samples button").first.wait_for()
    press_tab_until(page, "document.activeElement.closest('#samples')")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-word")).to_be_visible()
    page.keyboard.press("Control+Home")
    page.get_by_role("tab", name="Photo").focus()
    press_tab_until(page, "document.activeElement.textContent.trim() == 'Camera day'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    press_tab_until(page, "document.activeElement.id == 'show-day'")
    page.keyboard.press("Enter")
    expect(page.locator("#day-chart .main-svg").first).to_be_visible()


def press_tab_until(page: Page, reached: str) -> None:
    for _ in range(40):
        if page.evaluate(f"Boolean({reached})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"40 times Tab do not lead to {reached}")


@pytest.fixture(scope="module")
def unset_space() -> Iterator[RunningSpace]:
    with running_space({"CARPARK_DATASET": "no-such-folder"}) as running:
        yield running


def test_settings_that_cannot_be_used_are_named_on_the_page(open_page: OpenPage, unset_space: RunningSpace) -> None:
    page = open_page(url=unset_space.url)
    for line in ("CARPARK_MODEL is not set", "CARPARK_ARCHIVE is not set", "'no-such-folder' is neither a folder here nor a Hub dataset"):
        expect(page.locator("#problems")).to_contain_text(line)
