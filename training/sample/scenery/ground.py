"""The ground of a picture: paint, texture, shadows, lamp light, wetness. Planes are (height, width) of the camera's picture."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.sample.scenery.light import SNOW, Light
from training.sample.scenery.optics import resize, tone
from training.sample.scenery.pinhole import NEAR_M, Array, Pinhole
from training.sample.scenery.scenes import Scene

DECODE = ((np.arange(256) / 255) ** 2.2).astype(np.float32)  # linear albedo of an 8-bit value
TEXTURE_PX, TEXTURE_PX_PER_M, TEXTURE_START_PX = (
    768,
    4,
    608,
)  # half the side of the noise tile, its scale, the lot in it


@dataclass(frozen=True, slots=True)
class Shine:
    """Point lights."""

    places: Array  # (n, 3) metres
    strengths: Array  # (n, 3) light at 1 m


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground of a place as its camera sees it, without light. Above the horizon the values are meaningless."""

    albedo: Array  # (h, w, 3)
    spots: Array  # (h, w) about 1; water collects where it is lower
    where: Array  # (h, w, 2) position in metres
    beyond_m: Array  # (h, w) distance from the lens, less the camera's height


@lru_cache(maxsize=2)
def survey_ground(scene: Scene) -> Ground:
    """The ground of a place as its camera sees it."""
    camera = scene.camera
    rays = camera.rays
    along = camera.height_m / np.maximum(-rays[..., 2], 1e-3)
    texture = _texture(scene.seed, camera, grains=((12, 10), (60, 8), (240, 4), (768, 7)))
    grit = 0.08 * np.minimum(1, 18 / along)  # finer than the tile
    texture += grit * np.random.default_rng(scene.seed).standard_normal(along.shape, np.float32)
    return Ground(
        albedo=(_paint_albedo(scene) * texture[..., None]).astype(np.float32),
        spots=_texture(scene.seed + 1, camera, grains=((24, 11), (60, 9), (140, 5))),
        where=camera.position[:2] + rays[..., :2] * along[..., None],
        beyond_m=np.maximum(along - camera.height_m, 0),
    )


def paint_ground(scene: Scene, light: Light, *, shadows: Array, footprints: Array, lamps: Shine) -> Array:
    """A picture of the ground alone, (h, w, 3), 0 to 255; the part above the horizon has to be painted over.

    `shadows` and `footprints` are polygons (n, 8, 2) on the ground: out of the sun, and below cars, which hide the sky.
    """
    camera, ground = scene.camera, survey_ground(scene)
    lit = light.sky * (1 - 0.6 * _cover(camera, footprints, blur_m=0.3))[..., None]
    if light.sun.any():
        lit += light.sun * (light.sun_direction[2] * (1 - _cover(camera, shadows, blur_m=light.shadow_blur_m)))[..., None]
    if len(lamps.places):
        lit += _lamp_light(camera, ground.where, lamps)
    colour = _snowed(ground, light) * lit
    if light.wet:
        colour = _wet(colour, ground, light, height_m=camera.height_m)
    clear = np.exp(-ground.beyond_m / light.haze_m)[..., None]
    return tone(colour * clear + light.horizon * (0.9 * (1 - clear)), light)


def _snowed(ground: Ground, light: Light) -> Array:
    """The albedo of the ground, (h, w, 3), with snow where it lies."""
    if not light.snow:
        return ground.albedo
    cover = 0.95 * np.clip((ground.spots - 1.3 + 0.6 * light.snow) * 4, 0, 1)[..., None]
    snowed: Array = ground.albedo + (SNOW * np.clip(ground.spots, 0.9, 1.1)[..., None] - ground.albedo) * cover
    return snowed


def _paint_albedo(scene: Scene) -> Array:
    """The linear albedo of the ground, (h, w, 3), with smooth edges."""
    camera, large = scene.camera, scene.camera.scaled(2)
    patches = (*scene.around.patches, *scene.lot.patches)
    starts = np.cumsum([0] + [len(patch.outline) for patch in patches])
    flat = np.concatenate([patch.outline for patch in patches])
    points = np.concatenate([flat, np.zeros((len(flat), 1))], axis=1).astype(np.float32)
    depth, xy = camera.depths(points), large.project(points)
    nearest, farthest = np.minimum.reduceat(depth, starts[:-1]), np.maximum.reduceat(depth, starts[:-1])
    low, high = np.minimum.reduceat(xy, starts[:-1]), np.maximum.reduceat(xy, starts[:-1])
    inside = (high > 0).all(axis=1) & (low < large.size).all(axis=1)
    canvas = Image.new("RGB", large.size, _to_8_bits(scene.around.land))
    draw = ImageDraw.Draw(canvas)
    for i in np.flatnonzero((farthest > NEAR_M) & (inside | (nearest <= NEAR_M))).tolist():
        patch, a, b = patches[i], starts[i], starts[i + 1]
        outline = xy[a:b] if nearest[i] > NEAR_M else large.project(camera.clip(points[a:b]))
        albedo = patch.albedo
        if patch.under is not None:
            width_px = large.focal_px * patch.thin_m / max(float(farthest[i] + nearest[i]) / 2, 0.5)
            albedo = patch.under + (patch.albedo - patch.under) * min(1.0, width_px)
        draw.polygon(outline.ravel().tolist(), fill=_to_8_bits(albedo))
    albedo_seen: Array = DECODE[np.asarray(canvas.reduce(2))]
    return albedo_seen


