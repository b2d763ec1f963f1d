"""The network behind every form of the model: fastai's body and head for a torchvision architecture, and its wrapping for export."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from carpark.errors import BadSetting

FROM_FASTAI = ("resnet18", "resnet34", "resnet50", "resnet101", "densenet121")  # fastai knows where to cut these
# Others are cut before child number so and so; -1 is before their classifier, which comes last.
CUTS = {"resnet18_half": 6, "mobilenet_v2": -1, "mobilenet_v3_large": -1, "efficientnet_b0": -1, "convnext_tiny": -1}
ARCHITECTURES = (*FROM_FASTAI, *CUTS)
# The stem and first two stages of resnet18 under one linear layer: this learns a thousand pictures from scratch, where a whole network
# does not (183 sample photos of unseen places, 128 px: 5 errors after 20 epochs over 1,200 photos, resnet18 14 after 12 over 900).
HEADS: dict[str, dict[str, Any]] = {"resnet18_half": {"lin_ftrs": [], "ps": 0.1}}
LINEAR_HEAD: dict[str, Any] = {"lin_ftrs": [], "ps": 0.0, "concat_pool": False, "first_bn": False}  # the mean of each map, then one layer


class FromPixels(nn.Module):
    """(n, height, width, 3) uint8 pixels -> (n, labels) probabilities and (n, width) features, both float32, around a network.

    Features are the means of the body's last maps, of length 1: what the head answers by, and a place to measure likeness in.
    """

    def __init__(self, network: nn.Sequential, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        # A batch norm with fixed statistics is (x - mean) / std in one step; ONNX Runtime takes five times as long over the two.
        self.normalise = nn.BatchNorm2d(3, affine=False)  # eps = 1e-5 beside variances of 3,000
        self.normalise.running_mean = torch.tensor(mean) * 255
        self.normalise.running_var = (torch.tensor(std) * 255) ** 2
        self.body, self.head = network
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities in the network's order of labels, and features."""
        maps = self.body(self.normalise(pixels.permute(0, 3, 1, 2).float()))
        logits: Tensor = self.head(maps)
        return logits.softmax(dim=1), pool_features(maps)


def pool_features(maps: Tensor) -> Tensor:
    """(n, width, h, w) -> (n, width): means over the picture, scaled to length 1."""
    return nn.functional.normalize(maps.mean((2, 3)))


def torchvision_name(name: str) -> str:
    """The torchvision network that architecture `name` is, or is a part of. Raises BadSetting for a name not in `ARCHITECTURES`."""
    if name not in ARCHITECTURES:
        raise BadSetting(f"Architecture {name!r} is unknown; expected one of {', '.join(ARCHITECTURES)}.")
    return name.removesuffix("_half")


@cache
def architecture(name: str) -> Callable[..., nn.Module]:
    """The builder of that network, known to fastai's table of cuts. Raises BadSetting for a name not in `ARCHITECTURES`."""
    from fastai.vision.learner import default_split, model_meta
    from torchvision import models

    whole: Callable[..., nn.Module] = getattr(models, torchvision_name(name))
    if name not in CUTS:
        return whole

    def build(weights: object = None) -> nn.Module:  # a name of its own in the table, beside the whole network's
        return whole(weights=weights)

    model_meta[build] = {"cut": CUTS[name], "split": default_split, "weights": "DEFAULT"}
    return build


def head_of(name: str) -> dict[str, Any]:
    """What fastai is told of the head of architecture `name`."""
    return HEADS.get(name, LINEAR_HEAD)


def build_network(name: str, n_labels: int) -> nn.Sequential:
    """fastai's `vision_learner` network with random weights, in the shape that model.safetensors fits."""
    from fastai.vision.learner import create_vision_model

    network: nn.Sequential = create_vision_model(architecture(name), n_labels, pretrained=False, **head_of(name))
    return network.eval()
