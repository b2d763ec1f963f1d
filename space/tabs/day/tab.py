"""The tab that charts how full a camera's street was over a day, and the `/camera_day` endpoint beside it."""

import html
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from carpark.day.overlays import overlays_of
from carpark.day.pipeline import DayProgress
from carpark.day.table import CameraDay, build_table, camera_day, watch_day
from carpark.errors import CarparkError
from carpark.slots import parse_day
from serving.edge import errors_as_toast, errors_to_caller, typed_json
from serving.secrets import without_secrets
from tabs.credits import ATTRIBUTION
from tabs.day.chart import chart_html
from tabs.day.form import DayForm, choose_camera, fill_form, find_one, lay_out_form
from tabs.day.link import DayLink
from tabs.day.results import DayResults, lay_out_results, problem_card, words_card, write_tables
from tabs.day.viewer import asked_frames, frames_for
from tabs.day.words import DayAnswer, answer_of
from tabs.sources import Sources

REDRAW_S, REDRAW_SHARE = 1.0, 4  # between two drawings of a day that comes in: seconds, and times that one drawing takes
KEEP_DAY_S = 3600  # how long a visitor's finished day waits for the next question about it
TAB = "camera-day"
SHOW_LINKED_DAY = """() => {  // the button appears with its tab, and with it the note on a link that leads nowhere
  const press = () => {
    const button = document.querySelector('#show-day:not([disabled])')
    if (!button) return setTimeout(press, 50)
    setTimeout(() => { if (!document.querySelector('#note .problem')) button.click() }, 50)
  }
  const query = new URLSearchParams(location.search)
  if (query.get('camera') && query.get('day')) press()
}"""
SAVE_PICTURE = "() => { document.dispatchEvent(new CustomEvent('day:save')) }"
PROGRESS = gr.Progress()  # as a default it makes Gradio pass the bar of the call
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # of events that are only the page's


class Turns:
    """At most one running day per visitor; a new request cancels the old one. Safe to share between threads."""

    def __init__(self) -> None:
        self._latest: dict[str, object] = {}

    def begin(self, visitor: str) -> Callable[[], bool]:
        """Cancels the visitor's running day and begins a new one; the answer says whether that is still wanted."""
        turn = object()
        self._latest[visitor] = turn
        return lambda: self._latest.get(visitor) is turn

    def end(self, visitor: str) -> None:
        """Cancels the visitor's running day, if there is one."""
        self._latest.pop(visitor, None)


@dataclass(frozen=True, slots=True)
class DayStates:
    """What the server remembers for each visitor."""

    shown: gr.State  # the CameraDay on the page
    second: gr.State  # the CameraDay that it is compared with
    link: gr.State  # the DayLink that the page was opened with


def build_camera_day_tab(page: gr.Blocks, tabs: gr.Tabs, sources: Sources) -> None:
    """The tab's widgets and wiring. The cameras are listed whenever `page` is opened; a link to a day opens the tab among `tabs`."""
    with gr.Tab("Camera day", id=TAB):
        form = lay_out_form()
        results = lay_out_results()
        gr.HTML(f'<p class="attribution">{ATTRIBUTION}</p>')
        states = DayStates(*(gr.State(time_to_live=KEEP_DAY_S) for _ in range(3)))
        add_endpoint(sources)
    wire_form(page, tabs, sources, form, states.link)
    wire_day(page, sources, form, results, states)
    wire_results(sources, results, states)


def wire_form(page: gr.Blocks, tabs: gr.Tabs, sources: Sources, form: DayForm, link: gr.State) -> None:
    """The cameras when the page is opened, and the day that its address names; the days when a camera is chosen."""

    def on_open(request: gr.Request) -> list[Any]:
        found, widgets = fill_form(sources, request.query_params)
        return [found, gr.Tabs(selected=TAB) if "camera" in request.query_params else gr.skip(), *widgets]

    def on_choose(event: gr.EventData) -> tuple[str, object, list[str]]:
        return choose_camera(sources, str(getattr(event, "camera", "")))

    def on_day(event: gr.EventData) -> str:
        return str(getattr(event, "day", ""))

    opened = page.load(on_open, None, [link, tabs, *form.all], **HIDDEN)
    opened.then(None, js=SHOW_LINKED_DAY)
    chosen = [form.camera, form.day, form.calendar]
    form.camera.input(lambda camera: choose_camera(sources, camera), form.camera, chosen, **HIDDEN)
    form.map.choose(on_choose, None, chosen, trigger_mode="always_last", **HIDDEN)
    form.calendar.choose(on_day, None, form.day, queue=False, trigger_mode="always_last", **HIDDEN)


