"""Open any picture that a person may hand in as one upright 8-bit RGB image, or say in one line why it cannot be."""

import io
from base64 import b64encode
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as PILImage
from PIL import ImageOps, UnidentifiedImageError
from PIL.Image import Image

from carpark.errors import BadImage

MAX_PIXELS = 50_000_000  # 50 megapixels: twice the largest phone camera's default, 150 MB once decoded
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})

# Pillow knows many more, and would hand PostScript to a Ghostscript that is installed: no more formats than needed.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

# What Pillow raises on broken bytes, over its many formats.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, TypeError, EOFError)


def open_image(source: Path | BinaryIO, name: str | None = None) -> Image:
    """RGB, 8 bits, turned upright as EXIF says, transparency laid on white; the first frame of an animation.

    `name` is what an error calls the picture: the file's name unless given. Raises BadImage.
    """
    name = name or (source.name if isinstance(source, Path) else "the picture")
    try:
        with PILImage.open(source, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BadImage(f"{name} has {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are read. Scale it down.")
            image.load()
            return to_rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError as error:
        raise BadImage(f"{name} does not exist.") from error
    except UnidentifiedImageError as error:
        if _is_heic(source):
            raise BadImage(f"{name} is a HEIC picture, as iPhones take them, and cannot be read. Save it as JPEG.") from error
        raise BadImage(f"{name} is not a picture that can be read; expected JPEG, PNG, WebP, GIF, BMP or TIFF.") from error
    except PILImage.DecompressionBombError as error:  # Pillow's own limit, far above ours, strikes before the size can be read
        raise BadImage(f"{name} has too many pixels; at most {MAX_PIXELS // 10**6} megapixels are read. Scale it down.") from error
    except DECODING_ERRORS as error:
        raise BadImage(f"{name} cannot be decoded ({error}). Save it again as JPEG or PNG.") from error


def to_rgb(image: Image) -> Image:
    """The same picture as 8-bit RGB, whatever its mode: 16-bit scaled to 8, transparency laid on white."""
    if image.mode.startswith("I") or image.mode == "F":
        return _scale_to_8_bits(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        paper = PILImage.new("RGBA", rgba.size, "white")
        return PILImage.alpha_composite(paper, rgba).convert("RGB")
    return image.convert("RGB")


def _is_heic(source: Path | BinaryIO) -> bool:
    if isinstance(source, Path):
        with source.open("rb") as file:
            head = file.read(12)
    else:
        source.seek(0)
        head = source.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def _scale_to_8_bits(image: Image) -> Image:
    """Grey of more than 8 bits, from its own range (16 bits for modes I;16*, else 0 to the largest value) to 0..255."""
    values = np.asarray(image, dtype=np.float32)
    top = 65535.0 if image.mode.startswith("I;16") or values.max() > 255 else 255.0
    return PILImage.fromarray(np.clip(values * (255.0 / max(top, values.max())), 0, 255).astype(np.uint8))


def jpeg_data_uri(image: Image, *, quality: int = 82) -> str:
    """The picture as a JPEG inside an address, for HTML that needs no request. What its file says beside the pixels is left out."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{b64encode(buffer.getvalue()).decode()}"
