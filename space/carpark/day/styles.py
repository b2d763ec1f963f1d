"""How verdicts and states of a camera day look: label, colour and hatching of each, and the runs in which they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from carpark.day.table import NOT_BEGUN, NOT_FETCHED

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart, and tints of them where much area is filled.
VERMILION, SKY, PURPLE, YELLOW = "#d55e00", "#56b4e9", "#cc79a7", "#f0e442"
FULL_TINT, UNSURE_TINT, EMPTY_TINT, USABLE_TINT = "#f2b48c", "#f7e3b0", "#b5d6ea", "#d5d9de"
WHITE = "#ffffff"


@dataclass(frozen=True, slots=True)
class Style:
    """How a verdict or a state is drawn. The hatching tells it apart where colours do not: diagonal, vertical, crossed or dotted."""

    label: str
    colour: str
    hatching: str = ""


VERDICTS = {
    "full": Style("Full", FULL_TINT),
    "unsure": Style("Not sure", UNSURE_TINT, "diagonal"),
    "empty": Style("Empty", EMPTY_TINT),
}
STATES = {
    "ok": Style("Usable frame", USABLE_TINT),
    "in_use": Style("Camera in use", PURPLE),
    "frozen": Style("Frozen", SKY, "vertical"),
    "late": Style("Late", YELLOW),
    "corrupt": Style("Corrupt", VERMILION),
    "missing": Style("Missing", WHITE, "crossed"),
}
WAITING = {  # not states of a frame: nothing is known yet
    "pending": Style("Not fetched yet", WHITE, "dotted"),
    "future": Style("Still to come", WHITE),
}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring rows of one kind."""

    kind: str
    first: int
    count: int


def verdicts_of(table: pd.DataFrame) -> list[str]:
    """The verdict on each row: its label where the model is sure, else "unsure"; "" without a classified frame."""
    labels = table["label"].where(table["label"].isna() | table["sure"].fillna(False), "unsure")
    return [label if isinstance(label, str) else "" for label in labels]


def states_of(table: pd.DataFrame) -> list[str]:
    """The state of each row, one of `STATES`, or of `WAITING` while nothing is known."""
    return [
        "future" if reason == NOT_BEGUN else "pending" if reason == NOT_FETCHED else state
        for state, reason in zip(table["state"], table["reason"], strict=True)
    ]


def runs_of(kinds: Sequence[str]) -> list[Run]:
    """Neighbours of one kind as one run, in order; "" is not a kind."""
    runs, first = [], 0
    for kind, rows in groupby(kinds):
        count = len(list(rows))
        if kind:
            runs.append(Run(kind, first, count))
        first += count
    return runs
