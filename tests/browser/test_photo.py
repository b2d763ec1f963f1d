"""What a visitor of the Photo and About tabs does beside asking: looks why, votes, uploads several photos."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, ask, press_tab_until


def test_the_heat_map_is_wiped_by_keyboard_and_can_be_switched_off(open_page: OpenPage, photo: Path) -> None:
    page = open_page()
    ask(page, photo)
    handle = page.get_by_role("slider", name="Wipe from the heat map")
    expect(handle).to_be_visible()
    handle.focus()
    page.keyboard.press("End")
    assert page.locator(".wipe").evaluate("wipe => wipe.style.getPropertyValue('--at')") == "100%"
    page.get_by_label("Show what spoke for the answer").uncheck()
    expect(page.locator(".wipe")).to_have_count(0)
    page.get_by_label("Show what spoke for the answer").check()
    expect(page.locator(".wipe img")).to_have_count(2)


def test_the_most_similar_training_photos_are_shown_with_label_and_licence(open_page: OpenPage, photo: Path) -> None:
    page = open_page(width=390)
    ask(page, photo)
    expect(page.locator(".similar li")).to_have_count(6)
    assert set(page.locator(".similar b").all_inner_texts()) <= {"full", "empty", "in between"}
    assert all(page.locator(".similar .credit").all_inner_texts())


def test_one_click_votes_and_a_no_may_say_more(open_page: OpenPage, photo: Path) -> None:
    page = open_page()
    expect(page.get_by_role("button", name="Yes")).to_be_disabled()
    ask(page, photo)
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#vote-thanks")).to_contain_text("Thank you, your vote is kept.")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_label("In between")).to_be_visible()  # it pushes the box below it down
    page.get_by_label("Keep my photo too").check()
    page.get_by_label("In between").check()
    expect(page.locator("#vote-thanks")).to_contain_text("your vote and your photo are kept")
    page.get_by_role("tab", name="About").click()
    page.reload()
    page.get_by_role("tab", name="About").click()
    expect(page.locator(".facts")).to_contain_text("times out of")


def test_several_photos_come_back_as_a_table_and_a_csv(open_page: OpenPage, sample_folder: Path, tmp_path: Path) -> None:
    page = open_page()
    photos = sorted((sample_folder / "photos").glob("*/*.jpg"))[:3]
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    page.get_by_text("Several photos at once").click()
    page.locator("#several-photos input[type=file]").set_input_files([*photos, tmp_path / "broken.jpg"])
    expect(page.locator(".answers tbody tr")).to_have_count(4)
    expect(page.locator(".answers")).to_contain_text("broken.jpg is not a picture that can be read")
    with page.expect_download() as download:
        page.locator("#several-csv").click()
    download.value.save_as(tmp_path / "answers.csv")
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 5


def test_a_photo_is_asked_about_explained_and_voted_on_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#samples button").first.wait_for()
    press_tab_until(page, "document.activeElement.closest('#samples')")
    page.keyboard.press("Enter")
    expect(page.locator(".wipe")).to_be_visible()
    page.get_by_role("tab", name="Photo").focus()
    press_tab_until(page, "document.activeElement.id == 'vote-yes'")
    page.keyboard.press("Enter")
    expect(page.locator("#vote-thanks")).to_contain_text("Thank you")
    press_tab_until(page, "document.activeElement.type == 'range'")
    page.keyboard.press("Home")
    assert page.locator(".wipe").evaluate("wipe => wipe.style.getPropertyValue('--at')") == "0%"
