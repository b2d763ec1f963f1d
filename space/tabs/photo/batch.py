"""Several photos at once: upload a gallery, read a table, download it as CSV."""

import csv
import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from carpark.errors import BadImage
from carpark.images import open_image
from carpark.model.engines import Model
from serving.edge import READ_ALOUD, errors_as_toast
from tabs.photo.answer import PhotoAnswer, judge_photo, kind_of
from tabs.photo.uploads import never_fetching, uploaded_file
from tabs.shares import range_in_words, share_in_words

MOST_AT_ONCE = 24
NUMBER = ' class="number"'
ANSWER_COLUMNS = ("verdict", "label", "p_full", "sure", "fullness", "fullness_low", "fullness_high", "is_car_park")


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """One photo: its answer, or why there is none."""

    name: str
    answer: PhotoAnswer | None
    problem: str = ""


def build_batch(photo_model: Callable[[], Model]) -> None:
    """The widgets and their wiring, folded up until a visitor wants them."""

    def on_change(uploads: list[dict[str, Any]] | None) -> Iterator[tuple[str, gr.DownloadButton]]:
        yield from show_table(photo_model, uploads)

    with gr.Accordion("Several photos at once", open=False, elem_id="several"):
        photos = never_fetching(
            gr.Gallery(
                label=f"Photos (at most {MOST_AT_ONCE})",
                type="filepath",
                sources=["upload"],
                file_types=["image"],
                columns=6,
                height=260,
                object_fit="cover",
                interactive=True,
                buttons=[],
                elem_id="several-photos",
            )
        )
        table = gr.HTML(elem_id="several-table", js_on_load=READ_ALOUD)
        download = gr.DownloadButton("Download as CSV", size="sm", visible=False, scale=0, min_width=180, elem_id="several-csv")
    photos.change(
        on_change, photos, [table, download], preprocess=False, api_visibility="private", concurrency_id="photo", show_progress_on=table
    )


def show_table(photo_model: Callable[[], Model], uploads: Sequence[dict[str, Any]] | None) -> Iterator[tuple[str, gr.DownloadButton]]:
    """The table as HTML and the button for its CSV; nothing without photos."""
    if not uploads:
        yield "", gr.DownloadButton(visible=False)
        return
    with errors_as_toast():
        rows = judge_each(photo_model(), uploads)
    with TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the file when it sends the answer
        file = Path(folder) / "car-park-photos.csv"
        write_csv(rows, file)
        yield table_of(rows), gr.DownloadButton(value=str(file), visible=True)


def judge_each(model: Model, uploads: Sequence[dict[str, Any]]) -> list[PhotoResult]:
    """A row for each upload, in order. Raises BadImage when there are too many."""
    if len(uploads) > MOST_AT_ONCE:
        raise BadImage(f"{len(uploads)} photos are too many at once; upload at most {MOST_AT_ONCE}.")
    return [judge_one(model, upload) for upload in uploads]


def judge_one(model: Model, upload: dict[str, Any]) -> PhotoResult:
    """The row of one entry of a gallery."""
    held = upload.get("image") or upload.get("video")
    name = "picture"
    try:
        photo = uploaded_file(held)
        name = photo.name
        return PhotoResult(name, judge_photo(model, open_image(photo))[0])
    except BadImage as error:
        return PhotoResult(name, None, str(error))


def table_of(rows: Sequence[PhotoResult]) -> str:
    """The rows as an HTML table, with a line above it that says how many there are of what; the share taken where a model knows it."""
    with_share = any(row.answer and row.answer.fullness is not None for row in rows)
    body = "".join(
        f'<tr class="row-{row_kind(row)}"><th scope="row">{html.escape(row.name)}</th>{cells_of(row, with_share=with_share)}</tr>'
        for row in rows
    )
    share = f'<th scope="col"{NUMBER}>Share taken</th>' if with_share else ""
    head = f'<tr><th scope="col">Photo</th><th scope="col">Answer</th>{share}<th scope="col"{NUMBER}>Probability of full</th></tr>'
    return f'<p>{counts_of(rows)}</p><table class="answers"><thead>{head}</thead><tbody>{body}</tbody></table>'


def cells_of(row: PhotoResult, *, with_share: bool) -> str:
    """Answer, share and probability, or the problem across all of them."""
    answer = row.answer
    if answer is None:
        return f'<td colspan="{2 + with_share}">{html.escape(row.problem)}</td>'
    share = f"<td{NUMBER}>{share_cell(answer)}</td>" if with_share else ""
    return f"<td>{html.escape(answer.verdict)}</td>{share}<td{NUMBER}>{answer.p_full:.0%}</td>"


def share_cell(answer: PhotoAnswer) -> str:
    """The share taken with its interval, in words; "" where it is not known."""
    if answer.fullness is None or answer.fullness_low is None or answer.fullness_high is None:
        return ""
    return f"{share_in_words(answer.fullness).removesuffix(' taken')} ({range_in_words(answer.fullness_low, answer.fullness_high)})"


def row_kind(row: PhotoResult) -> str:
    """What the answer is, or "problem": how the row is coloured."""
    return kind_of(row.answer) if row.answer else "problem"


def counts_of(rows: Sequence[PhotoResult]) -> str:
    """How many photos were answered how, in words."""
    names = {"full": "full", "empty": "empty", "partial": "partly full", "unsure": "unsure"}
    names |= {"no-car-park": "not a car park", "problem": "not readable"}
    kinds = [row_kind(row) for row in rows]
    return ", ".join(f"{kinds.count(kind)} {name}" for kind, name in names.items() if kind in kinds).capitalize() + "."


def write_csv(rows: Sequence[PhotoResult], file: Path) -> None:
    """The rows with every number; a photo without an answer has its problem instead."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("photo", *ANSWER_COLUMNS, "problem"))
        for row in rows:
            answer = [getattr(row.answer, column, "") for column in ANSWER_COLUMNS]
            numbers = [round(value, 4) if isinstance(value, float) else value for value in answer]
            writer.writerow((plain_cell(row.name), *numbers, row.problem))


def plain_cell(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
