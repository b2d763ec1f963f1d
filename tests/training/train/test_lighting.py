"""Drawn pictures in the light of photos: their colour and haze change, their shapes do not."""

import numpy as np
import pytest

from carpark.model.engines import Pixels
from training.train.lighting import REACH, amplitudes_of, lend_light

CHECKS = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((8, 8)))[..., None] * np.array([60, 60, 60]) + 90


def photos(*colours: tuple[int, int, int]) -> Pixels:
    """Photos of one colour each."""
    return np.stack([np.full((48, 64, 3), colour, np.uint8) for colour in colours])


@pytest.mark.parametrize("seed", range(8))
def test_a_picture_takes_on_a_photos_colour_and_keeps_its_shapes(seed: int) -> None:
    picture = CHECKS.astype(np.uint8)
    lit = lend_light(np.random.default_rng(seed), picture, amplitudes_of(photos((200, 120, 40)))).astype(float)
    red, green, blue = lit.mean((0, 1))
    assert red > green > blue
    assert np.corrcoef((lit - lit.mean((0, 1))).ravel(), (CHECKS - CHECKS.mean()).ravel())[0, 1] > 0.95


def test_each_of_the_photos_lends_its_light() -> None:
    rng, amplitudes = np.random.default_rng(0), amplitudes_of(photos((250, 0, 0), (0, 0, 250)))
    assert amplitudes.shape == (2, 2 * REACH, REACH, 3)
    reds = [lend_light(rng, CHECKS.astype(np.uint8), amplitudes)[..., 0].mean() for _ in range(20)]
    assert min(reds) < CHECKS.mean() < max(reds)


def test_a_black_picture_has_no_light_to_change_into_another_shape() -> None:
    lit = lend_light(np.random.default_rng(0), np.zeros((32, 32, 3), np.uint8), amplitudes_of(photos((200, 200, 200))))
    assert lit.std() < 2
