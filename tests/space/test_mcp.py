"""The Space's tools as an assistant meets them: through a real MCP client, over HTTP on loopback."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
import requests
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from carpark.images import open_image
from carpark.model import load_model
from tests.running_space import RunningSpace, connect


def call_tool(space: RunningSpace, tool: str, **arguments: str) -> tuple[bool, str]:
    """Whether the tool reports an error, and the text of its answer."""

    async def call() -> tuple[bool, str]:
        async with streamable_http_client(f"{space.url}gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            assert {"classify", "camera_day"} <= {listed.name for listed in (await session.list_tools()).tools}
            answer = await session.call_tool(tool, arguments)
            return bool(answer.isError), "".join(part.text for part in answer.content if part.type == "text")

    return asyncio.run(call())


def test_the_camera_day_tool_answers_with_its_uncertainty_as_the_api_does(space: RunningSpace, sample_folder: Path) -> None:
    day = next((sample_folder / "archive").glob("*/*"))
    failed, text = call_tool(space, "camera_day", camera=day.parent.name, day=day.name)
    assert not failed
    found = json.loads(text)
    assert found == connect(space.url).predict(day.parent.name, day.name, api_name="/camera_day")
    usable = [slot for slot in found["slots"] if slot["state"] == "ok"]
    assert all(0 <= slot["p_full"] <= 1 and slot["sure"] in (True, False) for slot in usable)
    assert all(slot["p_full"] is None and slot["reason"] for slot in found["slots"] if slot["state"] != "ok")


def test_a_day_that_cannot_be_shown_is_an_error_of_one_line(space: RunningSpace) -> None:
    failed, text = call_tool(space, "camera_day", camera="Abbey Road", day="2026-03-02")
    assert failed
    assert "Camera 'Abbey Road' was not found" in text


@pytest.fixture
def photo(sample_folder: Path) -> Path:
    return min((sample_folder / "photos" / "full").glob("*.jpg"))


def test_the_photo_tool_answers_in_words_with_probability_and_whether_it_is_sure(
    space: RunningSpace, photo: Path, tiny_model_folder: Path
) -> None:
    picture = base64.b64encode(photo.read_bytes()).decode()
    failed, text = call_tool(space, "classify", photo=f"data:image/jpeg;base64,{picture}")
    assert not failed, text
    found = json.loads(text)
    assert found["p_full"] == pytest.approx(float(load_model(tiny_model_folder, "learner").p_full([open_image(photo)])[0]), abs=1e-5)
    assert found["verdict"] and found["sure"] in (True, False) and "is_car_park" in found


def test_a_photo_that_an_assistant_has_uploaded_here_is_taken_by_its_address(space: RunningSpace, photo: Path) -> None:
    with photo.open("rb") as file:
        (path,) = requests.post(f"{space.url}gradio_api/upload", files={"files": file}, timeout=60).json()
    failed, text = call_tool(space, "classify", photo=f"{space.url}gradio_api/file={path}")
    assert not failed, text
    assert 0 <= json.loads(text)["p_full"] <= 1


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("https://elsewhere.example/lot.jpg", "A photo is not fetched from a web address"),
        ("https://elsewhere.example/gradio_api/file=/etc/hostname", "That is not an uploaded file"),
        ("data:image/jpeg;base64,bm8gcGljdHVyZQ==", "not a picture that can be read"),
    ],
)
def test_what_is_not_a_photo_of_the_assistants_own_is_refused_in_a_line(space: RunningSpace, address: str, line: str) -> None:
    failed, text = call_tool(space, "classify", photo=address)
    assert failed and line in text, text
