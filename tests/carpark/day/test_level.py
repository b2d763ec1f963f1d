from datetime import date

import numpy as np
import pandas as pd
import pytest

from carpark.day.level import smooth_fullness, smooth_level
from carpark.slots import slots_of_day

SLOTS = pd.to_datetime(slots_of_day(date(2020, 3, 9)), utc=True)


def smoothed(p_full):
    return smooth_level(pd.DataFrame({"slot": SLOTS[: len(p_full)], "time": SLOTS[: len(p_full)], "p_full": p_full}))


def test_a_constant_day_has_that_level_and_no_doubt():
    assert smoothed([0.7] * 30).to_numpy() == pytest.approx(0.7)


def test_the_band_holds_the_level_and_stays_between_0_and_1():
    drawn = smoothed(np.random.default_rng(0).uniform(size=288))
    assert (drawn["low"] <= drawn["level"]).all() and (drawn["level"] <= drawn["high"]).all()
    assert drawn.min().min() >= 0 and drawn.max().max() <= 1


def test_the_band_covers_the_true_level_of_noisy_looks_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    inside = [smoothed(rng.binomial(1, 0.4, 60)).iloc[30].pipe(lambda row: row["low"] <= 0.4 <= row["high"]) for _ in range(400)]
    assert 0.85 < np.mean(inside) < 0.99  # an interval from some seven looks is a little short


def test_a_gap_of_fifteen_minutes_is_bridged_and_a_longer_one_never():
    p_full = np.full(60, 0.5)
    p_full[[20, 21]] = np.nan  # 15 minutes from one usable slot to the next
    p_full[[40, 41, 42]] = np.nan
    assert np.flatnonzero(smoothed(p_full)["level"].isna()).tolist() == [40, 41, 42]


def test_what_lies_behind_a_long_gap_does_not_count():
    p_full = [0.1] * 20 + [np.nan] * 3 + [0.9] * 20
    drawn = smoothed(p_full)["level"]
    assert drawn[:20].to_numpy() == pytest.approx(0.1)
    assert drawn[23:].to_numpy() == pytest.approx(0.9)


def test_the_band_of_the_share_taken_is_as_wide_as_its_intervals_and_every_gap_stays_one():
    fullness = np.full(60, 0.5)
    fullness[[20, 21, 40]] = np.nan
    columns = {"fullness": fullness, "fullness_low": fullness - 0.2, "fullness_high": fullness + 0.3}
    drawn = smooth_fullness(pd.DataFrame({"slot": SLOTS[:60], "time": SLOTS[:60], **columns}))
    assert np.flatnonzero(drawn["low"].isna()).tolist() == np.flatnonzero(drawn["level"].isna()).tolist() == [20, 21, 40]
    assert drawn.dropna().to_numpy() == pytest.approx(np.tile([0.5, 0.3, 0.8], (57, 1)))


@pytest.mark.parametrize("p_full", [[np.nan], [np.nan] * 12, [np.nan, 0.5, 0.5, np.nan]])
def test_too_few_frames_make_no_level(p_full):
    assert smoothed(p_full)["level"].isna().all()
    assert smoothed([*p_full, 0.5, 0.5, 0.5])["level"].notna().sum() >= 3  # three do
