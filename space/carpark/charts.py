"""Figures from a camera day's table: how full the place was over the London day, with gaps where no frame could be trusted."""

import html
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go

from carpark.level import smooth_level
from carpark.slots import LONDON, SLOT

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart, and tints of them where much area is filled.
VERMILION, ORANGE, BLUE, SKY, PURPLE, YELLOW = "#D55E00", "#E69F00", "#0072B2", "#56B4E9", "#CC79A7", "#F0E442"
FULL_TINT, UNSURE_TINT, EMPTY_TINT, USABLE_TINT = "#F2B48C", "#F7E3B0", "#B5D6EA", "#D5D9DE"
INK, MUTED, RULE = "#22272E", "#717883", "#DDE1E6"  # the line; words, which can be read on white and on black; grid lines
SHADE = "rgba(34, 39, 46, 0.18)"  # the ink, over any of the tints
STRIP_TOP, PANEL_FOOT = 0.075, 0.15  # of the height: the strip of states below, the panel above
TICK_HOURS = 3


@dataclass(frozen=True, slots=True)
class Look:
    """How a verdict or a state is drawn; the hatching tells it apart where colours do not."""

    label: str
    colour: str
    hatching: str = ""
    height: float = 1.0  # of its bars, where no line says how full


VERDICTS = {
    "full": Look("Full", FULL_TINT),
    "unsure": Look("Not sure", UNSURE_TINT, "/", height=0.6),
    "empty": Look("Empty", EMPTY_TINT, height=0.2),
}
STATES = {
    "ok": Look("Usable frame", USABLE_TINT),
    "in_use": Look("Camera in use", PURPLE),
    "frozen": Look("Frozen", SKY),
    "late": Look("Late", YELLOW),
    "corrupt": Look("Corrupt", VERMILION),
    "missing": Look("Missing", "#FFFFFF", "x"),
}


def day_figure(table: pd.DataFrame, *, title: str, show_probability: bool = True) -> go.Figure:
    """The verdict of each slot as a coloured band, P(full) as points, their level as a line; below, a strip with each slot's state.

    A slot without a usable frame has neither band nor point. `show_probability` False leaves points and line out; the height of the bands
    then says the verdict.
    """
    places = _place_slots(table["slot"])
    verdicts = _verdicts(table)
    hover = _describe_slots(table, verdicts)
    figure = go.Figure()
    for verdict, look in VERDICTS.items():
        chosen = verdicts == verdict
        figure.add_trace(_bars(places[chosen], hover[chosen], look, height=1 if show_probability else look.height))
    if show_probability:
        figure.add_traces([*_level_with_band(places, smooth_level(table)), _probability_points(places, table["p_full"])])
    for state, look in STATES.items():
        chosen = table["state"] == state
        if chosen.any():
            figure.add_trace(_bars(places[chosen], hover[chosen], look).update(yaxis="y2"))
    figure.update_layout(_layout(title, show_probability))
    figure.update_xaxes(_time_axis(table["slot"], places))
    return figure


def _place_slots(slots: pd.Series) -> pd.Series:
    """Where each slot lies on the time axis: London time without a zone, running on evenly when the clocks change."""
    start = slots.iloc[0].tz_convert(LONDON).tz_localize(None)
    places: pd.Series = start + (slots - slots.iloc[0])
    return places


def _verdicts(table: pd.DataFrame) -> pd.Series:
    """The label of each slot where it is sure, else "unsure"; None where there is no usable frame."""
    verdicts: pd.Series = table["label"].where(table["label"].isna() | table["sure"].fillna(False), "unsure")
    return verdicts


def _describe_slots(table: pd.DataFrame, verdicts: pd.Series) -> pd.Series:
    """What a person reads when pointing at each slot."""
    times = table["slot"].dt.tz_convert(LONDON).dt.strftime("%H:%M")
    words = verdicts.map({verdict: look.label for verdict, look in VERDICTS.items()})
    judged = words + table["p_full"].map(", P(full) {:.2f}".format)
    states = table["state"].map({state: look.label for state, look in STATES.items()})
    reasons = table["reason"].map(lambda reason: f": {html.escape(reason)}" if reason else "")
    described: pd.Series = "<b>" + times + "</b> " + judged.where(verdicts.notna(), states) + reasons
    return described


