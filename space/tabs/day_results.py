"""What the camera day tab shows of a day: its words, its chart, the frame of a moment, and files to take along."""

import html
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from carpark.day import summarize_day
from tabs.day_chart import ON_LOAD
from tabs.day_words import summary_in_words, title_of
from tabs.edge import READ_ALOUD
from tabs.frame_viewer import frame_viewer
from tabs.shown_day import CameraDay

NOTHING_YET = '<div class="day-words"><p>Choose a camera and a day: every frame of that day is fetched, checked and classified.</p></div>'


@dataclass(frozen=True, slots=True)
class DayResults:
    """The widgets that show a day."""

    words: gr.HTML
    with_line: gr.Checkbox
    chart: gr.HTML
    viewer: gr.HTML
    csv: gr.DownloadButton
    parquet: gr.DownloadButton


def lay_out_results() -> DayResults:
    """The words, and below them what the style sheet hides until there is a chart."""
    words = gr.HTML(NOTHING_YET, elem_id="day-words", js_on_load=READ_ALOUD)
    with gr.Column(elem_id="day-results"):
        chart = gr.HTML(elem_id="day-chart", js_on_load=ON_LOAD, apply_default_css=False)
        with_line = gr.Checkbox(True, label="Show the probability line", container=False, elem_id="with-line")
        viewer = frame_viewer()
        with gr.Row():
            csv = gr.DownloadButton("Download as CSV", size="sm", scale=0, min_width=180)
            parquet = gr.DownloadButton("Download as Parquet", size="sm", scale=0, min_width=180)
    return DayResults(words, with_line, chart, viewer, csv, parquet)


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
