"""Photos of streets beside those of car parks: they teach the last layer, and neither calibrate nor are counted among car parks."""

import numpy as np
import pandas as pd

from carpark.model.config import Thresholds
from training.evaluate.scores import score
from training.provenance import are_streets
from training.train.folds import CrossValidation, cross_validate, judge_by_heads

SIDES = Thresholds(0.4, 0.6)


def photos() -> pd.DataFrame:
    """Forty car parks, ten streets, and four drawn streets."""
    return pd.DataFrame(
        {
            "label": ["empty", "full"] * 20 + ["full", "empty"] * 5 + ["empty", "full"] * 2,
            "view": ["pole"] * 40 + ["street"] * 14,
            "source": ["folder"] * 50 + ["generated"] * 4,
            "scene": [f"place {number}" for number in range(54)],
        }
    )


def judge(table: pd.DataFrame) -> CrossValidation:
    """By one feature, which tells car parks apart, and says the contrary of streets."""
    feature = np.where((table.label == "full") != (table.view == "street"), 1.0, -1.0) + np.linspace(-0.3, 0.3, len(table))
    return cross_validate(judge_by_heads(feature[:, None, None], table), table, seed=0, repeats=1)


def test_streets_are_real_photos_of_streets_beside_car_parks() -> None:
    assert are_streets(photos()).tolist() == [False] * 40 + [True] * 10 + [False] * 4
    assert not are_streets(photos().iloc[40:]).any()  # nothing beside them to calibrate by
    assert not are_streets(photos().drop(columns="view")).any()


def test_p_full_of_car_parks_is_calibrated_by_car_parks() -> None:
    table, judged = photos(), judge(photos())
    off = np.abs(judged.p_full[0, :40] - (table.label[:40] == "full"))
    assert off.mean() < 0.18  # 0.24 if streets were among them
    assert np.isnan(judged.p_full[0, 50:]).all()


def test_streets_are_scored_by_themselves() -> None:
    predictions = photos().iloc[:50].assign(p_full=[0.0, 1.0] * 20 + [0.0, 1.0] * 5)
    scores = score(predictions, SIDES)
    assert (scores["n"], scores["errors"]) == (40, 0)
    assert (scores["streets"]["n"], scores["streets"]["errors"]) == (10, 10)
    assert score(predictions.iloc[40:], SIDES)["errors"] == 10
