"""How the card tells a stranger to build the network in torch, without code of ours, and what its body started from."""

from importlib.resources import files

from carpark.model.architectures import CUTS, LITE, TIMM, head_of
from training.packaged import PACKAGED


def builder_code(architecture: str) -> str:
    """The lines that make the builder's name known: an import, or for EfficientNet-Lite the whole source."""
    if architecture in LITE:
        return _source_of("lite.py")
    return "from fastai.vision.learner import create_timm_model" if architecture.startswith(TIMM) else "from torchvision import models"


def counting_code(counts: bool) -> str:
    """The lines that give `network` the head that counts; empty where it has another."""
    if not counts:
        return ""
    code = _source_of("counting.py").partition("\n\ndef counting_layer")[0].rstrip()
    return f"\n\n{code}\n\n\nnetwork[1] = counting_head(network[1][-1].in_features)"


def _source_of(module: str) -> str:
    return files("carpark.model").joinpath(module).read_text(encoding="utf-8").rstrip()


def network_code(architecture: str) -> str:
    """The expression that builds the network with random weights."""
    arguments = {"cut": CUTS.get(architecture)} | head_of(architecture)
    shape = 'len(config["labels"]), pretrained=False' + "".join(f", {k}={v!r}" for k, v in arguments.items() if v is not None)
    if architecture.startswith(TIMM):
        return f'create_timm_model("{architecture.removeprefix(TIMM)}", {shape})[0]'
    builder = architecture if architecture in LITE else f"models.{architecture.removesuffix('_half')}"
    return f"create_vision_model({builder}, {shape})"


def needs_in_words(architecture: str, versions: dict[str, str]) -> str:
    """A paragraph, between line breaks, on what the learner needs beside fastai; empty where that is nothing."""
    if not architecture.startswith(TIMM):
        return ""
    return (
        f"\n**`model.pkl` and `model.safetensors` need timm: run `pip install timm=={versions['timm']}` first**, or fastai says only that "
        "it cannot load the learner. The ONNX files do without.\n"
    )


def weights_in_words(architecture: str, weights: str) -> str:
    """What the body started from, for a `weights` of the command line (of a file the name)."""
    packaged = PACKAGED.get(architecture.removeprefix(f"{TIMM}tf_"))
    if packaged and (weights == "index" or (weights == "imagenet" and architecture in LITE)):
        return f"from the ImageNet weights in the package `{packaged.requirement}` (Apache License 2.0)"
    publisher = "timm" if architecture.startswith(TIMM) else "torchvision"
    return {"none": "from random weights", "imagenet": f"from {publisher}'s ImageNet weights"}.get(
        weights, f"from the weights in {weights}"
    )
