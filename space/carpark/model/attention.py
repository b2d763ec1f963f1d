"""Attention over the cells of the last maps: which part of a picture the head answers by (Ilse et al. 2018, arXiv 1802.04712).

It is made of torch's and fastai's parts, so that a pickle of it needs no code of ours.
"""

from fastai.layers import ProdLayer, SequentialEx
from torch import nn


def with_attention(body: nn.Module, width: int, cells: tuple[int, int]) -> nn.Sequential:
    """The body, and a layer that weighs its last maps (n, width, *cells) cell by cell; the weights of a picture sum to 1."""
    parts = list(body) if isinstance(body, nn.Sequential) else [body]
    return nn.Sequential(*parts, SequentialEx(nn.Conv2d(width, 1, 1), nn.Flatten(2), nn.Softmax(2), nn.Unflatten(2, cells), ProdLayer()))


def cells_of(body: nn.Module) -> tuple[int, int] | None:
    """Rows and columns of the maps that a body weighs; None for one without attention."""
    last = list(body.children())[-1]
    if not isinstance(last, SequentialEx):
        return None
    rows, columns = last[3].unflattened_size
    return rows, columns


def split_attention(body: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The body up to its last maps, and the layer that weighs them: `nn.Identity` for a body without attention."""
    if cells_of(body) is None:
        return body, nn.Identity()
    *parts, attention = body.children()
    return nn.Sequential(*parts), attention
