"""A body as the blocks that it is made of, and the place between two of them where features are taken."""

from torch import nn


def blocks_of(body: nn.Module) -> list[nn.Module]:
    """The blocks of a body in order: stages are flattened by one level."""
    return [block for part in body.children() for block in (part.children() if isinstance(part, nn.Sequential) else [part])]


def split_for_features(body: nn.Module, before_last: int) -> tuple[nn.Module, nn.Module]:
    """Splits a body before its last blocks, so many of them, where features are taken; 0: (body, Identity).

    The last blocks of a body that was fine-tuned have learnt to see nothing but cars. What comes before them tells other pictures from car
    parks better (docs/recipe.md).
    """
    if not before_last:
        return body, nn.Identity()
    blocks = blocks_of(body)
    first = max(1, len(blocks) - before_last)
    return nn.Sequential(*blocks[:first]), nn.Sequential(*blocks[first:])
