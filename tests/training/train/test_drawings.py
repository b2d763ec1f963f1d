"""Drawn photos to learn from: what is true of a part of one, and of its mirror image."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import nn

from training.train.drawings import MAP_SIDE, Drawings, cut_out, read_drawings
from training.train.tuning import tune_body

LEFT_TAKEN = np.zeros((MAP_SIDE, MAP_SIDE, 2), np.uint8)
LEFT_TAKEN[:, : MAP_SIDE // 2, 0] = 255  # vehicles cover the left half
LEFT_TAKEN[..., 1] = 255  # of bays that are everywhere


def drawings(*, n: int = 1, has_map: bool = True) -> Drawings:
    """Photos whose left half is red and taken."""
    pixels = np.zeros((n, 64, 64, 3), np.uint8)
    pixels[:, :, :32, 0] = 255
    return Drawings(pixels, np.full(n, 0.5), np.stack([LEFT_TAKEN] * n), np.full(n, has_map))


def test_the_map_of_a_part_lies_where_its_picture_does_also_mirrored() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sample = cut_out(rng, drawings(), 0, size=48, cells=48)
        red = sample.picture[..., 0] > (sample.picture[..., 0].max() / 2)
        assert np.mean(red == (sample.map[0] > 0.5)) > 0.9


def test_the_share_taken_is_that_of_the_part_which_is_cut_out() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sample = cut_out(rng, drawings(), 0, size=48, cells=48)
        assert sample.share == pytest.approx(sample.map[0].mean(), abs=0.03)


def test_a_photo_without_a_map_keeps_its_share_and_teaches_nothing_of_cells() -> None:
    sample = cut_out(np.random.default_rng(0), drawings(has_map=False), 0, size=48, cells=3)
    assert sample.share == 0.5
    assert np.isnan(sample.map).all()


def test_maps_are_read_from_beside_the_photos_without_the_strips_of_a_jamcam_still(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    still = np.zeros((36, 44, 3), np.uint8)
    still[:4] = 255  # rows of the caption, which the network does not see
    Image.fromarray(still).save(tmp_path / "maps" / "a.png")
    photos = pd.DataFrame({"path": [tmp_path / "full" / "a.jpg", tmp_path / "full" / "b.jpg", b"bytes"], "label": "full"})
    found = read_drawings(photos, np.zeros((3, 64, 64, 3), np.uint8))
    assert found.has_map.tolist() == [True, False, False]
    assert found.maps[0].max() == 0
    assert found.shares.tolist() == [0.88] * 3


def test_a_body_learns_where_vehicles_are_its_head_the_share_and_batch_norm_stays() -> None:
    frozen = nn.Sequential(nn.Conv2d(3, 8, 3, 4, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    body = nn.Sequential(nn.Sequential(frozen, nn.Sequential(nn.Conv2d(8, 4, 3, 8, padding=1), nn.BatchNorm2d(4))))
    before = {name: values.clone() for name, values in body.state_dict().items()}
    tuned = tune_body(body, drawings(n=40), pd.Series(range(40)), seed=0, epochs=1)
    assert tuned.head.weight.shape == (4,)
    moved = {name for name, values in tuned.body.state_dict().items() if not values.equal(before[name])}
    assert moved == {"0.1.0.weight", "0.1.0.bias", "0.1.1.weight", "0.1.1.bias"}  # ImageNet's first blocks stay, and all statistics
