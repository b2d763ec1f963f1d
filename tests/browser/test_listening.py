"""No click is lost when the server closes the stream of answers at the same moment."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import HOLD_BACK, SLOW_MS
from tests.running_space import RunningSpace


def test_a_click_is_answered_when_the_stream_closes_at_the_same_moment(chromium: Browser, space: RunningSpace) -> None:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(HOLD_BACK)
    page.goto(space.url)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.locator("html[data-held]").wait_for()
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-chart .plot")).to_be_visible()
    page.close()
