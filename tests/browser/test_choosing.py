"""How a visitor comes to a camera and a day: by map, by search, by link, by the day of all London."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, serious_faults, show_day
from tests.running_space import RunningSpace, running_space
from tests.traffic.index.test_index import write_days
from traffic.index.writing import write_index

PLACES = {"Camden High St/Bayham St": (51.536, -0.141), "Baker St/S of Park Rd": (51.5226, -0.1571), "A20 Sidcup Rd": (51.436, 0.07)}

TILE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def london(sample_folder: Path, tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSpace]:
    """A Space with three cameras in TfL's list, all of which show the sample day; the second is out of service."""
    archive = tmp_path_factory.mktemp("london")
    day = next((sample_folder / "archive").glob("*/*"))
    places = []
    for number, (name, (lat, lon)) in enumerate(PLACES.items(), start=1):
        (archive / name.replace(" ", "_").replace("/", "_")).mkdir()
        (archive / name.replace(" ", "_").replace("/", "_") / day.name).symlink_to(day)
        answer = [{"key": "available", "value": "false" if number == 2 else "true"}]
        places.append({"id": f"JamCams_00001.0000{number}", "commonName": name, "lat": lat, "lon": lon, "additionalProperties": answer})
    (archive / "cameras.json").write_text(json.dumps(places))
    index = tmp_path_factory.mktemp("london-index")
    write_days(index / "data", 3)
    labels = [(f"Street_0/2026-01-05/2026-01-05@{hour:02}_00GMT.jpg", level) for hour, level in ((8, 1), (9, 0), (13, 3), (14, 4))]
    pd.DataFrame(labels, columns=["file", "level"]).to_csv(index / "labels.csv", index=False)
    write_index(index / "data", index / "index", labels=[index / "labels.csv"])
    settings = {"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": archive, "CARPARK_LONDON": index / "index"}
    with running_space(settings) as running:
        yield running


@pytest.fixture
def page(open_page: OpenPage, london: RunningSpace) -> Page:
    page = open_page(url=london.url)
    page.get_by_role("tab", name="Camera day").click()
    page.locator("#camera-map .camera").nth(len(PLACES) - 1).wait_for(state="attached")
    return page


# The middles of both dots, once they have stood still for ten frames.
STILL = """async (dots) => {
  const middles = () => dots.map((dot) => dot.getBoundingClientRect()).map((box) => [box.x + box.width / 2, box.y + box.height / 2])
  let before = "", still = 0
  while (still < 10) {
    await new Promise(requestAnimationFrame)
    const now = JSON.stringify(middles())
    still = now === before ? still + 1 : 0
    before = now
  }
  return middles()
}"""


def places_of(page: Page) -> list[tuple[float, float]]:
    """Where on the page the dots of the cameras of `PLACES` lie, in pixels, by their numbers."""
    page.locator("#camera-map").scroll_into_view_if_needed()
    dots = page.locator("#camera-map .camera[data-camera]")
    dots.first.wait_for(state="attached")  # one that lies outside the map has no size
    names: list[str] = dots.evaluate_all("(dots) => dots.map((dot) => dot.dataset.camera)")
    places = dict(zip(names, dots.evaluate_all(STILL), strict=True))
    return [(x, y) for _, (x, y) in sorted(places.items())]


def place_of(page: Page, number: int) -> tuple[float, float]:
    """Where on the page the dot of a camera of `PLACES` lies, in pixels."""
    return places_of(page)[number - 1]


def width_of(page: Page) -> float:
    """Pixels between the second and the first camera, from west to east."""
    first, second, *_ = places_of(page)
    return first[0] - second[0]


def test_a_click_on_the_map_chooses_the_camera(page: Page) -> None:
    expect(page.locator("#camera-map summary")).to_have_text("Choose on the map: 3 cameras")
    page.mouse.click(*place_of(page, 3))
    expect(page.get_by_role("combobox", name="Camera")).to_have_value("A20 Sidcup Rd · Greenwich · 00001.00003")
    show_day(page)
    expect(page.locator("#day-words h2")).to_contain_text("A20 Sidcup Rd")


