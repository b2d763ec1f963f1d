"""Where a network starts from: ImageNet weights of torchvision, a state dict in a file, or nothing."""

import pickle
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from fastai.vision.learner import create_body, model_meta
from torch import nn
from torchvision import models

from carpark.errors import BadWeights
from carpark.model.network import architecture, torchvision_name


def load_start(name: str, weights: str) -> nn.Module | None:
    """The body of architecture `name` carrying `weights` ("imagenet" or a file), or None for "none". Raises BadWeights."""
    if weights == "none":
        return None
    network = architecture(name)(weights=None)
    state = _download_imagenet(name) if weights == "imagenet" else _read_state(Path(weights))
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[-1].strip()
        expected = f"Expected the state dict of torchvision's {torchvision_name(name)}."
        raise BadWeights(f"{weights} does not fit {name}: {first[:160]} {expected}") from error
    body: nn.Module = create_body(network, pretrained=False, cut=model_meta[architecture(name)]["cut"])
    return body


def _download_imagenet(name: str) -> dict[str, Any]:
    """torchvision's own weights, from its cache or its own address."""
    try:
        state: dict[str, Any] = models.get_model_weights(torchvision_name(name)).DEFAULT.get_state_dict(progress=True, check_hash=True)
    except (URLError, TimeoutError, ConnectionError) as error:
        raise BadWeights(
            f"ImageNet weights for {name} are not in {torch.hub.get_dir()}/checkpoints and cannot be downloaded ({error}). "
            "Go on with --weights none (from scratch) or --weights FILE (a state dict)."
        ) from error
    except RuntimeError as error:
        raise BadWeights(f"The download of ImageNet weights for {name} is damaged ({error}). Run the command again.") from error
    return state


def _read_state(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadWeights(f"--weights {path} is not a file; expected imagenet, none, or the file of a state dict.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, KeyError) as error:
        raise BadWeights(f"--weights {path} is not a state dict that torch can read ({str(error).splitlines()[0][:120]}).") from error
    if not isinstance(state, dict):
        raise BadWeights(f"--weights {path} holds a {type(state).__name__}; expected a state dict.")
    return state
