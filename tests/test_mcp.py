"""The camera day as an assistant meets it: through a real MCP client, over HTTP on loopback."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.running_space import RunningSpace, running_space


@pytest.fixture(scope="module")
def space(sample_folder: Path, tiny_model_folder: Path) -> Iterator[RunningSpace]:
    with running_space({"CARPARK_MODEL": tiny_model_folder, "CARPARK_ARCHIVE": sample_folder / "archive"}) as running:
        yield running


def call_tool(space: RunningSpace, tool: str, **arguments: str) -> tuple[bool, str]:
    """Whether the tool reports an error, and the text of its answer."""

    async def call() -> tuple[bool, str]:
        async with streamable_http_client(f"{space.url}gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            assert {"classify", "camera_day"} <= {listed.name for listed in (await session.list_tools()).tools}
            answer = await session.call_tool(tool, arguments)
            return bool(answer.isError), "".join(part.text for part in answer.content if part.type == "text")

    return asyncio.run(call())


def read_answer(text: str) -> dict[str, Any]:
    """The tool's answer: Gradio writes a JSON component's value into the text as Python does."""
    said: dict[str, Any] = ast.literal_eval(text)
    return said


def test_the_camera_day_tool_answers_with_its_uncertainty_as_the_api_does(space: RunningSpace, sample_folder: Path) -> None:
    day = next((sample_folder / "archive").glob("*/*"))
    failed, text = call_tool(space, "camera_day", camera=day.parent.name, day=day.name)
    assert not failed
    said = read_answer(text)
    assert said == Client(space.url, verbose=False).predict(day.parent.name, day.name, api_name="/camera_day")
    usable = [slot for slot in said["slots"] if slot["state"] == "ok"]
    assert all(0 <= slot["p_full"] <= 1 and slot["sure"] in (True, False) for slot in usable)
    assert all(slot["p_full"] is None and slot["reason"] for slot in said["slots"] if slot["state"] != "ok")


def test_a_day_that_cannot_be_shown_is_an_error_of_one_line(space: RunningSpace) -> None:
    failed, text = call_tool(space, "camera_day", camera="Abbey Road", day="2026-03-02")
    assert failed
    assert "There is no camera 'Abbey Road'" in text