def wire_day(page: gr.Blocks, sources: Sources, form: DayForm, results: DayResults, states: DayStates) -> None:
    """The button, or Enter in the day: the day is drawn while its frames arrive, until it is complete or the visitor moves on."""
    turns = Turns()

    def on_end(request: gr.Request) -> None:
        turns.end(str(request.session_hash))

    def on_show(
        camera: str | None, day: str | None, link: DayLink | None, request: gr.Request, progress: gr.Progress = PROGRESS
    ) -> Iterator[tuple[Any, ...]]:
        is_wanted = turns.begin(str(request.session_hash))
        yield from show_day(sources, camera or "", day or "", link=link, is_wanted=is_wanted, progress=progress)

    pressed = gr.on([form.button.click, form.day.submit], on_end, queue=False, trigger_mode="multiple", **HIDDEN)
    pressed.then(
        on_show,
        [form.camera, form.day, states.link],
        [results.words, results.chart, states.shown, states.second, results.csv, results.parquet],
        api_visibility="private",
        show_progress_on=results.words,
        trigger_mode="multiple",
        concurrency_id="day",
        concurrency_limit=2,
    )
    page.unload(on_end)


def wire_results(sources: Sources, results: DayResults, states: DayStates) -> None:
    """The frames that the page asks for, a second day in the same axes, and what the page does by itself: the picture."""

    def on_frames(shown: CameraDay | None, event: gr.EventData) -> dict[str, Any]:
        return send_frames(sources, shown, event)

    def on_add(shown: CameraDay | None, camera: str, day: str) -> tuple[str, CameraDay | None]:
        return add_second_day(sources, shown, camera, day)

    def on_clear(shown: CameraDay | None) -> tuple[str, None]:
        return chart_html(shown, overlays_of(shown, sources.archive())) if shown else "", None

    together: dict[str, Any] = {"concurrency_id": "frames", "concurrency_limit": 4, "trigger_mode": "multiple"}
    results.viewer.frames(on_frames, states.shown, results.viewer, **together, **HIDDEN)
    results.png.click(None, js=SAVE_PICTURE)
    second, drawn = results.second, [results.chart, states.second]
    asked: dict[str, Any] = {"api_visibility": "private", "show_progress_on": second.add, "concurrency_id": "day"}
    second.add.click(on_add, [states.shown, second.camera, second.day], drawn, **asked)
    second.clear.click(on_clear, states.shown, drawn, **HIDDEN)


def add_endpoint(sources: Sources) -> None:
    """`/camera_day`, for programs and assistants."""

    def camera_day(camera: str, day: str) -> dict[str, Any]:
        """Say how full the street before a traffic camera was over one London day, frame by frame.

        Args:
            camera: The camera's id (such as 00001.07389), name, or folder in the archive.
            day: The day in London, as YYYY-MM-DD.
        """
        with errors_to_caller():
            return answer_of(read_day(sources, camera, day))

    asked, answer = [gr.Textbox(visible=False), gr.Textbox(visible=False)], typed_json(DayAnswer)
    gr.on([], camera_day, asked, answer, api_name="camera_day", concurrency_id="day")


