"""The card and the table of a photo: the share taken before the word, and what to beware of before any number."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carpark.model.config import ModelConfig, Thresholds
from carpark.model.engines import Model
from carpark.model.fullness import Fullness
from tabs.photo.answer import PhotoAnswer, answer_of, kind_of, verdict_card
from tabs.photo.batch import PhotoResult, table_of, write_csv
from tabs.shares import share_in_words

CONFIG = ModelConfig(
    architecture="resnet18",
    labels=("empty", "full"),
    input_size=(64, 64),
    mean=(0.5, 0.5, 0.5),
    std=(0.2, 0.2, 0.2),
    thresholds=Thresholds(0.2, 0.8),
    files={},
    sha256="abc",
    fullness=Fullness(slope=0.5, shift=0.0, quantile_80=0.3, quantile_95=0.6),
)
NO_FORWARD: Any = None
MODEL = Model(CONFIG, "int8", NO_FORWARD)
OLD_MODEL = Model(replace(CONFIG, fullness=None), "int8", NO_FORWARD)


def answer(p_full: float, fullness: float, *, is_car_park: bool | None = True) -> PhotoAnswer:
    return answer_of(MODEL, p_full, fullness=fullness, is_car_park=is_car_park)


@pytest.mark.parametrize(
    ("p_full", "fullness", "verdict", "kind"),
    [
        (0.97, 0.9, "Full, 97% sure", "full"),
        (0.1, 0.2, "Empty, 90% sure", "empty"),
        (0.5, 0.5, "Partly full", "partial"),
        (0.7, 0.85, "Unsure, leaning full", "unsure"),  # its interval reaches up to where full photos lie
    ],
)
def test_the_word_is_the_class_where_it_is_sure_and_partly_full_where_the_interval_lies_between(
    p_full: float, fullness: float, verdict: str, kind: str
) -> None:
    found = answer(p_full, fullness)
    assert (found.verdict, kind_of(found)) == (verdict, kind)


def test_an_answer_has_the_share_and_its_interval() -> None:
    found = answer(0.5, 0.5)
    assert (found.fullness, found.fullness_low, found.fullness_high) == pytest.approx((0.5, 0.32, 0.68), abs=1e-6)


def test_the_card_says_the_share_before_the_word() -> None:
    card = verdict_card(answer(0.97, 0.72), MODEL)
    assert "<b>About 70% taken</b> (55% to 90%)" in card
    assert 'style="left: 72.0%"' in card
    assert (
        card.index("taken") < card.index("gauge-band") < card.index(">Full<") < card.index("97% sure") < card.index("Probability of full")
    )


def test_a_picture_unlike_the_training_photos_says_so_before_any_number_and_has_a_wider_band() -> None:
    found = answer(0.97, 0.5, is_car_park=False)
    card = verdict_card(found, MODEL)
    assert card.index("This does not look like a car park") < card.index("About 50% taken") < card.index(">Unsure<")
    assert found.fullness_low == pytest.approx(0.14, abs=1e-6)
    assert not found.sure and kind_of(found) == "no-car-park"


def test_a_model_that_does_not_know_the_share_keeps_its_card() -> None:
    found = answer_of(OLD_MODEL, 0.97, fullness=math.nan, is_car_park=True)
    card = verdict_card(found, OLD_MODEL)
    assert (found.fullness, found.fullness_low, found.fullness_high) == (None, None, None)
    assert "taken" not in card and '<dl class="bars" id="probabilities">' in card and card.index(">Full<") < card.index("97% sure")


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "under 5% taken"), (0.03, "about 5% taken"), (0.72, "about 70% taken"), (1, "over 95% taken")]
)
def test_a_share_is_told_in_steps_of_five_per_cent(share: float, words: str) -> None:
    assert share_in_words(share) == words


def test_several_photos_have_a_column_for_the_share_taken(tmp_path: Path) -> None:
    rows = [PhotoResult("a.jpg", answer(0.5, float(np.float32(0.5)))), PhotoResult("b.jpg", None, "b.jpg is broken")]
    table = table_of(rows)
    assert "Share taken</th>" in table and ">about 50% (30% to 70%)</td>" in table and 'colspan="3"' in table
    assert table.startswith("<p>1 partly full, 1 not readable.</p>")
    write_csv(rows, tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["fullness"], first["fullness_low"], first["fullness_high"], first["problem"]) == ("0.5", "0.32", "0.68", "")
    assert (second["fullness"], second["label"], second["problem"]) == ("", "", "b.jpg is broken")


def test_photos_judged_by_a_model_that_does_not_know_the_share_have_no_such_column() -> None:
    table = table_of([PhotoResult("a.jpg", answer_of(OLD_MODEL, 0.9, fullness=math.nan, is_car_park=None))])
    assert "Share taken" not in table and "Probability of full" in table
