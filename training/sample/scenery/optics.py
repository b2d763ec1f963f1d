"""The effects of air and camera: tones, sky, halos, rain, noise. Pictures are (h, w, 3) display values, 0 to 255."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from training.sample.scenery.light import Light
from training.sample.scenery.pinhole import Array, Pinhole

NOISE_PX = 640


@dataclass(frozen=True, slots=True)
class Grade:
    """The look of one camera: tones, noise and softness."""

    gain: tuple[float, float, float]
    contrast: float
    saturation: float
    dark_corners: float  # share of the light lost at the edges
    noise: float  # standard deviation by day, 0 to 255
    noise_at_night: float  # added in the dark
    blur_px: float
    veil: float = 0.0  # stray light, as a share of white
    drops: int = 0  # of rain on the lens
    sharpening: int = 0  # of edges, per cent


def draw_grade(rng: np.random.Generator) -> Grade:
    """A random camera."""
    tint = rng.choice([0.015, 0.05, 0.09], p=[0.6, 0.3, 0.1])
    red, green, blue = (rng.normal(1, tint, 3) * rng.normal(1.0, 0.12)).tolist()
    return Grade(
        gain=(red, green, blue),
        contrast=rng.normal(1.04, 0.1),
        saturation=0.0 if rng.random() < 0.03 else rng.uniform(0.55, 1.2),
        dark_corners=rng.uniform(0, 0.12),
        noise=rng.uniform(0.5, 4),
        noise_at_night=rng.uniform(1, 7),
        blur_px=max(0.0, rng.uniform(-0.5, 0.7)) * float(rng.choice([1, 2])),
        veil=max(0.0, rng.uniform(-0.2, 0.25)),
        sharpening=int(rng.choice([0, 60, 130], p=[0.65, 0.2, 0.15])),
    )


def tone(colour: Array, light: Light) -> Array:
    """Linear light as display values: exposed for the scene, with soft highlights."""
    brightness = float(light.sky.mean() + 0.35 * light.sun.mean() + 0.35 * light.lamps.mean())
    x = np.maximum(colour, 0) * np.float32(1.8 / max(brightness, 0.35) ** 0.6)
    x *= (1 + x / 9) / (1 + x * 0.75)
    shown: Array = 255 * np.minimum(x, 1) ** np.float32(1 / 2.2)
    return shown


def resize(plane: Array, size: tuple[int, int], resample: Image.Resampling = Image.Resampling.BILINEAR) -> Array:
    """A float plane (h, w) at another size (width, height)."""
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize(size, resample))


def add_sky(picture: Array, camera: Pinhole, light: Light, *, seed: int) -> Array:
    """The picture with sky above the horizon; `seed` determines the clouds."""
    rise = camera.rise
    if rise.max() < 0:
        return picture
    sky = light.horizon + (light.zenith - light.horizon) * (np.clip(rise * 2.2, 0, 1) ** 0.7)[..., None]
    if 0.05 < light.clouds < 0.95:
        sky += (light.horizon * 1.15 - sky) * _cloud_cover(camera, rise, light, seed=seed)[..., None]
    above = np.clip(rise * camera.focal_px + 0.5, 0, 1)[..., None]
    with_sky: Array = picture * (1 - above) + tone(sky, light) * above
    return with_sky


def _cloud_cover(camera: Pinhole, rise: Array, light: Light, *, seed: int) -> Array:
    """The cloud cover of each pixel, (h, w), 0 to 1; faint at night."""
    rng, total = np.random.default_rng(seed), np.zeros(camera.size[::-1], np.float32)
    for rows, share in ((10, 0.6), (24, 0.3), (60, 0.15)):
        total += resize(rng.normal(0, share, (rows, rows // 2)), camera.size, Image.Resampling.BICUBIC)
    cover = np.clip((total + light.clouds * 1.6 - 0.6) * 1.4, 0, 0.9)
    fading: Array = cover * np.clip(rise * 8, 0.25, 1) * (1 - 0.75 * light.dark)
    return fading


def add_halos(picture: Array, camera: Pinhole, places: Array, colours: Array) -> Array:
    """Halos around lights at (n, 3) `places` of (n, 3) `colours`."""
    width, height = camera.width_px // 2 + 1, camera.height_px // 2 + 1  # half the resolution of the picture is enough
    halos = np.zeros((height, width, 3), np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for (x, y), depth, colour in zip(camera.project(places) / 2, camera.depths(places), colours, strict=True):
        if depth > 1 and -20 < x < width + 20 and -20 < y < height + 20:
            radius = float(np.clip(camera.focal_px * 0.27 / depth, 1.2, 9))
            left, top, reach = int(x), int(y), int(8 * radius)
            near = np.s_[max(0, top - reach) : max(0, top + reach), max(0, left - reach) : max(0, left + reach)]
            square = ((columns[near] - x) ** 2 + (rows[near] - y) ** 2) / radius**2
            halos[near] += (150 * np.exp(-square) + 26 / (1 + square) - 0.4)[..., None].clip(0) * colour
    light = np.stack([resize(halos[..., i], camera.size) for i in range(3)], 2)
    glowing: Array = 255 - (255 - np.clip(picture, 0, 255)) * np.exp(-light / 255)
    return glowing


def add_rain(rng: np.random.Generator, picture: Array, light: Light) -> Array:
    """The picture with streaks of rain in front."""
    height, width = picture.shape[:2]
    mask = Image.new("L", (width, height))
    draw, lean = ImageDraw.Draw(mask), rng.normal(0, 0.12)
    for _ in range(int(light.rain * width * height / 660)):
        x, y, length = rng.uniform(0, width), rng.uniform(-20, height), rng.uniform(6, 26)
        draw.line([x, y, x + lean * length, y + length], fill=int(rng.uniform(20, 64)))
    share = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.5)), np.float32)[..., None] / 255
    streaked: Array = picture + (picture.mean() * 0.4 + 120 - picture) * share
    return streaked


def bend(image: Image.Image, bulge: float, *, resample: Image.Resampling = Image.Resampling.BILINEAR) -> Image.Image:
    """The picture through a wide lens, as `Pinhole.bulge` says. The corners stay where they are."""
    if not bulge:
        return image
    middle, cell = np.array(image.size) / 2, 48
    mesh = []
    for left, top in np.ndindex(-(-image.width // cell), -(-image.height // cell)):
        box = (left * cell, top * cell, min(left * cell + cell, image.width), min(top * cell + cell, image.height))
        away = np.array([(box[0], box[1]), (box[0], box[3]), (box[2], box[3]), (box[2], box[1])]) - middle
        square = (away**2).sum(axis=1, keepdims=True) / (middle**2).sum()
        mesh.append((box, tuple((middle + away * (1 + bulge * square) / (1 + bulge)).ravel().tolist())))
    return image.transform(image.size, Image.Transform.MESH, mesh, resample)


def add_drops(rng: np.random.Generator, image: Image.Image, drops: int) -> Image.Image:
    """The picture through drops of rain on the lens: a blurred, shifted picture in each."""
    mask = Image.new("L", image.size)
    draw = ImageDraw.Draw(mask)
    for x, y, size in zip(rng.uniform(0, image.width, drops), rng.uniform(0, image.height, drops), rng.gamma(3, 3, drops), strict=True):
        draw.ellipse((x - size, y - size * 1.15, x + size, y + size * 1.15), fill=230)
    seen = ImageChops.offset(image.filter(ImageFilter.GaussianBlur(5)), 0, int(rng.integers(-20, 20)))
    return Image.composite(seen, image, mask.filter(ImageFilter.GaussianBlur(1.5)))


def develop(rng: np.random.Generator, picture: Array, light: Light, grade: Grade) -> Image.Image:
    """The 8-bit picture of a camera with that grade."""
    height, width = picture.shape[:2]
    x = np.clip(picture, 0, 255) * np.array(grade.gain, np.float32)
    grey = x.mean(axis=2, keepdims=True)
    x = 118 + (grey + (x - grey) * np.float32(grade.saturation) - 118) * np.float32(grade.contrast)
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    x *= (1 - np.float32(grade.dark_corners) * (rows[:, None] ** 2 + columns**2))[..., None]
    x += (225 - x) * np.float32(grade.veil * (1 - 0.7 * light.dark))
    soft = Image.fromarray(np.clip(x, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(grade.blur_px))
    if grade.drops:
        soft = add_drops(rng, soft, grade.drops)
    row, column = rng.integers(NOISE_PX - height), rng.integers(NOISE_PX - width)
    noise = _noise_sheet()[row : row + height, column : column + width]
    noisy = np.asarray(soft, np.float32) + noise * np.float32(grade.noise + light.dark * grade.noise_at_night)
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.UnsharpMask(1.5, grade.sharpening)) if grade.sharpening else image


@cache
def _noise_sheet() -> Array:
    """The noise that each picture takes a part of, (NOISE_PX, NOISE_PX, 3): stronger in brightness than in colour."""
    rng, shape = np.random.default_rng(0), (NOISE_PX, NOISE_PX)
    sheet: Array = 0.8 * rng.standard_normal((*shape, 1), np.float32) + 0.45 * rng.standard_normal((*shape, 3), np.float32)
    return sheet
