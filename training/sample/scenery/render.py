"""Render a picture of a place with its cars and its light.

`ground.py` paints the ground and lights it pixel by pixel. Everything that stands on it is painted over it, far things first, at twice the
size for smooth edges. Then `optics.py` adds the effects of air and camera.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.sample.scenery.bodywork import car_faces
from training.sample.scenery.faces import NO_FACES, Faces, join
from training.sample.scenery.ground import Shine, paint_ground
from training.sample.scenery.light import Light, rgb
from training.sample.scenery.optics import Grade, add_halos, add_rain, add_sky, develop, tone
from training.sample.scenery.pinhole import NEAR_M, Array, Pinhole
from training.sample.scenery.scenes import Scene
from training.sample.scenery.standing import house_faces, lamp_faces, tree_faces
from training.sample.scenery.vehicles import KINDS, Car

SMOOTH = 2  # objects are painted larger by this factor
DETAIL_PX = 30  # a car shorter than this at the larger size is painted without wheels and lights
CLIPPED_M = 3.0  # longer faces are clipped at the lens, shorter ones left out
LAMP_STRENGTH = 36.0  # light at 1 m; about half a noon on the ground under a lamp 8 m high
HEADLIGHT, BEAM = rgb(0.72, 0.68, 0.60), rgb(1.8, 1.7, 1.5)


@dataclass(frozen=True)
class Moment:
    """What changes at a place: cars, light, and the look of the camera. `seed` is for rain and noise."""

    cars: tuple[Car, ...]
    light: Light
    grade: Grade
    seed: int


@dataclass(frozen=True)
class Objects:
    """Things that stand on the ground, one object after the other, each with its faces in painting order."""

    faces: Faces
    sizes: NDArray[np.int64]  # number of faces of each object
    ranks: Array  # metres from the camera, less for objects that cover nearer ones


def render(scene: Scene, moment: Moment) -> Image.Image:
    """The RGB picture, in the size of the scene's camera."""
    camera, light, rng = scene.camera, moment.light, np.random.default_rng(moment.seed)
    still, cars = _still(scene), _cars(moment.cars, camera)
    still = replace(still, faces=replace(still.faces, glow=still.faces.glow * light.lamps.max()))
    faces = _far_first([still, cars])
    lamps, halos = _lamps(scene, moment)
    picture = paint_ground(scene, light, shadows=_shadows(faces, light), footprints=_footprints(moment.cars), lamps=lamps)
    picture = add_sky(picture, camera, light, seed=scene.seed)
    colours = _shade(faces, camera, light, lamps)
    if light.wet:
        picture = _add_reflection(picture, _paint(_mirrored(faces), colours, camera, size=1), light)
    layer = np.asarray(_paint(faces, colours, camera, size=SMOOTH), np.float32)
    picture = picture + (layer[..., :3] - picture) * (layer[..., 3:] / 255)
    if len(halos.places):
        picture = add_halos(picture, camera, halos.places, halos.strengths / LAMP_STRENGTH)
    if light.rain:
        picture = add_rain(rng, picture, light)
    return develop(rng, picture, light, moment.grade)


@lru_cache(maxsize=2)
def _still(scene: Scene) -> Objects:
    """Trees, lamps and houses, with the glow of the night."""
    camera, around, steep = scene.camera, scene.around, scene.camera.pitch > 1.0
    parts = [(tree_faces(tree, camera), tree.x, tree.y, 500.0 if steep else 0.5 * tree.crown_m) for tree in around.trees]
    parts += [(lamp_faces(lamp, camera), lamp.x, lamp.y, 1000.0 if steep else 0.5) for lamp in around.lamps]
    parts += [(house_faces(house), house.x, house.y, 0.0) for house in around.houses]
    ranks = [camera.distance_to(x, y) - reach for _, x, y, reach in parts]  # from above, crowns and lamps cover everything else
    faces = [faces for faces, _, _, _ in parts]
    return Objects(join([NO_FACES, *faces]), np.array([len(part) for part in faces], int), np.array(ranks, np.float32))


