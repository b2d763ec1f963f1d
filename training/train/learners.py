"""The fastai side: loaders over prepared photos, the learner that is fitted, and the plain learner that is published."""

import copy
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from fastai.vision.all import (  # the one import that also brings fit_one_cycle to Learner
    Callback,
    CategoryBlock,
    ChannelsLast,
    CrossEntropyLossFlat,
    DataBlock,
    DataLoaders,
    GrandparentSplitter,
    ImageBlock,
    Learner,
    MixedPrecision,
    Normalize,
    Resize,
    ResizeMethod,
    accuracy,
    aug_transforms,
    imagenet_stats,
    parent_label,
    to_float,
    vision_learner,
)
from torch import Tensor, nn

from carpark.model.architectures import head_of
from carpark.model.counting import counting_head
from carpark.model.network import architecture
from training.labels import LABELS, PARTIAL

BATCH_SIZE = 16  # small sets need many steps an epoch more than large batches
# Light and weather vary between car parks; up stays up, all of the ground stays in the picture.
LIGHTING: dict[str, Any] = {"max_lighting": 0.4, "p_lighting": 0.75}
# Resampling blurs a car of five pixels away, which a network without pretrained filters does not recover from.
NO_TILT: dict[str, Any] = {"max_rotate": 0.0, "max_zoom": 1.0, "max_warp": 0.0, "p_affine": 0.0}


class SoftTargetCrossEntropy(nn.Module):
    """Cross-entropy of two outputs against P(full): empty 0, full 1, and what each kind of partial photo's name says.

    So two outputs learn from three kinds of photos, and P(full) = 0.5 comes to mean half full.
    """

    targets: Tensor

    def __init__(self, vocab: list[str]) -> None:
        super().__init__()
        p_full = torch.tensor([float(kind.removeprefix(PARTIAL) if kind.startswith(PARTIAL) else LABELS.index(kind)) for kind in vocab])
        self.register_buffer("targets", torch.stack([1 - p_full, p_full], dim=1))

    def forward(self, logits: Tensor, kind: Tensor) -> Tensor:
        """Mean loss of (n, 2) logits for (n,) numbers of kinds."""
        return nn.functional.cross_entropy(logits, self.targets.to(logits.device)[kind.long()])


def kinds_of(photos: pd.DataFrame) -> pd.Series:
    """What each photo teaches: its label, or "partial 0.4" by the `occupancy` that photos.csv may tell, else "partial 0.5"."""
    occupancy = photos["occupancy"] if "occupancy" in photos else pd.Series(0.5, index=photos.index)
    graded = [f"{PARTIAL} {share:.1f}" for share in occupancy.fillna(0.5).clip(0.0, 1.0)]
    return photos.label.where(photos.label != PARTIAL, pd.Series(graded, index=photos.index))


class Bfloat16(Callback):  # type: ignore[misc]  # fastai ships no types
    """Forward passes in bfloat16 on CPUs that multiply it natively: twice the speed, and float32 weights all the same.

    Depthwise convolutions stay float32 where gradients pass through them, which take five times as long in bfloat16.
    """

    order = MixedPrecision.order

    @staticmethod
    def is_worthwhile() -> bool:
        """True on a CPU with the instructions (and no GPU): elsewhere bfloat16 is emulated, and slower."""
        able = torch.cpu.get_capabilities()
        return not torch.cuda.is_available() and bool(able.get("avx512_bf16") or able.get("amx_bf16"))

    def before_fit(self) -> None:
        """Watch the depthwise convolutions."""
        self.hooks = [layer.register_forward_pre_hook(self._begin_float32) for layer in depthwise_of(self.model)]
        self.hooks += [layer.register_forward_hook(self._end_float32) for layer in depthwise_of(self.model)]

    def after_fit(self) -> None:
        """Leave the network as it was."""
        for hook in self.hooks:
            hook.remove()

    def _begin_float32(self, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        self.exact = ExitStack()
        if not inputs[0].requires_grad:
            return inputs[0]
        self.exact.enter_context(torch.autocast("cpu", enabled=False))
        return inputs[0].float()

    def _end_float32(self, layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        self.exact.close()

    def before_batch(self) -> None:
        """Begin the forward pass."""
        self.autocast = ExitStack()
        self.autocast.enter_context(torch.autocast("cpu", dtype=torch.bfloat16))

    def after_pred(self) -> None:
        """The loss is float32."""
        self.learn.pred = to_float(self.pred)

    def after_loss(self) -> None:
        """End the forward pass; gradients follow its types by themselves."""
        self.autocast.close()


def depthwise_of(network: nn.Module) -> list[nn.Conv2d]:
    """The convolutions that filter each channel by itself."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and 1 < layer.groups == layer.in_channels]


def photo_loaders(files: list[Path], vocab: list[str], input_size: tuple[int, int]) -> DataLoaders:
    """Loaders over `{train,valid}/{label}/*.png`; everything in them is fastai's own, so that the export names nothing of ours."""
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=vocab, sort=False)),
        get_y=parent_label,
        splitter=GrandparentSplitter(train_name="train", valid_name="valid"),
        item_tfms=Resize(input_size, method=ResizeMethod.Squish),
        batch_tfms=[*aug_transforms(**LIGHTING, **NO_TILT), Normalize.from_stats(*imagenet_stats)],
    )
    loaders: DataLoaders = block.dataloaders(files, bs=BATCH_SIZE, num_workers=0)
    return loaders


def make_learner(loaders: DataLoaders, name: str, start: nn.Module | None, counting: nn.Conv2d | None = None) -> Learner:
    """A vision_learner with two outputs whose body is `start`, or random when that is None.

    With a `counting` layer it has a head that counts, and begins with a copy of that.
    """
    learner = vision_learner(
        loaders,
        architecture(name),
        pretrained=False,
        normalize=False,  # the loaders normalise, for every architecture alike
        n_out=len(LABELS),
        loss_func=SoftTargetCrossEntropy(list(loaders.vocab)),
        **head_of(name),
    )
    if start is not None:
        learner.model[0] = copy.deepcopy(start)
    if counting:
        learner.model[1] = counting_head(counting.in_channels)
        learner.model[1][0].load_state_dict(counting.state_dict())
    return learner


def fit(learner: Learner, epochs: int) -> None:
    """Fit all layers at once from scratch, with fastai's own schedule."""
    with learner.added_cbs([ChannelsLast(), *([Bfloat16()] if Bfloat16.is_worthwhile() else [])]):
        learner.fit_one_cycle(epochs, lr_max=4e-3)
    learner.model.to(memory_format=torch.contiguous_format)


def publishable(learner: Learner, files: list[Path], input_size: tuple[int, int]) -> Learner:
    """The same network as a learner that knows the two labels and plain cross-entropy, ready for `export`."""
    two = [file for file in files if file.parent.name in LABELS]
    loaders = photo_loaders(two, list(LABELS), input_size)
    plain = Learner(loaders, learner.model, CrossEntropyLossFlat(), splitter=learner.splitter, metrics=accuracy)
    plain.model.eval()
    return plain
