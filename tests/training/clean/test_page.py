"""The handlers of the review page decide, step on, undo and switch tiles; each call stands on what cleaning.csv says."""

import re
from functools import partial
from pathlib import Path

import gradio as gr
import pandas as pd
import pytest

from training.clean.decisions import REVIEW, Decision, cleaning_log, read_decisions, to_row
from training.clean.page.queue import ReviewQueue
from training.clean.page.server import (
    GRID,
    ONE,
    answer,
    choose_tile,
    mark,
    show_first,
    show_next,
    switch_view,
    undo_last,
)

FILES = ["a  b.jpg", "b.jpg", "c.jpg"]
START = ("", 0, [], ONE, "undecided", "any", "any", "any")


@pytest.fixture
def queue(tmp_path: Path) -> ReviewQueue:
    """Three photos, each with a proposal; the first one is the surest."""
    photos = pd.DataFrame({"file": FILES, "label": "full", "scene": FILES, "path": [tmp_path / file for file in FILES]})
    rows = [Decision(file, "0", "labels", "label empty", "P(full) 0.10 out of fold", f"0.{9 - n}") for n, file in enumerate(FILES)]
    cleaning_log(tmp_path).append([to_row(row) for row in rows])
    return ReviewQueue(photos, tmp_path, "Kim")


def test_a_mark_is_on_disk_and_the_next_photo_shows(queue: ReviewQueue) -> None:
    cards, _, file, turn, _ = answer(queue, show_first, *START)
    assert file == FILES[0] and f'data-file="{file}"' in cards
    drop = partial(mark, decision="drop", reason="blurred")
    _, progress, after, turn, _ = answer(queue, drop, file, turn, [], *START[3:])
    assert after == FILES[1] and "1 of 3 decided" in progress and turn == 2
    marks = [row for row in read_decisions(queue.out / "cleaning.csv") if row.pass_name == REVIEW]
    assert [(row.file, row.decision, row.reason, row.decided_by) for row in marks] == [(FILES[0], "drop", "blurred", "Kim")]
    assert answer(queue, undo_last, after, turn, [], *START[3:])[2] == FILES[0]


def test_skipping_decides_nothing_and_ends_at_the_first_photo_again(queue: ReviewQueue) -> None:
    shown = answer(queue, show_first, *START)
    visited = [shown[2]]
    for _ in FILES:
        shown = answer(queue, show_next, shown[2], shown[3], shown[4], *START[3:])
        visited.append(shown[2])
    assert visited == [*FILES, FILES[0]]
    assert not any(row.pass_name == REVIEW for row in read_decisions(queue.out / "cleaning.csv"))


def test_a_tile_of_the_grid_is_chosen_by_its_event(queue: ReviewQueue) -> None:
    grid = (GRID, *START[4:])
    _, _, file, turn, tiles = answer(queue, show_first, "", 0, [], *grid)
    assert tiles == FILES
    event = gr.EventData(None, {"file": FILES[2]})
    cards, _, chosen, _, _ = choose_tile(queue, event, file, turn, tiles, *grid)
    assert chosen == FILES[2] and re.findall(r'aria-selected="(\w+)"', cards) == ["false", "false", "true"]
    assert switch_view(GRID) == ONE and switch_view(ONE) == GRID
