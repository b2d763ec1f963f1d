"""Weights that are the same on every machine, and what timm's networks answer with them."""

import torch
from torch import nn

# Of timm 1.0.31 for `look`, with `with_waves` in its network.
TIMMS_ANSWERS = {
    "efficientnet_lite0": [2.73462, 4.93890, -3.96138, 1.36045, 5.46816, -3.18655],
    "efficientnet_lite2": [3.91923, 6.49784, -6.72415, 2.01433, 7.94109, -5.87363],
}


def with_waves(network: nn.Module) -> nn.Module:
    """The network with sine waves for weights, tensor by tensor in its own order."""
    for number, tensor in enumerate(network.state_dict().values()):
        if tensor.dim() == 0:
            continue  # how many batches were counted
        wave = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) * 1.7 + number).reshape(tensor.shape)
        spread = (2 / max(tensor[0].numel(), 1)) ** 0.5 if tensor.dim() > 1 else 0.3
        tensor.copy_(wave * spread + (1.0 if tensor.dim() == 1 else 0.0))
    return network.eval()


def look(network: nn.Module) -> list[float]:
    """The first answers for a picture of 96 x 64 px, of waves as well."""
    picture = torch.sin(torch.arange(3 * 96 * 64, dtype=torch.float64) * 0.37).reshape(1, 3, 96, 64).float()
    with torch.inference_mode():
        answers: list[float] = network(picture)[0, :6].tolist()
    return answers
