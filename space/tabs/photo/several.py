"""Several photos at once: a gallery in, a table out, and the same table to download."""

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
from carpark.model.neighbours import Neighbours
from serving.edge import READ_ALOUD, errors_as_toast
from tabs.photo.answer import PhotoAnswer, judge_photo
from tabs.photo.uploads import never_fetching, uploaded_file

MOST_AT_ONCE = 24
RESULT_COLUMNS = ("photo", "verdict", "label", "p_full", "sure", "is_car_park", "problem")


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """One photo: its answer, or why there is none."""

    name: str
    answer: PhotoAnswer | None
    problem: str = ""


def build_several(photo_model: Callable[[], Model], neighbours: Callable[[], Neighbours]) -> None:
    """The widgets and their wiring, folded up until a visitor wants them."""

    def judge_all(uploads: list[dict[str, Any]] | None) -> Iterator[tuple[str, gr.DownloadButton]]:
        if not uploads:
            yield "", gr.DownloadButton(visible=False)
            return
        with errors_as_toast():
            rows = judge_each(photo_model(), neighbours(), uploads)
        with TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the file when it sends the answer
            file = Path(folder) / "car-park-photos.csv"
            write_csv(rows, file)
            yield table_of(rows), gr.DownloadButton(value=str(file), visible=True)

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
        judge_all, photos, [table, download], preprocess=False, api_visibility="private", concurrency_id="photo", show_progress_on=table
    )


def judge_each(model: Model, neighbours: Neighbours, uploads: Sequence[dict[str, Any]]) -> list[PhotoResult]:
    """A row for each upload, in order. Raises BadImage when there are too many."""
    if len(uploads) > MOST_AT_ONCE:
        raise BadImage(f"{len(uploads)} photos are too many at once; hand in at most {MOST_AT_ONCE}.")
    return [judge_one(model, neighbours, upload) for upload in uploads]


def judge_one(model: Model, neighbours: Neighbours, upload: dict[str, Any]) -> PhotoResult:
    """The row of one entry of a gallery."""
    held = upload.get("image") or upload.get("video")
    name = "picture"
    try:
        photo = uploaded_file(held)
        name = photo.name
        return PhotoResult(name, judge_photo(model, neighbours, open_image(photo)).answer)
    except BadImage as error:
        return PhotoResult(name, None, str(error))


def table_of(rows: Sequence[PhotoResult]) -> str:
    """The rows as an HTML table, with a line above it that says how many there are of what."""
    body = "".join(f'<tr class="row-{look_of(row)}"><th scope="row">{html.escape(row.name)}</th>{cells_of(row)}</tr>' for row in rows)
    head = '<tr><th scope="col">Photo</th><th scope="col">Answer</th><th scope="col" class="number">Probability of full</th></tr>'
    return f'<p>{counts_of(rows)}</p><table class="answers"><thead>{head}</thead><tbody>{body}</tbody></table>'


def cells_of(row: PhotoResult) -> str:
    """Answer and probability, or the problem across both."""
    if row.answer is None:
        return f'<td colspan="2">{html.escape(row.problem)}</td>'
    return f'<td>{html.escape(row.answer.verdict)}</td><td class="number">{row.answer.p_full:.0%}</td>'


def look_of(row: PhotoResult) -> str:
    """full, empty, unsure, no-car-park or problem: what the row is and how it is coloured."""
    if row.answer is None:
        return "problem"
    if row.answer.is_car_park is False:
        return "no-car-park"
    return row.answer.label if row.answer.sure else "unsure"


def counts_of(rows: Sequence[PhotoResult]) -> str:
    """How many photos were answered how, in words."""
    names = {"full": "full", "empty": "empty", "unsure": "unsure", "no-car-park": "no car park", "problem": "not readable"}
    looks = [look_of(row) for row in rows]
    return ", ".join(f"{looks.count(look)} {name}" for look, name in names.items() if look in looks).capitalize() + "."


def write_csv(rows: Sequence[PhotoResult], file: Path) -> None:
    """The rows with every number; a photo without an answer has its problem instead."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(RESULT_COLUMNS)
        for row in rows:
            found = row.answer
            answer = (found.verdict, found.label, round(found.p_full, 4), found.sure, found.is_car_park) if found else ("",) * 5
            writer.writerow((plain_cell(row.name), *answer, row.problem))


def plain_cell(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
