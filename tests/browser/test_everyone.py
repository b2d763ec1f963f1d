"""The page works for people who use it by keyboard, by screen reader or without telling colours apart."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask, press_tab_until, serious_faults, show_day


def clock_from_end(page: Page, number: int) -> str:
    """The London time at which the day's last frame was taken (1), or the one before (2), as the chart has it."""
    moments = json.loads(page.locator("#day-chart .plot").get_attribute("data-moments") or "[]")
    return str(moments[-number][0])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(width: int, scheme: str, open_page: OpenPage, photo: Path) -> None:
    page = open_page(width=width, scheme=scheme)
    faults = {}
    ask(page, photo)
    page.locator(".wipe").wait_for()
    page.get_by_text("Several photos at once").click()
    faults["Photo"] = serious_faults(page)
    page.get_by_role("tab", name="Camera day").click()
    faults["Camera day, empty"] = serious_faults(page)
    show_day(page)
    expect(page.locator("#day-frame img")).to_be_visible()
    page.get_by_text("Compare with another day or camera").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#day-chart .strip")).to_have_count(2)
    faults["Camera day"] = serious_faults(page)
    page.get_by_role("tab", name="About").click()
    faults["About"] = serious_faults(page)
    assert not any(faults.values()), json.dumps(faults, indent=1)


def test_a_day_is_looked_through_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("tab", name="Camera day").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    press_tab_until(page, "document.activeElement.id == 'show-day'")
    page.keyboard.press("Enter")
    expect(page.locator("#day-frame img")).to_be_visible()
    press_tab_until(page, "document.activeElement.closest('.views')")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#day-chart .day-views")).to_have_attribute("data-day-view", "probability")
    press_tab_until(page, "document.activeElement.matches('.plot')")
    page.keyboard.press("End")
    expect(page.locator("#day-frame .clock")).to_have_text(clock_from_end(page, 1))
    press_tab_until(page, "document.activeElement.matches('#day-frame .back')")
    page.keyboard.press("Enter")
    expect(page.locator("#day-frame .clock")).to_have_text(clock_from_end(page, 2))
    press_tab_until(page, "document.activeElement.matches('.play')")
    page.keyboard.press("Enter")
    expect(page.locator("#day-frame .clock")).to_have_text(clock_from_end(page, 1))
    press_tab_until(page, "document.activeElement.matches('.speed')")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Speed")).to_have_value("24")
    press_tab_until(page, "document.activeElement.matches('.heat')")
    page.keyboard.press("Space")
    expect(page.locator("#day-frame .heat")).to_be_checked()
    press_tab_until(page, "document.activeElement.matches('.copy')")
    page.keyboard.press("Enter")
    expect(page.locator("#day-frame .share [role=status]")).not_to_be_empty()


def test_a_second_day_and_the_downloads_are_reached_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page(width=390, scheme="dark")
    show_day(page)
    page.get_by_role("slider", name="Moment of the day").focus()
    press_tab_until(page, "document.activeElement.closest('#second-day')")
    page.keyboard.press("Enter")
    press_tab_until(page, "document.activeElement.textContent.trim() == 'Compare'")
    page.keyboard.press("Enter")
    expect(page.locator("#day-chart .strip")).to_have_count(2)
    press_tab_until(page, "document.activeElement.textContent.trim() == 'Remove'")
    page.keyboard.press("Enter")
    expect(page.locator("#day-chart .strip")).to_have_count(1)
    for name in ("CSV", "Parquet", "PNG"):
        press_tab_until(page, f"document.activeElement.textContent.trim() == 'Download as {name}'")
        with page.expect_download():
            page.keyboard.press("Enter")
