"""The chart of a camera day: bands and strips as SVG in per cent of the day, lines above them, so that it follows the page's width.

It has up to three views, switched by `data-day-view`: the share taken, class and probability, class alone.
It is redrawn whole while frames arrive. `chart.js` lets a visitor point at it, scrub along it and walk through it by keyboard, and saves
it as a picture. Colours are CSS variables: the page sets them for the dark, and a saved picture falls back to the light ones here.
"""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from carpark.day.level import smooth_fullness, smooth_level
from carpark.day.overlays import Curve, Overlay, Values, edges_of, minutes_of
from carpark.day.styles import STATES, VERDICTS, WAITING, Style, runs_of, states_of, verdicts_of
from carpark.day.table import CameraDay
from carpark.slots import LONDON, bounds_of_day, day_in_words
from tabs.credits import ATTRIBUTION
from tabs.shares import share_in_words

ON_LOAD = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
TICK_HOURS = 3
VIEWS = {"share": "Share taken", "probability": "Class and probability", "class": "Class alone"}
SCALES = {"share": ("100%", "Share taken, 50%", "0%"), "probability": ("1", "P(full) 0.5", "0")}
WHAT_FULL_MEANS = "On a street, full means that vehicles cover the road: a jam is full."
WHAT_TAKEN_MEANS = "Taken is the share of the bays in a car park; on a street, the share of the road under vehicles, where a jam is 100%."
HATCHINGS = {  # pattern size in px, what is drawn into it
    "diagonal": (6, '<path d="M-1 1L1 -1M0 6L6 0M5 7L7 5"/>'),
    "vertical": (4, '<path d="M2 0V4"/>'),
    "crossed": (6, '<path d="M0 0L6 6M0 6L6 0"/>'),
    "dotted": (8, '<circle cx="4" cy="4" r="1"/>'),
}
LINES = """
.panel, .strip { overflow: hidden; } .lines { overflow: visible; }
.lines path { vector-effect: non-scaling-stroke; fill: none; stroke-linejoin: round; stroke-linecap: round; }
.half, .edge { stroke: var(--chart-rule, #c9d0d7); }
.interval, .lines .interval { fill: var(--chart-shade, rgba(34, 39, 46, 0.2)); }
.level { stroke: var(--chart-ink, #22272e); stroke-width: 2; }
.dots { stroke: var(--chart-ink, #22272e); stroke-width: 4; }
.other-line { stroke: var(--other, #7d2a64); stroke-width: 2.5; stroke-dasharray: 7 5; }
.usual-range, .lines .usual-range { fill: var(--usual, rgba(156, 63, 128, 0.22)); }
.usual-line { stroke: var(--other, #7d2a64); stroke-width: 1.5; stroke-dasharray: 2 4; opacity: 0.8; }
pattern path { stroke: var(--hatch, rgba(57, 67, 76, 0.32)); fill: none; } pattern circle { fill: var(--hatch, rgba(57, 67, 76, 0.32)); }
.share-band, .lines .share-band { fill: var(--share, rgba(0, 95, 150, 0.24)); }
[data-day-view="share"] .in-probability, [data-day-view="probability"] .in-share { display: none !important; }
[data-day-view="class"] :is(.in-probability, .in-share) { display: none !important; }
[data-day-view="share"] .panel .band { y: 95%; height: 5%; }
[data-day-view="class"] .panel .unsure { y: 40%; height: 60%; } [data-day-view="class"] .panel .empty { y: 80%; height: 20%; }
"""


