"""The network behind every form of the model: fastai's body and head for a torchvision architecture, and its wrapping for export."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from carpark.errors import BadSetting

# torchvision networks that fastai's table does not know: they are cut before their last child, the classifier.
CUT_BEFORE_CLASSIFIER = ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "convnext_tiny")
NAMES = ("resnet18", "resnet34", "resnet50", "resnet101", "densenet121", *CUT_BEFORE_CLASSIFIER)


class PixelsToProbabilities(nn.Module):
    """(n, height, width, 3) uint8 pixels -> (n, labels) float32 probabilities: normalisation and softmax around a network."""

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        # A batch norm with fixed statistics is (x - mean) / std in one step; ONNX Runtime takes five times as long over the two.
        self.normalise = nn.BatchNorm2d(3, affine=False)  # eps = 1e-5 beside variances of 3,000
        self.normalise.running_mean = torch.tensor(mean) * 255
        self.normalise.running_var = (torch.tensor(std) * 255) ** 2
        self.network = network
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Probabilities, in the network's order of labels."""
        logits: Tensor = self.network(self.normalise(pixels.permute(0, 3, 1, 2).float()))
        return logits.softmax(dim=1)


def architecture(name: str) -> Callable[..., nn.Module]:
    """torchvision's builder of that name, known to fastai's table of cuts. Raises BadSetting for a name not in `NAMES`."""
    from fastai.vision.learner import default_split, model_meta
    from torchvision import models

    if name not in NAMES:
        raise BadSetting(f"There is no architecture {name!r}; expected one of {', '.join(NAMES)}.")
    builder: Callable[..., nn.Module] = getattr(models, name)
    if name in CUT_BEFORE_CLASSIFIER:
        model_meta[builder] = {"cut": -1, "split": default_split, "weights": "DEFAULT"}
    return builder


def build_network(name: str, n_labels: int) -> nn.Module:
    """fastai's `vision_learner` network with random weights, in the shape that model.safetensors fits."""
    from fastai.vision.learner import create_vision_model

    network: nn.Module = create_vision_model(architecture(name), n_labels, pretrained=False)
    return network.eval()
