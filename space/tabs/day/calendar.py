"""A calendar that marks the days of the chosen camera; what is chosen in it fills in the day."""

from pathlib import Path

import gradio as gr

CALENDAR, ON_LOAD = (Path(__file__).with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".html", ".js"))


def day_calendar() -> gr.HTML:
    """The button that opens the calendar. Its value is the days that are listed, as ISO dates in order; its event `choose` names a day."""
    return gr.HTML([], html_template=CALENDAR, js_on_load=ON_LOAD, elem_id="day-calendar", apply_default_css=False)
