"""Pictures that visitors hand in: files of their own only, as they came; nothing is ever fetched for a visitor."""

from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.utils import get_upload_folder

from carpark.errors import BadImage
from tabs.edge import told_to_caller

Input = TypeVar("Input", gr.Image, gr.Gallery)


def never_fetching(component: Input) -> Input:
    """The component, made to refuse web addresses: Gradio's own inputs download any that a caller of the API hands in."""
    keep_in_cache = component.async_move_resource_to_block_cache

    async def keep_uploads_only(path: str | None) -> str | None:
        if path and "://" in path:
            with told_to_caller():
                raise BadImage("A photo is not fetched from a web address; hand in the picture file itself.")
        kept: str | None = await keep_in_cache(path)
        return kept

    component.async_move_resource_to_block_cache = keep_uploads_only
    return component


def uploaded_file(upload: dict[str, Any] | None) -> Path:
    """The visitor's own file, as it came: Gradio's `preprocess` would decode it, and answer a broken one with an error of its own.

    Raises BadImage when nothing was uploaded, and for any path that a caller of the API makes up.
    """
    if upload is None:
        raise BadImage("No photo was handed in; expected one picture file.")
    with suppress(OSError, ValueError, TypeError, AttributeError):  # what no path raises: not a text, too long, a zero byte
        path = Path(upload.get("path") or "").resolve()
        if path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file():
            return path
    raise BadImage("That is no uploaded file; hand in a picture file (in Python: gradio_client.handle_file).")
