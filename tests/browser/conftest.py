"""A real Chromium on a Space that really runs; every test also fails on a console error, a failed request or a call to another host."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, expect, sync_playwright

from tests.running_space import RunningSpace

# Debian's headless shell is the same browser without windows: a page opens for half the work.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SLOW_MS = 150_000  # the first answer waits for the learner to load, on a machine that may be busy
expect.set_options(timeout=SLOW_MS)

SERIOUS = ("serious", "critical")
# Colours that are on their way are not what anybody reads.
SETTLED = "() => Promise.all(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished.catch(() => null)))"

# The end of each stream is held back until another event has joined the queue, as on a slow line or a busy machine.
HOLD_BACK = """(() => {
  const fetched = window.fetch
  let release = () => {}
  window.fetch = async (...request) => {
    const answer = await fetched(...request), url = String(request[0].url ?? request[0])
    if (url.includes('/queue/join')) setTimeout(release, 500)  // the page has read the reply by then
    if (!url.includes('/queue/data')) return answer
    const held = new TransformStream({
      async transform(chunk, out) {
        const end = new TextDecoder('latin1').decode(chunk).indexOf('data: {"msg":"close_stream"')
        if (end < 0) return out.enqueue(chunk)
        out.enqueue(chunk.slice(0, end))
        document.documentElement.dataset.held = 'yes'
        await new Promise(done => { release = done })
        out.enqueue(chunk.slice(end))
      }
    })
    return new Response(answer.body.pipeThrough(held), answer)
  }
})()"""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")  # while a browser is open, its event loop is this thread's, and tests after these have loops of their own
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        missing = "Chromium is missing: install it, or name a browser in the environment variable CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)  # a machine without a browser can run every other test
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        yield browser


@pytest.fixture(scope="session")
def photo(sample_folder: Path) -> Path:
    return min((sample_folder / "photos" / "full").glob("*.jpg"))


@pytest.fixture(scope="package")
def used_pages() -> list[Page]:
    """Pages that a test has left: a page that shows the Space again has compiled its scripts, which is half the work of opening it."""
    return []


@pytest.fixture
def open_page(chromium: Browser, space: RunningSpace, used_pages: list[Page]) -> Iterator[OpenPage]:
    """Opens the Space; when the test ends, nothing may have gone wrong behind the page."""
    with opener_of_pages(chromium, space.url, used_pages) as open_one:
        yield open_one


@contextmanager
def opener_of_pages(chromium: Browser, space_url: str, used_pages: list[Page]) -> Iterator[OpenPage]:
    """Gives a function that opens pages, by default of this Space, 1280 px wide and light; fails at the end for what went wrong there."""
    faults: list[str] = []

    def open_one(*, width: int = 1280, scheme: str = "light", touch: bool = False, url: str = space_url) -> Page:
        page = used_pages.pop() if used_pages and not touch else chromium.new_page(has_touch=touch)
        page.set_default_timeout(SLOW_MS)
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        pages.callback(leave, page, used_pages, can_be_reused=not touch)
        pages.callback(watch(page, url.partition("?")[0], faults))
        page.goto(url)
        page.get_by_role("tab", name="Photo").wait_for()
        return page

    with ExitStack() as pages:
        yield open_one
    assert faults == []


def leave(page: Page, used_pages: list[Page], *, can_be_reused: bool) -> None:
    """Ends what the page shows, as closing it does, and keeps it for the next test; nothing that a page stored is kept."""
    if page.is_closed():
        return
    if can_be_reused:
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
        page.goto("about:blank")
        page.context.clear_cookies()
        page.context.clear_permissions()
        used_pages.append(page)
    else:
        page.close()


def watch(page: Page, url: str, faults: list[str]) -> Callable[[], None]:
    """Notes in `faults` whatever a visitor would not see and should not happen. Returns what ends it."""

    def note_request(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            faults.append(f"asked another host: {request.url}")

    def note_response(response: Response) -> None:
        if response.status >= 400:
            faults.append(f"answered {response.status}: {response.url}")

    def note_error(error: Error) -> None:
        faults.append(f"script error: {error}")

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"console: {message.text}")

    notes = {"request": note_request, "response": note_response, "pageerror": note_error, "console": note_console}
    for event, note in notes.items():
        page.on(event, note)

    def end() -> None:
        for event, note in notes.items():
            page.remove_listener(event, note)

    return end


def show_day(page: Page) -> None:
    """Opens the tab of camera days and shows the day that it offers, as a whole."""
    page.get_by_role("tab", name="Camera day").click()
    page.get_by_role("button", name="Show the day").click()
    page.locator("#day-chart .plot:not([data-start=''])").wait_for()


def upload(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Drop an image file here to upload").click()
    chooser.value.set_files(file)


def ask(page: Page, photo: Path) -> None:
    """Uploads the photo and waits for the answer."""
    upload(page, photo)
    expect(page.locator(".verdict-word")).to_be_visible()


def press_tab_until(page: Page, reached: str) -> None:
    for _ in range(40):
        if page.evaluate(f"Boolean({reached})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"40 times Tab do not lead to {reached}")


def serious_faults(page: Page) -> list[tuple[str, str]]:
    """What axe-core objects to on the page as it is: the rule, and the beginning of the element."""
    page.mouse.move(0, 0)
    page.evaluate(SETTLED)
    found = Axe().run(page).response["violations"]
    return [(fault["id"], node["html"][:200]) for fault in found if fault["impact"] in SERIOUS for node in fault["nodes"]]