def show_day(
    sources: Sources, camera: str, day: str, *, link: DayLink | None, is_wanted: Callable[[], bool], progress: Callable[..., object]
) -> Iterator[tuple[Any, ...]]:
    """Words, chart, the day shown, the second day, CSV and Parquet: again and again while frames arrive, and complete at the end.

    Ends early when the day is not wanted any more. A day that cannot be shown yields a card that says why.
    """
    progress(0, desc="Asking the archive")
    try:
        archive, model = sources.archive(), sources.day_model()
        found, when = archive.camera(camera), parse_day(day)
        redraw_at = 0.0
        with closing(watch_day(found, when, archive=archive, model=model)) as records:
            for record in records:
                if not is_wanted():
                    return
                done = record.progress()
                progress(share_of(done), desc=f"{done.fetched} fetched, {done.judged} judged, {done.classified} of {done.total} classified")
                if done.classified and time.monotonic() >= redraw_at:
                    began, so_far = time.monotonic(), CameraDay(found, when, build_table(record), model.config.sha256)
                    yield words_card(so_far), chart_html(so_far), so_far, None, gr.skip(), gr.skip()
                    redraw_at = time.monotonic() + max(REDRAW_S, REDRAW_SHARE * (time.monotonic() - began))
        whole = CameraDay(found, when, build_table(record), model.config.sha256)
    except CarparkError as error:
        tried = f"Asked: {sources.shown_name_of('CARPARK_ARCHIVE') or 'no source of frames is set'}."
        yield problem_card(without_secrets(str(error)), tried), "", None, None, gr.skip(), gr.skip()
        return
    with TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the files when it sends the answer
        csv, parquet = write_tables(whole, Path(folder))
        second = linked_second(sources, whole, link)
        chart = chart_html(whole, overlays_of(whole, archive, second), start=first_row(whole, link))
        yield words_card(whole), chart, whole, second, str(csv), str(parquet)


def send_frames(sources: Sources, shown: CameraDay | None, event: gr.EventData) -> dict[str, Any]:
    """The pictures that the viewer asked for, with the number of its request; none while no day is shown."""
    request, first, count = asked_frames(event)
    if shown is None:
        return {"request": request, "day": None, "frames": {}}
    with_heat = getattr(event, "heat", False) is True
    with errors_as_toast():
        heat = sources.heat_mapper() if with_heat else None
        frames = frames_for(shown, sources.archive(), range(first, first + count), heat)
    return {"request": request, "day": [shown.camera.id, str(shown.day)], "heat": with_heat, "frames": frames}


def add_second_day(sources: Sources, shown: CameraDay | None, camera: str, day: str) -> tuple[str, CameraDay | None]:
    """The chart with a second day in its axes, and that day. An empty camera or day is the one that is shown."""
    if shown is None:
        return "", None
    with errors_as_toast():
        archive = sources.archive()
        other = read_day(sources, find_one(archive, camera.strip() or shown.camera.id).id, day.strip() or str(shown.day))
        return chart_html(shown, overlays_of(shown, archive, other)), other


def read_day(sources: Sources, camera: str, day: str) -> CameraDay:
    """The whole day of the camera with this id, name or folder. Raises UnknownCamera, BadDay, NoDay and what `sources` raises."""
    archive, model = sources.archive(), sources.day_model()
    found, when = archive.camera(camera), parse_day(day)
    return CameraDay(found, when, camera_day(found, when, archive=archive, model=model), model.config.sha256)


def share_of(done: DayProgress) -> float:
    """How much of a day's work is done, 0 to 1: fetching and classifying count alike."""
    return (done.fetched + done.classified) / max(2 * done.total, 1)


def first_row(shown: CameraDay, link: DayLink | None) -> int | None:
    """The row that is shown first: nearest to the link's moment, else with the highest P(full); None without a usable frame."""
    if link and link.moment and link.leads_to(shown.camera, shown.day):
        return int((shown.table["slot"] - link.moment).abs().argmin())
    p_full = shown.table["p_full"]
    return int(p_full.argmax()) if p_full.notna().any() else None


def linked_second(sources: Sources, shown: CameraDay, link: DayLink | None) -> CameraDay | None:
    """The day that the link compares the shown one with. One that cannot be shown is left out, with a warning on the page."""
    if not (link and link.second and link.leads_to(shown.camera, shown.day)):
        return None
    camera, day = link.second
    try:
        return read_day(sources, camera.id, str(day))
    except CarparkError as error:
        gr.Warning(html.escape(without_secrets(str(error))))
        return None
