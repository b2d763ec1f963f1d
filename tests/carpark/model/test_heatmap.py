"""The heat map shows where a network found its answer, in any architecture, and lies on the picture as the picture lies."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.architectures import ARCHITECTURES
from carpark.model.config import ModelConfig, Thresholds, read_config
from carpark.model.counting import counting_head
from carpark.model.engines import load_network
from carpark.model.heatmap import HeatMapper, overlay_heat
from carpark.model.network import FromPixels, build_network

GREY = (110, 110, 110)


def config_of(architecture: str, side: int) -> ModelConfig:
    return ModelConfig(architecture, ("empty", "full"), (side, side), (0.0,) * 3, (1.0,) * 3, Thresholds(0.2, 0.8), {}, "")


def red_seeker(*, counts: bool = False) -> HeatMapper:
    """A network that answers full for red anywhere, and empty for blue anywhere."""
    look = nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        look.weight.copy_(torch.tensor([[-1.0, -1.0, 2.0], [2.0, -1.0, -1.0]])[..., None, None])
        look.bias.zero_()
    body = nn.Sequential(look, nn.ReLU(), nn.AvgPool2d(8))
    head = counting_head(2) if counts else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if counts:  # many taken bays where it is red, many free ones where it is blue
        head.load_state_dict(
            {
                "0.weight": torch.eye(2)[..., None, None],
                "0.bias": torch.zeros(2),
                "2.weight": torch.eye(2),
                "2.bias": torch.zeros(2),
            }
        )
    network = FromPixels(nn.Sequential(body, head), (0.0,) * 3, (1.0,) * 3)
    return HeatMapper(config_of("toy", 64), network)


def lot_with(colour: str, box: tuple[int, int, int, int], size: tuple[int, int] = (300, 120)) -> Image.Image:
    image = Image.new("RGB", size, GREY)
    image.paste(colour, box)
    return image


@pytest.mark.parametrize(("colour", "label"), [("red", "full"), ("blue", "empty")])
@pytest.mark.parametrize("box", [(40, 20, 110, 60), (190, 60, 260, 100)])
@pytest.mark.parametrize("counts", [False, True])
def test_the_hottest_place_is_where_the_evidence_lies(colour: str, label: str, box: tuple[int, int, int, int], counts: bool) -> None:
    heat = red_seeker(counts=counts).explain(lot_with(colour, box))
    assert heat.is_count == counts
    row, column = np.unravel_index(heat.map.argmax(), heat.map.shape)
    left, top, right, bottom = box
    assert heat.label == label
    assert left <= column <= right and top <= row <= bottom


def test_what_speaks_for_the_other_label_stays_cold() -> None:
    image = lot_with("red", (10, 10, 150, 110))
    image.paste("blue", (220, 60, 290, 110))
    heat = red_seeker().explain(image)
    assert heat.label == "full"
    assert heat.map[30, 60] > 0.8 and heat.map[85, 255] < 0.05


def test_where_nothing_speaks_for_a_label_the_map_is_cold() -> None:
    heat = red_seeker().explain(Image.new("RGB", (40, 30), "black"))
    assert heat.map.shape == (30, 40) and not heat.map.any()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_has_a_map_as_large_as_the_picture(architecture: str) -> None:
    torch.manual_seed(0)
    config = config_of(architecture, 64)
    mapper = HeatMapper(config, FromPixels(build_network(architecture, 2), config.mean, config.std))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8))
    heat = mapper.explain(noise)
    assert heat.map.shape == (90, 160) and heat.map.dtype == np.float32
    assert heat.map.min() >= 0 and heat.map.max() in (0.0, 1.0)


def test_the_map_is_that_of_the_answer(tiny_model_folder: Path, sample_folder: Path) -> None:
    mapper = HeatMapper(read_config(tiny_model_folder), load_network(tiny_model_folder))
    model = load_model(tiny_model_folder, "safetensors")
    for path in sorted((sample_folder / "photos").glob("*/*.jpg"))[::9]:
        image = open_image(path)
        assert mapper.explain(image).label == ("full" if model.p_full([image])[0] >= 0.5 else "empty")


def test_cold_places_stay_recognisable_and_hot_ones_shine() -> None:
    image = lot_with("red", (10, 10, 60, 50))
    heat = np.zeros((120, 300), dtype=np.float32)
    assert np.asarray(overlay_heat(image, heat))[100, 200].tolist() == list(GREY)
    heat[:, 150:] = 1
    shown = np.asarray(overlay_heat(image, heat)).astype(int)
    assert shown[:, 200].sum(axis=-1).min() > shown[:, 100].sum(axis=-1).max() + 200
