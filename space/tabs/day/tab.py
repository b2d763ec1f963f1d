"""The tab that charts how full a camera's street was over a day; the `/camera_day` endpoint beside it."""

import html
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from carpark.errors import CarparkError
from serving.edge import errors_as_toast, errors_to_caller, typed_json, without_secrets
from tabs.credits import ATTRIBUTION
from tabs.day.chart import chart_html
from tabs.day.comparison import extras_of
from tabs.day.form import DayForm, choose_camera, fill_form, find_one, lay_out_form
from tabs.day.link import DayLink
from tabs.day.results import DayResults, lay_out_results, problem_card, words_card, write_png, write_tables
from tabs.day.shown import CameraDay, follow_day, read_day, share_of
from tabs.day.turns import Turns
from tabs.day.viewer import asked_frames, frames_for
from tabs.day.words import DayAnswer, answer_of
from tabs.sources import Sources

REDRAW_S, REDRAW_SHARE = 1.0, 4  # between two drawings of a day that comes in, in seconds and in times that one drawing takes
KEEP_DAY_S = 3600  # how long a visitor's finished day waits for the next question about it
TAB = "camera-day"
SHOW_LINKED_DAY = """() => {  // the button appears with its tab
  const press = () => {
    const button = document.querySelector('#show-day:not([disabled])')
    button ? button.click() : setTimeout(press, 50)
  }
  const query = new URLSearchParams(location.search)
  if (query.get('camera') && query.get('day') && !document.querySelector('#note .problem')) press()
}"""
CLICK_PICTURE = "() => { setTimeout(() => (document.querySelector('#png-file a') ?? document.querySelector('#png-file')).click(), 200) }"
PROGRESS = gr.Progress()  # as a default it makes Gradio hand in the bar of the call
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # of events that are only the page's


def build_camera_day_tab(page: gr.Blocks, tabs: gr.Tabs, sources: Sources) -> None:
    """The tab's widgets and wiring; the cameras are listed whenever `page` is opened, and a link to a day opens the tab among `tabs`."""
    with gr.Tab("Camera day", id=TAB):
        form = lay_out_form()
        results = lay_out_results()
        gr.HTML(f'<p class="attribution">{ATTRIBUTION}</p>')
        states = DayStates(*(gr.State(time_to_live=KEEP_DAY_S) for _ in range(3)))
        add_endpoint(sources)
    wire_form(page, tabs, sources, form, states.link)
    wire_day(page, sources, form, results, states)
    wire_viewer(sources, results, states.shown)
    wire_second_day(sources, results, states)
    wire_picture(sources, results, states)


@dataclass(frozen=True, slots=True)
class DayStates:
    """What the server remembers for each visitor."""

    shown: gr.State  # the CameraDay on the page
    second: gr.State  # the CameraDay that it is compared with
    link: gr.State  # the DayLink that the page was opened with


def wire_form(page: gr.Blocks, tabs: gr.Tabs, sources: Sources, form: DayForm, link: gr.State) -> None:
    """The cameras when the page is opened, and the day that its address names; the days when a camera is chosen."""

    def open_form(request: gr.Request) -> list[Any]:
        found, widgets = fill_form(sources, request.query_params)
        return [found, gr.Tabs(selected=TAB) if "camera" in request.query_params else gr.skip(), *widgets]

    def choose_on_map(event: gr.EventData) -> tuple[str, gr.Dropdown]:
        return choose_camera(sources, str(getattr(event, "camera", "")))

    opened = page.load(open_form, None, [link, tabs, *form.all], **HIDDEN)
    opened.then(None, js=SHOW_LINKED_DAY)
    form.camera.input(lambda camera: choose_camera(sources, camera), form.camera, [form.camera, form.day], **HIDDEN)
    form.map.choose(choose_on_map, None, [form.camera, form.day], **HIDDEN)


def wire_day(page: gr.Blocks, sources: Sources, form: DayForm, results: DayResults, states: DayStates) -> None:
    """The button: the day is drawn again and again while its frames arrive, until it is complete or the visitor moves on."""
    turns = Turns()

    def end_turn(request: gr.Request) -> None:
        turns.end(str(request.session_hash))

    def show_day(
        camera: str | None, day: str | None, link: DayLink | None, request: gr.Request, progress: gr.Progress = PROGRESS
    ) -> Iterator[tuple[Any, ...]]:
        is_on = turns.begin(str(request.session_hash))
        progress(0, desc="Asking the archive")
        try:
            redraw_at = 0.0
            for done, look in follow_day(sources, camera or "", day or ""):
                if not is_on():
                    return
                progress(share_of(done), desc=f"{done.fetched} fetched, {done.judged} judged, {done.classified} of {done.total} classified")
                if done.classified and time.monotonic() >= redraw_at:
                    began, so_far = time.monotonic(), look()
                    yield words_card(so_far), chart_html(so_far), so_far, None, gr.skip(), gr.skip()
                    redraw_at = time.monotonic() + max(REDRAW_S, REDRAW_SHARE * (time.monotonic() - began))
            whole, archive = look(), sources.archive()
        except CarparkError as error:
            tried = f"Asked: {sources.shown_name_of('CARPARK_ARCHIVE') or 'no source of frames is set'}."
            yield problem_card(without_secrets(str(error)), tried), "", None, None, gr.skip(), gr.skip()
            return
        with TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the files when it sends the answer
            csv, parquet = write_tables(whole, Path(folder))
            second = linked_second(sources, whole, link)
            chart = chart_html(whole, extras_of(whole, archive, second), start=first_moment(whole, link))
            yield words_card(whole), chart, whole, second, str(csv), str(parquet)

    pressed = form.button.click(end_turn, queue=False, trigger_mode="multiple", **HIDDEN)
    pressed.then(
        show_day,
        [form.camera, form.day, states.link],
        [results.words, results.chart, states.shown, states.second, results.csv, results.parquet],
        api_visibility="private",
        show_progress_on=results.words,
        trigger_mode="multiple",
        concurrency_id="day",
        concurrency_limit=2,
    )
    page.unload(end_turn)


