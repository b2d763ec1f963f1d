"""The London tab: all cameras of a day, a borough's curve, a camera's week; and the endpoints `/london` and `/camera_week`."""

import html
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from carpark.errors import BadDay, CarparkError
from carpark.slots import LONDON, day_in_words, parse_day
from serving.edge import READ_ALOUD, errors_as_toast, errors_to_caller, typed_json
from serving.secrets import without_secrets
from tabs.credits import ATTRIBUTION
from tabs.london import index as london_index
from tabs.london.answers import LondonAnswer, WeekAnswer, answer_of_day, answer_of_week
from tabs.london.charts import FEWEST_DAYS, area_svg, week_svg
from tabs.london.city import city_html, city_panel
from tabs.london.index import LondonIndex
from tabs.london.trust import trust_in_words, trust_table
from tabs.sources import Sources, once

TAB = "london"
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
WHOLE = "London"


def build_london_tab(page: gr.Blocks, tabs: gr.Tabs, sources: Sources) -> None:
    """The tab's widgets and wiring; nothing at all where CARPARK_LONDON is not set. `?london=DAY` in the address opens it among `tabs`."""
    if not sources.name_of(london_index.SETTING):
        return
    index = once(lambda: london_index.open_index(sources.name_of(london_index.SETTING)))
    with gr.Tab("London", id=TAB):
        note = gr.HTML(elem_id="london-note", js_on_load=READ_ALOUD)
        with gr.Row():
            day = gr.Dropdown([], label="Day", min_width=200)
            area = gr.Dropdown([], label="Borough", min_width=200)
        city, curve, week = city_panel(), gr.HTML(elem_id="london-curve"), gr.HTML(elem_id="london-week", js_on_load=READ_ALOUD)
        csv = gr.DownloadButton("Quarter hours of this day as CSV", size="sm")
        gr.HTML(f'<p class="attribution">{ATTRIBUTION}</p>')
        add_endpoints(index)

    def on_open(request: gr.Request) -> list[Any]:
        asked = request.query_params.get("london", "")
        selected = gr.Tabs(selected=TAB) if asked else gr.skip()
        try:
            about, areas = london_index.read_about(index()), london_index.list_areas(index())
            chosen = choose_day(about.days, asked)
        except CarparkError as error:
            return [f'<p class="problem">{html.escape(without_secrets(str(error)))}</p>', gr.skip(), gr.skip(), selected]
        days = [(day_in_words(when), f"{when}") for when in reversed(about.days)]
        return [f"<p>{html.escape(about.season)}</p>", gr.Dropdown(days, value=f"{chosen}"), gr.Dropdown(areas, value=WHOLE), selected]

    def on_day(day: str | None) -> tuple[str, None]:
        with errors_as_toast():
            return show_city(index(), parse_day(day)) if day else "", None  # without a day the index cannot be read, as the note says

    def write_csv(day: str | None) -> Iterator[str | None]:
        if not day:
            yield None
            return
        with errors_as_toast(), TemporaryDirectory(prefix="carpark-") as folder:  # Gradio copies the file when it sends the answer
            path = Path(folder, f"london-{parse_day(day)}.csv")
            london_index.read_quarters(index(), parse_day(day)).to_csv(path, index=False)
            yield str(path)

    def on_area(area: str | None, day: str | None) -> str:
        with errors_as_toast():
            return show_area(index(), area, parse_day(day)) if area and day else ""

    def on_choose(day: str, event: gr.EventData) -> str:
        with errors_as_toast():
            return show_week(index(), str(getattr(event, "camera", "")), parse_day(day))

    opened = page.load(on_open, None, [note, day, area, tabs], **HIDDEN)
    shown = opened.then(on_day, day, [city, csv], **HIDDEN)
    shown.then(on_area, [area, day], curve, **HIDDEN).success(write_csv, day, csv, **HIDDEN)
    day.input(on_day, day, [city, csv], **HIDDEN).success(write_csv, day, csv, **HIDDEN)
    gr.on([day.input, area.input], on_area, [area, day], curve, **HIDDEN)
    city.choose(on_choose, day, week, trigger_mode="always_last", **HIDDEN)


