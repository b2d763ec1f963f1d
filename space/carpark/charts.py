"""How a camera day is drawn: what each verdict and state looks like, and the figure of a day for a picture file.

    day_figure(table, title="Baker St, Monday 9 March 2020").savefig("day.png")

The page draws the same looks in HTML (`tabs/day_chart.py`), where they follow its light and dark mode.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from carpark.day import NOT_BEGUN, NOT_FETCHED
from carpark.level import smooth_level
from carpark.slots import LONDON

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart, and tints of them where much area is filled.
VERMILION, BLUE, SKY, PURPLE, YELLOW = "#D55E00", "#0072B2", "#56B4E9", "#CC79A7", "#F0E442"
FULL_TINT, UNSURE_TINT, EMPTY_TINT, USABLE_TINT = "#F2B48C", "#F7E3B0", "#B5D6EA", "#D5D9DE"
PURPLE_INK = "#9A3C74"  # a second line: purple, dark enough to be a line on white
INK, MUTED, RULE = "#22272E", "#5B636E", "#DDE1E6"  # the line; words; grid lines
TICK_HOURS = 3
WHOLE: Mapping[str, float] = {}  # bands as high as their axes
WITHOUT_LINE: Mapping[str, float] = {"full": 1, "unsure": 0.6, "empty": 0.2}  # where no line says how full, the height of its bands does


@dataclass(frozen=True, slots=True)
class Look:
    """How a verdict or a state is drawn; the hatching tells it apart where colours do not."""

    label: str
    colour: str
    hatching: str = ""


VERDICTS = {
    "full": Look("Full", FULL_TINT),
    "unsure": Look("Not sure", UNSURE_TINT, "//"),
    "empty": Look("Empty", EMPTY_TINT),
}
STATES = {
    "ok": Look("Usable frame", USABLE_TINT),
    "in_use": Look("Camera in use", PURPLE),
    "frozen": Look("Frozen", SKY, "||"),
    "late": Look("Late", YELLOW),
    "corrupt": Look("Corrupt", VERMILION),
    "missing": Look("Missing", "#FFFFFF", "xx"),
}
WAITING = {  # not states of a frame: nobody knows yet
    "pending": Look("Not fetched yet", "#FFFFFF", ".."),
    "future": Look("Still to come", "#FFFFFF"),
}


Values = npt.NDArray[np.float64]  # (slots,), NaN where nobody knows


@dataclass(frozen=True, slots=True)
class Extra:
    """What else is drawn into the axes of a day, already brought to its slots."""

    name: str  # for the legend
    middle: Values
    low: Values | None = None
    high: Values | None = None
    verdicts: Sequence[str] = ()  # for a strip of its own
    link: tuple[str, str] | None = None  # the camera's id and the day, where it is a day that a link can name
    kind: str = "other"  # of `EXTRA_COLOURS`


EXTRA_COLOURS = {"other": PURPLE_INK, "usual": MUTED}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring slots of one kind."""

    kind: str
    first: int
    count: int


def verdicts_of(table: pd.DataFrame) -> list[str]:
    """The verdict on each slot: its label where the model is sure, else "unsure"; "" without a classified frame."""
    labels = table["label"].where(table["label"].isna() | table["sure"].fillna(False), "unsure")
    return [label if isinstance(label, str) else "" for label in labels]


def states_of(table: pd.DataFrame) -> list[str]:
    """The state of each slot, one of `STATES` or, where nobody knows yet, of `WAITING`."""
    return [
        "future" if reason == NOT_BEGUN else "pending" if reason == NOT_FETCHED else state
        for state, reason in zip(table["state"], table["reason"], strict=True)
    ]


def runs_of(kinds: Sequence[str]) -> list[Run]:
    """Neighbours of one kind as one run, in order; "" is no kind."""
    runs, first = [], 0
    for kind, slots in groupby(kinds):
        count = len(list(slots))
        if kind:
            runs.append(Run(kind, first, count))
        first += count
    return runs


def hours_of(slots: pd.Series) -> list[tuple[int, str]]:
    """Place and London time of every third hour, right also on the two days when the clocks change."""
    local = slots.dt.tz_convert(LONDON)
    marked = np.flatnonzero((local.dt.minute == 0) & (local.dt.hour % TICK_HOURS == 0))
    return [(int(place), f"{local.iloc[place]:%H:%M}") for place in marked]