def wire_viewer(sources: Sources, results: DayResults, shown: gr.State) -> None:
    """The frames that the page asks for, and the switch of the probability line, which the page answers itself."""

    def send_frames(shown: CameraDay | None, event: gr.EventData) -> dict[str, Any]:
        request, first, count = asked_frames(event)
        if shown is None:
            return {"request": request, "day": None, "frames": {}}
        with_heat = getattr(event, "heat", False) is True
        with errors_as_toast():
            heat = sources.heat_mapper() if with_heat else None
            frames = frames_for(shown, sources.archive(), range(first, first + count), heat)
        return {"request": request, "day": [shown.camera.id, str(shown.day)], "heat": with_heat, "frames": frames}

    results.viewer.frames(send_frames, shown, results.viewer, concurrency_id="frames", concurrency_limit=4, **HIDDEN)
    results.with_line.input(None, results.with_line, None, js="on => { document.documentElement.dataset.dayLine = on ? 'on' : 'off' }")


def wire_second_day(sources: Sources, results: DayResults, states: DayStates) -> None:
    """A second day in the axes of the first: its level, and its verdicts as a strip."""

    def add_second(shown: CameraDay | None, camera: str, day: str) -> tuple[str, CameraDay | None]:
        if shown is None:
            return "", None
        with errors_as_toast():
            archive = sources.archive()
            other = read_day(sources, find_one(archive, camera.strip() or shown.camera.id).id, day.strip() or str(shown.day))
            return chart_html(shown, extras_of(shown, archive, other)), other

    def remove_second(shown: CameraDay | None) -> tuple[str, None]:
        return chart_html(shown, extras_of(shown, sources.archive())) if shown else "", None

    second = results.second
    asked: dict[str, Any] = {"api_visibility": "private", "show_progress_on": second.add, "concurrency_id": "day"}
    drawn = [results.chart, states.second]
    second.add.click(add_second, [states.shown, second.camera, second.day], drawn, **asked)
    second.clear.click(remove_second, states.shown, drawn, **HIDDEN)


def wire_picture(sources: Sources, results: DayResults, states: DayStates) -> None:
    """The chart as a picture, drawn when somebody asks for it."""

    def draw_picture(shown: CameraDay | None, second: CameraDay | None, with_line: bool) -> Iterator[str | dict[str, Any]]:
        if shown is None:
            yield gr.skip()
            return
        with TemporaryDirectory(prefix="carpark-") as folder:
            extras = extras_of(shown, sources.archive(), second)
            yield str(write_png(shown, extras, Path(folder), credit=ATTRIBUTION, show_probability=with_line))

    asked = [states.shown, states.second, results.with_line]
    drawn = results.png.click(draw_picture, asked, results.png_file, concurrency_id="frames", **HIDDEN)
    drawn.success(None, js=CLICK_PICTURE)


def add_endpoint(sources: Sources) -> None:
    """`/camera_day`, for programs and assistants."""

    def camera_day(camera: str, day: str) -> dict[str, Any]:
        """Say how full the street before a traffic camera was over one London day, in five-minute slots.

        Args:
            camera: The camera's id (such as 00001.07389), name, or folder in the archive.
            day: The day in London, as YYYY-MM-DD.
        """
        with errors_to_caller():
            return answer_of(read_day(sources, camera, day))

    asked, answer = [gr.Textbox(visible=False), gr.Textbox(visible=False)], typed_json(DayAnswer)
    gr.on([], camera_day, asked, answer, api_name="camera_day", concurrency_id="day")


def first_moment(shown: CameraDay, link: DayLink | None) -> int | None:
    """The place of the slot that is shown first: the link's, else that with the highest P(full); None in a day without a usable frame."""
    if link and link.place is not None and link.leads_to(shown.camera, shown.day):
        return link.place
    p_full = shown.table["p_full"]
    return int(p_full.argmax()) if p_full.notna().any() else None


def linked_second(sources: Sources, shown: CameraDay, link: DayLink | None) -> CameraDay | None:
    """The day that the link compares the shown one with; a day that cannot be had is told, and left out."""
    if not (link and link.second and link.leads_to(shown.camera, shown.day)):
        return None
    camera, day = link.second
    try:
        return read_day(sources, camera.id, str(day))
    except CarparkError as error:
        gr.Warning(html.escape(without_secrets(str(error))))
        return None
