"""What the camera day tab shows of a day: its words, its chart, the frame of a moment, and files to download."""

import html
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from carpark.day.table import CameraDay, summarize_day
from serving.edge import READ_ALOUD
from tabs.day.chart import ON_LOAD, title_of
from tabs.day.viewer import frame_viewer
from tabs.day.words import summary_in_words

NOTHING_YET = '<div class="day-words"><p>Choose a camera and a day: every frame of that day is fetched, checked and classified.</p></div>'


@dataclass(frozen=True, slots=True)
class DayResults:
    """The widgets that show a day."""

    words: gr.HTML
    chart: gr.HTML
    viewer: gr.HTML
    csv: gr.DownloadButton
    parquet: gr.DownloadButton
    png: gr.Button  # the page draws the picture itself
    second: "SecondDay"


@dataclass(frozen=True, slots=True)
class SecondDay:
    """The form of a second day in the same axes."""

    camera: gr.Textbox
    day: gr.Textbox
    add: gr.Button
    clear: gr.Button


def lay_out_results() -> DayResults:
    """The words, and below them what the style sheet hides until there is a chart."""
    words = gr.HTML(NOTHING_YET, elem_id="day-words", js_on_load=READ_ALOUD)
    with gr.Column(elem_id="day-results"):
        chart = gr.HTML(elem_id="day-chart", js_on_load=ON_LOAD, apply_default_css=False)
        viewer = frame_viewer()
        second = lay_out_second_day()
        with gr.Row():
            csv = gr.DownloadButton("Download as CSV", size="sm", scale=0, min_width=180)
            parquet = gr.DownloadButton("Download as Parquet", size="sm", scale=0, min_width=180)
            png = gr.Button("Download as PNG", size="sm", scale=0, min_width=180)
    return DayResults(words, chart, viewer, csv, parquet, png, second)


def lay_out_second_day() -> SecondDay:
    """The form of a second day; an empty camera is the camera that is shown."""
    with gr.Accordion("Compare with another day or camera", open=False, elem_id="second-day"), gr.Row(equal_height=True):
        camera = gr.Textbox(label="Other camera", placeholder="the same camera, or a name, area or id", scale=3, min_width=240)
        day = gr.Textbox(label="Other day", placeholder="the same day, or YYYY-MM-DD", scale=2, min_width=200)
        add = gr.Button("Compare", scale=1, min_width=120)
        clear = gr.Button("Remove", scale=1, min_width=120)
    return SecondDay(camera, day, add, clear)


def problem_card(problem: str, tried: str) -> str:
    """Why the day cannot be shown, what was tried and what to do, as HTML."""
    return (
        f'<div class="day-words no-day"><h2>This day cannot be shown</h2><p>{html.escape(problem)}</p>'
        f"<p>{html.escape(tried)} You can choose another day or camera above, or press the button again in a few minutes: "
        "what has arrived by then is not fetched twice.</p></div>"
    )


def words_card(shown: CameraDay) -> str:
    """Camera, day and summary as HTML."""
    words = html.escape(summary_in_words(summarize_day(shown.table)))
    return f'<div class="day-words"><h2>{html.escape(title_of(shown))}</h2><p>{words}</p></div>'


def write_tables(shown: CameraDay, folder: Path) -> tuple[Path, Path]:
    """The day's table as CSV and Parquet in `folder`, named after camera and day."""
    stem = folder / f"{shown.camera.folder}_{shown.day}"
    csv, parquet = Path(f"{stem}.csv"), Path(f"{stem}.parquet")
    shown.table.to_csv(csv, index=False)
    shown.table.to_parquet(parquet, index=False)
    return csv, parquet
