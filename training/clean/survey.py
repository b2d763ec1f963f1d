"""Open every photo of a folder once and measure what the passes need."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import ImageOps
from PIL.Image import Image, Resampling
from tqdm import tqdm

from carpark.errors import BadImage
from carpark.images import open_image
from training.clean.embedding import Embedder, Embedding, single_threaded

THUMBNAIL_PX = 48  # longest side of the thumbnails that near-duplicates are compared by
STYLE_PX = 512  # longest side at which style is measured, so that size does not count as sharpness

Thumbnail = npt.NDArray[np.float32]  # (height, width), grey
StyleMeasures = dict[str, float]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Survey:
    """The measurements, one entry for each row of `photos`. For an unreadable photo: the reason in `unreadable`, None elsewhere."""

    photos: pd.DataFrame  # the table of `read_photos`, with sha256, phash, width and height
    unreadable: list[str]  # the reason; "" for a photo that can be read
    mirrored_phash: list[str]
    thumbnails: list[Thumbnail | None]
    styles: list[StyleMeasures | None]
    embeddings: npt.NDArray[np.float32]  # (n, d), rows of length 1; zeros for an unreadable photo

    @property
    def is_readable(self) -> npt.NDArray[np.bool_]:
        """(n,)"""
        return np.array([not reason for reason in self.unreadable])


def survey_photos(photos: pd.DataFrame, embedder: Embedder | None) -> Survey:
    """Measures every photo of a table of `read_photos`. Without an embedder, `embeddings` has no columns."""
    measured: list[dict[str, str]] = []
    survey = Survey(photos, [], [], [], [], np.zeros((0, 0), np.float32))
    embeddings: list[Embedding | None] = []
    for path, file in zip(tqdm(photos.path, desc="reading photos", unit="photo"), photos.file, strict=True):
        data = path.read_bytes() if path.is_file() else b""
        row = {"sha256": hashlib.sha256(data).hexdigest(), "phash": "", "width": "", "height": ""}
        measured.append(row)
        try:
            image = open_image(io.BytesIO(data), file)
        except BadImage as error:
            survey.unreadable.append(str(error))
            survey.mirrored_phash.append("")
            survey.thumbnails.append(None)
            survey.styles.append(None)
            embeddings.append(None)
            continue
        row |= {"phash": str(imagehash.phash(image)), "width": str(image.width), "height": str(image.height)}
        survey.unreadable.append("")
        survey.mirrored_phash.append(str(imagehash.phash(ImageOps.mirror(image))))
        survey.thumbnails.append(_thumbnail(image))
        survey.styles.append(measure_style(image, len(data)))
        with single_threaded():
            embeddings.append(embedder.embed(image) if embedder else None)
    table = photos.drop(columns=[name for name in measured[0] if name in photos]).join(pd.DataFrame(measured, index=photos.index))
    filled = np.stack([np.zeros(embedder.length if embedder else 0, np.float32) if row is None else row for row in embeddings])
    return Survey(table, survey.unreadable, survey.mirrored_phash, survey.thumbnails, survey.styles, filled)


def measure_style(image: Image, file_bytes: int) -> StyleMeasures:
    """How a picture was taken, apart from how many cars it shows: light, colour, sharpness, size."""
    height, width = image.height, image.width
    small = image.copy()
    small.thumbnail((STYLE_PX, STYLE_PX), Resampling.BILINEAR)
    pixels = np.asarray(small, dtype=np.float32)  # (height, width, 3), 0 to 255
    grey = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    edges = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    blur = np.abs(4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:])
    return {
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "saturation": float((pixels.max(axis=2) - pixels.min(axis=2)).mean()),
        "warmth": float(pixels[..., 0].mean() - pixels[..., 2].mean()),
        "sharpness": float(blur.mean() / max(edges, 1e-3)),
        "night": float(np.median(grey) < 50),
        "megapixels": width * height / 1e6,
        "aspect ratio": width / height,
        "bytes a pixel": file_bytes / (width * height),
    }


def count_colours(image_path: Path) -> int:
    """The number of colours (4 bits a channel) that cover 90% of the pixels: many in a photo, few in a drawing or a page of text."""
    with open_image(image_path) as image:
        image.thumbnail((256, 256), Resampling.NEAREST)
        bins = (np.asarray(image) >> 4).astype(np.int32)
    codes = np.bincount((bins[..., 0] << 8 | bins[..., 1] << 4 | bins[..., 2]).ravel())
    shares = np.sort(codes)[::-1].cumsum() / codes.sum()
    return int(np.searchsorted(shares, 0.9) + 1)


def _thumbnail(image: Image) -> Thumbnail:
    small = image.convert("L")
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Resampling.BOX)
    return np.asarray(small, dtype=np.float32)