def choose_day(days: tuple[date, ...], asked: str) -> date:
    """The day that a link names, else the newest. Raises BadDay for one that the index does not have."""
    if not asked:
        return days[-1]
    if (day := parse_day(asked)) not in days:
        raise BadDay(f"The index has no {day}; it has {len(days)} days, {days[0]} to {days[-1]}.")
    return day


def show_city(index: LondonIndex, day: date) -> str:
    """The map, slider and ranking of a day, with a link to it, and how far the levels can be trusted. Raises BadSetting."""
    about, quarters = london_index.read_about(index), london_index.read_quarters(index, day)
    cameras = london_index.read_cameras(index).sort_values("folder", ignore_index=True)
    london = london_index.rows_of_day(london_index.read_area(index, WHOLE), day)
    link = f'<p><a href="?{urlencode({"london": day})}">Link to this day</a></p>'
    trust = trust_table(london_index.read_agreement(index))
    return city_html(cameras, quarters, london, day=day, measure=about.measure) + link + trust


def show_area(index: LondonIndex, area: str, day: date) -> str:
    """An area's curve on a day, with its interval and what is usual. Raises BadSetting."""
    rows = london_index.rows_of_day(london_index.read_area(index, area), day)
    if rows.empty:
        return f"<p>No camera of {html.escape(area)} has a usable frame on {day_in_words(day)}.</p>"
    words = "Line: mean of the usable cameras. Band: its 95% interval. Dashes: what is usual. Without a usable camera there is a gap."
    return f"<h2>{html.escape(area)}, {day_in_words(day)}</h2>{area_svg(area, rows)}<p>{words}</p>"


def show_week(index: LondonIndex, camera: str, day: date) -> str:
    """A camera's week over its usual band, with links to its days. Raises UnknownCamera and BadSetting."""
    week = london_index.read_week(index, camera, day)
    days = sorted(set(week.quarters["start"].dt.tz_convert(LONDON).dt.date))
    links = ", ".join(f'<a href="?{urlencode({"camera": week.camera["camera"], "day": when})}">{when:%a %d %b}</a>' for when in days)
    place = html.escape(", ".join(str(part) for part in (week.camera["name"], week.camera["area"]) if part))
    knows_usual = bool((week.usual["days"] >= FEWEST_DAYS).any())
    note = "The band is the middle half of other weeks." if knows_usual else "There are too few weeks to say what is usual."
    return (
        f"<h2>{place}</h2>{week_svg(week)}<p>{note} {trust_in_words(week.agreement)} Frame by frame: {links or 'no day of this week'}.</p>"
    )


def add_endpoints(index: Callable[[], LondonIndex]) -> None:
    """`/london` and `/camera_week`, for programs and assistants."""

    def london(day: str) -> dict[str, Any]:
        """Say how full the streets before London's traffic cameras were on one day: London and each borough, quarter hour by quarter hour.

        Args:
            day: The day in London, as YYYY-MM-DD.
        """
        with errors_to_caller():
            return answer_of_day(index(), parse_day(day))

    def camera_week(camera: str, day: str) -> dict[str, Any]:
        """Say how full the street before a traffic camera was over a week, Monday to Sunday, and what is usual there.

        Args:
            camera: The camera's id (such as 00001.07389), name, or folder in the archive.
            day: A day of that week in London, as YYYY-MM-DD.
        """
        with errors_to_caller():
            return answer_of_week(london_index.read_week(index(), camera, parse_day(day)))

    gr.on([], london, gr.Textbox(visible=False), typed_json(LondonAnswer), api_name="london")
    asked = [gr.Textbox(visible=False), gr.Textbox(visible=False)]
    gr.on([], camera_week, asked, typed_json(WeekAnswer), api_name="camera_week")
