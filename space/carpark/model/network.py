"""The network behind every form of the model: fastai's body and head for a torchvision or timm architecture, wrapped for export."""

import difflib
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn

from carpark.errors import BadSetting
from carpark.model.architectures import ARCHITECTURES, CUTS, LITE, TIMM, head_of
from carpark.model.blocks import split_for_features
from carpark.model.counting import counting_head
from carpark.model.fullness import LARGEST_LOG_ODDS, Fullness


class FromPixels(nn.Module):
    """(n, height, width, 3) uint8 pixels -> (n, labels) probabilities, (n, width) features and (n,) fullness, around a network.

    Features are the means of the body's maps, `features_before_last` blocks before its end, scaled to length 1: a place to measure likeness
    in. Fullness is the share taken, 0 to 1, as `carpark.model.fullness` derives it; NaN without a `fullness`. All are float32.
    """

    def __init__(
        self,
        network: nn.Sequential,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        fullness: Fullness | None = None,
        *,
        features_before_last: int = 0,
    ) -> None:
        super().__init__()
        # A batch norm with fixed statistics is (x - mean) / std in one step; ONNX Runtime takes five times as long over the two.
        self.normalise = nn.BatchNorm2d(3, affine=False)  # eps = 1e-5 beside variances of 3,000
        self.normalise.running_mean = torch.tensor(mean) * 255
        self.normalise.running_var = (torch.tensor(std) * 255) ** 2
        self.body, self.head = network
        self.first, self.rest = split_for_features(self.body, features_before_last)
        self.slope, self.shift = (fullness.slope, fullness.shift) if fullness else (float("nan"), float("nan"))
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Probabilities in the network's order of labels (empty, full), features, and fullness."""
        maps = self.first(self.normalise(pixels.permute(0, 3, 1, 2).float()))
        logits: Tensor = self.head(self.rest(maps))
        log_odds = (logits[:, 1] - logits[:, 0]).clamp(-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
        fullness = (self.slope * log_odds + self.shift).sigmoid()
        return logits.softmax(dim=1), pool_features(maps), fullness


def pool_features(maps: Tensor) -> Tensor:
    """(n, width, h, w) -> (n, width): means over the picture, scaled to length 1."""
    return nn.functional.normalize(maps.mean((2, 3)))


def check_architecture(name: str) -> None:
    """Raises BadSetting for a name that is neither in `ARCHITECTURES` nor timm/ and the name of a convolutional network of timm."""
    if name.startswith(TIMM):
        _check_timm(name.removeprefix(TIMM))
    elif name not in ARCHITECTURES:
        raise BadSetting(f"Architecture {name!r} is unknown; expected one of {', '.join(ARCHITECTURES)}, or {TIMM}NAME.")


@cache
def _check_timm(name: str) -> None:
    try:
        import timm
        from fastai.vision.learner import TimmBody
    except ModuleNotFoundError as error:
        raise BadSetting(f"{TIMM}{name} needs the package timm, which is not installed. Run `pip install timm`.") from error
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`timm.list_models()` has the names."
        raise BadSetting(f"timm {timm.__version__} has no model {name!r}; {hint}")
    body = TimmBody(timm.create_model(name, num_classes=0), pretrained=False).eval()
    try:
        with torch.inference_mode():
            shape = tuple(body(torch.zeros(1, 3, 96, 96)).shape)
    except (RuntimeError, AssertionError) as error:  # of a transformer made for one size
        raise BadSetting(f"{TIMM}{name} takes pictures of one size only; expected a convolutional network.") from error
    if len(shape) != 4 or shape[1] != body.model.num_features:
        raise BadSetting(f"{TIMM}{name} gives {shape} for a picture of 96 px; expected the maps of a convolutional network.")


@cache
def architecture(name: str) -> Callable[..., nn.Module] | str:
    """What fastai takes as the architecture: a builder that its table of cuts knows, or the name of a timm model. Raises BadSetting."""
    check_architecture(name)
    if name.startswith(TIMM):
        return name.removeprefix(TIMM)
    from fastai.vision.learner import default_split, model_meta
    from torchvision import models

    from carpark.model import lite

    whole: Callable[..., nn.Module] = getattr(lite if name in LITE else models, name.removesuffix("_half"))
    if name not in CUTS:
        return whole

    def build(weights: object = None) -> nn.Module:  # a name of its own in the table, beside the whole network's
        return whole(weights=weights)

    model_meta[build] = {"cut": CUTS[name], "split": default_split, "weights": "DEFAULT"}
    return build


def build_network(name: str, n_labels: int, *, counts: bool = False) -> nn.Sequential:
    """fastai's `vision_learner` network with random weights, in the shape that model.safetensors fits. Raises BadSetting.

    With `counts`, its head is a `counting_head`, of two labels.
    """
    from fastai.vision.learner import create_timm_model, create_vision_model

    arch = architecture(name)
    network: nn.Sequential
    if isinstance(arch, str):
        network, _ = create_timm_model(arch, n_labels, pretrained=False, **head_of(name))
    else:
        network = create_vision_model(arch, n_labels, pretrained=False, **head_of(name))
    if counts:
        network[1] = counting_head(cast(nn.Linear, list(network[1].children())[-1]).in_features)
    return network.eval()


def build_whole(name: str) -> nn.Module:
    """The network with the classes of ImageNet and random weights: what a state dict of pretrained weights fits. Raises BadSetting."""
    arch = architecture(name)
    if isinstance(arch, str):
        import timm

        whole: nn.Module = timm.create_model(arch)
        return whole
    return arch(weights=None)


def cut_body(name: str, whole: nn.Module) -> nn.Module:
    """The body of a network that `build_whole` made, for any size of picture: (n, 3, h, w) -> (n, width, h / 32, w / 32) or so."""
    from fastai.vision.learner import TimmBody, create_body, model_meta

    arch = architecture(name)
    body: nn.Module
    if isinstance(arch, str):
        cast(Any, whole).reset_classifier(0)
        body = TimmBody(whole, pretrained=False)
    else:
        body = create_body(whole, pretrained=False, cut=model_meta[arch]["cut"])
    return body
