"""A head that counts: it says how many free and how many taken bays each cell of the last maps holds, and adds up the cells.

It is made of torch's and fastai's parts, so that a pickle of it needs no code of ours.
"""

from functools import partial

import torch
from fastai.layers import Lambda
from torch import nn


def counting_head(width: int) -> nn.Sequential:
    """(n, width, rows, columns) maps -> (n, 2) logits of empty and full.

    The first layer gives the logarithms of free and of taken bays in each cell, up to a term that is the same for all cells. Both counts
    are summed over the cells, and the last layer makes P(full) of their ratio.
    """
    return nn.Sequential(nn.Conv2d(width, 2, 1), Lambda(partial(torch.logsumexp, dim=(2, 3))), nn.Linear(2, 2))


def counting_layer(head: nn.Module) -> nn.Conv2d | None:
    """The layer that counts in each cell; None for a head over the means of the maps."""
    first = next(head.children(), None)
    return first if isinstance(first, nn.Conv2d) else None
