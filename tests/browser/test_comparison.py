"""A second day in the axes of the first: seen, taken along as a picture, and passed on as a link."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, show_day

NAME = "Market St Sample Car Park, Monday 2 March 2026"


def compare(page: Page) -> None:
    show_day(page)
    page.get_by_text("Compare with another day or camera").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#day-chart .strip")).to_have_count(2)


def picture_height(page: Page, folder: Path) -> int:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as PNG").click()
    download.value.save_as(folder / "chart.png")
    with Image.open(folder / "chart.png", formats=["PNG"]) as picture:
        return picture.height


def test_a_second_day_is_drawn_into_the_axes_and_removed(open_page: OpenPage) -> None:
    page = open_page()
    compare(page)
    expect(page.locator("#day-chart .day-legend")).to_contain_text(NAME)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#day-chart .strip")).to_have_count(1)


def test_the_picture_holds_the_second_day_as_well(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    compare(page)
    compared = picture_height(page, tmp_path)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#day-chart .strip")).to_have_count(1)
    assert picture_height(page, tmp_path) < compared


def test_a_link_restores_the_comparison_and_not_after_it_was_removed(open_page: OpenPage) -> None:
    page = open_page()
    compare(page)
    page.wait_for_function("new URLSearchParams(location.search).get('at')")
    other = open_page(url=page.url)
    expect(other.locator("#day-chart .strip")).to_have_count(2)
    expect(other.locator("#day-chart .day-legend")).to_contain_text(NAME)
    other.get_by_text("Compare with another day or camera").click()
    other.get_by_role("button", name="Remove", exact=True).click()
    expect(other.locator("#day-chart .strip")).to_have_count(1)
    assert "second" not in other.url and "camera=" in other.url


def test_a_link_with_a_second_day_that_cannot_be_had_shows_the_first(open_page: OpenPage) -> None:
    page = open_page()
    show_day(page)
    page.wait_for_function("new URLSearchParams(location.search).get('at')")
    other = open_page(url=page.url + "&second=" + page.url.partition("camera=")[2].partition("&")[0] + "&second_day=2026-01-05")
    expect(other.locator("#day-chart .plot:not([data-start=''])")).to_be_visible()
    expect(other.get_by_text("on 2026-01-05 in").first).to_be_visible()
    expect(other.locator("#day-chart .strip")).to_have_count(1)


def test_a_linked_day_is_asked_for_once(open_page: OpenPage) -> None:
    page = open_page()
    compare(page)
    page.wait_for_function("new URLSearchParams(location.search).get('at')")
    other = open_page(url=page.url)
    plot = other.locator("#day-chart .plot:not([data-second='[]'])")
    plot.evaluate("plot => { plot.dataset.seen = 'yes' }")
    other.wait_for_timeout(1500)  # a second answer would have drawn the chart anew
    expect(plot).to_have_attribute("data-seen", "yes")