def chart_html(shown: CameraDay, overlays: Sequence[Overlay] = (), *, start: int | None = None) -> str:
    """The chart of a day as HTML. `start` is the row that is chosen at first, None for none yet."""
    table = shown.table
    knows_share = bool(table["fullness"].notna().any())
    view = "share" if knows_share else "probability"
    length = minutes_in(shown.day)
    minutes = minutes_of(table["time"], shown.day)
    edges = edges_of(table, minutes)
    verdicts, states = verdicts_of(table), states_of(table)
    strips = [("Frames", rects("state", states, edges, length))]
    strips += [(overlay.name, rects("band", overlay.verdicts, overlay.edges, length)) for overlay in overlays if overlay.edges is not None]
    attributes = {
        "day": as_attribute([shown.camera.id, str(shown.day)]),
        "second": as_attribute(next((overlay.link for overlay in overlays if overlay.link), ())),
        "start": "" if start is None else str(start),
        "moments": as_attribute(describe_moments(table, minutes, verdicts, states)),
        "minutes": f"{length:g}",
        "title": html.escape(title_of(shown)),
        "credit": html.escape(ATTRIBUTION),
        "file": html.escape(f"{shown.camera.folder}_{shown.day}.png"),
    }
    data = " ".join(f'data-{name}="{value}"' for name, value in attributes.items())
    return (
        f'<div class="day-views" data-day-view="{view}">{views_html(view)}<div class="day-chart">{scales_html()}'
        f'<div class="plot" role="slider" tabindex="0" aria-label="Moment of the day" aria-valuemin="0" '
        f'aria-valuemax="{len(table) - 1}" aria-valuenow="0" aria-valuetext="none chosen" {data}>'
        f'<svg class="panel" aria-hidden="true">{definitions()}{rects("band", verdicts, edges, length)}'
        f'<line class="half" x2="100%" y1="50%" y2="50%"/>'
        f'<svg class="lines" width="100%" height="100%" viewBox="0 0 {length:g} 100" preserveAspectRatio="none">'
        f'<g class="in-probability">{overlay_lines(overlays, "p_full")}{level_lines(table, minutes)}</g>'
        f'<g class="in-share">{overlay_lines(overlays, "fullness")}{share_lines(table, minutes)}</g></svg></svg>'
        + "".join(f'<svg class="strip" role="img" aria-label="{html.escape(name)}">{body}</svg>' for name, body in strips)
        + f'<div class="hours" aria-hidden="true">{hours_html(shown.day, length)}</div></div></div>'
        + legend_html(verdicts, states, overlays, knows_share=knows_share)
        + f'<p class="meaning">{WHAT_FULL_MEANS}{f" {WHAT_TAKEN_MEANS}" if knows_share else ""}</p></div>'
    )


def views_html(chosen: str) -> str:
    """The choice of a view, as radio buttons; without the share taken where the model cannot tell it."""
    offered = {view: name for view, name in VIEWS.items() if view != "share" or chosen == "share"}
    buttons = "".join(
        f'<label><input type="radio" name="day-view" value="{view}"{" checked" if view == chosen else ""} />{name}</label>'
        for view, name in offered.items()
    )
    return f'<fieldset class="views"><legend>Show</legend>{buttons}</fieldset>'


def scales_html() -> str:
    """What the height of a point means, for the views that have points."""
    labels = {view: "".join(f"<i>{label}</i>" for label in scale) for view, scale in SCALES.items()}
    return "".join(f'<div class="scale in-{view}" aria-hidden="true">{body}</div>' for view, body in labels.items())


def title_of(shown: CameraDay) -> str:
    """The camera and the day, for people."""
    return f"{shown.camera.name}, {day_in_words(shown.day)}"


def minutes_in(day: date) -> float:
    """Minutes that the London day has: 1440, or 1380 and 1500 when the clocks change."""
    start, end = bounds_of_day(day)
    return (end - start) / timedelta(minutes=1)


