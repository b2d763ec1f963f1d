"""Fine-tuning of a pretrained body, on drawn photos, whose truth is exact, and then on real photos beside them.

The body learns three things at once: the share of bays that is taken; for each cell of its last maps, its part of the picture's free and of
its taken bays, so that a far bay counts as much as a near one; and how much of each cell vehicles cover and how much is a bay or a lane,
which makes it look at vehicles rather than at what goes with them. Only the later blocks move, but not their depthwise filters, whose
gradient takes a quarter of a step, and batch norm keeps ImageNet's statistics. Of a real photo only the share is known. What a network says
of photos that it learnt from proves nothing, so others are judged by a copy that was taught without them (`training.train.pretrained`).
"""

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.callback.core import Callback
from fastai.callback.tracker import EarlyStoppingCallback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.all import ChannelsLast, imagenet_stats  # the one import that also brings fit_flat_cos to Learner
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.optim.swa_utils import AveragedModel

from carpark.model.blocks import blocks_of
from carpark.model.engines import Features, Pixels
from training.folding import fold_norms, unfold_norms
from training.train.learners import Bfloat16, depthwise_of
from training.train.pictures import BAYS, FLOORS, TAKEN, VEHICLES, Pictures, cut_out
from training.train.probe import LEAST_SHARE, Array, pool_photos, share_log_odds

EPOCHS = 5  # on drawn photos
EPOCHS_BESIDE = 3  # more, with real photos beside them
PHOTO_VIEWS = 3  # of each real photo in an epoch
CONSTANT_SHARE = 0.9  # of the steps at the full learning rate, before it falls
AVERAGED_FROM = 0.5  # of the steps; the body is the mean of its weights after each step from then on
BATCH_SIZE = 32
LEARNING_RATE = 3e-4  # of the body; that of the layers over it is five times as much
WEIGHT_DECAY = 0.02
FROZEN_SHARE = 0.3  # of the body's blocks, from the first: edges and textures, which drawings would teach wrongly
# The side of the cuts, as a share of the input's: smaller, since cuts show vehicles larger than whole pictures do (Touvron et al. 2019).
# Drawn photos are first learnt from small cuts, at half of the work, in each third of the steps from larger ones (progressive resizing,
# Howard 2018); with real ones beside them that costs streets (docs/recipe.md).
SIZE_SHARE = 0.8
GROWING_SHARES = (0.55, 0.65, SIZE_SHARE)
LOAD_SCALE = 1.5  # times the input's side is that of the pictures that are cut: smaller ones would be enlarged, and blurred as no photo is
VALIDATION_SCENES = 20  # one drawn scene in so many shows whether the loss still falls
PATIENCE = 3  # epochs in which it may not fall, before fine-tuning stops
Numbers = npt.NDArray[np.intp]  # of pictures
WEIGHT_OF_COUNTS = 0.5  # beside the losses of the share and of what covers the cells, which count 1


class Outputs(NamedTuple):
    """What the network says of n pictures."""

    share: Tensor  # (n,) log-odds of the share taken
    log_counts: Tensor  # (n, 2, cells, cells) of free and of taken bays, up to a term that is the same for all cells of a picture
    cover: Tensor  # (n, 2, cells, cells) log-odds: covered by vehicles; bays or lanes


class CountingNetwork(nn.Module):
    """The body, and the two layers over its last maps that it is fine-tuned with."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.counting, self.cover = body, nn.Conv2d(width, 2, 1), nn.Conv2d(width, 2, 1)
        for layer in (self.counting, self.cover):
            for weights in layer.parameters():
                nn.init.normal_(weights, std=0.001)

    def train(self, mode: bool = True) -> "CountingNetwork":
        """Batch norm stays as it is. fastai's BnFreeze leaves it alone in blocks that learn, and drawings would become what is normal."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """`Outputs` for (n, 3, h, w) normalised pictures, as a plain tuple, which is all that fastai knows."""
        maps = self.body(pictures)
        log_counts = self.counting(maps).float()
        return tuple(Outputs(share_log_odds(log_counts)[:, 0], log_counts, self.cover(maps)))

    def look(self, pixels: Pixels) -> tuple[Array, Features]:
        """(n,) log-odds of the share, and (n, width) features, of photos (n, h, w, 3)."""
        pooled, features = pool_photos(self.body, pixels, *imagenet_stats, mirrored=False, counting=self.counting)
        return pooled[:, 0, 0], features