def day_figure(table: pd.DataFrame, extras: Sequence[Extra] = (), *, title: str, credit: str = "", show_probability: bool = True) -> Figure:
    """The verdict of each slot as a coloured band, P(full) as points, their level as a line; below, a strip with each slot's state.

    A slot without a usable frame has neither band nor point. `show_probability` False leaves points and line out; the height of the bands
    then says the verdict. `extras` are drawn into the same axes, the verdicts of another day as a strip of its own. `credit` is written at
    the foot.
    """
    compared = [extra for extra in extras if extra.verdicts]
    figure = Figure(figsize=(11, 4.8 + 0.4 * len(compared)), dpi=150, layout="constrained")
    panel, strip, *others = figure.subplots(2 + len(compared), 1, sharex=True, height_ratios=[9, 1, *[1] * len(compared)])
    used = _draw_runs(panel, verdicts_of(table), VERDICTS, WHOLE if show_probability else WITHOUT_LINE)
    used += _draw_runs(strip, states_of(table), STATES | WAITING)
    for axes, extra in zip(others, compared, strict=True):
        _draw_runs(axes, extra.verdicts, VERDICTS)
        axes.set(ylim=(0, 1), yticks=[0.5], yticklabels=["Compared"])
    if show_probability:
        _draw_level(panel, table)
        for extra in extras:
            _draw_extra(panel, extra)
    panel.set_title(title, loc="left", color=INK)
    panel.set(ylim=(-0.02, 1.02), xlim=(0, len(table)))
    if show_probability:
        panel.set(yticks=[0, 0.5, 1], ylabel="P(full)")
    else:
        panel.set_yticks(list(WITHOUT_LINE.values()), [VERDICTS[verdict].label for verdict in WITHOUT_LINE])
    strip.set(ylim=(0, 1), yticks=[0.5], yticklabels=["Frames"])
    hours = hours_of(table["slot"])
    strip.set_xticks([place for place, _ in hours], [clock for _, clock in hours])
    for axes in (panel, strip, *others):
        axes.tick_params(colors=MUTED, length=0)
        axes.spines[:].set_visible(False)
    figure.legend(handles=[*used, *panel.lines], loc="outside lower left", ncols=6, frameon=False, labelcolor=MUTED, fontsize=8)
    figure.text(1, 0, credit, ha="right", va="bottom", fontsize=6, color=MUTED)
    return figure


def figure_png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _draw_runs(axes: Axes, kinds: Sequence[str], looks: Mapping[str, Look], heights: Mapping[str, float] = WHOLE) -> list[Patch]:
    """Fills the axes with the runs, and returns the legend of the looks that occur."""
    used = []
    for kind, look in looks.items():
        spans = [(run.first, run.count) for run in runs_of(kinds) if run.kind == kind]
        style: dict[str, Any] = {"facecolor": look.colour, "edgecolor": MUTED if look.hatching else look.colour, "linewidth": 0}
        if spans:
            axes.broken_barh(spans, (0, heights.get(kind, 1)), hatch=look.hatching, hatch_linewidth=0.4, **style)
            used.append(Patch(label=look.label, hatch=look.hatching, hatch_linewidth=0.4, **style))
    return used


def _draw_level(axes: Axes, table: pd.DataFrame) -> None:
    """P(full) as points; the smoothed level as a line, and its 95% interval as a shade around it, both with the gaps that it has."""
    middles = np.arange(len(table)) + 0.5
    smoothed = smooth_level(table)
    axes.fill_between(middles, smoothed["low"], smoothed["high"], color=INK, alpha=0.18, linewidth=0)
    axes.plot(middles, smoothed["level"], color=INK, linewidth=1.6, label="Level, with its 95% interval")
    axes.plot(middles, table["p_full"], ".", color=INK, markersize=3, label="P(full)")


def _draw_extra(axes: Axes, extra: Extra) -> None:
    """A line, broken where nobody knows, and the range around it where it has one."""
    middles, colour = np.arange(len(extra.middle)) + 0.5, EXTRA_COLOURS[extra.kind]
    if extra.low is not None and extra.high is not None:
        axes.fill_between(middles, extra.low, extra.high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(middles, extra.middle, "--", color=colour, linewidth=1.4, label=extra.name)
