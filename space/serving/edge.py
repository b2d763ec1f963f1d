"""Where the library meets Gradio: its errors become messages for the visitor, its answers become typed JSON."""

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from pydantic import TypeAdapter

from carpark.errors import CarparkError
from serving.secrets import without_secrets

READ_ALOUD = "element.setAttribute('aria-live', 'polite')"  # js_on_load of a gr.HTML whose changes a screen reader shall speak
LISTENING = f"<script>{Path(__file__).with_name('listening.js').read_text(encoding='utf-8')}</script>"  # in the page's head


def say_json(page: gr.Blocks) -> None:
    """Makes the texts that the MCP tools answer JSON, for assistants that read them by program: Gradio's own are as Python prints them."""
    server = page.mcp_server_obj
    if server is None:
        return
    in_gradios_words = server.postprocess_output_data

    def in_json(data: list[Any], root_url: str) -> list[Any]:
        ours = [json.dumps(output, ensure_ascii=False) if is_answer(output) else output for output in data]
        texts: list[Any] = in_gradios_words(ours, root_url)
        return texts

    server.postprocess_output_data = in_json


def is_answer(output: object) -> bool:
    """Whether it is one of our answers, not a file."""
    return isinstance(output, dict) and "path" not in output


@contextmanager
def errors_to_caller() -> Iterator[None]:
    """In an endpoint: a `CarparkError` inside becomes the error of the call, with the same line."""
    try:
        yield
    except CarparkError as error:
        raise gr.Error(without_secrets(str(error)), print_exception=False) from error


@contextmanager
def errors_as_toast() -> Iterator[None]:
    """In an event of the page: a `CarparkError` inside becomes a toast with the same line, escaped, since a toast renders HTML."""
    try:
        yield
    except CarparkError as error:
        raise gr.Error(html.escape(without_secrets(str(error))), print_exception=False) from error


def typed_json(answer: type) -> gr.JSON:
    """An endpoint's answer, never shown on the page, whose fields the API page and the MCP tool know from the dataclass `answer`.

    No subclass of a Gradio component: Gradio would write a .pyi file beside the module that defines one.
    """
    schema = TypeAdapter(answer).json_schema()
    component = gr.JSON(visible=False)
    component.api_info_as_output = lambda: schema
    return component
