"""The tab that charts how full a camera's street was over a day; the `/camera_day` endpoint beside it."""

import html
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr
from plotly.graph_objects import Figure

from carpark.cameras import Camera
from carpark.charts import STATES, day_figure
from carpark.day import DayView, parse_day, summarize_day, watch_day
from carpark.errors import CarparkError
from carpark.frames import Archive
from carpark.pipeline import DayProgress
from carpark.slots import LONDON
from tabs.day_words import CameraDay, DayAnswer, answer_of, day_in_words, summary_in_words, title_of, write_downloads
from tabs.edge import READ_ALOUD, told_on_page, told_to_caller, typed_json
from tabs.sources import Sources, problem

ATTRIBUTION = (
    "Powered by TfL Open Data. Contains OS data © Crown copyright and database rights 2016 and "
    "Geomni UK Map data © and database rights [2019]."
)
NOTHING_YET = '<div class="day-words"><p>Choose a camera and a day: every frame of that day is fetched, checked and classified.</p></div>'
CLEAR = "rgba(0,0,0,0)"
KEEP_DAY_S = 3600  # how long a visitor's finished day waits for the switch to be flipped
REDRAW_S, REDRAW_SHARE = 1.0, 4  # between two drawings of a day that comes in, in seconds and in times that one drawing takes
PROGRESS = gr.Progress()  # as a default it makes Gradio hand in the bar of the call


def build_camera_day_tab(page: gr.Blocks, sources: Sources) -> None:
    """The tab's widgets and wiring; the cameras are listed whenever `page` is opened."""

    def camera_day(camera: str, day: str) -> dict[str, Any]:
        """Say how full the street before a traffic camera was over one London day, in five-minute slots.

        Args:
            camera: The camera's id (such as 00001.07389), name, or folder in the archive.
            day: The day in London, as YYYY-MM-DD.
        """
        with told_to_caller():
            return answer_of(read_day(sources, camera, day))

    def list_cameras() -> tuple[gr.Dropdown, gr.Dropdown, str, gr.Button]:
        try:
            archive = sources.archive()
            cameras = archive.cameras()
            camera, day, line = offer_cameras(cameras), offer_days(archive, cameras[0] if cameras else None), ""
        except CarparkError as error:
            # An archive that does not even open is named at the head of the page already.
            line = "" if problem(sources.archive) else f'<p class="problem">{html.escape(str(error))}</p>'
            camera, day = offer_cameras([]), gr.Dropdown()
        return camera, day, line, gr.Button(interactive=True)

    def list_days(camera: str | None) -> gr.Dropdown:
        with told_on_page():
            archive = sources.archive()
            return offer_days(archive, archive.camera(camera or ""))

    def show_day(camera: str | None, day: str | None, with_line: bool, progress: gr.Progress = PROGRESS) -> Iterator[tuple[Any, ...]]:
        progress(0, desc="Asking the archive")
        with told_on_page():
            redraw_at = 0.0
            for done, look in follow_day(sources, camera or "", day or ""):
                progress(share_of(done), desc=f"{done.fetched} fetched, {done.judged} judged, {done.classified} of {done.total} classified")
                if done.classified and time.monotonic() >= redraw_at:
                    began, shown = time.monotonic(), look()
                    yield words_card(shown), draw(shown, with_line), shown, gr.skip(), gr.skip(), gr.Column(visible=True)
                    redraw_at = time.monotonic() + max(REDRAW_S, REDRAW_SHARE * (time.monotonic() - began))
            shown = look()
        with TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the files when it sends the answer
            csv, parquet = write_downloads(shown, Path(folder))
            yield words_card(shown), draw(shown, with_line), shown, str(csv), str(parquet), gr.Column(visible=True)

    def redraw(shown: CameraDay | None, with_line: bool) -> Figure | dict[str, Any]:
        return draw(shown, with_line) if shown else gr.skip()

    with gr.Tab("Camera day", id="camera-day"):
        ui = lay_out()
        shown = gr.State(time_to_live=KEEP_DAY_S)
        asked, answer = [gr.Textbox(visible=False), gr.Textbox(visible=False)], typed_json(DayAnswer)
    page.load(list_cameras, None, [ui.camera, ui.day, ui.note, ui.button], api_visibility="private", show_progress="hidden")
    ui.camera.input(list_days, ui.camera, ui.day, api_visibility="private", show_progress="hidden")
    ui.button.click(
        show_day,
        [ui.camera, ui.day, ui.with_line],
        [ui.words, ui.chart, shown, ui.csv, ui.parquet, ui.results],
        api_visibility="private",
        show_progress_on=ui.words,
        concurrency_id="day",
        concurrency_limit=2,
    )
    ui.with_line.input(redraw, [shown, ui.with_line], ui.chart, api_visibility="private", show_progress="hidden")
    gr.on([], camera_day, asked, answer, api_name="camera_day", concurrency_id="day")


