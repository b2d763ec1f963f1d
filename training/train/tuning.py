"""Fine-tuning of a pretrained body on drawn photos, whose share of bays is exact: what cars look like from masts, roofs and the kerb.

Only the later blocks move, and batch norm keeps ImageNet's statistics. The head that is fitted here is dropped: `training.train.probe`
fits the published one, to real photos too.
"""

import io

import numpy as np
import pandas as pd
import torch
from fastai.callback.training import BnFreeze
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.torch_core import set_seed
from fastai.vision.all import ChannelsLast, imagenet_stats  # the one import that also brings fit_one_cycle to Learner
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor, nn

from carpark.model.engines import Pixels
from training.train.learners import Bfloat16
from training.train.probe import shares_of

EPOCHS = 4
BATCH_SIZE = 32
LEARNING_RATE = 3e-4  # of the body; the head's is five times as much
WEIGHT_DECAY = 0.02
FROZEN_SHARE = 0.4  # of the body's blocks, from the first: edges and textures, which drawings would teach wrongly
VALIDATION_SCENES = 20  # one scene in so many shows whether the loss still falls


def tune_body(body: nn.Module, photos: pd.DataFrame, pixels: Pixels, *, seed: int, epochs: int = EPOCHS) -> nn.Module:
    """The body, fine-tuned to predict the share of bays taken in drawn `photos` (`occupancy`, `scene`) and (n, h, w, 3) `pixels`."""
    set_seed(seed, reproducible=True)
    rng = np.random.default_rng(seed)
    shares = torch.tensor(shares_of(photos), dtype=torch.float32)
    is_validation = (pd.factorize(photos.scene)[0] % VALIDATION_SCENES == 0) & (photos.scene.nunique() >= VALIDATION_SCENES)

    def load(numbers: list[int], *, augmented: bool) -> tuple[Tensor, Tensor]:
        pictures = np.stack([augment(rng, pixels[number]) if augmented else pixels[number] for number in numbers])
        return normalise(torch.from_numpy(pictures)), shares[numbers]

    blocks = [block for part in body.children() for block in (part.children() if isinstance(part, nn.Sequential) else [part])]
    frozen = blocks[: round(FROZEN_SHARE * len(blocks))]
    width = _width_of(body, pixels.shape[1:3])
    network = nn.Sequential(body, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1), nn.Flatten(0)))
    loaders = DataLoaders(
        *(
            DataLoader(
                np.flatnonzero(chosen).tolist(),
                bs=BATCH_SIZE,
                shuffle=augmented,
                drop_last=False,
                num_workers=0,
                create_batch=lambda numbers, augmented=augmented: load(list(numbers), augmented=augmented),
            )
            for chosen, augmented in ((~is_validation, True), (is_validation if is_validation.any() else ~is_validation, False))
        )
    )
    learner = Learner(
        loaders,
        network,
        loss_func=nn.BCEWithLogitsLoss(),
        splitter=lambda model: [
            [weight for block in frozen for weight in block.parameters()],
            [weight for block in blocks[len(frozen) :] for weight in block.parameters()],
            list(model[1].parameters()),
        ],
        wd=WEIGHT_DECAY,
        cbs=[BnFreeze(), ChannelsLast(), *([Bfloat16()] if Bfloat16.is_worthwhile() else [])],
    )
    learner.freeze_to(1)
    learner.fit_one_cycle(epochs, lr_max=slice(LEARNING_RATE, 5 * LEARNING_RATE), pct_start=0.15)
    for weight in body.parameters():
        weight.requires_grad_(True)
    learner.model.to("cpu").to(memory_format=torch.contiguous_format)
    return body.eval()


def normalise(pictures: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 -> (n, 3, h, w) float32 with ImageNet's mean and deviation."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in imagenet_stats)
    return (pictures.permute(0, 3, 1, 2).float() / 255 - mean) / deviation


def augment(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """The picture as another camera might have stored it, of the same size: mirrored, cropped, coarser, otherwise lit, a worse JPEG."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.7:
        w, h = (int(side * rng.uniform(0.75, 1)) for side in (width, height))
        left, top = rng.integers(width - w + 1), rng.integers(height - h + 1)
        image = image.crop((left, top, left + w, top + h))
    if rng.random() < 0.4:
        image = image.resize((max(32, int(image.width * rng.uniform(0.35, 1))),) * 2, Image.Resampling.BILINEAR)
    for enhance, low, high in ((ImageEnhance.Brightness, 0.5, 1.4), (ImageEnhance.Contrast, 0.7, 1.35), (ImageEnhance.Color, 0.2, 1.5)):
        image = enhance(image).enhance(rng.uniform(low, high))
    if rng.random() < 0.3:
        tint = np.asarray(image, np.float32) * rng.uniform(0.8, 1.15, 3).astype(np.float32)
        image = Image.fromarray(tint.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.5:
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=int(rng.integers(25, 86)))
        image = Image.open(jpeg)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _width_of(body: nn.Module, input_size: tuple[int, ...]) -> int:
    with torch.inference_mode():
        return int(body.eval()(torch.zeros(1, 3, *input_size)).shape[1])
