"""Pictures that visitors upload: only their own files, unchanged. Nothing is fetched from an address for a visitor."""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder

from carpark.errors import BadImage
from serving.edge import errors_to_caller

OWN_FILE = "/gradio_api/file="
Input = TypeVar("Input", gr.Image, gr.Gallery)


def never_fetching(component: Input) -> Input:
    """The component, made to refuse web addresses: Gradio's own inputs download any that a caller of the API names."""
    keep_in_cache = component.async_move_resource_to_block_cache

    async def keep_uploads_only(path: str | None) -> str | None:
        if path and OWN_FILE in path:  # as assistants name what they have uploaded here; whatever host it says, only a path is read
            path = unquote(path.partition(OWN_FILE)[2])
            with errors_to_caller():
                check_uploaded(path)
        if path and "://" in path:
            with errors_to_caller():
                raise BadImage("A photo is not fetched from a web address; upload the picture file itself.")
        kept: str | None = await keep_in_cache(path)
        return kept

    component.async_move_resource_to_block_cache = keep_uploads_only
    return component


def uploaded_file(upload: object) -> Path:
    """The visitor's own file, unchanged: Gradio's `preprocess` would decode it, and answer a broken one with an error of its own.

    Raises BadImage when nothing was uploaded, and for any path that a caller of the API makes up.
    """
    if upload is None:
        raise BadImage("No photo was uploaded; expected one picture file.")
    return check_uploaded(upload.get("path") if isinstance(upload, dict) else None)


def check_uploaded(path: object) -> Path:
    """The path, if a visitor's upload lies there. Raises BadImage for any other."""
    with suppress(OSError, ValueError):  # too long, a zero byte
        found = Path(path).resolve() if isinstance(path, str) else Path()
        if found.is_relative_to(Path(get_upload_folder()).resolve()) and found.is_file():
            return found
    raise BadImage("That is not an uploaded file; upload a picture file (in Python: gradio_client.handle_file).")
