"""Going on from a model of ours, such as to one's own street camera: its body stays as it is, and its last layer is fitted again.

Moving that layer away from its old weights is penalised, so that a few dozen frames cannot undo what photos taught.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from torch import nn

from carpark.errors import BadSetting
from carpark.hub.source import open_source
from carpark.model.architectures import HEADS
from carpark.model.config import read_config
from carpark.model.counting import counting_layer
from carpark.model.engines import load_network
from training.train.probe import Head


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """What a model folder has learnt."""

    arch: str
    size: int  # px, of its square input
    body: nn.Module
    head: Head  # of the share taken
    counting: nn.Conv2d | None  # the layer of its head that counts bays, if it does


def load_trained(setting: str) -> TrainedModel:
    """The model in a folder or Hub repo, from its safetensors. Raises BadModel, or BadSetting for one with a deep head."""
    folder = open_source(setting, repo_type="model").folder
    config = read_config(folder)
    if config.architecture in HEADS:
        raise BadSetting(
            f"--start-from {setting} is a {config.architecture}, trained from scratch; expected a model on pretrained weights."
        )
    network = load_network(folder)
    layer = cast(nn.Linear, list(network.head.children())[-1])
    empty, full = config.labels.index("empty"), config.labels.index("full")
    weight, bias = layer.weight.detach().numpy().astype(np.float64), layer.bias.detach().numpy().astype(np.float64)
    head, counting = Head(weight[full] - weight[empty], float(bias[full] - bias[empty])), counting_layer(network.head)
    if counting:
        head = Head(head.weight[full : full + 1], head.bias)
    if config.fullness:
        head = head.rescaled(config.fullness.slope, config.fullness.shift)
    return TrainedModel(config.architecture, config.input_size[0], network.body, head, counting)
