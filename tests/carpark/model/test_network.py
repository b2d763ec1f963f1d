"""Architectures by name: EfficientNet-Lite as timm has it, timm's own, and names that are nobody's."""

import sys

import pytest
import torch
from torch import nn

from carpark.errors import BadSetting
from carpark.model.blocks import blocks_of
from carpark.model.lite import efficientnet_lite0, efficientnet_lite2
from carpark.model.network import FromPixels, build_network, build_whole, check_architecture, cut_body
from tests.toy_weights import TIMMS_ANSWERS, look, with_waves

LITE = {"efficientnet_lite0": efficientnet_lite0, "efficientnet_lite2": efficientnet_lite2}


@pytest.mark.parametrize("name", LITE)
def test_lite_answers_as_timm_does(name: str) -> None:
    assert look(with_waves(LITE[name]())) == pytest.approx(TIMMS_ANSWERS[name], abs=1e-4)


@pytest.mark.parametrize("name", LITE)
def test_the_stored_answers_are_timms(name: str) -> None:
    timm = pytest.importorskip("timm", reason="timm is optional")
    assert look(with_waves(timm.create_model(f"tf_{name}"))) == pytest.approx(TIMMS_ANSWERS[name], abs=1e-4)


@pytest.mark.parametrize("name", LITE)
def test_lite_is_made_of_classes_of_torch_and_torchvision(name: str) -> None:
    body = cut_body(name, build_whole(name))
    assert {type(module).__module__.split(".")[0] for module in body.modules()} == {"torch", "torchvision"}
    assert body.eval()(torch.zeros(1, 3, 96, 64)).shape == (1, 1280, 3, 2)


@pytest.mark.parametrize(("counts", "before_last", "width"), [(True, 2, 192), (True, 0, 1280), (False, 0, 1280)])
def test_features_come_from_before_the_last_blocks_and_the_split_changes_no_answer(counts: bool, before_last: int, width: int) -> None:
    pixels, network = torch.zeros(1, 96, 64, 3, dtype=torch.uint8), build_network("efficientnet_lite0", 2, counts=counts)
    assert len(blocks_of(network[0])) == 18
    whole = FromPixels(network, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), features_before_last=before_last)
    with torch.inference_mode():
        probabilities, features, _ = whole(pixels)
        exact = network(whole.normalise(pixels.permute(0, 3, 1, 2).float())).softmax(1)
    assert features.shape == (1, width) and float(features.norm()) == pytest.approx(1)
    assert torch.allclose(probabilities, exact, atol=1e-6)


def test_an_unknown_architecture_is_told_what_there_is() -> None:
    with pytest.raises(BadSetting, match=r"Architecture 'resnet35' is unknown; expected one of resnet18, .*, or timm/NAME\."):
        check_architecture("resnet35")


def test_without_timm_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # as Python marks a module that cannot be imported
    with pytest.raises(BadSetting, match=r"^timm/resnet18 needs the package timm, which is not installed\. Run `pip install timm`\.$"):
        check_architecture("timm/resnet18")


class TestWithTimm:
    @pytest.fixture(autouse=True)
    def _needs_timm(self) -> None:
        pytest.importorskip("timm", reason="timm is optional")

    def test_an_unknown_name_is_told_its_neighbours(self) -> None:
        with pytest.raises(BadSetting, match=r"has no model 'mobilenetv3_large_10'; did you mean mobilenetv3_large_100 or "):
            check_architecture("timm/mobilenetv3_large_10")

    def test_transformers_are_refused(self) -> None:
        for name in ("vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"):
            with pytest.raises(BadSetting, match=rf"timm/{name} .*expected .*a convolutional network"):
                check_architecture(f"timm/{name}")

    @pytest.mark.parametrize("name", ["timm/tf_efficientnet_lite0", "timm/mobilenetv3_small_050"])
    def test_the_body_fits_the_network_and_gives_maps(self, name: str) -> None:
        network, body = build_network(name, 2), cut_body(name, build_whole(name))
        network[0].load_state_dict(body.state_dict())
        assert body.eval()(torch.zeros(1, 3, 96, 64)).shape[2:] == (3, 2)
        assert isinstance(network[1][-1], nn.Sequential | nn.Linear) and network(torch.zeros(1, 3, 96, 64)).shape == (1, 2)