@dataclass(frozen=True, slots=True)
class Widgets:
    """What the events of the tab read and write."""

    camera: gr.Dropdown
    day: gr.Dropdown
    button: gr.Button
    note: gr.HTML
    words: gr.HTML
    results: gr.Column
    with_line: gr.Checkbox
    chart: gr.Plot
    csv: gr.DownloadButton
    parquet: gr.DownloadButton


def lay_out() -> Widgets:
    """The form, and the day below it, hidden until there is one."""
    with gr.Row(elem_id="day-form", equal_height=False):
        camera = gr.Dropdown([], label="Camera", info="Type to search by name", allow_custom_value=True, scale=3, min_width=240)
        day = gr.Dropdown([], label="Day", info="In London; other days as YYYY-MM-DD", allow_custom_value=True, scale=2, min_width=200)
        button = gr.Button("Show the day", variant="primary", scale=1, min_width=140, elem_id="show-day", interactive=False)
    note = gr.HTML(elem_id="note", js_on_load=READ_ALOUD)
    words = gr.HTML(NOTHING_YET, elem_id="day-words", js_on_load=READ_ALOUD)
    with gr.Column(visible=False, elem_id="day-results") as results:
        with_line = gr.Checkbox(True, label="Show the probability line")
        chart = gr.Plot(show_label=False, elem_id="day-chart")
        with gr.Row():
            csv = gr.DownloadButton("Download as CSV", size="sm", scale=0, min_width=180)
            parquet = gr.DownloadButton("Download as Parquet", size="sm", scale=0, min_width=180)
    gr.HTML(f'<p class="attribution">{ATTRIBUTION}</p>')
    return Widgets(camera, day, button, note, words, results, with_line, chart, csv, parquet)


def follow_day(sources: Sources, camera: str, day: str) -> Iterator[tuple[DayProgress, Callable[[], CameraDay]]]:
    """The day of the camera with this id, name or folder, as it comes in: how far it is, and a look at it; the complete one last.

    Raises UnknownCamera, BadDay, NoDay and what `sources` raises. Closing the iterator stops the traffic.
    """
    archive, model = sources.archive(), sources.day_model()
    found, when = archive.camera(camera), parse_day(day)
    with closing(watch_day(found, when, archive=archive, model=model)) as views:
        for view in views:
            yield view.progress, partial(look_at, view, found, when, model.config.sha256)


def look_at(view: DayView, camera: Camera, day: date, model: str) -> CameraDay:
    """The day as far as it has come; `model` is the sha256 of the model's config."""
    return CameraDay(camera, day, view.table(), model)


def read_day(sources: Sources, camera: str, day: str) -> CameraDay:
    """The whole day, as `follow_day` ends."""
    _, look = deque(follow_day(sources, camera, day), maxlen=1).pop()
    return look()


def offer_cameras(cameras: list[Camera]) -> gr.Dropdown:
    """The dropdown of these cameras, the first one chosen."""
    return gr.Dropdown([(camera.name, camera.id) for camera in cameras], value=cameras[0].id if cameras else None)


def offer_days(archive: Archive, camera: Camera | None) -> gr.Dropdown:
    """The dropdown of the camera's days, the newest first and chosen; yesterday where the archive lists none."""
    days = archive.days(camera) if camera else []
    days = days[::-1] or [datetime.now(LONDON).date() - timedelta(days=1)]
    return gr.Dropdown([(day_in_words(day), str(day)) for day in days], value=str(days[0]))


def draw(shown: CameraDay, with_line: bool) -> Figure:
    """The chart of the day, with or without the probability line, on clear paper: the page behind it may be dark."""
    figure = day_figure(shown.table, title="", show_probability=with_line)  # the card above it is its title
    figure.update_layout(margin_t=24, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR)
    return figure.update_traces(marker_color=CLEAR, selector={"name": STATES["missing"].label})


def words_card(shown: CameraDay) -> str:
    """Camera, day and summary as HTML."""
    words = html.escape(summary_in_words(summarize_day(shown.table)))
    return f'<div class="day-words"><h2>{html.escape(title_of(shown))}</h2><p>{words}</p></div>'


def share_of(done: DayProgress) -> float:
    """How much of a day's work is done, 0 to 1: fetching and classifying count alike."""
    return (done.fetched + done.classified) / max(2 * done.total, 1)
