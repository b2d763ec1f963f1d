"""Camera pictures drawn for the tests: a street with texture everywhere, TfL's overlays, TfL's card."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (352, 288)  # of a JamCam still
EXIF_IFD, DATE_TIME_ORIGINAL, USER_COMMENT = 0x8769, 0x9003, 0x9286


def street(seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    """A road between houses, lamps and cars, with the noise of a sensor; every seed is another moment."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = Image.new("RGB", size, "#8f9aa5")
    draw = ImageDraw.Draw(picture)
    for x in range(0, width, width // 11):
        shade = int(rng.integers(60, 150))
        draw.rectangle([x, height * 0.1, x + width // 12, height * rng.uniform(0.4, 0.6)], fill=(shade, shade - 10, shade - 25))
        for y in range(int(height * 0.14), int(height * 0.4), 14):
            draw.rectangle([x + 4, y, x + 10, y + 7], fill=(30, 34, 40) if rng.random() < 0.8 else (250, 220, 150))
    draw.polygon([(width * 0.4, height * 0.4), (width * 0.6, height * 0.4), (width, height), (0, height)], fill="#5a5c60")
    for y in range(int(height * 0.45), height, 30):
        draw.line([(width / 2, y), (width / 2, y + 14)], fill="#d8d8d0", width=3)
    for _ in range(12):
        x, y = rng.uniform(0.15, 0.8) * width, rng.uniform(0.45, 0.95) * height
        colour = tuple(int(level) for level in rng.integers(10, 245, 3))
        draw.rounded_rectangle([x, y, x + y / 8, y + y / 11], 4, fill=colour, outline="black")
        draw.ellipse([x, y + y / 14, x + 5, y + y / 14 + 5], fill="#ffffe8")
    values = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7))).astype(float) + rng.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def card(text: str, colour: str = "#808080", size: tuple[int, int] = SIZE) -> Image.Image:
    """A placeholder: lettering on one colour."""
    picture = Image.new("RGB", size, colour)
    ink = "black" if colour == "white" else "white"
    middle = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(picture).multiline_text(middle, text, font=ImageFont.load_default(26), fill=ink, anchor="mm", align="center")
    return picture


def with_overlays(picture: Image.Image, clock: str = "Mon 09 Mar 10:00") -> Image.Image:
    """The picture with a clock and a sign at the top and a name at the foot, where JamCam stills have them."""
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    width, height = picture.size
    draw.rectangle([0, 0, 112, 13], fill="#333333")
    draw.text((2, 1), clock, font=ImageFont.load_default(11), fill="white")
    draw.rectangle([width - 90, 0, width, 35], fill="#d8e2ee")
    draw.rectangle([width // 2 - 80, height - 14, width // 2 + 80, height], fill="#444444")
    draw.text((width // 2, height - 7), "Baker St/S of Park Rd", font=ImageFont.load_default(12), fill="white", anchor="mm")
    return written


def exif(time: str = "", comment: bytes = b"") -> Image.Exif:
    """EXIF as TfL writes it, or wrong in every way a test wants."""
    tags = Image.Exif()
    tags[EXIF_IFD] = {DATE_TIME_ORIGINAL: time, USER_COMMENT: comment}
    return tags


def jpeg(picture: Image.Image, quality: int = 85, exif: Image.Exif | None = None) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, **({"exif": exif} if exif else {}))
    return buffer.getvalue()
