"""Open any picture that a person may upload as an upright 8-bit RGB image, or say in one line why that fails."""

import io
import math
import struct
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image as PILImage
from PIL import UnidentifiedImageError
from PIL.Image import Image, Transpose

from carpark.errors import BadImage

MAX_PIXELS = 50_000_000  # 50 megapixels: twice the largest phone camera's default, 150 MB once decoded
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"})

# Pillow reads many more formats, and hands PostScript to Ghostscript where that is installed. Only these are opened.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
EXPECTED = "expected JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF"

# What Pillow raises on broken bytes, over its many formats, and on EXIF that is not as the standard says.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, TypeError, EOFError)
METADATA_ERRORS = (*DECODING_ERRORS, struct.error, AttributeError, LookupError, ArithmeticError, RuntimeError)

ORIENTATION, MAX_SAMPLE_VALUE, S_MAX_SAMPLE_VALUE = 0x0112, 281, 341  # tags of EXIF and TIFF
NUMBER_BYTES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 8: 2, 9: 4, 10: 8}  # type of an EXIF number -> its size; 5 and 10 are two numbers, a ratio
UPRIGHT = {  # EXIF orientation -> the turn that makes the picture upright; 1 is upright already
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
WHITE_LEVELS = (255, 1023, 4095, 16383, 65535)  # of greys of 8, 10, 12, 14 and 16 bits


def open_image(source: Path | BinaryIO, name: str | None = None) -> Image:
    """RGB, 8 bits, turned upright as EXIF says, transparency laid on white; the first frame of an animation.

    `name` is what an error calls the picture: the file's name unless given. Raises BadImage.
    """
    name = name or (source.name if isinstance(source, Path) else "the picture")
    try:
        with PILImage.open(source, formats=[*FORMATS, *_heif_format(source)]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BadImage(f"{name} has {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are read. Scale it down.")
            image.load()
            turn = UPRIGHT.get(_read_orientation(image))
            return to_rgb(image.transpose(turn) if turn is not None else image, white=_read_white(image))
    except FileNotFoundError as error:
        raise BadImage(f"{name} does not exist.") from error
    except UnidentifiedImageError as error:
        raise BadImage(f"{name} is not a picture that can be read; {EXPECTED}.") from error
    except PILImage.DecompressionBombError as error:  # Pillow's own limit, far above ours, strikes before the size can be read
        raise BadImage(f"{name} has too many pixels; at most {MAX_PIXELS // 10**6} megapixels are read. Scale it down.") from error
    except METADATA_ERRORS as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise BadImage(f"{name} cannot be decoded ({reason}). Save it again as JPEG or PNG.") from error


def to_rgb(image: Image, *, white: float | None = None) -> Image:
    """The same picture as 8-bit RGB, whatever its mode: deeper greys scaled to 8 bits, transparency laid on white.

    `white` is the value of white in a grey of more than 8 bits, where the file says so. Raises BadImage for a grey without any level.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _scale_to_8_bits(image, white).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        paper = PILImage.new("RGBA", rgba.size, "white")
        return PILImage.alpha_composite(paper, rgba).convert("RGB")
    return image.convert("RGB")


def _heif_format(source: Path | BinaryIO) -> list[str]:
    """What opens HEIC pictures, as phones write them, if the source is one: the reader is loaded with the first such picture."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            head = file.read(12)
    else:
        head = source.read(12)
        source.seek(0)
    if head[4:8] != b"ftyp" or head[8:12] not in HEIF_BRANDS:
        return []
    _enable_heif()
    return ["HEIF"]


@cache
def _enable_heif() -> None:
    """Teaches Pillow to read HEIC."""
    from pillow_heif import register_heif_opener

    register_heif_opener()


def _read_orientation(image: Image) -> int:
    """1 to 8 from EXIF, or another number where the EXIF is broken; the picture itself may be fine.

    Read here rather than by Pillow, which warns or raises in many ways when other tags are odd. HEIC pictures come upright already.
    """
    if image.format == "TIFF":
        value = getattr(image, "tag_v2", {}).get(ORIENTATION, 1)
        return value if isinstance(value, int) else 1
    tiff = image.info.get("exif", b"")
    tiff = bytes(tiff).removeprefix(b"Exif\0\0") if isinstance(tiff, bytes) else b""
    orders: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
    if image.format == "HEIF" or (order := orders.get(tiff[:4])) is None:
        return 1
    directory = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[directory : directory + 2], order)
    for start in range(directory + 2, min(directory + 2 + 12 * entries, len(tiff) - 11), 12):
        if int.from_bytes(tiff[start : start + 2], order) == ORIENTATION:
            kind = int.from_bytes(tiff[start + 2 : start + 4], order)
            size = NUMBER_BYTES.get(kind, 0)
            place = start + 8 if size <= 4 else int.from_bytes(tiff[start + 8 : start + 12], order)
            value = int.from_bytes(tiff[place : place + min(size, 4)], order)
            divisor = int.from_bytes(tiff[place + 4 : place + size], order) if size > 4 else 1
            return value // divisor if divisor else 1
    return 1


def _read_white(image: Image) -> float | None:
    """The value of white that a TIFF names for its samples; None where it names none."""
    tags = getattr(image, "tag_v2", {})
    for tag in (S_MAX_SAMPLE_VALUE, MAX_SAMPLE_VALUE):
        value = tags.get(tag)
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, int | float) and math.isfinite(value) and value > 0:
            return float(value)
    return None


def _scale_to_8_bits(image: Image, white: float | None) -> Image:
    """Grey of more than 8 bits, or of floats, as 8 bits.

    White is what the file says; else, for whole numbers, the smallest depth that holds all values, and for floats 1, 255 or the largest
    value. Infinite values are white or black, values that are not numbers black.
    """
    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise BadImage("The picture holds no finite value, so it cannot be judged. Save it again as JPEG or PNG.")
    highest = float(finite.max())
    if white is None or white < highest:
        levels = (1, 255) if image.mode == "F" else WHITE_LEVELS
        white = next((float(level) for level in levels if highest <= level), highest)
    scaled = np.clip(np.nan_to_num(values, nan=0.0, posinf=white, neginf=0.0) * (255.0 / white), 0, 255)
    return PILImage.fromarray(scaled.astype(np.uint8))


def jpeg_data_uri(image: Image, *, quality: int = 82) -> str:
    """The picture as a JPEG data URI, for HTML that needs no further request. Metadata is left out."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{b64encode(buffer.getvalue()).decode()}"
