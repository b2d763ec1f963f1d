"""The endpoints of a Space that really runs, as `gradio_client` and a browser's requests meet them."""

import io
import shutil
import threading
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

from carpark.images import open_image
from carpark.model import load_model
from carpark.slots import LONDON
from tabs.photo.answer import PhotoAnswer, answer_of
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.running_space import RunningSpace, connect, running_space


@pytest.fixture(scope="module")
def settings(sample_folder: Path, tiny_model_folder: Path) -> dict[str, Path]:
    return {"CARPARK_MODEL": tiny_model_folder, "CARPARK_DATASET": sample_folder / "photos", "CARPARK_ARCHIVE": sample_folder / "archive"}


@pytest.fixture(scope="module")
def client(space: RunningSpace) -> Client:
    return connect(space.url)


@pytest.fixture(scope="module")
def camera_and_day(sample_folder: Path) -> tuple[str, str]:
    day = next((sample_folder / "archive").glob("*/*"))
    return day.parent.name, day.name


@pytest.fixture
def lot() -> Image.Image:
    """A small drawn car park."""
    image = Image.new("RGB", (320, 200), (92, 96, 99))
    draw = ImageDraw.Draw(image)
    for bay in range(8):
        draw.line((40 * bay, 0, 40 * bay, 80), fill="white", width=2)
        draw.rectangle((40 * bay + 8, 10, 40 * bay + 32, 70), fill=(150 + 10 * bay, 40, 60))
    return image


