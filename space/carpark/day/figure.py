"""How a camera day is drawn: what each verdict and state looks like, and the figure of a day for a picture file.

    day_figure(table, title="Baker St, Monday 9 March 2020").savefig("day.png")

The page draws the same looks in HTML (`tabs/day_chart.py`), where they follow its light and dark mode.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from carpark.day.level import smooth_level
from carpark.day.styles import (
    EXTRA_COLOURS,
    INK,
    MUTED,
    STATES,
    VERDICTS,
    WAITING,
    Extra,
    Style,
    hours_of,
    runs_of,
    states_of,
    verdicts_of,
)

WHOLE: Mapping[str, float] = {}  # bands as high as their axes
WITHOUT_LINE: Mapping[str, float] = {"full": 1, "unsure": 0.6, "empty": 0.2}  # where no line says how full, the height of its bands does


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


def _draw_runs(axes: Axes, kinds: Sequence[str], looks: Mapping[str, Style], heights: Mapping[str, float] = WHOLE) -> list[Patch]:
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
