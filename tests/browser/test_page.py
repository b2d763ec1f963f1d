"""What a visitor does on the page, done in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, press_tab_until, show_day, upload
from tests.running_space import RunningSpace

WIDTHS = (1280, 390)


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, open_page: OpenPage) -> Iterator[Page]:
    yield open_page(width=request.param)


def test_an_uploaded_photo_says_how_much_is_taken_and_then_the_word(page: Page, photo: Path) -> None:
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()
    assert page.locator(".verdict-word").inner_text() in ("Full", "Empty", "Partly full", "Unsure")
    expect(page.locator(".verdict .share")).to_contain_text("% taken")
    expect(page.locator(".verdict .gauge-band")).to_be_visible()
    expect(page.locator("#p-full")).to_contain_text("%")


def test_after_an_answer_the_next_step_leads_to_the_camera_day(page: Page, photo: Path) -> None:
    next_step = page.get_by_role("button", name="Try your own street: Camera day")
    expect(next_step).to_be_hidden()
    upload(page, photo)
    next_step.click()
    expect(page.get_by_role("button", name="Show the day")).to_be_visible()


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


def test_a_file_that_is_not_a_picture_is_named_and_makes_room_for_the_next(open_page: OpenPage, photo: Path, tmp_path: Path) -> None:
    page = open_page()
    (tmp_path / "notes.jpg").write_text("no picture")
    upload(page, tmp_path / "notes.jpg")
    expect(page.get_by_text("notes.jpg is not a picture that can be read")).to_be_visible()
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()


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
    expect(page.locator("#day-chart .plot")).to_be_visible()


def test_settings_that_cannot_be_used_are_named_on_the_page(open_page: OpenPage, unset_space: RunningSpace) -> None:
    page = open_page(url=unset_space.url)
    lines = ["CARPARK_MODEL is not set", "CARPARK_ARCHIVE is not set", "'a/my--data' is neither a folder here nor a Hub dataset"]
    for line in (*lines, "CARPARK_VOTES is o/v@main, but votes go to the newest state"):
        expect(page.locator("#problems")).to_contain_text(line)
