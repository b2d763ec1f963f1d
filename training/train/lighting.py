"""Pictures in the light of photos: the amplitudes of their lowest frequencies are a photo's (Yang and Soatto 2020, arXiv 2004.05498).

Drawings differ from photos in light, colour and haze before they differ in vehicles, and a body that has met each drawing in the light of
many photos leans on neither. Nothing else of a photo is used: no label, and no shape.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from carpark.model.engines import Pixels
from training.train.probe import Array

COARSE_PX = 64  # the side of the small picture whose frequencies are exchanged
REACH = 5  # so many frequencies each way at most; more would bring the photo's shapes along
LEAST_AMPLITUDE = 1e-3  # of a frequency that a picture lacks


def amplitudes_of(photos: Pixels) -> Array:
    """(n, 2 * REACH, REACH, 3): how strong the lowest frequencies of each photo are, down (from 0, then negative ones) and across."""
    lowest = [np.abs(_spectrum(photo))[_rows(REACH), :REACH] for photo in photos]
    return np.stack(lowest) if lowest else np.empty((0, 2 * REACH, REACH, 3))


def lend_light(rng: np.random.Generator, picture: npt.NDArray[np.uint8], amplitudes: Array) -> npt.NDArray[np.uint8]:
    """The picture (h, w, 3) with a random part of the light of one of the photos whose `amplitudes_of` these are, at least one."""
    reach, share = int(rng.integers(1, REACH + 1)), rng.uniform(0.3, 1)
    spectrum = _spectrum(picture)
    own, lent = spectrum[_rows(reach), :reach], amplitudes[rng.integers(len(amplitudes))][_rows(reach), :reach]
    change = np.zeros_like(spectrum)
    change[_rows(reach), :reach] = share * own * (lent / np.maximum(np.abs(own), LEAST_AMPLITUDE) - 1)
    coarse = np.fft.irfft2(change, s=(COARSE_PX, COARSE_PX), axes=(0, 1)).astype(np.float32)
    size = picture.shape[1], picture.shape[0]
    planes = [np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC)) for plane in coarse.transpose(2, 0, 1)]
    lit: npt.NDArray[np.uint8] = np.clip(picture + np.stack(planes, axis=2), 0, 255).astype(np.uint8)
    return lit


def _rows(reach: int) -> npt.NDArray[np.intp]:
    """The rows of a spectrum with frequencies from 0 up, and from -1 down."""
    rows: npt.NDArray[np.intp] = np.r_[0:reach, -reach:0]
    return rows


def _spectrum(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.complex128]:
    """Of a small copy of the picture: (COARSE_PX, COARSE_PX // 2 + 1, 3), frequencies down and across."""
    coarse = Image.fromarray(picture).resize((COARSE_PX, COARSE_PX), Image.Resampling.BOX)
    spectrum: npt.NDArray[np.complex128] = np.fft.rfft2(np.asarray(coarse, np.float64), axes=(0, 1))
    return spectrum
