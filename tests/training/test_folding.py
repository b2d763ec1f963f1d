"""Folding leaves what a network says, and its files, as they were."""

import pytest
import torch
from torch import nn
from torchvision.models import mobilenet_v2, resnet18

from carpark.model.lite import efficientnet_lite0
from training.folding import fold_norms, unfold_norms


def _with_statistics(network: nn.Module) -> nn.Module:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    with torch.no_grad():
        network.train()(torch.rand(4, 3, 64, 64))
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_()
    return network.eval()


def _norms(network: nn.Module) -> int:
    return sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())


@pytest.mark.parametrize("make", [efficientnet_lite0, mobilenet_v2, resnet18])
def test_a_folded_network_says_the_same_and_so_does_the_unfolded(make: type[nn.Module]) -> None:
    network, pictures = _with_statistics(make()), torch.rand(2, 3, 64, 64)
    names = list(network.state_dict())
    with torch.inference_mode():
        before = network(pictures)
        folded = fold_norms(network, pictures)
        assert _norms(network) == 0
        assert torch.allclose(network(pictures), before, rtol=1e-3, atol=1e-4)
    unfold_norms(network, folded)
    assert list(network.state_dict()) == names
    with torch.inference_mode():
        assert torch.allclose(network(pictures), before, rtol=1e-3, atol=1e-4)


def test_what_a_folded_convolution_learns_stays() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    pictures = torch.rand(2, 3, 8, 8)
    folded = fold_norms(_with_statistics(network), pictures)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.3)
        after = network(pictures)
        unfold_norms(network, folded)
        assert torch.allclose(network(pictures), after, atol=1e-5)


def test_a_layer_with_two_names_is_folded_under_both() -> None:
    block = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.BatchNorm2d(3))
    whole = _with_statistics(nn.Sequential(nn.Sequential(*block, nn.ReLU()), block))
    pictures = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        before = whole(pictures)
        fold_norms(whole, pictures)
        assert torch.allclose(whole(pictures), before, atol=1e-5)
    assert _norms(whole) == 0


def test_a_norm_that_follows_something_else_stays() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.ReLU(), nn.BatchNorm2d(4))
    assert fold_norms(network, torch.rand(1, 3, 8, 8)) == [] and _norms(network) == 1
