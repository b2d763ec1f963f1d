"""From a place, its cars and a light to a picture.

The ground is painted flat and lit pixel by pixel (`ground.py`); everything that stands on it is painted over it, far things
first, at twice the size for smooth edges; then the camera adds what cameras add (`optics.py`).
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from training.scenery.faces import Faces, join
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


def render(scene: Scene, moment: Moment, camera: Pinhole | None = None) -> Image.Image:
    """The picture, RGB, of the size of `camera` (the scene's own unless given)."""
    camera, light = camera or scene.camera, moment.light
    rng = np.random.default_rng(moment.seed)
    faces, owner, pools = _everything(scene, moment, camera)
    ground = paint_ground(scene, camera, light, shadows=_shadow_outlines(faces, light), footprints=_footprints(moment.cars), pools=pools)
    image = add_sky(ground, camera, light, seed=scene.seed)
    lit = _colours(faces, camera, light, pools)
    if light.wet:
        mirror = _paint(_mirrored(faces), owner, lit, camera, size=1)
        image = _add_reflection(image, mirror, light)
    image = _over(image, _paint(faces, owner, lit, camera, size=SMOOTH))
    image = draw_glow(image, camera, [(pool.at, pool.rgb) for pool in pools if pool.shines])
    if light.rain:
        image = draw_rain(rng, image, light)
    return develop(rng, image, light, moment.grade)


def _everything(scene: Scene, moment: Moment, camera: Pinhole) -> tuple[Faces, Array, list[Pool]]:
    """All faces in painting order, the distance rank of the object each belongs to, and the lights at night."""
    light, parts, reach = moment.light, [], []
    steep = camera.pitch > 1.0
    for kind in range(len(KINDS)):
        cars = [car for car in moment.cars if car.kind == kind]
        if cars:
            faces = car_faces(cars, kind)
            each = len(faces) // len(cars)
            for i, car in enumerate(cars):
                parts.append(faces[i * each:(i + 1) * each])
                reach.append((car.x, car.y, 0.0))
    for tree in scene.trees:
        parts.append(tree_faces(tree, camera))
        reach.append((tree.x, tree.y, 500.0 if steep else 0.5 * tree.crown_m))
    for lamp in scene.lamps:
        parts.append(lamp_faces(lamp, camera, glow=light.lamps * 3))
        reach.append((lamp.x, lamp.y, 1000.0 if steep else 0.5))
    lit = float(light.lamps.max())
    for house in scene.houses:
        parts.append(house_faces(house, lit=lit))
        reach.append((house.x, house.y, 0.0))
    where = np.array(reach, np.float32)
    rank = np.hypot(where[:, 0] - camera.x, where[:, 1] - camera.y) - where[:, 2]
    order = np.argsort(-rank, kind="stable")
    faces = join([parts[i] for i in order])
    owner = np.repeat(np.arange(len(order)), [len(parts[i]) for i in order])
    return faces, owner, _pools(scene, moment)


def _pools(scene: Scene, moment: Moment) -> list[Pool]:
    """Where lamps and headlights throw light."""
    pools = []
    if moment.light.lamps.any():
        pools += [Pool((lamp.x, lamp.y, lamp.height_m), moment.light.lamps, shines=True) for lamp in scene.lamps]
    for car in moment.cars:
        if car.lights_on and moment.light.lamps.any():
            ahead = (car.x + 5.5 * np.cos(car.heading), car.y + 5.5 * np.sin(car.heading), 1.6)
            pools.append(Pool((float(ahead[0]), float(ahead[1]), 1.6), np.array([0.05, 0.048, 0.042], np.float32), shines=False))
            nose = (car.x + 2.1 * np.cos(car.heading), car.y + 2.1 * np.sin(car.heading), 0.7)
            pools.append(Pool((float(nose[0]), float(nose[1]), 0.7), np.array([0.02, 0.019, 0.017], np.float32), shines=True))
    return pools


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
    towards = camera.position - middles
    distance = np.linalg.norm(towards, axis=1, keepdims=True)
    sky_seen = light.horizon + (light.zenith - light.horizon) * np.clip(up, 0, 1)
    colour = faces.albedo * lit + faces.gloss[:, None] * sky_seen * (0.55 + 0.45 * up) + faces.glow * (0.25 + 0.75 * light.dark)
    haze = 1 - np.exp(-np.maximum(distance - camera.height_m, 0) / light.haze_m)
    return tone(colour * (1 - haze) + light.horizon * haze * 0.9, light)


def _mirrored(faces: Faces) -> Faces:
    """The faces as a wet ground shows them."""
    flip = np.array([1, 1, -1], np.float32)
    return replace(faces, points=faces.points * flip, normals=faces.normals * flip)


def _paint(faces: Faces, owner: Array, colours: Array, camera: Pinhole, *, size: int) -> Image.Image:
    """The faces that the camera sees, painted in order on a clear RGBA picture of the camera's size."""
    large = camera.scaled(size)
    depth = camera.depths(faces.points)
    towards = camera.position - faces.points[:, 0]
    seen = faces.shown & (depth.max(axis=1) > NEAR_M) & ((faces.normals * towards).sum(axis=1) > 0)
    seen |= faces.shown & ~faces.fine & _is_billboard(faces) & (depth.min(axis=1) > NEAR_M)
    xy = large.project(faces.points)
    low, high = xy.min(axis=1), xy.max(axis=1)
    whole = depth.min(axis=1) > NEAR_M
    inside = (high > 0).all(axis=1) & (low < [large.width_px, large.height_px]).all(axis=1)
    near = large.focal_px * 4.2 / np.maximum(depth[:, 0], NEAR_M) > DETAIL_PX
    seen &= (inside | ~whole) & (~faces.fine | near)
    canvas = Image.new("RGBA", (large.width_px, large.height_px))
    draw = ImageDraw.Draw(canvas)
    index = np.flatnonzero(seen)
    flat, fills = xy[index].reshape(-1, 16).tolist(), colours[index].astype(np.uint8).tolist()
    for i, outline, fill in zip(index.tolist(), flat, fills, strict=True):
        if not whole[i]:
            outline = large.project(camera.clipped(faces.points[i])).ravel().tolist()
            if len(outline) < 6:
                continue
        draw.polygon(outline, fill=(*fill, 255))
    return canvas.reduce(size) if size > 1 else canvas


def _is_billboard(faces: Faces) -> np.ndarray:
    """Leaves and poles: their normal is for shading only and they always face the camera."""
    return np.abs((faces.normals ** 2).sum(axis=1) - 1) > 0.01


def _over(image: Array, layer: Image.Image) -> Array:
    """A clear picture laid over `image`, (h, w, 3) 0 to 255."""
    rgba = np.asarray(layer, np.float32)
    return np.asarray(image + (rgba[..., :3] - image) * (rgba[..., 3:] / 255), np.float32)


def _add_reflection(image: Array, mirror: Image.Image, light: Light) -> Array:
    """The mirrored world in the wet ground: smeared downwards, and faint."""
    from PIL import ImageFilter
    soft = mirror.convert("RGBa").filter(ImageFilter.BoxBlur((1, 5)))
    rgba = np.asarray(soft, np.float32)
    share = 0.45 * light.wet
    return np.asarray(image * (1 - share * rgba[..., 3:] / 255) + share * rgba[..., :3], np.float32)