def hours_of(day: date) -> list[tuple[float, str]]:
    """Minute and London time of every third hour, right also on the two days when the clocks change."""
    start, end = bounds_of_day(day)
    hours = [start + timedelta(hours=i) for i in range((end - start) // timedelta(hours=1))]
    local = [(moment, moment.astimezone(LONDON)) for moment in hours]
    marked = [(moment, clock) for moment, clock in local if clock.hour % TICK_HOURS == 0 and not clock.fold]
    return [((moment - start) / timedelta(minutes=1), f"{clock:%H:%M}") for moment, clock in marked]


def as_attribute(value: object) -> str:
    """JSON, safe in an attribute of an HTML element."""
    return html.escape(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def describe_moments(table: pd.DataFrame, minutes: Values, verdicts: Sequence[str], states: Sequence[str]) -> list[list[Any]]:
    """For each row: the London time at which it is drawn, its slot as in a link (UTC), its kind, a description, and its minute."""
    local = table["time"].dt.tz_convert(LONDON).dt.strftime("%H:%M")
    links = [f"{slot:%Y-%m-%dT%H:%M}{f':{slot:%S}' if slot.second else ''}Z" for slot in table["slot"]]
    kinds = [verdict or state for verdict, state in zip(verdicts, states, strict=True)]
    numbers = [describe_numbers(*row) for row in zip(table["fullness"], table["p_full"], strict=True)]
    words = [describe_moment(*row) for row in zip(verdicts, states, numbers, table["reason"], strict=True)]
    return [list(moment) for moment in zip(local, links, kinds, words, minutes.round(1).tolist(), strict=True)]


def describe_numbers(fullness: float, p_full: float) -> str:
    """The share taken, where the model can tell it, and P(full): "about 70% taken, P(full) 0.97"."""
    return ("" if np.isnan(fullness) else f"{share_in_words(fullness)}, ") + f"P(full) {p_full:.2f}"


def describe_moment(verdict: str, state: str, numbers: str, reason: str) -> str:
    """What there is to say about one row, in words."""
    if verdict:
        return f"{VERDICTS[verdict].label}, {numbers}" + (f"; {reason}" if reason else "")
    if state in WAITING:
        return WAITING[state].label
    if state == "ok":
        return "Fetched, not classified yet"
    return STATES[state].label + (f": {reason}" if reason else "")


def definitions() -> str:
    """Colours and hatchings of all kinds, as the SVG's own style sheet and patterns."""
    groups = (("band", VERDICTS), ("state", STATES | WAITING))
    styles = [(css, kind, style) for css, table in groups for kind, style in table.items()]
    rules = "".join(f".{css}.{kind} {{ fill: {_fill(css, kind, style)}; }}" for css, kind, style in styles)
    patterns = "".join(_pattern(css, kind, style) for css, kind, style in styles if style.hatching)
    return f"<defs>{patterns}</defs><style>{rules}{LINES}</style>"


def rects(css: str, kinds: Sequence[str], edges: Values | None, length: float) -> str:
    """One rectangle a run of one kind, as high as its SVG."""
    if edges is None:
        return ""
    shares = 100 * np.clip(edges, 0, length) / length
    spans = [(run.kind, shares[run.first], shares[run.first + run.count]) for run in runs_of(kinds)]
    return "".join(f'<rect class="{css} {kind}" x="{a:.3f}%" width="{b - a:.3f}%" height="100%"/>' for kind, a, b in spans)


def hours_html(day: date, length: float) -> str:
    """The hours at the foot of the chart."""
    return "".join(f'<i style="left:{100 * minute / length:.3f}%">{clock}</i>' for minute, clock in hours_of(day))


def level_lines(table: pd.DataFrame, minutes: Values) -> str:
    """The smoothed level of P(full) with its interval, and P(full) as points."""
    level, low, high = smooth_level(table).to_numpy().T
    return _path("interval", _area(minutes, low, high)) + _path("level", _line(minutes, level)) + _dots(minutes, table["p_full"])


def share_lines(table: pd.DataFrame, minutes: Values) -> str:
    """The smoothed share taken in the band of its interval, and each frame's share as a point; nothing where there is a gap."""
    level, low, high = smooth_fullness(table).to_numpy().T
    return _path("share-band", _area(minutes, low, high)) + _path("level", _line(minutes, level)) + _dots(minutes, table["fullness"])


def overlay_lines(overlays: Sequence[Overlay], column: Literal["p_full", "fullness"]) -> str:
    """For each overlay that has one, the curve of the column: a line, broken where values are unknown, and the range around it."""
    curves = [(overlay, overlay.p_full if column == "p_full" else overlay.fullness) for overlay in overlays]
    return "".join(_curve(overlay, curve) for overlay, curve in curves if curve)


def _curve(overlay: Overlay, curve: Curve) -> str:
    area = ""
    if curve.low is not None and curve.high is not None:
        area = _path(f"{overlay.kind}-range", _area(overlay.minutes, curve.low, curve.high))
    return area + _path(f"{overlay.kind}-line", _line(overlay.minutes, curve.middle))


def _dots(minutes: Values, values: pd.Series) -> str:
    points = zip(minutes, values, strict=True)
    return _path("dots", "".join(f"M{_x(minute)} {_y(value)}h0" for minute, value in points if not np.isnan(value)))


def legend_html(verdicts: Sequence[str], states: Sequence[str], overlays: Sequence[Overlay], *, knows_share: bool) -> str:
    """The kinds that occur, in this day or in the compared one, each with its key."""
    shown = {*verdicts, *(verdict for overlay in overlays for verdict in overlay.verdicts)}
    items = [*_keys("band", VERDICTS, shown), *_keys("state", STATES | WAITING, states)]
    if any(verdicts):
        interval, level = '<path class="interval" d="M0 3h14v8H0z"/>', '<path class="level" d="M0 7h14"/>'
        dot, band = '<circle cx="7" cy="7" r="2" fill="currentColor"/>', '<path class="share-band" d="M0 3h14v8H0z"/>'
        items.append(_item("line-key in-probability", interval + level, "Level, with its 95% interval"))
        items.append(_item("line-key in-probability", dot, "P(full)"))
        if knows_share:
            items.append(_item("line-key in-share", band + level, "Share taken, with the 80% interval of a frame"))
            items.append(_item("line-key in-share", dot, "One frame"))
    for overlay in overlays:
        area = '<path class="usual-range" d="M0 0h14v14H0z"/>' if overlay.kind == "usual" else ""
        items.append(_item(f"{overlay.kind}-key", f'{area}<path class="{overlay.kind}-line" d="M0 7h14"/>', overlay.name))
    return f'<ul class="day-legend">{"".join(items)}</ul>'


def _keys(css: str, styles: Mapping[str, Style], present: Iterable[str]) -> list[str]:
    there = set(present)
    keys = [(f'<rect class="{css} {kind}" width="14" height="14"/>', style.label) for kind, style in styles.items() if kind in there]
    return [_item("", key, label) for key, label in keys]


def _item(css: str, key: str, label: str) -> str:
    return f'<li class="{css}"><svg class="key" width="14" height="14" aria-hidden="true">{key}</svg><span>{html.escape(label)}</span></li>'


def _fill(css: str, kind: str, style: Style) -> str:
    return f"url(#hatch-{css}-{kind})" if style.hatching else f"var(--{css}-{kind}, {style.colour})"


def _pattern(css: str, kind: str, style: Style) -> str:
    size, body = HATCHINGS[style.hatching]
    paper = "none" if style.colour == "#ffffff" else f"var(--{css}-{kind}, {style.colour})"
    background = f'<rect width="{size}" height="{size}" style="fill: {paper}"/>'
    return f'<pattern id="hatch-{css}-{kind}" width="{size}" height="{size}" patternUnits="userSpaceOnUse">{background}{body}</pattern>'


def _path(css: str, d: str) -> str:
    return f'<path class="{css}" d="{d}"/>'


def _line(minutes: Values, values: Values) -> str:
    """An SVG path through the values, broken where they are NaN."""
    return "".join("M" + "L".join(f"{_x(minutes[i])} {_y(values[i])}" for i in places) for places in _stretches(values))


def _area(minutes: Values, low: Values, high: Values) -> str:
    """An SVG path around what lies between the values, a piece for each stretch that has both."""
    outlines = [[(i, high[i]) for i in places] + [(i, low[i]) for i in reversed(places)] for places in _stretches(low + high)]
    return "".join("M" + "L".join(f"{_x(minutes[i])} {_y(value)}" for i, value in outline) + "Z" for outline in outlines)


def _stretches(values: Values) -> list[range]:
    """The places of neighbouring values that are known."""
    return [range(run.first, run.first + run.count) for run in runs_of(["" if unknown else "known" for unknown in np.isnan(values)])]


def _x(minute: float) -> str:
    return f"{minute:.1f}".removesuffix(".0")


def _y(share: float) -> str:
    return f"{100 * (1 - share):.1f}"
