"""The chart of a camera day as HTML: bands and strips laid out by CSS, lines by SVG, so that it follows the page's width, light and dark.

It is redrawn whole while frames arrive; `day_chart.js` lets a visitor point at it, scrub along it and walk through it by keyboard.
"""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carpark.day.level import smooth_level
from carpark.day.styles import STATES, VERDICTS, WAITING, Extra, Style, Values, hours_of, runs_of, states_of, verdicts_of
from carpark.slots import LONDON
from tabs.day.shown import CameraDay

ON_LOAD = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def chart_html(shown: CameraDay, extras: Sequence[Extra] = (), *, start: int | None = None) -> str:
    """The chart of a day as HTML; `start` is the place of the slot that is chosen at first, None for none yet."""
    table = shown.table
    verdicts, states = verdicts_of(table), states_of(table)
    bands = _runs_html("band", verdicts, len(table))
    lines = "".join([*map(_extra_lines, extras), *_level_lines(table)])
    strips = [("Frames", _runs_html("state", states, len(table)))]
    strips += [(extra.name, _runs_html("band", extra.verdicts, len(table))) for extra in extras if extra.verdicts]
    moments, day = as_attribute(describe_moments(table, verdicts, states)), as_attribute([shown.camera.id, str(shown.day)])
    first = "" if start is None else start
    second = as_attribute(next((extra.link for extra in extras if extra.link), ()))
    return (
        f'<div class="day-chart"><div class="scale" aria-hidden="true"><i>1</i><i>P(full) 0.5</i><i>0</i></div>'
        f'<div class="plot" role="slider" tabindex="0" aria-label="Moment of the day" aria-valuemin="0" '
        f'aria-valuemax="{len(table) - 1}" aria-valuenow="0" aria-valuetext="none chosen" '
        f'data-day="{day}" data-second="{second}" data-start="{first}" data-moments="{moments}">'
        f'<div class="panel">{bands}<svg viewBox="0 0 {len(table)} 100" preserveAspectRatio="none" aria-hidden="true">{lines}</svg></div>'
        + "".join(f'<div class="strip" title="{html.escape(label)}">{runs}</div>' for label, runs in strips)
        + f'<div class="hours" aria-hidden="true">{_hours_html(table)}</div></div></div>{_legend_html(verdicts, states, extras)}'
    )


def as_attribute(value: object) -> str:
    """JSON, safe in an attribute of an HTML element."""
    return html.escape(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def describe_moments(table: pd.DataFrame, verdicts: Sequence[str], states: Sequence[str]) -> list[list[Any]]:
    """For each slot: its London time, its UTC time as in a link, its kind, and what there is to say in words."""
    local = table["slot"].dt.tz_convert(LONDON).dt.strftime("%H:%M")
    utc = table["slot"].dt.strftime("%Y-%m-%dT%H:%MZ")
    words = [_say_moment(*known) for known in zip(verdicts, states, table["p_full"], table["reason"], strict=True)]
    return [list(moment) for moment in zip(local, utc, [v or s for v, s in zip(verdicts, states, strict=True)], words, strict=True)]


def _say_moment(verdict: str, state: str, p_full: float, reason: str) -> str:
    if verdict:
        return f"{VERDICTS[verdict].label}, P(full) {p_full:.2f}" + (f"; {reason}" if reason else "")
    if state in WAITING:
        return WAITING[state].label
    if state == "ok":
        return "Fetched, not classified yet"
    return STATES[state].label + (f": {reason}" if reason else "")


def _runs_html(css: str, kinds: Sequence[str], total: int) -> str:
    """One element a run, placed by percentages."""
    return "".join(
        f'<i class="{css} {run.kind}" style="left:{100 * run.first / total:.3f}%;width:{100 * run.count / total:.3f}%"></i>'
        for run in runs_of(kinds)
    )


def _hours_html(table: pd.DataFrame) -> str:
    return "".join(f'<i style="left:{100 * place / len(table):.3f}%">{clock}</i>' for place, clock in hours_of(table["slot"]))


def _level_lines(table: pd.DataFrame) -> list[str]:
    smoothed = smooth_level(table)
    level, low, high = (smoothed[column].to_numpy() for column in ("level", "low", "high"))
    dots = "".join(f"M{_x(i)} {_y(p)}h0" for i, p in enumerate(table["p_full"]) if not np.isnan(p))
    return [_path("interval", _area(low, high)), _path("level", _line(level)), _path("dots", dots)]


def _extra_lines(extra: Extra) -> str:
    area = "" if extra.low is None or extra.high is None else _path(f"{extra.kind}-range", _area(extra.low, extra.high))
    return area + _path(f"{extra.kind}-line", _line(extra.middle))


def _path(css: str, d: str) -> str:
    return f'<path class="{css}" d="{d}"/>'


def _line(values: Values) -> str:
    """An SVG path through the values, broken where there are none."""
    return "".join("M" + "L".join(f"{_x(i)} {_y(values[i])}" for i in places) for places in _stretches(values))


def _area(low: Values, high: Values) -> str:
    """An SVG path around what lies between the values, a piece for each stretch that has both."""
    edges = [[(i, high[i]) for i in places] + [(i, low[i]) for i in reversed(places)] for places in _stretches(low + high)]
    return "".join("M" + "L".join(f"{_x(i)} {_y(value)}" for i, value in edge) + "Z" for edge in edges)


def _stretches(values: Values) -> list[range]:
    """The places of neighbouring values that are known."""
    return [range(run.first, run.first + run.count) for run in runs_of(["" if unknown else "known" for unknown in np.isnan(values)])]


def _x(place: int) -> str:
    return f"{place + 0.5:g}"


def _y(share: float) -> str:
    return f"{100 * (1 - share):.1f}"


def _legend_html(verdicts: Sequence[str], states: Sequence[str], extras: Sequence[Extra]) -> str:
    entries = [("band", kind, look) for kind, look in VERDICTS.items() if kind in verdicts]
    entries += [("state", kind, look) for kind, look in (STATES | WAITING).items() if kind in states]
    lines = [("level-key", "", Style("Level, with its 95% interval", ""))] if any(verdicts) else []
    lines += [(f"{extra.kind}-key", "", Style(extra.name, "")) for extra in extras]
    items = "".join(f'<li><i class="{css} {kind}"></i>{html.escape(look.label)}</li>' for css, kind, look in [*entries, *lines])
    return f'<ul class="day-legend">{items}</ul>'
