"""How verdicts and states of a camera day look: labels, colours, hatchings, and the runs in which they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.day.table import NOT_BEGUN, NOT_FETCHED
from carpark.slots import LONDON

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart, and tints of them where much area is filled.
VERMILION, BLUE, SKY, PURPLE, YELLOW = "#D55E00", "#0072B2", "#56B4E9", "#CC79A7", "#F0E442"
FULL_TINT, UNSURE_TINT, EMPTY_TINT, USABLE_TINT = "#F2B48C", "#F7E3B0", "#B5D6EA", "#D5D9DE"
PURPLE_INK = "#9A3C74"  # a second line: purple, dark enough to be a line on white
INK, MUTED, RULE = "#22272E", "#5B636E", "#DDE1E6"  # the line; words; grid lines
TICK_HOURS = 3


@dataclass(frozen=True, slots=True)
class Style:
    """How a verdict or a state is drawn; the hatching tells it apart where colours do not."""

    label: str
    colour: str
    hatching: str = ""


VERDICTS = {
    "full": Style("Full", FULL_TINT),
    "unsure": Style("Not sure", UNSURE_TINT, "//"),
    "empty": Style("Empty", EMPTY_TINT),
}
STATES = {
    "ok": Style("Usable frame", USABLE_TINT),
    "in_use": Style("Camera in use", PURPLE),
    "frozen": Style("Frozen", SKY, "||"),
    "late": Style("Late", YELLOW),
    "corrupt": Style("Corrupt", VERMILION),
    "missing": Style("Missing", "#FFFFFF", "xx"),
}
WAITING = {  # not states of a frame: nobody knows yet
    "pending": Style("Not fetched yet", "#FFFFFF", ".."),
    "future": Style("Still to come", "#FFFFFF"),
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
    """Neighbours of one kind as one run, in order; "" is not a kind."""
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
