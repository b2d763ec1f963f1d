"""Curves of a week and of an area as SVG: a line that breaks where nothing is known, over the band of what is usual."""

import html
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.slots import LONDON, day_in_words
from tabs.london.index import CameraWeek

WIDTH, HEIGHT = 960, 240  # px of the drawing; it scales with the page
LEFT, BOTTOM, TOP = 84, 34, 24  # room for the large letters of a narrow screen
QUARTER_MIN = 15
FEWEST_DAYS = 3  # behind a quarter hour's usual band, as in traffic.index
Values = npt.NDArray[Any]  # (n,) floats


def week_svg(week: CameraWeek) -> str:
    """A camera's level over Monday to Sunday, over its usual quartiles."""
    quarters = week.quarters.sort_values("start")
    series = str(quarters["series"].iloc[-1]) if len(quarters) else str(week.camera["series"])
    usual = week.usual[(week.usual["series"] == series) & (week.usual["days"] >= FEWEST_DAYS)].sort_values("quarter")
    band = _band(usual["quarter"].to_numpy(np.float64), usual["low"].to_numpy(np.float64), usual["high"].to_numpy(np.float64), 672)
    monday = datetime.combine(week.monday, time(), LONDON).astimezone(UTC)
    places = ((quarters["start"] - monday) / pd.Timedelta(minutes=QUARTER_MIN)).to_numpy(np.float64)
    line = _line(places, quarters["level"].to_numpy(np.float64), 672)
    days = [(96.0 * number, f"{week.monday + timedelta(days=number):%a %d}") for number in range(7)]
    label = f"{week.camera['name']}, the week of {day_in_words(week.monday)}: {len(quarters)} quarter hours with a usable frame"
    return _frame(label, band + line, days, 672)


def area_svg(area: str, rows: pd.DataFrame) -> str:
    """An area's index over the days of `rows`, with its interval as the band; usual in dashes."""
    rows = rows.sort_values("start")
    if rows.empty:
        return ""
    first = rows["start"].iloc[0].astimezone(LONDON).replace(hour=0, minute=0)
    places = ((rows["start"] - first) / pd.Timedelta(minutes=QUARTER_MIN)).to_numpy(np.float64)
    length = 96 * int(places[-1] // 96 + 1)
    level, low, high, usual = (rows[name].to_numpy(np.float64) for name in ("level", "low", "high", "usual"))
    drawn = _band(places, low, high, length) + _line(places, usual, length, kind="usual") + _line(places, level, length)
    hours = [(4.0 * hour, f"{hour:02}:00") for hour in range(0, 24, 4)]
    days = [(96.0 * number, f"{first + timedelta(days=number):%a %d %b}") for number in range(length // 96)]
    return _frame(f"Fullness index of {area}, {len(rows)} quarter hours", drawn, days if length > 96 else hours, length)


def _frame(label: str, drawn: str, ticks: Sequence[tuple[float, str]], length: int) -> str:
    levels = "".join(
        f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.5, 1)
    )
    names = "".join(
        f'<line class="rule" x1="{_x(place, length):.1f}" x2="{_x(place, length):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text x="{_x(place, length) + 4:.1f}" y="{HEIGHT - 8}">{html.escape(name)}</text>'
        for place, name in ticks
    )
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(label)}">{levels}{names}{drawn}</svg>'


def _line(places: Values, values: Values, length: int, *, kind: str = "level") -> str:
    """A path for each stretch; a single quarter hour is a dot."""
    paths = []
    for stretch in _stretches(places, values):
        points = [f"{_x(places[i] + 0.5, length):.1f} {_y(values[i]):.1f}" for i in stretch]
        paths.append(f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h0.1")
    return f'<path class="{kind}" d="{"".join(paths)}"/>' if paths else ""


def _band(places: Values, low: Values, high: Values, length: int) -> str:
    paths = []
    for stretch in _stretches(places, low + high):
        across = [f"{_x(places[i] + 0.5, length):.1f} {_y(high[i]):.1f}" for i in stretch]
        back = [f"{_x(places[i] + 0.5, length):.1f} {_y(low[i]):.1f}" for i in reversed(stretch)]
        paths.append(f"M{'L'.join(across + back)}Z")
    return f'<path class="band" d="{"".join(paths)}"/>' if paths else ""


def _stretches(places: Values, values: Values) -> Iterator[list[int]]:
    """Places of neighbouring quarter hours with a value; nothing is drawn across a gap."""
    known = [i for i in range(len(values)) if not np.isnan(values[i])]
    stretch = known[:1]
    for before, here in pairwise(known):
        if places[here] - places[before] > 1:
            yield stretch
            stretch = []
        stretch.append(here)
    if stretch:
        yield stretch


def _x(place: float, length: int) -> float:
    return LEFT + (WIDTH - LEFT) * place / length


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
