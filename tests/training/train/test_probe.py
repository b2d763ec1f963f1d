"""A head on frozen features: ordered, calibrated, and scored only on scenes that it has not seen."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from torchvision import models

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import Thresholds
from carpark.model.fullness import Fullness, interval_of, share_of
from carpark.model.neighbours import load_neighbours
from training.evaluate.scores import score_folder
from training.photos import load_photos
from training.train import __main__ as train
from training.train.calibration import choose_thresholds, cross_fit, fit_intervals, fit_scale, smoothed, tighten
from training.train.fitting import fit_pretrained
from training.train.folds import assign_folds, cross_validate, judge_by_heads
from training.train.pretrained import Recipe
from training.train.probe import Head, fit_head, shares_of
from training.weights import load_start


@pytest.fixture(scope="module")
def probed_folder(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose body comes from a file and stays as it was."""
    work = tmp_path_factory.mktemp("probe")
    torch.manual_seed(0)
    torch.save(models.resnet18(weights=None).state_dict(), work / "start.pth")
    train.train(sample_folder / "photos", work / "model", Recipe("resnet18", str(work / "start.pth"), size=64, epochs=1, seed=0))
    return work / "model"


@pytest.fixture
def photos() -> pd.DataFrame:
    """Ninety photos of thirty scenes, a third a label."""
    labels = np.repeat(["empty", "partial", "full"], 30)
    return pd.DataFrame({"label": labels, "scene": [f"{label}{number % 10}" for number, label in enumerate(labels)]})


def pooled_of(photos: pd.DataFrame, noise: float) -> np.ndarray:
    """(n, 2, 4): one feature that tells the label, up to noise, and three that tell nothing."""
    rng = np.random.default_rng(0)
    told = photos.label.map({"empty": -1.0, "partial": 0.0, "full": 1.0}).to_numpy()
    features = rng.normal(size=(len(photos), 2, 4))
    features[..., 0] = told[:, None] + noise * features[..., 0]
    return features


def test_a_head_puts_partial_photos_between_the_others(photos: pd.DataFrame) -> None:
    pooled = pooled_of(photos, noise=0.2)
    odds = pd.Series(fit_head(pooled, shares_of(photos)).log_odds(pooled[:, 0])).groupby(photos.label).mean()
    assert odds["empty"] < odds["partial"] - 0.2 < odds["full"] - 0.4


def test_a_head_needs_no_partial_photos(photos: pd.DataFrame) -> None:
    two = (photos.label != "partial").to_numpy()
    odds = fit_head(pooled_of(photos, noise=0.2)[two], shares_of(photos[two])).log_odds(pooled_of(photos, noise=0.2)[:, 0])
    assert odds[photos.label == "empty"].max() < odds[photos.label == "full"].min()


def test_no_scene_lies_in_two_folds(photos: pd.DataFrame) -> None:
    folds = assign_folds(photos, seed=0)
    assert (pd.Series(folds).groupby(photos.scene).nunique() == 1).all() and set(folds) == {0, 1, 2, 3, 4}
    assert len(set(assign_folds(photos[photos.scene.isin(["empty0", "empty1", "full0", "full1", "full2"])], seed=0))) == 2


def test_features_that_tell_nothing_score_as_chance_out_of_fold(photos: pd.DataFrame) -> None:
    """A photo's own scene would give its label away, if a fold let it in."""
    rng = np.random.default_rng(1)
    by_scene = {scene: rng.normal(size=4) for scene in photos.scene.unique()}
    pooled = np.stack([by_scene[scene] for scene in photos.scene])[:, None].repeat(2, axis=1) + 0.01 * rng.normal(size=(len(photos), 2, 4))
    sure = (photos.label != "partial").to_numpy()
    judged = cross_validate(judge_by_heads(pooled, photos), photos, seed=0, repeats=2)
    right = (judged.p_full[:, sure] >= 0.5) == (photos.label[sure] == "full").to_numpy()
    assert 0.2 < right.mean() < 0.8


def test_rescaling_makes_overconfident_odds_honest() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, 4000)
    is_full = rng.random(4000) < expit(honest)
    assert fit_scale(3 * honest, smoothed(is_full))[0] == pytest.approx(1 / 3, rel=0.1)
    assert fit_scale(honest / 2 + 1, smoothed(is_full)) == pytest.approx((2, -2), rel=0.1)


def test_photos_without_an_error_do_not_ask_for_certainty() -> None:
    is_full = np.repeat([False, True], 15)
    odds = np.where(is_full, 2.0, -2.0)
    slope, shift = fit_scale(odds, smoothed(is_full))
    assert expit(slope * odds + shift).max() < 0.97


