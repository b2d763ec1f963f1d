"""How a visitor comes to a camera and a day: by map, by search, by link."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, show_day
from tests.running_space import RunningSpace, running_space

PLACES = {"Camden High St/Bayham St": (51.536, -0.141), "Baker St/S of Park Rd": (51.5226, -0.1571), "A20 Sidcup Rd": (51.436, 0.07)}


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
    with running_space({"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": archive}) as running:
        yield running


@pytest.fixture
def page(open_page: OpenPage, london: RunningSpace) -> Page:
    page = open_page(url=london.url)
    page.get_by_role("tab", name="Camera day").click()
    page.locator("#camera-map svg").wait_for()
    return page


def view_of(page: Page) -> list[float]:
    """Left, top, width and height of the part of the map that is shown, in kilometres."""
    return [float(part) for part in (page.locator("#camera-map svg").get_attribute("viewBox") or "").split()]


def test_a_click_on_the_map_chooses_the_camera(page: Page) -> None:
    expect(page.locator("#camera-map summary")).to_have_text("Choose on the map: 3 cameras")
    page.locator("#camera-map circle[aria-label^='A20 Sidcup Rd']").click()
    expect(page.get_by_role("combobox", name="Camera")).to_have_value("A20 Sidcup Rd · Greenwich · 00001.00003")
    show_day(page)
    expect(page.locator("#day-words h2")).to_contain_text("A20 Sidcup Rd")


def test_the_map_tells_which_cameras_are_out_of_service(page: Page) -> None:
    resting = page.locator("#camera-map .off[role=option]")
    expect(resting).to_have_attribute("aria-label", "Baker St/S of Park Rd, Westminster, out of service")
    expect(page.locator("#camera-map .map-legend")).to_contain_text("out of service when the list was read (1)")


def test_the_map_is_walked_and_zoomed_by_keyboard(page: Page) -> None:
    chart = page.get_by_role("listbox", name="Cameras of London")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#camera-map .map-name")).to_have_text("A20 Sidcup Rd, Greenwich")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#camera-map .map-name")).to_have_text("Baker St/S of Park Rd, Westminster, out of service")
    before = view_of(page)
    page.keyboard.press("+")
    assert view_of(page)[2] == pytest.approx(before[2] / 2)
    page.keyboard.press("-")
    assert view_of(page) == pytest.approx(before)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Camera")).to_have_value("Baker St/S of Park Rd · Westminster · 00001.00002")


def test_the_map_zooms_by_its_buttons_and_is_dragged(page: Page) -> None:
    chart = page.locator("#camera-map svg")
    page.get_by_role("button", name="Zoom in").click()
    near = view_of(page)
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 160, steps=4)
    page.mouse.up()
    assert view_of(page)[0] > near[0] and view_of(page)[1] > near[1]
    page.get_by_role("button", name="Zoom out").click()


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
    expect(page.locator("#day-chart .plot")).to_have_count(0)
