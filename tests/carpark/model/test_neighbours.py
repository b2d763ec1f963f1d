"""A picture is answered with the training photos most like it, and with whether it is like any."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carpark.errors import BadModel
from carpark.hub.revisions import digest_file
from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import CarPark
from carpark.model.neighbours import NEIGHBOUR_COLUMNS, NEIGHBOURS_FILE, Crowd, Neighbours, load_neighbours
from training.photos import read_photos
from training.train.likeness import bound_of, choose_rule


@pytest.fixture
def own_copy(tiny_model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model folder that a test may spoil."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


@pytest.fixture
def corners() -> Neighbours:
    """Three photos whose features are the axes of space, and one between two of them."""
    features = np.vstack([np.eye(3), [0.8, 0.6, 0]]).astype(np.float32)
    photos = pd.DataFrame({name: [f"{name}{number}" for number in range(4)] for name in NEIGHBOUR_COLUMNS})
    return Neighbours(photos, features, CarPark(distance_at_most=3.0, shrinkage=0.5))


def test_the_nearest_photo_of_a_training_photo_is_itself(tiny_model_folder: Path, sample_folder: Path) -> None:
    neighbours = load_neighbours(tiny_model_folder)
    row = neighbours.photos.iloc[5]
    photo = sample_folder / "photos" / row.file
    found = neighbours.nearest(load_model(tiny_model_folder, "fp32").predict([open_image(photo)]).features[0], 3)
    assert found.columns.tolist() == [*NEIGHBOUR_COLUMNS, "similarity"] and len(found) == 3
    assert (found.file[0], found.label[0], found.scene[0], found.sha256[0]) == (row.file, row.label, row.scene, digest_file(photo))
    assert found.similarity[0] == pytest.approx(1.0, abs=0.002) and found.similarity.is_monotonic_decreasing


def test_only_training_photos_are_remembered(tiny_model_folder: Path, dataset_folder: Path) -> None:
    held_out = pd.read_parquet(tiny_model_folder / "predictions.parquet")
    remembered = load_neighbours(tiny_model_folder).photos
    assert len(remembered) + len(held_out) == len(read_photos(dataset_folder))
    assert set(remembered.scene).isdisjoint(held_out.scene)


def test_a_picture_far_from_the_crowd_is_not_a_car_park(corners: Neighbours) -> None:
    verdicts = corners.are_car_parks(np.array([[1, 0, 0], [-1, 0, 0]], np.float32))
    assert verdicts is not None
    assert verdicts.tolist() == [True, False]
    assert corners.nearest(np.array([0, 1, 0], np.float32), 2).file.tolist() == ["file1", "file3"]


def test_the_crowd_itself_is_at_distance_one_and_a_feature_that_never_varied_decides_nothing_alone() -> None:
    features = np.random.default_rng(0).normal(size=(500, 40)).astype(np.float32)
    features[:, 0] = 0.5
    crowd = Crowd.of(features, shrinkage=0.1)
    assert crowd.distances(features).mean() == pytest.approx(39 / 40, abs=0.01)
    odd = features[:1].copy()
    odd[0, 0] += 1
    assert crowd.distances(odd)[0] < crowd.distances(features[:1])[0] + 0.5


def test_what_goes_together_in_the_crowd_must_go_together_in_a_picture() -> None:
    both = np.random.default_rng(0).normal(size=(500, 1)).astype(np.float32)
    crowd = Crowd.of(both * np.ones((1, 2), np.float32), shrinkage=0.01)
    alike, unlike = crowd.distances(np.array([[1, 1], [1, -1]], np.float32))
    assert alike < 2 and unlike > 50  # each feature by itself is as usual as the other


def test_photos_that_are_all_the_same_make_a_crowd() -> None:
    assert Crowd.of(np.ones((3, 4), np.float32), shrinkage=0.0).distances(np.ones((1, 4), np.float32))[0] == 0


def test_a_model_without_neighbours_says_that_it_cannot_tell(own_copy: Path, corners: Neighbours) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    del config["files"][NEIGHBOURS_FILE], config["car_park"]
    (own_copy / "config.json").write_text(json.dumps(config))
    (own_copy / NEIGHBOURS_FILE).unlink()
    neighbours = load_neighbours(own_copy)
    assert neighbours.are_car_parks(np.ones((1, 3), np.float32)) is None
    assert neighbours.nearest(np.ones(3, np.float32), 3).empty
    assert Neighbours(corners.photos[:1], corners.features[:1], corners.rule).are_car_parks(corners.features) is None


def test_neighbours_that_are_not_the_published_ones_are_refused(own_copy: Path) -> None:
    (own_copy / NEIGHBOURS_FILE).write_bytes(b"PAR1")
    with pytest.raises(BadModel, match=r"neighbours\.parquet is not the file that config\.json names"):
        load_neighbours(own_copy)
    config = json.loads((own_copy / "config.json").read_text())
    config["files"][NEIGHBOURS_FILE]["sha256"] = digest_file(own_copy / NEIGHBOURS_FILE)
    (own_copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModel, match="does not hold training photos"):
        load_neighbours(own_copy)


def test_the_rule_refuses_two_in_a_hundred_and_none_of_a_few() -> None:
    distances = np.concatenate([np.linspace(0.5, 1.5, 98), [2.0, 3.0]])
    assert bound_of(distances) == pytest.approx(1.75)
    assert bound_of(distances[-10:]) == pytest.approx(3.5)


def test_the_rule_measures_photos_from_those_of_other_folds_and_needs_two_of_each() -> None:
    features = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    features[:20] += 3
    apart, mixed = np.repeat([0, 1, 1], 20), np.arange(60) % 2
    assert choose_rule(features, apart).distance_at_most > 2 * choose_rule(features, mixed).distance_at_most
    assert choose_rule(features, np.where(np.arange(60) < 10, 0, -1)) is not None
    assert choose_rule(features, np.zeros(60, int)) is None and choose_rule(features, np.full(60, -1)) is None
    assert choose_rule(features, np.where(np.arange(60) < 1, 0, -1)) is None


def test_features_have_length_one_in_every_form(tiny_model_folder: Path) -> None:
    photos = [Image.new("RGB", (80, 60), colour) for colour in ("grey", "green", "white")]
    seen = {engine: load_model(tiny_model_folder, engine).predict(photos).features for engine in ("int8", "fp32", "safetensors", "learner")}
    for features in seen.values():
        assert features.shape == (3, 512) and features.dtype == np.float32
        assert np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-4)
        assert (features * seen["learner"]).sum(axis=1).min() > 0.98
    assert load_model(tiny_model_folder).predict([]).features.shape[0] == 0
