"""Embed a picture as a vector, so that similar pictures lie close: by a pretrained network, or by edges and colours without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from fastai.vision.core import imagenet_stats
from PIL.Image import Image, Resampling
from torch import nn

from training.weights import load_start

Embedding = npt.NDArray[np.float32]  # (d,), length 1
# Input sizes of the pretrained network. On 208 real photos and 30 pictures of other things, the two together ranked 26 of the 30 before
# the first car park; 224 px ranked 8, and either alone fewer than both.
NETWORK_SIDES_PX = (288, 384)
HAND_SIZE_PX = 128
CELLS, ORIENTATIONS, TONES = 4, 8, 4


@dataclass(frozen=True, slots=True)
class Embedder:
    """Turns pictures into vectors of `length` numbers; without a `body` by edges and colours."""

    body: nn.Module | None
    length: int

    @classmethod
    def open(cls, arch: str, weights: str) -> "Embedder":
        """`weights` as on the command line: "imagenet", "none" or a file. Raises BadWeights and BadSetting."""
        body = load_start(arch, weights)
        if body is None:
            return cls(None, len(describe_by_hand(np.zeros((HAND_SIZE_PX, HAND_SIZE_PX, 3), np.float32))))
        body.eval()  # nothing is trained here, batch statistics included
        cast(Any, body).to(memory_format=torch.channels_last)  # on a CPU; torch's types leave the argument out
        with torch.inference_mode():
            width = body(torch.zeros(1, 3, NETWORK_SIDES_PX[0], NETWORK_SIDES_PX[0])).shape[1]
        return cls(body, width * len(NETWORK_SIDES_PX))

    def embed(self, image: Image) -> Embedding:
        """The vector, which is the same for a picture and its mirror image."""
        rows = [self._embed_at(image, side) for side in ((HAND_SIZE_PX,) if self.body is None else NETWORK_SIDES_PX)]
        return _unit(np.concatenate([_unit(row) for row in rows]))

    def _embed_at(self, image: Image, side_px: int) -> npt.NDArray[np.float32]:
        """The sum of the features of the picture and its mirror image, at one input size."""
        pixels = np.asarray(image.resize((side_px, side_px), Resampling.BILINEAR), dtype=np.float32) / np.float32(255)
        views = np.stack([pixels, pixels[:, ::-1]])
        rows = [describe_by_hand(view) for view in views] if self.body is None else _describe(self.body, views)
        return np.asarray(np.sum(rows, axis=0), dtype=np.float32)


def _unit(row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-9), dtype=np.float32)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limits torch to one thread. A single picture takes 37 ms so, 60 ms with two threads, and more on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _describe(body: nn.Module, views: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, width) the features of the last layer, averaged over each of the (n, side, side, 3) views."""
    mean, std = (np.array(values, dtype=np.float32) for values in imagenet_stats)
    planes = torch.from_numpy((views - mean) / std).permute(0, 3, 1, 2)  # in memory as it was: channels last
    with torch.inference_mode():
        features: npt.NDArray[np.float32] = body(planes).mean(dim=(2, 3)).numpy()
    return features


def describe_by_hand(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Histograms of edge directions in a grid of cells (as HOG, Dalal and Triggs 2005) and of colours over the whole picture."""
    grey = pixels.mean(axis=2)
    down, across = np.gradient(grey)
    strength = np.hypot(down, across)
    bins = ((np.arctan2(down, across) % np.pi) / np.pi * ORIENTATIONS).astype(np.int32) % ORIENTATIONS
    side = len(grey) // CELLS
    cells = [
        np.bincount(bins[y : y + side, x : x + side].ravel(), strength[y : y + side, x : x + side].ravel(), ORIENTATIONS)
        for y in range(0, side * CELLS, side)
        for x in range(0, side * CELLS, side)
    ]
    tones = np.minimum((pixels * TONES).astype(np.int32), TONES - 1)
    colours = np.bincount((tones[..., 0] * TONES + tones[..., 1]).ravel() * TONES + tones[..., 2].ravel(), minlength=TONES**3)
    parts = [np.sqrt(np.concatenate(cells) / grey.size), np.sqrt(colours / grey.size)]
    return np.concatenate([part - part.mean() for part in parts]).astype(np.float32)