def _cars(cars: tuple[Car, ...], camera: Pinhole) -> Objects:
    """The cars, kind by kind."""
    parts, sizes, ranks = [NO_FACES], [], []
    for kind in range(len(KINDS)):
        alike = [car for car in cars if car.kind == kind]
        if alike:
            parts.append(car_faces(alike, kind))
            sizes += [len(parts[-1]) // len(alike)] * len(alike)
            ranks += [camera.distance_to(car.x, car.y) for car in alike]
    return Objects(join(parts), np.array(sizes, int), np.array(ranks, np.float32))


def _far_first(groups: list[Objects]) -> Faces:
    """All faces, the farthest object first."""
    sizes, ranks = np.concatenate([group.sizes for group in groups]), np.concatenate([group.ranks for group in groups])
    return join([group.faces for group in groups])[np.argsort(-np.repeat(ranks, sizes), kind="stable")]


def _lamps(scene: Scene, moment: Moment) -> tuple[Shine, Shine]:
    """The lights at the place, and those with a halo; none by day."""
    if not moment.light.lamps.any():
        return _shine([]), _shine([])
    shining = [(np.array([lamp.x, lamp.y, lamp.height_m]), moment.light.lamps * LAMP_STRENGTH) for lamp in scene.around.lamps]
    beams = []
    for car in moment.cars:
        if car.lights_on:
            ahead = np.array([np.cos(car.heading), np.sin(car.heading), 0])
            shining.append((ahead * 2.1 + [car.x, car.y, 0.7], HEADLIGHT))
            beams.append((ahead * 5.5 + [car.x, car.y, 1.6], BEAM))
    return _shine(shining + beams), _shine(shining)


def _shine(lights: list[tuple[Array, Array]]) -> Shine:
    places, strengths = ([light[i] for light in lights] for i in (0, 1))
    return Shine(np.array(places, np.float32).reshape(-1, 3), np.array(strengths, np.float32).reshape(-1, 3))


def _shadows(faces: Faces, light: Light) -> Array:
    """The shadows on the ground, polygons (n, 8, 2)."""
    points = faces.points[faces.casts]
    along = light.sun_direction[:2] / light.sun_direction[2]
    shadows: Array = points[..., :2] - np.minimum(points[..., 2:], 30) * along
    return shadows


def _footprints(cars: tuple[Car, ...]) -> Array:
    """Rectangles below the cars, (n, 8, 2)."""
    outline = np.array([(2.15, -0.8), (2.15, 0.8), (-2.15, 0.8), *[(-2.15, -0.8)] * 5], np.float32)
    x, y, heading = np.array([(car.x, car.y, car.heading) for car in cars], np.float32).reshape(-1, 3, 1).transpose(1, 0, 2)
    cos, sin = np.cos(heading), np.sin(heading)
    return np.stack([x + cos * outline[:, 0] - sin * outline[:, 1], y + sin * outline[:, 0] + cos * outline[:, 1]], 2)


def _shade(faces: Faces, camera: Pinhole, light: Light, lamps: Shine) -> Array:
    """The display colours of the faces in that light, (n, 3), 0 to 255."""
    up, middles = faces.normals[:, 2:], faces.points.mean(axis=1)
    lit = light.sky * (0.62 + 0.38 * up) + light.sun * np.maximum(faces.normals @ light.sun_direction, 0)[:, None]
    lit *= np.clip(0.62 + 0.5 * middles[:, 2:], 0.62, 1)  # it is darker between cars
    for place, strength in zip(lamps.places, lamps.strengths, strict=True):
        away = place - middles
        square = (away**2).sum(axis=1, keepdims=True) + 4
        facing = (faces.normals * away).sum(axis=1, keepdims=True) / np.sqrt(square)
        lit += strength * np.maximum(0.25 + 0.75 * facing, 0.12) / square
    mirrored = 0.6 * light.sky + 0.4 * (light.horizon + (light.zenith - light.horizon) * np.clip(up, 0, 1))
    colour = faces.albedo * lit + faces.gloss[:, None] * mirrored * (0.6 + 0.4 * up) + faces.glow * (0.25 + 0.75 * light.dark)
    distance = np.linalg.norm(camera.position - middles, axis=1, keepdims=True)
    clear = np.exp(-np.maximum(distance - camera.height_m, 0) / light.haze_m)
    return tone(colour * clear + light.horizon * (0.9 * (1 - clear)), light)


def _paint(faces: Faces, colours: Array, camera: Pinhole, *, size: int) -> Image.Image:
    """An RGBA picture of the visible faces, painted in order at `size` times the camera's size, then scaled down to it."""
    large, depth = camera.scaled(size), camera.depths(faces.points)
    nearest, farthest = depth.min(axis=1), depth.max(axis=1)
    facing = ((camera.position - faces.points[:, 0]) * faces.normals).sum(axis=1) > 0
    facing |= np.abs((faces.normals**2).sum(axis=1) - 1) > 0.01
    near = large.focal_px * 4.2 / np.maximum(nearest, NEAR_M) > DETAIL_PX
    index = np.flatnonzero(faces.shown & (farthest > NEAR_M) & facing & (near | ~faces.fine))
    whole, xy = nearest[index] > NEAR_M, large.project(faces.points[index])
    inside = whole & (xy.max(axis=1) > 0).all(axis=1) & (xy.min(axis=1) < large.size).all(axis=1)
    long = np.ptp(faces.points[index[~whole]], axis=1).max(axis=1) > CLIPPED_M
    inside[np.flatnonzero(~whole)[long]] = True
    canvas = Image.new("RGBA", large.size)
    draw, fills = ImageDraw.Draw(canvas), colours[index[inside]].astype(np.uint8).tolist()
    for i, is_whole, outline, fill in zip(index[inside], whole[inside], xy[inside].reshape(-1, 16).tolist(), fills, strict=True):
        if not is_whole:
            outline = large.project(camera.clip(faces.points[i])).ravel().tolist()
        draw.polygon(outline, fill=(*fill, 255))
    return canvas.reduce(size) if size > 1 else canvas


def _mirrored(faces: Faces) -> Faces:
    """The faces mirrored at the ground."""
    flip = np.array([1, 1, -1], np.float32)
    return replace(faces, points=faces.points * flip, normals=faces.normals * flip)


def _add_reflection(picture: Array, mirror: Image.Image, light: Light) -> Array:
    """Adds a faint reflection to the wet ground, blurred downwards."""
    layer = np.asarray(mirror.convert("RGBa").filter(ImageFilter.BoxBlur((1, 5))), np.float32) * np.float32(0.45 * light.wet)
    reflecting: Array = picture * (1 - layer[..., 3:] / 255) + layer[..., :3]
    return reflecting
