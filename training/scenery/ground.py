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


def paint_ground(scene: Scene, camera: Pinhole, light: Light, *, shadows: Array, footprints: Array, pools: list[Pool]) -> Array:
    """Display colours (h, w, 3), 0 to 255, of a world that is all ground: what lies above the horizon is to be painted over."""
    albedo = _paint_albedo(scene, camera)
    where, distance = _ground_points(camera)
    texture = _texture(scene.seed, camera)
    albedo *= texture[..., None]
    open_sky = (1 - 0.65 * _soft(camera, footprints, blur_m=0.45))[..., None]
    lit = light.sky * open_sky
    if light.sun.any():
        lit = lit + light.sun * (light.sun_direction[2] * (1 - _soft(camera, shadows, blur_m=light.shadow_blur_m)))[..., None]
    lit = lit + _pool_light(camera, where, pools)
    colour = albedo * lit
    if light.wet:
        colour = _wet(colour, texture, distance, light, height_m=camera.height_m)
    haze = (1 - np.exp(-np.maximum(distance - camera.height_m, 0) / light.haze_m))[..., None]
    return tone(colour * (1 - haze) + light.horizon * haze * 0.9, light)


def _paint_albedo(scene: Scene, camera: Pinhole) -> Array:
    """Linear albedo of the ground, (h, w, 3), smooth-edged."""
    large = camera.scaled(2)
    patches = scene.patches + scene.lot.patches
    starts = np.cumsum([0] + [len(patch.outline) for patch in patches])
    points = np.zeros((starts[-1], 3), np.float32)
    points[:, :2] = np.concatenate([patch.outline for patch in patches])
    depth, xy = camera.depths(points), large.project(points)
    canvas = Image.new("RGB", (large.width_px, large.height_px), _code(scene.land))
    draw = ImageDraw.Draw(canvas)
    for patch, a, b in zip(patches, starts, starts[1:], strict=False):
        near = depth[a:b] > NEAR_M
        if not near.any():
            continue
        outline = xy[a:b] if near.all() else large.project(camera.clipped(points[a:b]))
        if (outline.max(axis=0) < 0).any() or (outline.min(axis=0) > (large.width_px, large.height_px)).any():
            continue
        albedo = patch.albedo
        if patch.under is not None:
            share = min(1.0, large.focal_px * patch.thin_m / float(np.mean(np.maximum(depth[a:b], 0.5))))
            albedo = patch.under + (patch.albedo - patch.under) * share
        draw.polygon(outline.ravel().tolist(), fill=_code(albedo))
    return DECODE[np.asarray(canvas.reduce(2))]


def _code(albedo: Array) -> tuple[int, int, int]:
    red, green, blue = (255 * np.clip(albedo, 0, 1) ** (1 / 2.2)).astype(int).tolist()
    return red, green, blue


def _ground_points(camera: Pinhole) -> tuple[Array, Array]:
    """Ground point (h, w, 2) seen at each pixel and its distance (h, w); above the horizon both are far away."""
    rays = camera.rays()
    along = camera.height_m / np.maximum(-rays[..., 2], 1e-3)
    where = camera.position[:2] + rays[..., :2] * along[..., None]
    return where, along


@lru_cache(maxsize=4)
def _noise_tile(seed: int) -> Image.Image:
    """Grey noise of several grains, mirrored so that it tiles, 4 pixels a metre, 384 m wide."""
    rng = np.random.default_rng(seed)
    total = np.zeros((768, 768), np.float32)
    for cells, share in ((12, rng.uniform(4, 16)), (60, rng.uniform(4, 12)), (240, rng.uniform(3, 9)), (768, rng.uniform(6, 14))):
        grain = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32)).resize((768, 768), Image.Resampling.BICUBIC)
        total += float(share) * np.asarray(grain)
    half = np.clip(total + 128, 0, 255).astype(np.uint8)
    return Image.fromarray(np.block([[half, half[:, ::-1]], [half[::-1], half[::-1, ::-1]]]))


def _texture(seed: int, camera: Pinhole) -> Array:
    """How much lighter or darker the surface is at each pixel, (h, w), about 1."""
    to_tile = np.array([[4, 0, 768 - 4 * 40], [0, 4, 768 - 4 * 40], [0, 0, 1]]) @ camera.ground_homography()
    if abs(to_tile[2, 2]) < 1e-9:
        return np.ones((camera.height_px, camera.width_px), np.float32)
    coefficients = (to_tile / to_tile[2, 2]).ravel()[:8].tolist()
    size = (camera.width_px, camera.height_px)
    warped = _noise_tile(seed).transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR, fillcolor=128)
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


def _wet(colour: Array, texture: Array, distance: Array, light: Light, *, height_m: float) -> Array:
    """Water on the ground: darker, and it mirrors the sky, the more so the flatter one looks at it."""
    grazing = np.clip(1 - height_m / np.maximum(distance, height_m), 0, 1)[..., None] ** 2
    puddle = np.clip((0.97 - texture) * 6, 0, 1)[..., None]
    share = light.wet * (0.04 + 0.30 * grazing + 0.22 * puddle * (0.3 + grazing))
    return np.asarray(colour * (1 - 0.35 * light.wet) * (1 - share) + light.horizon * share, np.float32)
