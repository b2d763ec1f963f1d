"""Fine-tuning of a pretrained body on drawn photos, whose truth is exact: what cars look like from masts, roofs and the kerb.

The body learns two things at once: the share of bays that is taken, and, for each cell of its last maps, how much of it vehicles cover and
how much is a bay or a lane. The second makes it look at vehicles rather than at what goes with them. Only the later blocks move, and batch
norm keeps ImageNet's statistics. `training.train.probe` fits the published head to real photos too, starting from the one learnt here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.all import ChannelsLast, imagenet_stats  # the one import that also brings fit_one_cycle to Learner
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from training.train.drawings import Drawings, cut_out
from training.train.learners import Bfloat16
from training.train.probe import Head

EPOCHS = 4
BATCH_SIZE = 32
LEARNING_RATE = 3e-4  # of the body; the heads' is five times as much
WEIGHT_DECAY = 0.02
INVERSE_PENALTY = 0.003  # of moves of the published layer away from the head that is learnt here
FROZEN_SHARE = 0.4  # of the body's blocks, from the first: edges and textures, which drawings would teach wrongly
# Cuts are larger than whole pictures of the same size, so smaller ones teach the same scale (Touvron et al. 2019) with less work.
SIZE_SHARE = 0.9
VALIDATION_SCENES = 20  # one scene in so many shows whether the loss still falls
HARDEST_SHARE = 0.02  # the least share asked for; 0 would ask for infinite log-odds


@dataclass(frozen=True, slots=True, eq=False)
class TunedBody:
    """A fine-tuned body, and the head over its mean features that it was fine-tuned with."""

    body: nn.Module
    head: Head


class ShareAndCells(nn.Module):
    """The body with both heads: (n,) log-odds of the share taken, and (n, 2, cells, cells) of vehicles and of bays or lanes."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.share, self.cells = body, nn.Linear(width, 1), nn.Conv2d(width, 2, 1)
        for weights in (*self.share.parameters(), *self.cells.parameters()):
            nn.init.normal_(weights, std=0.001)

    def train(self, mode: bool = True) -> "ShareAndCells":
        """Batch norm stays as it is. fastai's BnFreeze leaves it alone in blocks that learn, and drawings would become what is normal."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """For (n, 3, h, w) normalised pictures."""
        maps = self.body(pictures)
        return self.share(maps.mean((2, 3)))[:, 0], self.cells(maps)


def loss_of(found: tuple[Tensor, Tensor], truth: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy of the share, and of every cell of which the truth is known."""
    loss = binary_cross_entropy_with_logits(found[0], truth[0])
    known = ~truth[1].isnan()
    if known.any():
        loss = loss + binary_cross_entropy_with_logits(found[1][known], truth[1][known])
    return loss


def tune_body(body: nn.Module, drawings: Drawings, scenes: pd.Series, *, seed: int, epochs: int = EPOCHS) -> TunedBody:
    """Fine-tunes the body, in place, on drawn photos of these `scenes` (n,)."""
    set_seed(seed, reproducible=True)
    rng = np.random.default_rng(seed)
    size = round(SIZE_SHARE * drawings.pixels.shape[1] / 32) * 32
    width, cells = _shape_of(body, size)
    network = ShareAndCells(body, width)

    def load(numbers: list[int]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        samples = [cut_out(rng, drawings, number, size=size, cells=cells) for number in numbers]
        shares = torch.tensor([sample.share for sample in samples]).clamp(HARDEST_SHARE, 1 - HARDEST_SHARE)
        pictures = torch.from_numpy(np.stack([sample.picture for sample in samples]))
        return normalise(pictures), (shares, torch.from_numpy(np.stack([sample.map for sample in samples])).float())

    is_validation = (pd.factorize(scenes)[0] % VALIDATION_SCENES == 0) & (scenes.nunique() >= VALIDATION_SCENES)
    loaders = DataLoaders(
        *(
            DataLoader(np.flatnonzero(chosen).tolist(), bs=BATCH_SIZE, shuffle=shuffle, drop_last=False, num_workers=0, create_batch=load)
            for chosen, shuffle in ((~is_validation, True), (is_validation if is_validation.any() else ~is_validation, False))
        )
    )
    blocks = [block for part in body.children() for block in (part.children() if isinstance(part, nn.Sequential) else [part])]
    n_frozen = round(FROZEN_SHARE * len(blocks))
    learner = Learner(
        loaders,
        network,
        loss_func=loss_of,
        splitter=lambda model: [
            [weight for block in blocks[:n_frozen] for weight in block.parameters()],
            [weight for block in blocks[n_frozen:] for weight in block.parameters()],
            [*model.share.parameters(), *model.cells.parameters()],
        ],
        wd=WEIGHT_DECAY,
        train_bn=False,  # in frozen blocks
        cbs=[ChannelsLast(), *([Bfloat16()] if Bfloat16.is_worthwhile() else [])],
    )
    learner.freeze_to(1)
    learner.fit_one_cycle(epochs, lr_max=[LEARNING_RATE, LEARNING_RATE, 5 * LEARNING_RATE], pct_start=0.15)  # a slice would give more
    for parameter in body.parameters():
        parameter.requires_grad_(True)
    learner.model.to("cpu").to(memory_format=torch.contiguous_format)
    weight = network.share.weight.detach().numpy().astype(np.float64)
    return TunedBody(body.eval(), Head(weight[0], float(network.share.bias.detach()), INVERSE_PENALTY))


def normalise(pictures: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 -> (n, 3, h, w) float32 with ImageNet's mean and deviation."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in imagenet_stats)
    return (pictures.permute(0, 3, 1, 2).float() / 255 - mean) / deviation


def _shape_of(body: nn.Module, size: int) -> tuple[int, int]:
    """Width and side of the body's last maps for pictures of `size` px."""
    with torch.inference_mode():
        maps = body.eval()(torch.zeros(1, 3, size, size))
    return int(maps.shape[1]), int(maps.shape[2])
