"""The form of the camera day tab: which camera, which day, out of what the sources hold."""

import html
from dataclasses import dataclass
from datetime import datetime, timedelta

import gradio as gr

from carpark.cameras import Camera
from carpark.errors import CarparkError
from carpark.frames import Archive
from carpark.slots import LONDON
from tabs.day_words import day_in_words
from tabs.edge import READ_ALOUD, told_on_page
from tabs.sources import Sources, problem


@dataclass(frozen=True, slots=True)
class DayForm:
    """What a visitor fills in."""

    camera: gr.Dropdown
    day: gr.Dropdown
    button: gr.Button
    note: gr.HTML  # what is wrong with the list of cameras


def lay_out_form() -> DayForm:
    """The form, empty until the cameras are listed."""
    with gr.Row(elem_id="day-form", equal_height=False):
        camera = gr.Dropdown([], label="Camera", info="Type to search by name", allow_custom_value=True, scale=3, min_width=240)
        day = gr.Dropdown([], label="Day", info="In London; other days as YYYY-MM-DD", allow_custom_value=True, scale=2, min_width=200)
        button = gr.Button("Show the day", variant="primary", scale=1, min_width=140, elem_id="show-day", interactive=False)
    return DayForm(camera, day, button, gr.HTML(elem_id="note", js_on_load=READ_ALOUD))


def list_cameras(sources: Sources) -> tuple[gr.Dropdown, gr.Dropdown, str, gr.Button]:
    """The form's widgets with the cameras of the archive, and the days of the first."""
    try:
        archive = sources.archive()
        cameras = archive.cameras()
        camera, day, line = offer_cameras(cameras), offer_days(archive, cameras[0] if cameras else None), ""
    except CarparkError as error:
        # An archive that does not even open is named at the head of the page already.
        line = "" if problem(sources.archive) else f'<p class="problem">{html.escape(str(error))}</p>'
        camera, day = offer_cameras([]), gr.Dropdown()
    return camera, day, line, gr.Button(interactive=True)


def list_days(sources: Sources, camera: str | None) -> gr.Dropdown:
    """The days that the archive lists for the camera that was chosen or typed."""
    with told_on_page():
        archive = sources.archive()
        return offer_days(archive, archive.camera(camera or ""))


def offer_cameras(cameras: list[Camera]) -> gr.Dropdown:
    """The dropdown of these cameras, the first one chosen."""
    return gr.Dropdown([(camera.name, camera.id) for camera in cameras], value=cameras[0].id if cameras else None)


def offer_days(archive: Archive, camera: Camera | None) -> gr.Dropdown:
    """The dropdown of the camera's days, the newest first and chosen; yesterday where the archive lists none."""
    days = archive.days(camera) if camera else []
    days = days[::-1] or [datetime.now(LONDON).date() - timedelta(days=1)]
    return gr.Dropdown([(day_in_words(day), str(day)) for day in days], value=str(days[0]))
