import json
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from carpark.cameras.camera import camera_of_folder
from carpark.day.overlays import Curve, Overlay
from carpark.day.table import NOT_FETCHED, CameraDay
from tabs.day.chart import chart_html, hours_of
from tests.carpark.day.test_styles import FAULTS, table_of


class Chart(HTMLParser):
    """The chart's elements: their classes, attributes, and the moments that the page reads."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.open = []
        self.feed(html)
        assert self.open == []
        (self.plot,) = [attributes for _, attributes in self.elements if attributes.get("role") == "slider"]
        self.moments = json.loads(self.plot["data-moments"])

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.elements.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of_class(self, name):
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


def shown(table, day=date(2020, 3, 9)):
    return CameraDay(camera_of_folder("Baker_St"), day, table, "abc")


def placed(elements):
    """Left and width of each rectangle in per cent of the day, in slots of a day of 288."""
    return [(round(float(e["x"][:-1]) * 2.88), round(float(e["width"][:-1]) * 2.88)) for e in elements if "%" in e.get("x", "")]


def test_bands_have_the_gaps_of_the_day():
    chart = Chart(chart_html(shown(table_of(faults=FAULTS))))
    bands = sorted(placed(chart.of_class("band")))
    assert sum(width for _, width in bands) == 288 - len(FAULTS)
    covered = {place for left, width in bands for place in range(left, left + width)}
    assert set(range(288)) - covered == set(FAULTS)


def test_the_strip_shows_the_state_of_every_slot():
    chart = Chart(chart_html(shown(table_of(faults=FAULTS))))
    faults = ("in_use", "frozen", "late", "corrupt", "missing")
    counts = {state: sum(width for _, width in placed(chart.of_class(state))) for state in faults}
    assert counts == {"in_use": 1, "frozen": 1, "late": 1, "corrupt": 1, "missing": 3}
    assert sum(width for _, width in placed(chart.of_class("state"))) == 288


def test_slots_that_are_not_fetched_yet_have_a_look_of_their_own():
    table = table_of(faults=dict.fromkeys(range(10, 20), "missing"))
    table.loc[12:19, "reason"] = NOT_FETCHED
    chart = Chart(chart_html(shown(table)))
    assert placed(chart.of_class("pending")) == [(12, 8)]
    assert placed(chart.of_class("missing")) == [(10, 2)]
    assert chart.moments[15][3] == "Not fetched yet"


def test_a_moment_says_its_time_its_verdict_or_why_there_is_none():
    table = table_of(faults=FAULTS)
    table.loc[0, "reason"] = "the view has moved"
    moments = Chart(chart_html(shown(table))).moments
    assert moments[0] == ["00:00", "2020-03-09T00:00Z", "empty", "Empty, P(full) 0.05; the view has moved", 0]
    assert moments[20] == ["01:40", "2020-03-09T01:40Z", "in_use", "Camera in use: why in_use & <more>", 100]
    table["p_full"] = np.nan
    table["label"] = None
    assert Chart(chart_html(shown(table))).moments[0][3] == "Fetched, not classified yet"


def test_a_moments_clock_is_londons_and_its_link_utc():
    moments = Chart(chart_html(shown(table_of(date(2020, 7, 1)), date(2020, 7, 1)))).moments
    assert moments[0][:2] == ["00:00", "2020-06-30T23:00Z"]


def test_the_twice_lived_hour_of_october_is_told_apart_in_links():
    links = [moment[1] for moment in Chart(chart_html(shown(table_of(date(2020, 10, 25)), date(2020, 10, 25)))).moments]
    assert len(links) == len(set(links)) == 300


def test_the_chart_is_a_slider_that_knows_its_day_and_where_to_start():
    chart = Chart(chart_html(shown(table_of()), start=17))
    assert json.loads(chart.plot["data-day"]) == ["Baker_St", "2020-03-09"]
    assert (chart.plot["aria-valuemax"], chart.plot["data-start"], chart.plot["tabindex"]) == ("287", "17", "0")
    assert Chart(chart_html(shown(table_of()))).plot["data-start"] == ""


def test_lines_are_broken_where_nothing_is_known():
    level = Chart(chart_html(shown(table_of(faults=dict.fromkeys((100, 101, 102), "missing"))))).of_class("level")[0]
    pieces = level["d"].split("M")[1:]
    assert [(piece.split("L")[0].split()[0], piece.split("L")[-1].split()[0]) for piece in pieces] == [("0", "495"), ("515", "1435")]
    dots, shares = Chart(chart_html(shown(table_of(faults=FAULTS)))).of_class("dots")
    assert shares["d"] == ""
    assert dots["d"].count("h0") == 288 - len(FAULTS)


def with_shares(table):
    return table.assign(fullness=table["p_full"], fullness_low=table["p_full"] - 0.05, fullness_high=table["p_full"] + 0.05)


def test_the_share_taken_is_the_first_view_and_class_and_probability_remain():
    chart = Chart(chart_html(shown(with_shares(table_of()))))
    assert [e["data-day-view"] for e in chart.of_class("day-views")] == ["share"]
    radios = [attributes for tag, attributes in chart.elements if tag == "input"]
    assert [(radio["value"], "checked" in radio) for radio in radios] == [("share", True), ("probability", False), ("class", False)]
    assert chart.moments[0][3] == "Empty, about 5% taken, P(full) 0.05"


def test_a_model_that_does_not_know_the_share_has_the_other_two_views():
    page = chart_html(shown(table_of()))
    radios = [(attributes["value"], "checked" in attributes) for tag, attributes in Chart(page).elements if tag == "input"]
    assert radios == [("probability", True), ("class", False)]
    assert "a jam is full" in page and "a jam is 100%" not in page


def test_the_band_of_the_share_taken_has_every_gap_of_the_day():
    band = Chart(chart_html(shown(with_shares(table_of(faults={100: "frozen"}))))).of_class("share-band")[0]
    pieces = [[point.split()[0] for point in piece.rstrip("Z").split("L")] for piece in band["d"].split("M")[1:]]
    assert [(piece[0], max(piece, key=float)) for piece in pieces] == [("0", "495"), ("505", "1435")]


def test_the_chart_of_a_street_says_what_full_and_taken_mean():
    page = chart_html(shown(with_shares(table_of())))
    assert "On a street, full means that vehicles cover the road" in page
    assert "on a street, the share of the road under vehicles, where a jam is 100%" in page


def test_another_day_in_the_same_axes_has_a_line_a_strip_and_a_name():
    minutes = np.arange(288) * 5.0
    edges = np.append(minutes, 1440)
    other = Overlay("Sunday <8 March>", "other", minutes, Curve(np.full(288, 0.5)), edges=edges, verdicts=["full"] * 288)
    chart = Chart(chart_html(shown(table_of()), [other]))
    assert len(chart.of_class("other-line")) == 2  # in the axes and in the legend
    assert len(chart.of_class("other-key")) == 1
    assert len(chart.of_class("strip")) == 2
    assert chart.of_class("strip")[1]["aria-label"] == "Sunday <8 March>"


@pytest.mark.parametrize(
    ("day", "minutes"),
    [
        (date(2020, 3, 9), [0, 180, 360, 540, 720, 900, 1080, 1260]),
        (date(2020, 3, 29), [0, 120, 300, 480, 660, 840, 1020, 1200]),
        (date(2020, 10, 25), [0, 240, 420, 600, 780, 960, 1140, 1320]),
    ],
    ids=["24 hours", "23 hours", "25 hours"],
)
def test_hours_are_london_hours_also_when_the_clocks_change(day, minutes):
    assert hours_of(day) == list(zip(minutes, ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"], strict=True))


def test_a_verdict_that_only_the_compared_day_has_is_in_the_legend():
    minutes = np.array([0.0])
    other = Overlay("Sunday", "other", minutes, Curve(np.array([0.5])), edges=np.array([0.0, 5.0]), verdicts=["unsure"])
    table = table_of()
    table["sure"] = True
    assert "Not sure" not in chart_html(shown(table))
    assert "Not sure" in chart_html(shown(table), [other])


def test_a_frame_is_drawn_when_it_was_taken_and_named_by_its_slot():
    table = table_of()
    table["time"] = table["time"] + pd.Timedelta(minutes=4)
    chart = Chart(chart_html(shown(table)))
    assert chart.moments[0][:2] == ["00:04", "2020-03-09T00:00Z"]
    assert chart.moments[0][4] == 4
    assert chart.of_class("band")[0]["x"] == f"{4 / 14.4:.3f}%"


@pytest.mark.parametrize("text", ['"><img src=x onerror=alert(1)>', "</div><script>alert(1)</script>", "${alert(1)} {{x}}"])
def test_words_of_a_source_stay_words(text):
    table = table_of(faults={0: "missing"})
    table.loc[0, "reason"] = text
    chart = Chart(chart_html(shown(table)))
    assert chart.moments[0][3] == f"Missing: {text}"
    assert not {"img", "script"} & {tag for tag, _ in chart.elements}
