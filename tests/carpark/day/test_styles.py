from datetime import date

import numpy as np
import pandas as pd

from carpark.day.styles import STATES, VERDICTS, WAITING, Run, runs_of, states_of, verdicts_of
from carpark.day.table import FULLNESS_COLUMNS, NOT_BEGUN, NOT_FETCHED
from carpark.slots import slots_of_day

FAULTS = {20: "in_use", 21: "frozen", 22: "late", 23: "corrupt", 24: "missing", 100: "missing", 102: "missing"}


def table_of(day=date(2020, 3, 9), faults=None):
    """A day that is full from noon on, but for the slots whose state `faults` names by position."""
    slots = slots_of_day(day)
    states = ["ok"] * len(slots)
    for place, state in (faults or {}).items():
        states[place] = state
    p_full = np.where(np.array(states) == "ok", np.linspace(0.05, 0.95, len(slots)), np.nan)
    labels = [None if np.isnan(p) else "full" if p >= 0.5 else "empty" for p in p_full]
    sure = [None if np.isnan(p) else abs(p - 0.5) > 0.15 for p in p_full]
    reasons = ["" if state == "ok" else f"why {state} & <more>" for state in states]
    columns = {
        "slot": pd.to_datetime(slots, utc=True),
        "time": pd.to_datetime(slots, utc=True),
        "state": states,
        "reason": reasons,
        "p_full": p_full,
    }
    return pd.DataFrame(columns).assign(
        label=pd.Series(labels, dtype="object"), sure=pd.Series(sure, dtype="boolean"), sha256="", **dict.fromkeys(FULLNESS_COLUMNS, np.nan)
    )


def test_a_slot_without_a_usable_frame_has_no_verdict():
    verdicts = verdicts_of(table_of(faults=FAULTS))
    assert [place for place, verdict in enumerate(verdicts) if not verdict] == sorted(FAULTS)
    assert set(verdicts) == {"", *VERDICTS}
    assert (verdicts[0], verdicts[143], verdicts[287]) == ("empty", "unsure", "full")


def test_a_frame_that_is_not_classified_yet_has_a_state_and_no_verdict():
    table = table_of()
    table["p_full"], table["label"], table["sure"] = np.nan, pd.Series([None] * 288, dtype="object"), pd.NA
    assert set(verdicts_of(table)) == {""}
    assert set(states_of(table)) == {"ok"}


def test_slots_that_nobody_knows_yet_are_not_called_missing():
    table = table_of(faults={0: "missing", 1: "missing", 2: "missing"})
    table.loc[:1, "reason"] = [NOT_FETCHED, NOT_BEGUN]
    assert states_of(table)[:4] == ["pending", "future", "missing", "ok"]


def test_neighbours_of_one_kind_are_one_run():
    assert runs_of(["full", "full", "", "empty", "full"]) == [Run("full", 0, 2), Run("empty", 3, 1), Run("full", 4, 1)]
    assert runs_of(["", ""]) == []


def test_colours_are_distinct_and_neighbours_differ_in_more_than_colour():
    styles = [*VERDICTS.values(), *STATES.values()]
    assert len({style.colour for style in styles}) == len(styles)
    assert VERDICTS["unsure"].hatching and STATES["missing"].hatching and WAITING["pending"].hatching != STATES["missing"].hatching
