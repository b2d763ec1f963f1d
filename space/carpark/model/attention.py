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


def blocks_of(body: nn.Module) -> list[nn.Module]:
    """The blocks of a body in order: stages are flattened by one level, attention is left out."""
    parts = [part for part in body.children() if not isinstance(part, SequentialEx)]
    return [block for part in parts for block in (part.children() if isinstance(part, nn.Sequential) else [part])]


def split_for_features(body: nn.Module, before_last: int) -> tuple[nn.Module, nn.Module]:
    """Splits a body before its last blocks, so many of them, where features are taken; 0: (body, Identity).

    The last blocks of a body that was fine-tuned have learnt to see nothing but cars. What comes before them tells other pictures from car
    parks better (docs/recipe.md).
    """
    if not before_last:
        return body, nn.Identity()
    blocks = blocks_of(body)
    first = max(1, len(blocks) - before_last)
    attention = [part for part in body.children() if isinstance(part, SequentialEx)]
    return nn.Sequential(*blocks[:first]), nn.Sequential(*blocks[first:], *attention)
