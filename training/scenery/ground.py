"""The ground of a picture: paint, texture, shadow, pools of light, wetness."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.scenery.light import Light
from training.scenery.optics import tone
from training.scenery.pinhole import NEAR_M, Array, Pinhole
from training.scenery.scenes import Scene

DECODE = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
LAMP_POWER = 36.0                   # makes about 0.5 on the ground under a lamp 8 m high


@dataclass(frozen=True, slots=True)
class Pool:
    """A light at a point."""

    at: tuple[float, float, float]
    rgb: Array                      # (3,)
    shines: bool                    # has a halo in the picture

    @property
    def strength(self) -> Array:
        """Light at 1 m, (3,)."""
        return self.rgb * LAMP_POWER


@dataclass(frozen=True, slots=True)
class Ground:
    """What a camera sees of the ground of a place whatever the light, pixel by pixel."""

    albedo: Array                   # (h, w, 3)
    spots: Array                    # (h, w) about 1; water stands where it is below
    where: Array                    # (h, w, 2) metres
    haze_m: Array                   # (h, w) metres of haze before it


@lru_cache(maxsize=2)
def survey_ground(scene: Scene) -> Ground:
    """The ground of a place as its camera sees it; above the horizon the values mean nothing."""
    camera = scene.camera
    rays = camera.rays()
    along = camera.height_m / np.maximum(-rays[..., 2], 1e-3)
    where = camera.position[:2] + rays[..., :2] * along[..., None]
    texture = _texture(scene.seed, camera, grains=((12, 10), (60, 8), (240, 6), (768, 10)))
    spots = _texture(scene.seed + 1, camera, grains=((24, 16), (90, 6)))
    grit = np.random.default_rng(scene.seed).normal(0, 0.07, along.shape) * np.minimum(1, 18 / along)        # finer than the texture
    return Ground(_paint_albedo(scene, camera) * (texture + grit).astype(np.float32)[..., None], spots, where, np.maximum(along - camera.height_m, 0))


def paint_ground(scene: Scene, light: Light, *, shadows: Array, footprints: Array, pools: list[Pool]) -> Array:
    """Display colours (h, w, 3), 0 to 255, of a world that is all ground: what lies above the horizon is to be painted over."""
    camera, ground = scene.camera, survey_ground(scene)
    lit = light.sky * (1 - 0.6 * _soft(camera, footprints, blur_m=0.3))[..., None]
    if light.sun.any():
        lit += light.sun * (light.sun_direction[2] * (1 - _soft(camera, shadows, blur_m=light.shadow_blur_m)))[..., None]
    if pools:
        lit += _pool_light(camera, ground.where, pools)
    colour = ground.albedo * lit
    if light.wet:
        colour = _wet(colour, ground, light, height_m=camera.height_m)
    clear = np.exp(-ground.haze_m / light.haze_m)[..., None]
    return tone(colour * clear + light.horizon * (0.9 * (1 - clear)), light)


def _paint_albedo(scene: Scene, camera: Pinhole) -> Array:
    """Linear albedo of the ground, (h, w, 3), smooth-edged."""
    large = camera.scaled(2)
    patches = scene.patches + scene.lot.patches
    starts = np.cumsum([0] + [len(patch.outline) for patch in patches])
    points = np.zeros((starts[-1], 3), np.float32)
    points[:, :2] = np.concatenate([patch.outline for patch in patches])
    depth, xy = camera.depths(points), large.project(points)
    nearest, farthest = np.minimum.reduceat(depth, starts[:-1]), np.maximum.reduceat(depth, starts[:-1])
    low, high = np.minimum.reduceat(xy, starts[:-1]), np.maximum.reduceat(xy, starts[:-1])
    inside = (high > 0).all(axis=1) & (low < [large.width_px, large.height_px]).all(axis=1)
    canvas = Image.new("RGB", (large.width_px, large.height_px), _code(scene.land))
    draw = ImageDraw.Draw(canvas)
    for i in np.flatnonzero((farthest > NEAR_M) & (inside | (nearest <= NEAR_M))):
        patch, a, b = patches[i], starts[i], starts[i + 1]
        outline = xy[a:b] if nearest[i] > NEAR_M else large.project(camera.clipped(points[a:b]))
        albedo = patch.albedo
        if patch.under is not None:
            share = min(1.0, large.focal_px * patch.thin_m / float(max(farthest[i] + nearest[i], 1.0) / 2))
            albedo = patch.under + (patch.albedo - patch.under) * share
        draw.polygon(outline.ravel().tolist(), fill=_code(albedo))
    return DECODE[np.asarray(canvas.reduce(2))]


def _code(albedo: Array) -> tuple[int, int, int]:
    red, green, blue = (255 * np.clip(albedo, 0, 1) ** (1 / 2.2)).astype(int).tolist()
    return red, green, blue


def _noise_tile(seed: int, grains: tuple[tuple[int, float], ...]) -> Image.Image:
    """Grey noise of several grains (cells across, strength), mirrored so that it tiles: 4 pixels a metre, 384 m wide."""
    rng, size = np.random.default_rng(seed), (768, 768)
    total = np.full(size, 128, np.float32)
    for cells, strength in grains:
        grain = Image.fromarray(rng.normal(0, strength * rng.uniform(0.4, 1.5), (cells, cells)).astype(np.float32))
        total += np.asarray(grain.resize(size, Image.Resampling.BICUBIC))
    half = np.clip(total, 0, 255).astype(np.uint8)
    return Image.fromarray(np.block([[half, half[:, ::-1]], [half[::-1], half[::-1, ::-1]]]))


def _texture(seed: int, camera: Pinhole, *, grains: tuple[tuple[int, float], ...]) -> Array:
    """How much lighter or darker the surface is at each pixel, (h, w), about 1."""
    to_tile = np.array([[4, 0, 608], [0, 4, 608], [0, 0, 1]]) @ camera.ground_homography()      # the lot's corner at pixel 608
    coefficients = (to_tile / to_tile[2, 2]).ravel()[:8].tolist()
    size = (camera.width_px, camera.height_px)
    warped = _noise_tile(seed, grains).transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR, fillcolor=128)
    return np.asarray(warped, np.float32) / 128


def _soft(camera: Pinhole, outlines: Array, *, blur_m: float) -> Array:
    """How much of each pixel the ground polygons (n, 8, 2) cover, (h, w) 0 to 1, with soft edges."""
    mask = _fill(camera, outlines)
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(_pixels(camera, blur_m))), np.float32) / 255


def _pixels(camera: Pinhole, length_m: float) -> float:
    """A length in the middle of the picture, in pixels."""
    return float(np.clip(length_m * camera.focal_px * np.sin(max(camera.pitch, 0.1)) / camera.height_m, 0.5, 8))


def _fill(camera: Pinhole, outlines: Array) -> Image.Image:
    """White where the ground polygons (n, 8, 2) are seen, else black."""
    points = np.concatenate([outlines, np.zeros((*outlines.shape[:2], 1), np.float32)], axis=2)
    xy = camera.project(points)
    inside = (xy.max(axis=1) > 0).all(axis=1) & (xy.min(axis=1) < [camera.width_px, camera.height_px]).all(axis=1)
    keep = inside & (camera.depths(points).min(axis=1) > NEAR_M)
    mask = Image.new("L", (camera.width_px, camera.height_px))
    draw = ImageDraw.Draw(mask)
    for outline in xy[keep].reshape(-1, 16).tolist():
        draw.polygon(outline, fill=255)
    return mask


def _pool_light(camera: Pinhole, where: Array, pools: list[Pool]) -> Array:
    """Lamp light on the ground, (h, w, 3)."""
    coarse = where[::4, ::4]
    total = np.zeros((*coarse.shape[:2], 3), np.float32)
    for pool in pools:
        square = (coarse[..., 0] - pool.at[0]) ** 2 + (coarse[..., 1] - pool.at[1]) ** 2 + pool.at[2] ** 2
        total += (pool.at[2] * square ** -1.5)[..., None] * pool.strength
    size = (camera.width_px, camera.height_px)
    return np.stack([np.asarray(Image.fromarray(total[..., i]).resize(size, Image.Resampling.BILINEAR)) for i in range(3)], 2)


def _wet(colour: Array, ground: Ground, light: Light, *, height_m: float) -> Array:
    """Water on the ground: darker, and it mirrors the sky, the more so the flatter one looks at it."""
    grazing = (1 - height_m / (ground.haze_m + height_m))[..., None] ** 2
    puddle = np.clip((0.96 - ground.spots) * 9, 0, 1)[..., None]
    share = light.wet * (0.03 + 0.28 * grazing + 0.25 * puddle * (0.25 + grazing))
    return np.asarray(colour * (1 - 0.35 * light.wet) * (1 - share) + light.horizon * share, np.float32)