def _bars(places: pd.Series, hover: pd.Series, look: Look, *, height: float = 1) -> go.Bar:
    """One bar a slot, a hair wider than the slot so that neighbours meet."""
    width_ms = SLOT / timedelta(milliseconds=1) * 1.12
    pattern = {"shape": look.hatching, "fgcolor": MUTED, "size": 5, "solidity": 0.2}
    return go.Bar(
        x=places,
        y=[height] * len(places),
        width=width_ms,
        name=look.label,
        marker={"color": look.colour, "line": {"width": 0}, "pattern": pattern},
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _probability_points(places: pd.Series, p_full: pd.Series) -> go.Scatter:
    """P(full) of each usable slot."""
    return go.Scatter(x=places, y=p_full, mode="markers", name="P(full)", marker={"color": INK, "size": 4}, hoverinfo="skip")


def _level_with_band(places: pd.Series, smoothed: pd.DataFrame) -> list[go.Scatter]:
    """The smoothed level as a line and its 95% interval as a shade around it, in one piece for each stretch without a long gap."""
    shade = {"fill": "toself", "fillcolor": SHADE, "line": {"width": 0}, "showlegend": False}
    known = smoothed["level"].notna()
    stretches = [part for _, part in smoothed[known].groupby((~known).cumsum()[known])]
    edges = [pd.concat([part["high"], part["low"][::-1]]) for part in stretches]
    bands = [go.Scatter(x=places[edge.index], y=edge, mode="lines", name="95% interval", hoverinfo="skip", **shade) for edge in edges]
    line = {"color": INK, "width": 2}
    return [*bands, go.Scatter(x=places, y=smoothed["level"], mode="lines", name="Level", line=line, hoverinfo="skip", connectgaps=False)]


def _layout(title: str, show_probability: bool) -> dict[str, object]:
    probability = {"title": {"text": "P(full)", "standoff": 6}, "tickvals": [0, 0.5, 1], "ticktext": ["0", "0.5", "1"]}
    verdicts = {"tickvals": [look.height for look in VERDICTS.values()], "ticktext": [look.label for look in VERDICTS.values()]}
    return {
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 16}},
        "font": {"color": MUTED, "size": 12},
        "barmode": "overlay",
        "hovermode": "closest",
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 52, "r": 12, "t": 48, "b": 8},
        "height": 440,
        "legend": {"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
        "yaxis": {
            "domain": [PANEL_FOOT, 1],
            "range": [-0.02, 1.02],
            "fixedrange": True,
            "gridcolor": RULE,
            "zeroline": False,
            **(probability if show_probability else verdicts),
        },
        "yaxis2": {
            "domain": [0, STRIP_TOP],
            "range": [0, 1],
            "fixedrange": True,
            "tickvals": [0.5],
            "ticktext": ["Frames"],
            "showgrid": False,
            "zeroline": False,
            "anchor": "x",
        },
    }


def _time_axis(slots: pd.Series, places: pd.Series) -> dict[str, object]:
    """Hours of London time, right also on the two days when the clocks change."""
    local = slots.dt.tz_convert(LONDON)
    axis: dict[str, object] = {
        "range": [places.iloc[0] - SLOT / 2, places.iloc[-1] + SLOT / 2],
        "tickformat": "%H:%M",
        "anchor": "y2",
        "gridcolor": RULE,
        "ticks": "outside",
        "tickcolor": RULE,
        "zeroline": False,
    }
    if local.iloc[0].utcoffset() != local.iloc[-1].utcoffset():
        marked = (local.dt.minute == 0) & (local.dt.hour % TICK_HOURS == 0)
        axis |= {"tickvals": list(places[marked]), "ticktext": list(local[marked].dt.strftime("%H:%M"))}
    return axis
