"""Scores say what they claim, on cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from carpark.intervals import wilson_interval
from carpark.model.config import Thresholds
from training.evaluate.scores import auroc, calibration_error, score

THRESHOLDS = Thresholds(empty_at_most=0.2, full_at_least=0.8)


def test_no_errors_in_thirty_still_allow_a_tenth() -> None:
    low, high = wilson_interval(30, 30)
    assert low == pytest.approx(0.8865, abs=1e-4)
    assert high == 1.0


def test_an_interval_without_trials_promises_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_auroc_counts_pairs_in_order_and_ties_half() -> None:
    assert auroc([0.1, 0.2], [0.9, 0.8]) == 1.0
    assert auroc([0.1, 0.5], [0.5, 0.9]) == pytest.approx(0.875)
    assert auroc([], [0.5]) is None


def test_calibrated_answers_have_no_calibration_error() -> None:
    assert calibration_error([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5]) == pytest.approx(0.0)
    assert calibration_error([0, 0], [0.9, 0.9]) == pytest.approx(0.9)


def test_scores_count_errors_answers_and_groups() -> None:
    predictions = pd.DataFrame(
        {
            "label": ["empty", "empty", "full", "full", "partial"],
            "p_full": [0.1, 0.6, 0.9, 0.7, 0.5],
            "view": ["aerial", "ground", "aerial", "ground", "ground"],
        }
    )
    answer = score(predictions, THRESHOLDS)
    assert (answer["n"], answer["errors"], answer["accuracy"]) == (4, 1, 0.75)
    assert answer["answered_share"] == 0.5 and answer["errors_among_answered"] == 0
    assert answer["by_view"] == {"aerial": {"n": 2, "errors": 0}, "ground": {"n": 2, "errors": 1}}
    assert answer["partial"] == {"n": 1, "mean_p_full": 0.5, "auroc_empty_partial": 0.5, "auroc_partial_full": 1.0}


def test_one_class_alone_has_no_auroc() -> None:
    answer = score(pd.DataFrame({"label": ["full"], "p_full": np.array([0.9])}), THRESHOLDS)
    assert answer["auroc"] is None and answer["errors"] == 0
