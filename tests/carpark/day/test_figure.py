import io
from datetime import date

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from carpark.day.figure import day_figure, figure_png
from carpark.day.styles import STATES, VERDICTS, WAITING, Run, hours_of, runs_of, states_of, verdicts_of
from carpark.day.table import NOT_BEGUN, NOT_FETCHED
from carpark.slots import slots_of_day

FAULTS = {20: "in_use", 21: "frozen", 22: "late", 23: "corrupt", 24: "missing", 100: "missing", 102: "missing"}


def table_of(day=date(2020, 3, 9), faults=None):
    """A day that is full from noon on, but for the slots whose state `faults` names by position."""
    slots = slots_of_day(day)
    states = ["ok"] * len(slots)
    for place, state in (faults or {}).items():
        states[place] = state
    p_full = np.where(np.array(states) == "ok", np.linspace(0.05, 0.95, len(slots)), np.nan)
    labels = [None if np.isnan(p) else "full" if p >= 0.5 else "empty" for p in p_full]
    sure = [None if np.isnan(p) else abs(p - 0.5) > 0.15 for p in p_full]
    reasons = ["" if state == "ok" else f"why {state} & <more>" for state in states]
    columns = {"slot": pd.to_datetime(slots, utc=True), "state": states, "reason": reasons, "p_full": p_full}
    return pd.DataFrame(columns).assign(label=pd.Series(labels, dtype="object"), sure=pd.Series(sure, dtype="boolean"), sha256="")


def test_a_slot_without_a_usable_frame_has_no_verdict():
    verdicts = verdicts_of(table_of(faults=FAULTS))
    assert [place for place, verdict in enumerate(verdicts) if not verdict] == sorted(FAULTS)
    assert set(verdicts) == {"", *VERDICTS}
    assert (verdicts[0], verdicts[143], verdicts[287]) == ("empty", "unsure", "full")


def test_a_frame_that_is_not_classified_yet_has_a_state_and_no_verdict():
    table = table_of()
    table["p_full"], table["label"], table["sure"] = np.nan, pd.Series([None] * 288, dtype="object"), pd.NA
    assert set(verdicts_of(table)) == {""}
    assert set(states_of(table)) == {"ok"}


def test_slots_that_nobody_knows_yet_are_not_called_missing():
    table = table_of(faults={0: "missing", 1: "missing", 2: "missing"})
    table.loc[:1, "reason"] = [NOT_FETCHED, NOT_BEGUN]
    assert states_of(table)[:4] == ["pending", "future", "missing", "ok"]


def test_neighbours_of_one_kind_are_one_run():
    assert runs_of(["full", "full", "", "empty", "full"]) == [Run("full", 0, 2), Run("empty", 3, 1), Run("full", 4, 1)]
    assert runs_of(["", ""]) == []


@pytest.mark.parametrize(
    ("day", "places"),
    [
        (date(2020, 3, 9), [0, 36, 72, 108, 144, 180, 216, 252]),
        (date(2020, 3, 29), [0, 24, 60, 96, 132, 168, 204, 240]),
        (date(2020, 10, 25), [0, 48, 84, 120, 156, 192, 228, 264]),
    ],
    ids=["24 hours", "23 hours", "25 hours"],
)
def test_hours_are_london_hours_also_when_the_clocks_change(day, places):
    hours = hours_of(table_of(day)["slot"])
    assert hours == list(zip(places, ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"], strict=True))


def test_colours_are_distinct_and_neighbours_differ_in_more_than_colour():
    looks = [*VERDICTS.values(), *STATES.values()]
    assert len({look.colour for look in looks}) == len(looks)
    assert VERDICTS["unsure"].hatching and STATES["missing"].hatching and WAITING["pending"].hatching != STATES["missing"].hatching


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_legend_names_what_occurs_and_nothing_else():
    figure = day_figure(table_of(), title="a day")
    assert legend_of(figure) == ["Full", "Not sure", "Empty", "Usable frame", "Level, with its 95% interval", "P(full)"]
    assert {"Camera in use", "Frozen", "Late", "Corrupt", "Missing"} <= set(legend_of(day_figure(table_of(faults=FAULTS), title="a day")))


def test_the_level_bridges_a_gap_of_fifteen_minutes_and_no_longer_one():
    panel = day_figure(table_of(faults=dict.fromkeys((20, 21, 100, 101, 102), "missing")), title="a day").axes[0]
    level, points = (line.get_ydata() for line in panel.lines)
    assert np.flatnonzero(np.isnan(level)).tolist() == [100, 101, 102]
    assert np.flatnonzero(np.isnan(points)).tolist() == [20, 21, 100, 101, 102]


def test_without_the_line_the_height_of_the_bands_says_the_verdict():
    panel = day_figure(table_of(), title="a day", show_probability=False).axes[0]
    assert not panel.lines
    assert [label.get_text() for label in panel.get_yticklabels()] == ["Full", "Not sure", "Empty"]


def test_a_figure_becomes_a_png_with_the_colours_of_its_verdicts():
    data = figure_png(day_figure(table_of(faults=FAULTS), title="Baker St & <b>", credit="Powered by TfL Open Data"))
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        assert picture.size == (1650, 720)
        seen = {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=1 << 24)}
    for look in VERDICTS.values():
        assert tuple(round(255 * part) for part in to_rgb(look.colour)) in seen