def test_the_map_tells_which_cameras_are_out_of_service(page: Page) -> None:
    expect(page.locator("#camera-map .off[role=option]")).to_have_text("Baker St/S of Park Rd, Westminster, out of service")
    expect(page.locator("#camera-map .map-legend")).to_contain_text("out of service when the list was read (1)")


def test_the_map_is_walked_and_zoomed_by_keyboard(page: Page) -> None:
    page.get_by_role("listbox", name="Cameras of London").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#camera-map .map-name")).to_have_text("A20 Sidcup Rd, Greenwich")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#camera-map .map-name")).to_have_text("Baker St/S of Park Rd, Westminster, out of service")
    apart = width_of(page)
    page.keyboard.press("+")
    assert width_of(page) == pytest.approx(2 * apart, abs=3)
    page.keyboard.press("-")
    assert width_of(page) == pytest.approx(apart, abs=3)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Camera")).to_have_value("Baker St/S of Park Rd · Westminster · 00001.00002")


def test_the_map_is_dragged_and_zooms_by_its_buttons(page: Page) -> None:
    before = place_of(page, 2)
    box = page.locator("#camera-map .map-view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 500, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 700, box["y"] + 140, steps=4)
    page.mouse.up()
    assert place_of(page, 2) == pytest.approx((before[0] + 200, before[1] + 40), abs=2)
    apart = width_of(page)
    page.get_by_role("button", name="Zoom in").click()
    assert width_of(page) == pytest.approx(2 * apart, abs=3)


def test_a_map_of_all_london_lets_a_finger_scroll_the_page(open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=london.url, width=390, touch=True)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.locator("#camera-map .map-view")).to_have_css("touch-action", "pan-x pan-y")
    page.get_by_role("button", name="Zoom in").tap()
    expect(page.locator("#camera-map .map-view")).to_have_css("touch-action", "none")


def test_streets_are_fetched_from_another_host_only_when_the_visitor_asks_for_them(chromium: Browser, london: RunningSpace) -> None:
    page, foreign = chromium.new_page(), list[str]()
    page.on("request", lambda request: None if request.url.startswith((london.url, "data:", "blob:")) else foreign.append(request.url))
    page.route("https://tile.openstreetmap.org/**", lambda route: route.fulfill(body=TILE, content_type="image/png"))
    page.goto(london.url)
    page.get_by_role("tab", name="Camera day").click()
    page.locator("#camera-map .camera").first.wait_for(state="attached")
    assert foreign == []
    page.get_by_label("Show streets").check()
    expect(page.get_by_text("© OpenStreetMap contributors")).to_be_visible()
    expect(page.locator("#camera-map .leaflet-tile-loaded").first).to_be_attached()
    assert foreign and all(url.startswith("https://tile.openstreetmap.org/") for url in foreign)
    page.get_by_label("Show streets").uncheck()
    expect(page.get_by_text("© OpenStreetMap contributors")).to_have_count(0)
    page.close()