class AheadLoader(DataLoader):  # type: ignore[misc]  # fastai ships no types
    """Makes the next batch, in a thread of its own, while the network learns from this one."""

    def __iter__(self) -> Iterator[Any]:
        batches = super().__iter__()
        with ThreadPoolExecutor(1) as thread:
            coming = thread.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = thread.submit(next, batches, None)
                yield batch


class MeanWeights(Callback):  # type: ignore[misc]  # fastai ships no types
    """Leaves the network with the mean of its weights over the later steps: better on other kinds of pictures (Cha et al. 2021)."""

    def __init__(self, network: nn.Module) -> None:
        self.mean = AveragedModel(network)

    def after_step(self) -> None:
        """Take the step's weights into the mean."""
        if self.pct_train >= AVERAGED_FROM:
            self.mean.update_parameters(self.model)

    def after_fit(self) -> None:
        """Leave the mean in the network, if training has come so far."""
        if self.mean.n_averaged:
            self.model.load_state_dict(self.mean.module.state_dict())


def loss_of(answers: tuple[Tensor, ...], truth: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy of the shares (n,), and by maps (n, 4, cells, cells) of what covers the cells, and of how bays spread over them."""
    found, (shares, maps) = Outputs(*answers), truth
    loss = binary_cross_entropy_with_logits(found.share, shares)
    known = ~maps[:, 0, 0, 0].isnan()
    if known.any():
        loss = loss + binary_cross_entropy_with_logits(found.cover[known], maps[known][:, [VEHICLES, FLOORS]])
    bays, taken = maps[:, BAYS], maps[:, TAKEN]
    known = known & (bays.sum((1, 2)) > 0)
    if known.any():
        counts = torch.stack([(bays - taken).clamp(min=0), taken], dim=1)[known].flatten(1)
        loss = loss + WEIGHT_OF_COUNTS * cross_entropy(found.log_counts[known].flatten(1), counts / counts.sum(1, keepdim=True))
    return loss


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a network is taught: first drawn photos, then real ones beside them.

    Half of all pictures are shown in the light of a real photo: in the first lesson of any of them, in the second of one that it teaches.
    """

    pictures: Pictures  # (n,) drawn and real
    is_drawn: npt.NDArray[np.bool_]  # (n,)
    scenes: pd.Series  # (n,)
    input_px: int
    seed: int

    def teach_drawings(self, body: nn.Module, taught: npt.NDArray[np.bool_], epochs: int) -> CountingNetwork:
        """A network whose `body` was fine-tuned, in place, on the drawn photos that are to be `taught` (n,)."""
        set_seed(self.seed, reproducible=True)  # of the first weights of its layers; each process of torch has another
        network = CountingNetwork(body, _shape_of(body, self.input_px)[0])
        self._teach(network, self.pictures, *self._hold_back(self.is_drawn & taught), epochs, GROWING_SHARES)
        return network

    def teach_photos(self, network: CountingNetwork, taught: npt.NDArray[np.bool_], epochs: int) -> CountingNetwork:
        """A copy of the network, taught further with the real photos of `taught` (n,), several times each, beside the drawn ones."""
        further, real = copy.deepcopy(network), np.flatnonzero(taught & ~self.is_drawn)
        drawn, validation = self._hold_back(self.is_drawn)
        pictures = replace(self.pictures, light=self.pictures.light[taught[~self.is_drawn]])
        self._teach(further, pictures, np.concatenate([drawn, np.tile(real, PHOTO_VIEWS)]), validation, epochs, (SIZE_SHARE,))
        return further

    def _hold_back(self, drawn: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """The numbers of these drawn photos, and of those that show whether the loss still falls: some scenes, or all of few."""
        scenes = self.scenes[drawn]
        if scenes.nunique() < VALIDATION_SCENES:
            return np.flatnonzero(drawn), np.flatnonzero(drawn)
        held_back = drawn & self.scenes.isin(scenes.unique()[::VALIDATION_SCENES]).to_numpy()
        return np.flatnonzero(drawn & ~held_back), np.flatnonzero(held_back)

    def _teach(
        self, network: CountingNetwork, pictures: Pictures, numbers: Numbers, validation: Numbers, epochs: int, shares: tuple[float, ...]
    ) -> None:
        """Fine-tunes the network, in place, on the pictures of these numbers, each as often as named; stops early as `PATIENCE` says.

        The side of the cuts takes the `shares` of the input's side in turn, each for as many steps.
        """
        set_seed(self.seed, reproducible=True)
        rng = np.random.default_rng(self.seed)
        sides = [round(share * self.input_px / 32) * 32 for share in shares]
        steps = epochs * -(-len(numbers) // BATCH_SIZE)
        side_of_step = chain((sides[len(sides) * step // steps] for step in range(steps)), repeat(sides[-1]))
        cells = {side: _shape_of(network.body, side)[1] for side in sides}

        def load(numbers: list[int], side: int = sides[-1]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            return cut_batch(rng, pictures, numbers, side=side, cells=cells[side])

        loaders = DataLoaders(
            *(
                AheadLoader(some.tolist(), bs=BATCH_SIZE, shuffle=shuffle, drop_last=False, num_workers=0, create_batch=make_batch)
                for some, shuffle, make_batch in (
                    (numbers, True, lambda batch: load(batch, next(side_of_step))),
                    (validation, False, load),
                )
            )
        )
        folded = fold_norms(network.body, torch.zeros(1, 3, sides[0], sides[0]))
        blocks = blocks_of(network.body)
        n_frozen = round(FROZEN_SHARE * len(blocks))
        learner = Learner(
            loaders,
            network,
            loss_func=loss_of,
            splitter=lambda model: [
                [weight for block in blocks[:n_frozen] for weight in block.parameters()],
                [weight for block in blocks[n_frozen:] for weight in block.parameters()],
                [weight for layer in (model.counting, model.cover) for weight in layer.parameters()],
            ],
            wd=WEIGHT_DECAY,
            train_bn=False,  # in frozen blocks
            cbs=[
                ChannelsLast(),
                MeanWeights(network),
                EarlyStoppingCallback(patience=PATIENCE),
                *([Bfloat16()] if Bfloat16.is_worthwhile() else []),
            ],
        )
        learner.freeze_to(1)
        for layer in depthwise_of(network.body):
            layer.requires_grad_(False)
        learner.fit_flat_cos(epochs, lr=np.array([LEARNING_RATE, LEARNING_RATE, 5 * LEARNING_RATE]), pct_start=CONSTANT_SHARE)
        unfold_norms(network.body, folded)
        for parameter in network.body.parameters():
            parameter.requires_grad_(True)
        learner.model.to("cpu").to(memory_format=torch.contiguous_format)


def cut_batch(
    rng: np.random.Generator, pictures: Pictures, numbers: list[int], *, side: int, cells: int
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """A random cut of each of the pictures, (n, 3, side, side), normalised; and the truth of each, as `loss_of` takes it."""
    samples = [cut_out(rng, pictures, number, size=side, cells=cells) for number in numbers]
    shares = torch.tensor([sample.share for sample in samples]).clamp(LEAST_SHARE, 1 - LEAST_SHARE)
    shown = torch.from_numpy(np.stack([sample.picture for sample in samples]))
    return normalise(shown), (shares, torch.from_numpy(np.stack([sample.map for sample in samples])).float())


def normalise(pictures: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 -> (n, 3, h, w) float32 with ImageNet's mean and deviation."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in imagenet_stats)
    return (pictures.permute(0, 3, 1, 2).float() / 255 - mean) / deviation


def _shape_of(body: nn.Module, size: int) -> tuple[int, int]:
    """Width of the body's last maps for pictures of `size` px, and their rows, which are as many as their columns."""
    with torch.inference_mode():
        _, width, rows, _ = body.eval()(torch.zeros(1, 3, size, size)).shape
    return width, rows
