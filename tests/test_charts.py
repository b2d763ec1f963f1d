from datetime import date

import numpy as np
import pandas as pd
import pytest

from carpark.charts import STATES, VERDICTS, day_figure
from carpark.slots import slots_of_day


def table_of(day=date(2020, 3, 9), faults=None):
    """A day that is full from 09:00 on, but for the slots whose state `faults` names by position."""
    slots = slots_of_day(day)
    states = ["ok"] * len(slots)
    for place, state in (faults or {}).items():
        states[place] = state
    p_full = np.where(np.array(states) == "ok", np.linspace(0.05, 0.95, len(slots)), np.nan)
    labels = [None if np.isnan(p) else "full" if p >= 0.5 else "empty" for p in p_full]
    sure = [None if np.isnan(p) else abs(p - 0.5) > 0.15 for p in p_full]
    reasons = ["" if state == "ok" else f"why {state} & <more>" for state in states]
    columns = {"slot": pd.to_datetime(slots, utc=True), "state": states, "reason": reasons, "p_full": p_full}
    return pd.DataFrame(columns).assign(label=pd.Series(labels, dtype="object"), sure=pd.Series(sure, dtype="boolean"))


FAULTS = {20: "in_use", 21: "frozen", 22: "late", 23: "corrupt", 24: "missing", 100: "missing", 102: "missing"}


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_no_point_is_drawn_where_there_is_no_usable_frame():
    points = traces(day_figure(table_of(faults=FAULTS), title="a day"))["P(full)"]
    assert np.flatnonzero(np.isnan(points.y)).tolist() == sorted(FAULTS)
    assert points.mode == "markers"


def test_the_level_bridges_a_gap_of_fifteen_minutes_and_no_longer_one():
    faults = dict.fromkeys((20, 21, 100, 101, 102), "missing")
    shown = day_figure(table_of(faults=faults), title="a day")
    level = traces(shown)["Level"]
    assert np.flatnonzero(np.isnan(level.y)).tolist() == [100, 101, 102]
    assert level.connectgaps is False
    assert len([trace for trace in shown.data if trace.name == "95% interval"]) == 2


def test_the_bands_have_the_same_gaps_and_one_band_a_usable_slot():
    shown = traces(day_figure(table_of(faults=FAULTS), title="a day"))
    bands = [x for look in VERDICTS.values() for x in shown[look.label].x]
    assert len(bands) == len(set(bands)) == 288 - len(FAULTS)


def test_the_strip_shows_the_state_of_every_slot():
    shown = traces(day_figure(table_of(faults=FAULTS), title="a day"))
    counts = {state: len(shown[look.label].x) for state, look in STATES.items()}
    assert counts == {"ok": 281, "in_use": 1, "frozen": 1, "late": 1, "corrupt": 1, "missing": 3}
    assert {shown[look.label].yaxis for look in STATES.values()} == {"y2"}


def test_states_that_do_not_occur_are_not_in_the_legend():
    shown = traces(day_figure(table_of(), title="a day"))
    assert set(shown) == {"Full", "Not sure", "Empty", "P(full)", "Level", "95% interval", "Usable frame"}


def test_the_line_can_be_hidden_and_the_classes_stay():
    figure = day_figure(table_of(faults=FAULTS), title="a day", show_probability=False)
    assert not {"P(full)", "Level", "95% interval"} & set(traces(figure))
    heights = [max(traces(figure)[look.label].y) for look in VERDICTS.values()]
    assert heights == sorted(heights, reverse=True)
    assert figure.layout.yaxis.ticktext == ("Full", "Not sure", "Empty")


def test_pointing_at_a_slot_says_time_state_and_reason():
    shown = traces(day_figure(table_of(faults=FAULTS), title="a day"))
    assert shown["Camera in use"].customdata.tolist() == ["<b>01:40</b> Camera in use: why in_use &amp; &lt;more&gt;"]
    assert shown["Empty"].customdata[0] == "<b>00:00</b> Empty, P(full) 0.05"


def test_a_slot_that_is_not_classified_yet_says_its_state():
    table = table_of()
    table["p_full"], table["label"], table["sure"] = np.nan, pd.Series([None] * 288, dtype="object"), pd.NA
    assert traces(day_figure(table, title="a day"))["Usable frame"].customdata[0] == "<b>00:00</b> Usable frame"


def test_times_are_london_times():
    summer = day_figure(table_of(date(2020, 7, 1)), title="a day")
    assert str(pd.Timestamp(summer.layout.xaxis.range[0])) == "2020-06-30 23:57:30"
    assert traces(summer)["P(full)"].x[0] == np.datetime64("2020-07-01T00:00")


@pytest.mark.parametrize(
    ("day", "labels"),
    [
        (date(2020, 3, 29), ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]),
        (date(2020, 10, 25), ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]),
    ],
)
def test_on_days_when_the_clocks_change_the_axis_runs_on_and_its_labels_jump(day, labels):
    figure = day_figure(table_of(day), title="a day")
    places = pd.Series(traces(figure)["P(full)"].x)
    assert places.is_monotonic_increasing
    assert places.diff().dropna().nunique() == 1
    assert list(figure.layout.xaxis.ticktext) == labels


def test_colours_are_distinct_and_faults_are_not_told_by_colour_alone():
    colours = [look.colour for look in (*VERDICTS.values(), *STATES.values())]
    assert len(set(colours)) == len(colours)
    assert VERDICTS["unsure"].hatching and STATES["missing"].hatching


def test_a_figure_survives_its_journey_to_the_browser():
    assert "Not sure" in day_figure(table_of(faults=FAULTS), title="Baker St & <b>").to_json()