def _to_8_bits(albedo: Array) -> tuple[int, int, int]:
    red, green, blue = (255 * np.clip(albedo, 0, 1) ** (1 / 2.2)).astype(int).tolist()
    return red, green, blue


def _texture(seed: int, camera: Pinhole, *, grains: tuple[tuple[int, float], ...]) -> Array:
    """The brightness of the surface at each pixel, (h, w), about 1. `grains`: pairs of cells across the tile, and strength, the
    coarsest first."""
    rng, noise = np.random.default_rng(seed), np.full((1, 1), 128, np.float32)
    for cells, strength in grains:
        finer = rng.standard_normal((cells, cells), np.float32) * np.float32(strength * rng.uniform(0.4, 1.5))
        noise = resize(noise, (cells, cells), Image.Resampling.BICUBIC) + finer
    half = np.clip(resize(noise, (TEXTURE_PX, TEXTURE_PX), Image.Resampling.BICUBIC), 0, 255).astype(np.uint8)
    tile = Image.fromarray(np.block([[half, half[:, ::-1]], [half[::-1], half[::-1, ::-1]]]))  # mirrored, so it has no seams
    to_tile = (
        np.array([[TEXTURE_PX_PER_M, 0, TEXTURE_START_PX], [0, TEXTURE_PX_PER_M, TEXTURE_START_PX], [0, 0, 1]]) @ camera.ground_homography()
    )
    coefficients = (to_tile / to_tile[2, 2]).ravel()[:8].tolist()
    warped = tile.transform(camera.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR, fillcolor=128)
    return np.asarray(warped, np.float32) / 128


def _cover(camera: Pinhole, outlines: Array, *, blur_m: float) -> Array:
    """The share of each pixel that ground polygons (n, 8, 2) cover, (h, w), 0 to 1, with soft edges."""
    points = np.concatenate([outlines, np.zeros((*outlines.shape[:2], 1), np.float32)], axis=2)
    xy = camera.project(points)
    inside = (xy.max(axis=1) > 0).all(axis=1) & (xy.min(axis=1) < camera.size).all(axis=1)
    mask = Image.new("L", camera.size)
    draw = ImageDraw.Draw(mask)
    for outline in xy[inside & (camera.depths(points).min(axis=1) > NEAR_M)].reshape(-1, 16).tolist():
        draw.polygon(outline, fill=255)
    blur_px = np.clip(blur_m * camera.focal_px * np.sin(max(camera.pitch, 0.1)) / camera.height_m, 0.5, 8)  # in the picture's middle
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(float(blur_px))), np.float32) / 255


def _lamp_light(camera: Pinhole, where: Array, lamps: Shine) -> Array:
    """The lamp light on the ground, (h, w, 3), computed at every fourth pixel."""
    coarse = where[::4, ::4]
    total = np.zeros((*coarse.shape[:2], 3), np.float32)
    for (x, y, z), strength in zip(lamps.places, lamps.strengths, strict=True):
        square = (coarse[..., 0] - x) ** 2 + (coarse[..., 1] - y) ** 2 + z**2
        total += (z * square**-1.5)[..., None] * strength
    return np.stack([resize(total[..., i], camera.size) for i in range(3)], 2)


def _wet(colour: Array, ground: Ground, light: Light, *, height_m: float) -> Array:
    """Water on the ground: it darkens the colour and mirrors the sky, more so at flat angles."""
    grazing = (1 - height_m / (ground.beyond_m + height_m))[..., None] ** 2
    puddle = np.clip((0.96 - ground.spots) * 9, 0, 1)[..., None]
    share = light.wet * (0.03 + 0.28 * grazing + 0.25 * puddle * (0.25 + grazing))
    wet: Array = colour * (1 - 0.35 * light.wet) * (1 - share) + light.horizon * share
    return wet
