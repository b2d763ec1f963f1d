"""From a place, its cars and a light to a picture.

The ground is painted flat and lit pixel by pixel (`ground.py`); everything that stands on it is painted over it, far things
first, at twice the size for smooth edges; then the camera adds what cameras add (`optics.py`).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.scenery.faces import NO_FACES, Faces, join
from training.scenery.ground import Pool, paint_ground
from training.scenery.light import Light
from training.scenery.optics import Grade, add_sky, develop, draw_glow, draw_rain, tone
from training.scenery.pinhole import NEAR_M, Array, Pinhole
from training.scenery.scenes import Scene
from training.scenery.standing import house_faces, lamp_faces, tree_faces
from training.scenery.vehicles import KINDS, Car, car_faces

SMOOTH = 2                          # objects are painted this many times larger
DETAIL_PX = 30                      # a car shorter than this, at the larger size, goes without wheels and lamps


@dataclass(frozen=True)
class Moment:
    """What changes at a place: cars, light, and how the camera renders it; `seed` is the chance in rain and sensor."""

    cars: tuple[Car, ...]
    light: Light
    grade: Grade
    seed: int


@dataclass(frozen=True)
class Objects:
    """Things that stand on the ground: the faces of each in painting order, one object after the other."""

    faces: Faces
    sizes: NDArray[np.int64]        # faces of each object
    ranks: Array                    # metres from the camera, less what reaches over nearer things


def render(scene: Scene, moment: Moment) -> Image.Image:
    """The picture, RGB, of the size of the scene's camera."""
    camera, light = scene.camera, moment.light
    rng = np.random.default_rng(moment.seed)
    faces = _in_order([_still(scene, lit=float(light.lamps.max())), _cars(moment.cars, camera)])
    pools = _pools(scene, moment)
    image = paint_ground(scene, light, shadows=_shadow_outlines(faces, light), footprints=_footprints(moment.cars), pools=pools)
    image = add_sky(image, camera, light, seed=scene.seed)
    colours = _colours(faces, camera, light, pools)
    if light.wet:
        image = _add_reflection(image, _paint(_mirrored(faces), colours, camera, size=1), light)
    image = _over(image, _paint(faces, colours, camera, size=SMOOTH))
    image = draw_glow(image, camera, [(pool.at, pool.rgb) for pool in pools if pool.shines])
    if light.rain:
        image = draw_rain(rng, image, light)
    return develop(rng, image, light, moment.grade)


@lru_cache(maxsize=2)
def _standing(scene: Scene) -> Objects:
    """Trees, lamps and houses, as they are at night."""
    camera, steep = scene.camera, scene.camera.pitch > 1.0                   # from above, crowns and lamps hide what is beside them
    parts = [*(tree_faces(tree, camera) for tree in scene.trees), *(lamp_faces(lamp, camera) for lamp in scene.lamps),
             *(house_faces(house) for house in scene.houses)]
    where = np.array([(it.x, it.y) for it in (*scene.trees, *scene.lamps, *scene.houses)], np.float32).reshape(-1, 2)
    reach = [*(500.0 if steep else 0.5 * tree.crown_m for tree in scene.trees), *(1000.0 if steep else 0.5 for _ in scene.lamps), *(0.0 for _ in scene.houses)]
    ranks = np.hypot(where[:, 0] - camera.x, where[:, 1] - camera.y) - np.array(reach, np.float32)
    return Objects(join(parts), np.array([len(part) for part in parts]), ranks)


def _still(scene: Scene, *, lit: float) -> Objects:
    """What stands there always, its lights at `lit` of full strength."""
    objects = _standing(scene)
    return replace(objects, faces=replace(objects.faces, glow=objects.faces.glow * np.float32(lit)))