def test_a_fold_is_calibrated_by_the_others_only() -> None:
    folds = np.repeat([0, 1], 40)
    is_full = np.tile([False, True], 40)
    odds = np.where(is_full, 4.0, -4.0)
    odds[folds == 1] *= np.where(np.arange(40) % 4 < 2, 1, -1)  # half of fold 1 is wrong
    p_full = expit(cross_fit(odds, folds, np.ones(80, dtype=bool), smoothed(is_full)))
    assert p_full[folds == 0].max() < 0.7 and p_full[folds == 1].max() > 0.95


def test_thresholds_leave_the_doubtful_unanswered() -> None:
    is_full = np.repeat([False, True], 100)
    p_full = np.where(is_full, 0.95, 0.05)
    assert choose_thresholds(p_full[None], is_full) == Thresholds(0.2, 0.8)
    p_full[:5] = 0.85
    assert choose_thresholds(p_full[None], is_full) == Thresholds(0.14, 0.86)


def test_no_bound_calls_a_third_of_the_bays_empty_or_half_of_them_full() -> None:
    loose, fullness = Thresholds(0.2, 0.8), Fullness(slope=0.3, shift=-0.4, quantile_80=0.3, quantile_95=0.6)
    assert share_of([0.2, 0.8], fullness) == pytest.approx([0.31, 0.5], abs=0.01)
    found = tighten(loose, fullness)
    assert share_of([found.empty_at_most, found.full_at_least], fullness) == pytest.approx([0.2, 0.6], abs=0.01)
    assert found == Thresholds(0.03, 0.94)
    assert tighten(loose, replace(fullness, slope=1.0, shift=0.0)) == loose


def test_eighty_of_a_hundred_truths_lie_within_their_interval() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random(4000)
    truths = np.clip(shares + rng.normal(0, 0.1, 4000), 0, 1)
    within_80, within_95 = fit_intervals(shares[:2000], truths[:2000])
    low, high = interval_of(shares[2000:], Fullness(1, 0, within_80, within_95))
    assert 0.77 < ((low <= truths[2000:]) & (truths[2000:] <= high)).mean() < 0.83 and within_95 > within_80


def test_a_lower_temperature_keeps_the_order() -> None:
    head, features = Head(np.array([1.0, -2.0]), 0.5), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert np.allclose(head.rescaled(0.5, 1).log_odds(features), head.log_odds(features) / 2 + 1)


def test_a_probed_model_learns_from_all_photos_and_is_scored_out_of_fold(probed_folder: Path) -> None:
    predictions = pd.read_parquet(probed_folder / "predictions.parquet")
    metrics, config = (json.loads((probed_folder / f"{name}.json").read_text()) for name in ("metrics", "config"))
    assert len(predictions) == 60 == len(load_neighbours(probed_folder).photos)
    assert (predictions.groupby("scene").fold.nunique() == 1).all()
    assert metrics["scored_by"] == "cross-validation by scene: 5 folds, repeated 5 times with new folds"
    assert metrics["validation"] == score_folder(probed_folder) and len(metrics["validation"]["repeats"]["errors"]) == 5
    assert config["temperature"] > 0 and config["thresholds"]["full_at_least"] >= 0.8
    empty, full = share_of([config["thresholds"][name] for name in ("empty_at_most", "full_at_least")], Fullness(**config["fullness"]))
    assert empty <= 0.2 and full >= 0.6
    assert config["car_park"]["distance_at_most"] > 1
    assert "5 folds, repeated 5 times with new folds" in (probed_folder / "README.md").read_text()


def test_the_probe_leaves_the_body_as_it_was_and_answers_for_the_photos_it_learnt(probed_folder: Path, sample_folder: Path) -> None:
    start = torch.load(probed_folder.parent / "start.pth", weights_only=True)
    model = load_model(probed_folder, "learner")
    rows = pd.read_parquet(probed_folder / "predictions.parquet").iloc[::6]
    seen = model.predict(open_image(sample_folder / "photos" / file) for file in rows.file)
    assert len(seen.p_full) == 10 and seen.features.shape[1] == 512
    known = load_neighbours(probed_folder)
    remembered = [known.features[known.photos.file == file][0] for file in rows.file]
    assert np.allclose(remembered, seen.features, atol=1e-3)
    from safetensors.torch import load_file

    assert torch.equal(load_file(probed_folder / "model.safetensors")["0.0.weight"], start["conv1.weight"])


def test_the_same_seed_gives_the_same_predictions(probed_folder: Path, sample_folder: Path) -> None:
    weights = str(probed_folder.parent / "start.pth")
    start = load_start("resnet18", weights)
    assert start is not None
    photos, pixels = load_photos(sample_folder / "photos", (64, 64))
    again = fit_pretrained(start, photos, pixels, Recipe("resnet18", weights, size=64, epochs=1, seed=0))
    pd.testing.assert_frame_equal(again.predictions, pd.read_parquet(probed_folder / "predictions.parquet"))
