"""Drawn pictures that are not car parks: what the check for "not a car park" must refuse without having seen any."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Rng = np.random.Generator
Shares = npt.NDArray[np.float64]  # (HEIGHT, WIDTH), 0 to 1
WIDTH, HEIGHT = 400, 300


def draw_negatives(n: int, seed: int = 0) -> dict[str, list[Image.Image]]:
    """`n` RGB pictures of each kind, by its name in the plural."""
    kinds: dict[str, Callable[[Rng], Image.Image]] = {
        "noise": draw_noise,
        "textures": draw_texture,
        "gradients": draw_gradient,
        "stripes": draw_stripes,
        "drawn faces": draw_face,
        "shapes": draw_shapes,
    }
    return {name: [draw(np.random.default_rng([seed, number])) for number in range(n)] for name, draw in kinds.items()}


def draw_noise(rng: Rng) -> Image.Image:
    """Every pixel by chance."""
    return Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def draw_texture(rng: Rng) -> Image.Image:
    """Soft blots."""
    size = int(rng.integers(2, 40))
    return Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def draw_gradient(rng: Rng) -> Image.Image:
    """One colour that becomes another, in any direction."""
    return _blend(rng, _along(rng))


def draw_stripes(rng: Rng) -> Image.Image:
    """Two colours in turn, in any direction."""
    return _blend(rng, np.floor(_along(rng) * rng.integers(5, 60)) % 2)


def draw_face(rng: Rng) -> Image.Image:
    """A head, two eyes, a nose and a mouth."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _colour(rng))
    draw, (x, y), skin = ImageDraw.Draw(image), rng.integers(-60, 60, 2), _colour(rng)
    left, top = 120 + int(x), 40 + int(y) // 3
    draw.ellipse((left, top, left + 160, top + 210), fill=skin)
    for eye in (left + 40, left + 100):
        draw.ellipse((eye, top + 65, eye + 25, top + 85), fill="white")
        draw.ellipse((eye + 8, top + 70, eye + 18, top + 82), fill=_colour(rng))
    draw.polygon([(left + 80, top + 95), (left + 68, top + 135), (left + 92, top + 135)], fill=_colour(rng))
    draw.arc((left + 45, top + 120, left + 115, top + 180), 20, 160, fill="darkred", width=5)
    return image


def draw_shapes(rng: Rng) -> Image.Image:
    """Discs and rectangles, one upon another."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 25))):
        x, y, width, height = (int(number) for number in rng.integers(0, HEIGHT, 4))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + width // 3 + 5, y + height // 3 + 5), fill=_colour(rng))
    return image


def _colour(rng: Rng) -> tuple[int, int, int]:
    red, green, blue = (int(number) for number in rng.integers(0, 256, 3))
    return red, green, blue


def _along(rng: Rng) -> Shares:
    """(HEIGHT, WIDTH) from 0 to 1 in a direction of chance."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    angle = rng.uniform(0, 2 * np.pi)
    way: Shares = x * np.cos(angle) + y * np.sin(angle)
    way -= way.min()
    way /= way.max()
    return way


def _blend(rng: Rng, share: Shares) -> Image.Image:
    one, other = np.array(_colour(rng)), np.array(_colour(rng))
    return Image.fromarray((one * (1 - share[..., None]) + other * share[..., None]).astype(np.uint8))