def classify(client: Client, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = client.predict(handle_file(path), api_name="/classify")
    return found


def test_classify_answers_with_the_exported_learner(client: Client, settings: dict[str, Path]) -> None:
    model = load_model(settings["CARPARK_MODEL"], "learner")
    for path in sorted(settings["CARPARK_DATASET"].glob("*/*.jpg"))[::12]:
        found = classify(client, path)
        predictions = model.predict([open_image(path)])
        p_full, fullness = float(predictions.p_full[0]), float(predictions.fullness[0])
        assert (found["p_full"], found["fullness"]) == pytest.approx((p_full, fullness), abs=1e-5)
        expected = answer_of(model, p_full, fullness=fullness, is_car_park=found["is_car_park"])
        assert (found["label"], found["sure"], found["verdict"]) == (expected.label, expected.sure, expected.verdict)
        assert found["model"] == model.config.sha256


def test_odd_but_sound_pictures_are_answered(client: Client, lot: Image.Image, tmp_path: Path) -> None:
    pictures = {
        "cmyk.jpg": lot.convert("CMYK"),
        "16bit.png": Image.fromarray(np.asarray(lot.convert("L"), dtype=np.uint16) * 257),
        "palette.gif": lot.quantize(32),
        "transparent.png": lot.convert("RGBA"),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
        assert 0 <= classify(client, tmp_path / name)["p_full"] <= 1, name


def test_a_photo_that_exif_turns_is_judged_upright(client: Client, lot: Image.Image, tmp_path: Path) -> None:
    lot.save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    lot.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert classify(client, tmp_path / "turned.png")["p_full"] == classify(client, tmp_path / "upright.png")["p_full"]


def bad_uploads(lot: Image.Image) -> dict[str, tuple[bytes, str]]:
    jpeg, huge = io.BytesIO(), io.BytesIO()
    lot.save(jpeg, "JPEG")
    Image.new("1", (9_000, 7_000)).save(huge, "PNG")
    return {
        "text.jpg": (b"this is not a picture", "text.jpg is not a picture that can be read; expected JPEG"),
        "zero.jpg": (b"", "zero.jpg is not a picture that can be read"),
        "truncated.jpg": (jpeg.getvalue()[:900], "truncated.jpg cannot be decoded"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing.svg is not a picture that can be read"),
        "page.html": (b"<html></html>", "page.html is not a picture that can be read"),
        "huge.png": (huge.getvalue(), "huge.png has 9000 x 7000 pixels; at most 50 megapixels are read"),
    }


def test_a_bad_upload_is_answered_in_one_line(client: Client, lot: Image.Image, tmp_path: Path) -> None:
    for name, (data, expected) in bad_uploads(lot).items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(AppError) as error:
            classify(client, tmp_path / name)
        assert expected in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("upload", "expected"),
    [
        (None, "No photo was uploaded"),
        ({"path": "/etc/hostname"}, "That is not an uploaded file"),
        ({"path": "../../../etc/hostname"}, "That is not an uploaded file"),
        ({"path": "a\0b"}, "That is not an uploaded file"),
        ({"path": "x" * 5000}, "That is not an uploaded file"),
        ({"url": "data:image/png;base64,AAAA"}, "That is not an uploaded file"),
        ({"path": "http://127.0.0.1:9/lot.jpg"}, "That is not an uploaded file"),
        ({"path": "http://127.0.0.1:9/lot.jpg", "meta": {"_type": "gradio.FileData"}}, "A photo is not fetched from a web address"),
    ],
)
def test_only_what_was_uploaded_is_read(space: RunningSpace, upload: object, expected: str) -> None:
    assert expected in call_raw(space, "classify", [upload])


def call_raw(space: RunningSpace, endpoint: str, data: list[object]) -> str:
    """What the endpoint sends back to a caller that skips gradio_client's own checks."""
    event = requests.post(f"{space.url}gradio_api/call/{endpoint}", json={"data": data}, timeout=20).json()["event_id"]
    return requests.get(f"{space.url}gradio_api/call/{endpoint}/{event}", timeout=60).text


def test_camera_day_answers_a_day_of_288_slots(client: Client, camera_and_day: tuple[str, str], settings: dict[str, Path]) -> None:
    camera, day = camera_and_day
    found = client.predict(camera, day, api_name="/camera_day")
    assert (found["camera_id"], found["day"]) == camera_and_day
    assert len(found["slots"]) == 288
    assert all((slot["p_full"] is None) == (slot["state"] != "ok") for slot in found["slots"])
    assert sum(found["summary"]["states"].values()) == 288
    assert found["words"].startswith(f"{found['summary']['states']['ok']} of 288 slots, one every 5 min, have a usable frame.")
    assert found["model"] == load_model(settings["CARPARK_MODEL"]).config.sha256


def test_camera_day_finds_the_camera_by_name(client: Client, camera_and_day: tuple[str, str]) -> None:
    camera, day = camera_and_day
    assert client.predict(camera.replace("_", " ").upper(), day, api_name="/camera_day")["camera_id"] == camera


def test_a_day_that_cannot_be_shown_is_answered_in_one_line(client: Client, camera_and_day: tuple[str, str]) -> None:
    camera, day = camera_and_day
    tomorrow = str(datetime.now(LONDON).date() + timedelta(days=2))
    expected = {
        ("Abbey Road", day): "Camera 'Abbey Road' was not found",
        ("", day): "Camera '' was not found",
        ("../..", day): "Camera '../..' was not found",
        (camera, "2026-02-30"): "'2026-02-30' is not a day; expected one that exists, as YYYY-MM-DD",
        (camera, "yesterday"): "'yesterday' is not a day",
        (camera, tomorrow): f"{tomorrow} has not begun",
        (camera, "2001-01-01"): "2001-01-01",
    }
    for asked, line in expected.items():
        with pytest.raises(AppError) as error:
            client.predict(*asked, api_name="/camera_day")
        assert line in str(error.value)
        assert "\n" not in str(error.value)


def test_both_endpoints_say_what_they_take_and_answer(space: RunningSpace) -> None:
    described = requests.get(f"{space.url}gradio_api/info", timeout=20).json()["named_endpoints"]
    assert set(described) == {"/classify", "/camera_day"}
    (answer,) = described["/classify"]["returns"]
    assert set(answer["type"]["properties"]) == {field.name for field in fields(PhotoAnswer)}
    assert [parameter["parameter_name"] for parameter in described["/camera_day"]["parameters"]] == ["camera", "day"]
    (answer,) = described["/camera_day"]["returns"]
    assert {"words", "summary", "slots"} <= set(answer["type"]["properties"])


def test_both_endpoints_are_tools_of_the_mcp_server(space: RunningSpace) -> None:
    tools = {tool["name"]: tool for tool in requests.get(f"{space.url}gradio_api/mcp/schema", timeout=20).json()}
    assert set(tools) == {"classify", "camera_day"}
    assert tools["classify"]["description"].startswith("Say whether the car park in a photo is full or empty")
    assert set(tools["camera_day"]["inputSchema"]["properties"]) == {"camera", "day"}


def test_the_space_prints_no_traceback_for_a_visitors_mistake(space: RunningSpace, client: Client, tmp_path: Path) -> None:
    broken, before = tmp_path / "broken.jpg", space.printed()
    broken.write_bytes(b"this is not a picture")
    for arguments, endpoint in (
        ((handle_file(broken),), "/classify"),
        (("nowhere", "2026-03-02"), "/camera_day"),
        (("", "x"), "/camera_day"),
    ):
        with pytest.raises(AppError):
            client.predict(*arguments, api_name=endpoint)
    assert "Traceback" not in space.printed().removeprefix(before)


def test_an_archive_over_http_that_is_down_is_an_answer_and_then_gives_the_day_that_its_folder_gives(
    client: Client, camera_and_day: tuple[str, str], settings: dict[str, Path]
) -> None:
    is_up = threading.Event()

    def serve(path: str, _: int) -> Answer:
        file = settings["CARPARK_ARCHIVE"] / path.removeprefix("/archive/")
        if not is_up.is_set():
            return Answer(b"<html>Internal Server Error</html>", 500)
        if file.is_dir():
            links = "".join(f'<a href="{entry.name}/">{entry.name}/</a>' for entry in file.iterdir())
            return Answer(links.encode())
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    with Loopback(serve) as server, running_space(settings | {"CARPARK_ARCHIVE": f"{server.base}/archive"}) as over_http:
        with pytest.raises(AppError, match=r"does not answer .*Check CARPARK_ARCHIVE, or try again later"):
            connect(over_http.url).predict("Abbey Road", "2026-03-02", api_name="/camera_day")
        assert requests.get(over_http.url, timeout=10).ok
        is_up.set()
        found = connect(over_http.url).predict(*camera_and_day, api_name="/camera_day")
    expected = client.predict(*camera_and_day, api_name="/camera_day")
    assert [slot["p_full"] for slot in found["slots"]] == [slot["p_full"] for slot in expected["slots"]]
    assert [slot["state"] for slot in found["slots"]] == [slot["state"] for slot in expected["slots"]]


def test_no_choice_of_a_visitor_is_dropped_while_the_last_one_is_answered(space: RunningSpace) -> None:
    events = [
        (dict(event["targets"]), event["trigger_mode"]) for event in requests.get(f"{space.url}config", timeout=30).json()["dependencies"]
    ]
    modes = {name: mode for targets, mode in events for name in targets.values() if name in ("choose", "frames")}
    assert modes == {"choose": "always_last", "frames": "multiple"}  # "once", Gradio's own, drops what comes meanwhile


def test_settings_that_cannot_be_used_leave_the_page_up_and_are_named(settings: dict[str, Path], lot: Image.Image, tmp_path: Path) -> None:
    half_written = tmp_path / "model"
    shutil.copytree(settings["CARPARK_MODEL"], half_written)
    (half_written / "model.pkl").unlink()
    lot.save(tmp_path / "lot.png")
    broken = {"CARPARK_MODEL": half_written, "CARPARK_ARCHIVE": tmp_path / "lot.png"}
    with running_space(broken | {"CARPARK_DATASET": "../absent", "CARPARK_VOTES": "~nosuchuser/votes"}) as space:
        client = connect(space.url)
        with pytest.raises(AppError, match=r"model is incomplete: model\.pkl is missing\. Fetch or make the folder again\."):
            classify(client, tmp_path / "lot.png")
        with pytest.raises(AppError, match=r"lot\.png' is not an archive: the folder does not exist\. Set CARPARK_ARCHIVE"):
            client.predict("Abbey Road", "2026-03-02", api_name="/camera_day")
        assert "Traceback" not in space.printed()


def test_settings_that_are_not_set_are_asked_for(unset_space: RunningSpace, lot: Image.Image, tmp_path: Path) -> None:
    lot.save(tmp_path / "lot.png")
    client = connect(unset_space.url)
    with pytest.raises(AppError, match="CARPARK_MODEL is not set; expected a model repo"):
        classify(client, tmp_path / "lot.png")
    with pytest.raises(AppError, match="CARPARK_ARCHIVE is not set; expected archives of frames"):
        client.predict("Abbey Road", "2026-03-02", api_name="/camera_day")
