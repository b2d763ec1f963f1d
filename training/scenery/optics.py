"""What a camera and the air make of a scene: tones, sky, halos, rain, noise."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.scenery.light import Light
from training.scenery.pinhole import Array, Pinhole


def tone(colour: Array, light: Light) -> Array:
    """Linear light to display values 0 to 255: the camera exposes for the scene, and rolls off the highlights."""
    bright = float(light.sky.mean() + 0.35 * light.sun.mean() + 0.35 * light.lamps.mean())
    x = np.maximum(colour, 0) * (1.8 / max(bright, 0.35) ** 0.6)
    x = x * (1 + x / 9.0) / (1 + x * 0.75)
    return np.asarray(255 * np.minimum(x, 1) ** (1 / 2.2), np.float32)


def add_sky(ground: Array, camera: Pinhole, light: Light, *, seed: int) -> Array:
    """The picture with sky above the horizon."""
    rays = camera.rays()
    rise = rays[..., 2] / np.linalg.norm(rays, axis=2)
    if float(rise.max()) < 0:
        return ground
    height = np.clip(rise * 2.2, 0, 1)[..., None] ** 0.7
    sky = light.horizon + (light.zenith - light.horizon) * height
    if 0.05 < light.clouds < 0.95:
        sky = sky + (light.horizon * 1.15 - sky) * _clouds(camera, rise, light, seed=seed)[..., None]
    above = np.clip(rise * camera.focal_px + 0.5, 0, 1)[..., None]
    return np.asarray(ground * (1 - above) + tone(sky, light) * above, np.float32)


def _clouds(camera: Pinhole, rise: Array, light: Light, *, seed: int) -> Array:
    """Cover of cloud at each pixel, 0 to 1."""
    rng = np.random.default_rng(seed)
    size = (camera.width_px, camera.height_px)
    total = np.zeros((camera.height_px, camera.width_px), np.float32)
    for rows, share in ((10, 0.6), (24, 0.3), (60, 0.15)):
        grain = Image.fromarray(rng.normal(0, 1, (rows, rows // 2)).astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
        total += share * np.asarray(grain)
    return np.asarray(np.clip((total + light.clouds * 1.6 - 0.6) * 1.4, 0, 0.9) * (1 - 0.75 * light.dark) * np.clip(rise * 8, 0.25, 1), np.float32)


def draw_glow(image: Array, camera: Pinhole, lights: list[tuple[tuple[float, float, float], Array]]) -> Array:
    """Halos around lights: (place in metres, colour)."""
    if not lights:
        return image
    canvas = np.zeros((camera.height_px // 2 + 1, camera.width_px // 2 + 1, 3), np.float32)
    points = np.array([at for at, _ in lights], np.float32)
    depth, xy = camera.depths(points), camera.project(points) / 2
    rows, columns = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    for (x, y), d, (_, colour) in zip(xy, depth, lights, strict=True):
        if d < 1 or not (-20 < x < canvas.shape[1] + 20 and -20 < y < canvas.shape[0] + 20):
            continue
        radius = float(np.clip(camera.focal_px * 0.55 / d / 2, 1.2, 9))
        square = ((columns - x) ** 2 + (rows - y) ** 2) / radius**2
        canvas += (150 * np.exp(-square) + 26 / (1 + square))[..., None] * colour
    size = (camera.width_px, camera.height_px)
    halo = np.stack([np.asarray(Image.fromarray(canvas[..., i]).resize(size, Image.Resampling.BILINEAR)) for i in range(3)], 2)
    return np.asarray(255 - (255 - np.clip(image, 0, 255)) * np.exp(-halo / 255), np.float32)


def draw_rain(rng: np.random.Generator, image: Array, light: Light) -> Array:
    """Streaks of falling rain, and the grey that it lays over everything."""
    height, width = image.shape[:2]
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    lean = rng.normal(0, 0.12)
    for _ in range(int(260 * light.rain * width * height / (480 * 360))):
        x, y, length = rng.uniform(0, width), rng.uniform(-20, height), rng.uniform(6, 26)
        draw.line([x, y, x + lean * length, y + length], fill=int(rng.uniform(25, 80)))
    veil = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.5)), np.float32)[..., None] / 255
    grey = image.mean() * 0.4 + 120
    return np.asarray(image * (1 - 0.8 * veil) + grey * 0.8 * veil, np.float32)


@dataclass(frozen=True, slots=True)
class Grade:
    """The manner of one camera: how it renders tones, and how noisy and soft it is."""

    gain: tuple[float, float, float]
    contrast: float
    saturation: float
    dark_corners: float             # light lost at the edges, share
    noise: float                    # standard deviation by day, 0 to 255
    noise_at_night: float           # added in the dark
    blur_px: float


def draw_grade(rng: np.random.Generator) -> Grade:
    """A random camera."""
    red, green, blue = (rng.normal(1, 0.02, 3) * rng.normal(1.0, 0.07)).tolist()
    return Grade((red, green, blue), contrast=float(rng.normal(1.04, 0.06)), saturation=float(rng.uniform(0.75, 1.15)),
                 dark_corners=float(rng.uniform(0, 0.1)), noise=float(rng.uniform(1, 3)), noise_at_night=float(rng.uniform(1.5, 5)),
                 blur_px=float(max(0, rng.uniform(-0.3, 0.65))))


def develop(rng: np.random.Generator, image: Array, light: Light, grade: Grade) -> Image.Image:
    """The 8-bit picture that a camera makes of display values (h, w, 3)."""
    height, width = image.shape[:2]
    x = np.clip(image, 0, 255) * np.array(grade.gain, np.float32)
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * np.float32(grade.saturation)
    x = 118 + (x - 118) * np.float32(grade.contrast)
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    x *= 1 - np.float32(grade.dark_corners) * (rows[:, None, None] ** 2 + columns[None, :, None] ** 2)
    picture = Image.fromarray(np.clip(x, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(grade.blur_px))
    noise = rng.standard_normal((height, width, 1), np.float32) * 0.8 + rng.standard_normal((height, width, 3), np.float32) * 0.45
    sigma = np.float32(grade.noise + light.dark * grade.noise_at_night)
    return Image.fromarray(np.clip(np.asarray(picture, np.float32) + noise * sigma, 0, 255).astype(np.uint8))