def test_the_calendar_marks_the_days_that_exist_and_fills_in_the_day(page: Page) -> None:
    page.get_by_role("textbox", name="Day").fill("2026-03-20")
    page.get_by_role("button", name="Choose the day in a calendar").click()
    marked = page.locator("#calendar calendar-month [part~=listed]")
    expect(marked).to_have_count(1)
    expect(page.locator("#calendar")).to_contain_text("1 day has frames of this camera.")
    expect(page.get_by_role("button", name="20 March", exact=True)).to_have_attribute("aria-disabled", "true")
    marked.click()
    expect(page.locator("#calendar")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Day")).to_have_value("2026-03-02")


def test_the_calendar_is_used_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("textbox", name="Day").fill("2026-03-03")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="2 March", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Day")).to_have_value("2026-03-02")
    expect(page.get_by_role("button", name="Choose the day in a calendar")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_no_serious_fault_in_map_and_calendar(width: int, scheme: str, open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=london.url, width=width, scheme=scheme)
    page.get_by_role("tab", name="Camera day").click()
    page.locator("#camera-map .camera").first.wait_for(state="attached")
    faults = serious_faults(page)
    page.get_by_role("button", name="Choose the day in a calendar").click()
    page.locator("#calendar [part~=listed]").wait_for()
    assert faults + serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("typed", ["sidcup", "00001.00003", "greenwich", "rd sid"])
def test_a_camera_is_found_by_part_of_its_name_its_id_or_its_area(page: Page, typed: str) -> None:
    page.get_by_role("combobox", name="Camera").fill(typed)
    page.get_by_role("combobox", name="Camera").press("Enter")
    expect(page.get_by_role("combobox", name="Camera")).to_have_value("A20 Sidcup Rd · Greenwich · 00001.00003")


def test_words_that_fit_several_cameras_are_answered_with_their_names(page: Page) -> None:
    page.get_by_role("combobox", name="Camera").fill("st a")
    page.get_by_role("combobox", name="Camera").press("Enter")
    expect(page.get_by_text("cameras fit 'st a'").first).to_be_visible()


def test_a_link_restores_camera_day_and_moment(open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=london.url)
    show_day(page)
    page.locator("#day-chart .plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    page.wait_for_url("**at=2026-03-02T01*")
    other = open_page(url=page.url, width=390)
    expect(other.locator("#day-words h2")).to_have_text("A20 Sidcup Rd, Monday 2 March 2026")
    expect(other.locator("#day-frame .clock")).to_have_text(page.locator("#day-frame .clock").inner_text())
    expect(other.locator("#day-frame img")).to_be_visible()


def test_the_link_can_be_copied(open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=london.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show_day(page)
    expect(page.locator("#day-frame img")).to_be_visible()
    page.wait_for_url("**at=2026*")
    page.get_by_role("button", name="Copy a link to this moment").click()
    expect(page.locator("#day-frame .share")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_link_that_leads_nowhere_says_so_and_leaves_the_form_ready(open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=f"{london.url}?camera=<img src=x>&day=2026-03-02")
    expect(page.locator("#note")).to_contain_text("Camera '<img src=x>' was not found among 3 cameras.")
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.wait_for_timeout(1_000)  # in which a day would be drawn
    assert page.locator("#day-chart .plot").count() == 0


def test_londons_day_is_walked_by_keyboard_and_leads_to_a_week_and_a_camera_day(open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=f"{london.url}?london=2026-01-06")
    slider = page.get_by_role("slider", name="Time of day")
    expect(page.locator(".city-index")).to_contain_text("from 2 of 3 cameras (67%)")
    expect(page.get_by_role("radio", name="Level", exact=True)).to_be_checked()
    before = page.locator(".city output").inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".city output")).not_to_have_text(before)
    expect(slider).to_have_attribute("aria-valuetext", page.locator(".city output").inner_text())
    page.get_by_role("button", name="Play").press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_role("searchbox", name="Search").fill("street 1")
    expect(page.locator(".city-ranking tbody tr:not([hidden])")).to_have_count(1)
    page.locator(".city-ranking tbody").get_by_role("button", name="Street 1").press("Enter")
    expect(page.locator("#london-week h2")).to_have_text("Street 1, Camden")
    expect(page.locator("#london-week a").first).to_have_attribute("href", "?camera=00001.00001&day=2026-01-05")
    page.get_by_text("How far these levels agree with labels").click()
    expect(page.locator(".trust tbody tr").first).to_contain_text("people")
    page.get_by_role("radio", name="More or less than usual").check()
    page.get_by_role("combobox", name="Day").click()
    page.get_by_role("option", name="Monday 5 January 2026").click()
    expect(page.locator(".city-words")).to_contain_text("Monday 5 January 2026")
    expect(page.get_by_role("radio", name="Level", exact=True)).to_be_checked()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_axe_finds_no_serious_fault_in_londons_day(width: int, scheme: str, open_page: OpenPage, london: RunningSpace) -> None:
    page = open_page(url=f"{london.url}?london=2026-01-06", width=width, scheme=scheme)
    page.locator(".city-ranking tbody tr:not([hidden]) button").first.click()
    expect(page.locator("#london-week svg")).to_be_visible()
    expect(page.locator("#london-curve svg")).to_be_visible()
    page.get_by_text("How far these levels agree with labels").click()
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
