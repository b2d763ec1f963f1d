"""The architectures by name: which there are, where fastai cuts each, and what head each gets. Needs no torch, unlike `network`."""

from typing import Any

FROM_FASTAI = ("resnet18", "resnet34", "resnet50", "resnet101", "densenet121")  # fastai knows where to cut these
# Others are cut before child number so and so: before their classifier, which comes last, and the pooling before it where it is a child.
CUTS = {
    "resnet18_half": 6,
    "mobilenet_v2": -1,
    "mobilenet_v3_large": -2,
    "efficientnet_b0": -2,
    "efficientnet_lite0": -1,
    "efficientnet_lite2": -1,
    "convnext_tiny": -2,
}
LITE = ("efficientnet_lite0", "efficientnet_lite2")  # of torchvision's parts, by carpark.model.lite
ARCHITECTURES = (*FROM_FASTAI, *CUTS)
DEFAULT_ARCHITECTURE = "efficientnet_lite0"  # docs/recipe.md compares
TIMM = "timm/"  # begins the names of timm's models, which are built by timm, an optional package
# The stem and first two stages of resnet18 under one linear layer: this learns a thousand pictures from scratch, where a whole network
# does not (183 sample photos of unseen places, 128 px: 5 errors after 20 epochs over 1,200 photos, resnet18 14 after 12 over 900).
HEADS: dict[str, dict[str, Any]] = {"resnet18_half": {"lin_ftrs": [], "ps": 0.1}}
LINEAR_HEAD: dict[str, Any] = {"lin_ftrs": [], "ps": 0.0, "concat_pool": False, "first_bn": False}  # the mean of each map, then one layer


def head_of(name: str) -> dict[str, Any]:
    """What fastai is told of the head of architecture `name`."""
    return HEADS.get(name, LINEAR_HEAD)