def _cars(cars: tuple[Car, ...], camera: Pinhole) -> Objects:
    """The cars, kind by kind."""
    parts, sizes, sorted_cars = [], [], []
    for kind in range(len(KINDS)):
        alike = [car for car in cars if car.kind == kind]
        if alike:
            parts.append(car_faces(alike, kind))
            sizes += [len(parts[-1]) // len(alike)] * len(alike)
            sorted_cars += alike
    ranks = [np.hypot(car.x - camera.x, car.y - camera.y) for car in sorted_cars]
    return Objects(join(parts) if parts else NO_FACES, np.array(sizes, int), np.array(ranks, np.float32))


def _in_order(groups: list[Objects]) -> Faces:
    """All faces, those of the farthest object first."""
    sizes, ranks = np.concatenate([group.sizes for group in groups]), np.concatenate([group.ranks for group in groups])
    order = np.argsort(-np.repeat(ranks, sizes), kind="stable")
    return join([group.faces for group in groups])[order]


def _pools(scene: Scene, moment: Moment) -> list[Pool]:
    """Where lamps and headlights throw light."""
    if not moment.light.lamps.any():
        return []
    pools = [Pool((lamp.x, lamp.y, lamp.height_m), moment.light.lamps, shines=True) for lamp in scene.lamps]
    for car in moment.cars:
        if car.lights_on:
            for ahead_m, height_m, strength, shines in ((5.5, 1.6, 0.05, False), (2.1, 0.7, 0.02, True)):
                at = (car.x + ahead_m * float(np.cos(car.heading)), car.y + ahead_m * float(np.sin(car.heading)), height_m)
                pools.append(Pool(at, strength * HEADLIGHT, shines))
    return pools


HEADLIGHT = np.array([1.0, 0.96, 0.85], np.float32)


def _shadow_outlines(faces: Faces, light: Light) -> Array:
    """Polygons (n, 8, 2) on the ground that the sun does not reach."""
    points = faces.points[faces.casts]
    x, y, z = light.sun_direction
    slide = np.minimum(points[..., 2:], 30.0) / z
    return np.asarray(points[..., :2] - slide * np.array([x, y], np.float32), np.float32)


def _footprints(cars: tuple[Car, ...]) -> Array:
    """Rectangles (n, 8, 2) under the cars, where little sky is seen."""
    outline = np.array([(2.15, -0.8), (2.15, 0.8), (-2.15, 0.8), (-2.15, -0.8), *[(-2.15, -0.8)] * 4], np.float32)
    place = np.array([(car.x, car.y, car.heading) for car in cars], np.float32).reshape(-1, 3)
    cos, sin = np.cos(place[:, 2:]), np.sin(place[:, 2:])
    return np.stack([place[:, :1] + cos * outline[:, 0] - sin * outline[:, 1], place[:, 1:2] + sin * outline[:, 0] + cos * outline[:, 1]], 2)


def _colours(faces: Faces, camera: Pinhole, light: Light, pools: list[Pool]) -> Array:
    """Display colours (n, 3), 0 to 255, of the faces under the light."""
    up = faces.normals[:, 2:]
    middles = faces.points.mean(axis=1)
    lit = light.sky * (0.62 + 0.38 * up) + light.sun * np.maximum(faces.normals @ light.sun_direction, 0)[:, None]
    lit *= np.clip(0.62 + 0.5 * middles[:, 2:], 0.62, 1)                       # less sky reaches down between cars
    for pool in pools:
        away = np.array(pool.at, np.float32) - middles
        square = (away ** 2).sum(axis=1, keepdims=True) + 4.0
        facing = (faces.normals * away).sum(axis=1, keepdims=True) / np.sqrt(square)
        lit += pool.strength * np.maximum(0.25 + 0.75 * facing, 0.12) / square
    distance = np.linalg.norm(camera.position - middles, axis=1, keepdims=True)
    around = 0.6 * light.sky + 0.4 * (light.horizon + (light.zenith - light.horizon) * np.clip(up, 0, 1))
    colour = faces.albedo * lit + faces.gloss[:, None] * around * (0.6 + 0.4 * up) + faces.glow * (0.25 + 0.75 * light.dark)
    clear = np.exp(-np.maximum(distance - camera.height_m, 0) / light.haze_m)
    return tone(colour * clear + light.horizon * (0.9 * (1 - clear)), light)


def _mirrored(faces: Faces) -> Faces:
    """The faces as a wet ground shows them."""
    flip = np.array([1, 1, -1], np.float32)
    return replace(faces, points=faces.points * flip, normals=faces.normals * flip)


def _paint(faces: Faces, colours: Array, camera: Pinhole, *, size: int) -> Image.Image:
    """The faces that the camera sees, painted in order on a clear RGBA picture of the camera's size."""
    large = camera.scaled(size)
    depth = camera.depths(faces.points)
    nearest, farthest = depth.min(axis=1), depth.max(axis=1)
    towards = ((camera.position - faces.points[:, 0]) * faces.normals).sum(axis=1) > 0
    big = large.focal_px * 4.2 / np.maximum(nearest, NEAR_M) > DETAIL_PX
    index = np.flatnonzero(faces.shown & (farthest > NEAR_M) & (towards | _is_billboard(faces)) & (big | ~faces.fine))
    whole = nearest[index] > NEAR_M
    xy = large.project(faces.points[index])
    inside = (xy.max(axis=1) > 0).all(axis=1) & (xy.min(axis=1) < [large.width_px, large.height_px]).all(axis=1)
    canvas = Image.new("RGBA", (large.width_px, large.height_px))
    draw = ImageDraw.Draw(canvas)
    fills = np.concatenate([colours[index], np.full((len(index), 1), 255)], axis=1).astype(np.uint8).tolist()
    outlines = xy.reshape(-1, 16).tolist()
    for i in np.flatnonzero(inside | ~whole).tolist():
        outline = outlines[i] if whole[i] else large.project(camera.clipped(faces.points[index[i]])).ravel().tolist()
        if len(outline) >= 6:
            draw.polygon(outline, fill=tuple(fills[i]))
    return canvas.reduce(size) if size > 1 else canvas


def _is_billboard(faces: Faces) -> NDArray[np.bool_]:
    """Leaves and poles: their normal is for shading only, not of unit length, and they face the camera always."""
    return np.asarray(np.abs((faces.normals ** 2).sum(axis=1) - 1) > 0.01)


def _over(image: Array, layer: Image.Image) -> Array:
    """A clear picture laid over `image`, (h, w, 3) 0 to 255."""
    rgba = np.asarray(layer, np.float32)
    return np.asarray(image + (rgba[..., :3] - image) * (rgba[..., 3:] / 255), np.float32)


def _add_reflection(image: Array, mirror: Image.Image, light: Light) -> Array:
    """The mirrored world in the wet ground: smeared downwards, and faint."""
    rgba = np.asarray(mirror.convert("RGBa").filter(ImageFilter.BoxBlur((1, 5))), np.float32)
    share = 0.45 * light.wet
    return np.asarray(image * (1 - share * rgba[..., 3:] / 255) + share * rgba[..., :3], np.float32)
