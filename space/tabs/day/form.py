"""The form of the camera day tab: which camera, which day, out of what the sources hold, or as a link says."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import gradio as gr

from carpark.archives.archive import Archive
from carpark.cameras.boroughs import borough_of
from carpark.cameras.camera import Camera
from carpark.cameras.catalogue import search_cameras
from carpark.errors import CarparkError, UnknownCamera
from carpark.slots import LONDON
from serving.edge import READ_ALOUD, errors_as_toast
from serving.secrets import without_secrets
from tabs.day.calendar import day_calendar
from tabs.day.link import DayLink, read_link
from tabs.day.map import camera_map, map_html
from tabs.sources import Sources, problem

MOST_NAMED = 5  # of the cameras that fit what was typed


@dataclass(frozen=True, slots=True)
class DayForm:
    """What a visitor fills in."""

    camera: gr.Dropdown
    day: gr.Textbox
    calendar: gr.HTML  # marks the days that the archive lists
    button: gr.Button
    note: gr.HTML  # what is wrong with the list of cameras, or with the link
    map: gr.HTML

    @property
    def all(self) -> list[gr.Component]:
        """The widgets that `fill_form` fills, in its order."""
        return [self.camera, self.day, self.calendar, self.note, self.map, self.button]


def lay_out_form() -> DayForm:
    """The form, empty until the cameras are listed."""
    search = "Type to search by name, area or id"
    with gr.Row(elem_id="day-form", equal_height=False):
        camera = gr.Dropdown([], label="Camera", info=search, allow_custom_value=True, scale=3, min_width=240)
        with gr.Row(elem_id="day-field", equal_height=False, scale=2):
            day = gr.Textbox(label="Day", info="In London, as YYYY-MM-DD", max_lines=1, elem_id="day", min_width=140)
            calendar = day_calendar()
        button = gr.Button("Show the day", variant="primary", scale=1, min_width=140, elem_id="show-day", interactive=False)
    note = gr.HTML(elem_id="note", js_on_load=READ_ALOUD)
    return DayForm(camera, day, calendar, button, note, camera_map())


def fill_form(sources: Sources, query: Mapping[str, str]) -> tuple[DayLink | None, list[object]]:
    """Where the link leads, if there is one, and the form's widgets filled: with that, else with the first camera and its newest day."""
    link, line, listed, cameras = None, "", list[date](), list[Camera]()
    try:
        archive = sources.archive()
        cameras = archive.cameras()
        try:
            link = read_link(query, archive)
        except CarparkError as error:
            line = without_secrets(str(error))
        camera = link.camera if link else cameras[0] if cameras else None
        listed = archive.days(camera) if camera else []
    except CarparkError as error:
        # An archive that does not even open is named at the head of the page already.
        line = "" if problem(sources.archive) else without_secrets(str(error))
    note = f'<p class="problem">{html.escape(line)}</p>' if line else ""
    day, calendar = offer_days(listed, link)
    return link, [offer_cameras(cameras, link), day, calendar, note, map_html(cameras), gr.Button(interactive=True)]


def choose_camera(sources: Sources, text: str | None) -> tuple[str, object, list[str]]:
    """The id of the camera that was chosen or typed, its newest day, and its days; where none are listed, the day stays."""
    with errors_as_toast():
        archive = sources.archive()
        camera = find_one(archive, text or "")
        listed = archive.days(camera)
        return camera.id, *(offer_days(listed) if listed else (gr.skip(), []))


def find_one(archive: Archive, text: str) -> Camera:
    """The camera with this id, name or folder, or the only one that fits the words. Raises UnknownCamera."""
    try:
        return archive.camera(text)
    except UnknownCamera:
        fitting = search_cameras(archive.cameras(), text) if text.strip() else []
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise
    some = "; ".join([*(camera.name for camera in fitting[:MOST_NAMED]), *(["and more"] if fitting[MOST_NAMED:] else [])])
    raise UnknownCamera(f"{len(fitting):,} cameras fit {text.strip()!r}: {some}. Type more of the one you mean.")


def offer_cameras(cameras: list[Camera], link: DayLink | None = None) -> gr.Dropdown:
    """The dropdown of these cameras, each with its area and id, since it searches what it shows; the link's, else the first, is chosen."""
    choices = [
        (" · ".join(dict.fromkeys(filter(None, (camera.name, borough_of(camera), _number(camera))))), camera.id) for camera in cameras
    ]
    return gr.Dropdown(choices, value=link.camera.id if link else cameras[0].id if cameras else None)


def _number(camera: Camera) -> str:
    """TfL's id; "" for a camera that has none."""
    return "" if camera.id == camera.folder else camera.id


def offer_days(listed: list[date], link: DayLink | None = None) -> tuple[str, list[str]]:
    """The link's day or the newest, and the days for the calendar, in order. Yesterday where the archive lists none."""
    newest = listed[-1] if listed else datetime.now(LONDON).date() - timedelta(days=1)
    return str(link.day if link else newest), [str(day) for day in listed]
