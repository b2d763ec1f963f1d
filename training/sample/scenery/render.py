"""Render a picture of a place with its cars and its light.

`ground.py` paints the ground and lights it pixel by pixel. Everything that stands on it is painted over it, far things first, at twice the
size for smooth edges. Then `optics.py` adds the effects of air and camera.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.sample.scenery.faces import Faces
from training.sample.scenery.ground import Shine, paint_ground
from training.sample.scenery.light import SNOW, Light, rgb
from training.sample.scenery.objects import SMOOTH, paint, stand
from training.sample.scenery.optics import Grade, add_halos, add_rain, add_sky, bend, develop, tone
from training.sample.scenery.pinhole import Array, Pinhole
from training.sample.scenery.scenes import Scene
from training.sample.scenery.surroundings import Person
from training.sample.scenery.vehicles import KINDS, SHAPES, Car

LAMP_STRENGTH = 36.0  # light at 1 m; about half a noon on the ground under a lamp 8 m high
HEADLIGHT, BEAM = rgb(0.72, 0.68, 0.60), rgb(1.8, 1.7, 1.5)
HEADLIGHT_GLARE, TAILLIGHT_GLARE = rgb(0.95, 0.92, 0.86), rgb(0.42, 0.04, 0.02)  # as shares of a street lamp's


@dataclass(frozen=True)
class Moment:
    """What changes at a place: cars, light, and the look of the camera. `seed` is for rain and noise."""

    cars: tuple[Car, ...]
    light: Light
    grade: Grade
    seed: int
    people: tuple[Person, ...] = ()


def render(scene: Scene, moment: Moment) -> Image.Image:
    """The RGB picture, in the size of the scene's camera."""
    camera, light, rng = scene.camera, moment.light, np.random.default_rng(moment.seed)
    standing = stand(scene, moment.cars, moment.people)
    faces = replace(standing.faces, glow=standing.faces.glow * np.where(standing.cars < 0, light.lamps.max(), 1)[:, None])
    lamps, halos = _lamps(scene, moment)
    picture = paint_ground(scene, light, shadows=_shadows(faces, light), footprints=_footprints(moment.cars), lamps=lamps)
    picture = add_sky(picture, camera, light, seed=scene.seed)
    if light.wet:
        index, numbers = paint(_mirrored(faces), camera, size=1)
        picture = _add_reflection(picture, _coloured(numbers, _shade(faces[index], camera, light, lamps)), light)
    painted = _coloured(standing.numbers, _shade(faces[standing.painted], camera, light, lamps))
    layer = np.asarray(painted.reduce(SMOOTH), np.float32)
    picture = picture + (layer[..., :3] - picture) * (layer[..., 3:] / 255)
    if len(halos.places):
        picture = add_halos(picture, camera, halos.places, halos.strengths / LAMP_STRENGTH)
    if camera.bulge:
        picture = np.asarray(bend(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), camera.bulge), np.float32)
    if light.rain:
        picture = add_rain(rng, picture, light)
    return develop(rng, picture, light, moment.grade)


def _lamps(scene: Scene, moment: Moment) -> tuple[Shine, Shine]:
    """The lights at the place, and those with a halo; none by day."""
    if not moment.light.lamps.any():
        return _shine([]), _shine([])
    lamps = [(np.array([lamp.x, lamp.y, lamp.height_m]), moment.light.lamps * LAMP_STRENGTH) for lamp in scene.around.lamps]
    shining, halos = [*lamps], [*lamps]
    for car in moment.cars:
        if car.lights_on:
            ahead, half = np.array([np.cos(car.heading), np.sin(car.heading), 0]), SHAPES[KINDS[car.kind]].length / 2
            middle = np.array([car.x, car.y, 0.7])
            facing = float(ahead @ (scene.camera.position - middle)) / scene.camera.distance_to(car.x, car.y)
            shining += [(middle + ahead * half, HEADLIGHT), (middle + ahead * (half + 3.4) + [0, 0, 0.9], BEAM)]
            if facing > 0:
                halos.append((middle + ahead * half, LAMP_STRENGTH * facing * HEADLIGHT_GLARE))
            else:
                halos.append((middle - ahead * half, LAMP_STRENGTH * -facing * TAILLIGHT_GLARE))
    return _shine(shining), _shine(halos)


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
    outline = np.array([(0.48, -0.45), (0.48, 0.45), (-0.48, 0.45), *[(-0.48, -0.45)] * 5], np.float32)
    outline = outline * np.array([(shape.length, shape.width) for shape in SHAPES.values()], np.float32)[:, None]  # of each kind
    outline = outline[[car.kind for car in cars]].transpose(2, 0, 1)
    x, y, heading = np.array([(car.x, car.y, car.heading) for car in cars], np.float32).reshape(-1, 3, 1).transpose(1, 0, 2)
    cos, sin = np.cos(heading), np.sin(heading)
    return np.stack([x + cos * outline[0] - sin * outline[1], y + sin * outline[0] + cos * outline[1]], 2)


def _shade(faces: Faces, camera: Pinhole, light: Light, lamps: Shine) -> Array:
    """The display colours of the faces in that light, (n, 3), 0 to 255."""
    up, middles = faces.normals[:, 2:], np.einsum("nij->nj", faces.points) / faces.points.shape[1]
    lit = light.sky * (0.62 + 0.38 * up) + light.sun * np.maximum(faces.normals @ light.sun_direction, 0)[:, None]
    lit *= np.clip(0.62 + 0.5 * middles[:, 2:], 0.62, 1)  # it is darker between cars
    for place, strength in zip(lamps.places, lamps.strengths, strict=True):
        away = place - middles
        square = np.einsum("ij,ij->i", away, away)[:, None] + 4
        facing = np.einsum("ij,ij->i", faces.normals, away)[:, None] / np.sqrt(square)
        lit += strength * np.maximum(0.25 + 0.75 * facing, 0.12) / square
    mirrored = 0.6 * light.sky + 0.4 * (light.horizon + (light.zenith - light.horizon) * np.clip(up, 0, 1))
    snow = (0.9 * light.snow**2 * np.clip(2 * up - 1, 0, 1)) * (faces.glow.max(axis=1, keepdims=True) == 0)
    colour = (
        (faces.albedo + (SNOW - faces.albedo) * snow) * lit
        + faces.gloss[:, None] * mirrored * (0.6 + 0.4 * up)
        + faces.glow * (0.25 + 0.75 * light.dark)
    )
    distance = np.linalg.norm(camera.position - middles, axis=1, keepdims=True)
    clear = np.exp(-np.maximum(distance - camera.height_m, 0) / light.haze_m)
    return tone(colour * clear + light.horizon * (0.9 * (1 - clear)), light)


def _coloured(numbers: NDArray[np.int32], colours: Array) -> Image.Image:
    """An RGBA picture of what was painted by `numbers` (h, w): 0 is transparent, n has the display colour `colours[n - 1]`."""
    table = np.zeros((len(colours) + 1, 4), np.uint8)
    table[1:, :3], table[1:, 3] = colours, 255
    # A colour as one number of 32 bits, so that one look-up colours a pixel.
    return Image.fromarray(table.view(np.uint32)[:, 0][numbers].view(np.uint8).reshape(*numbers.shape, 4))


def _mirrored(faces: Faces) -> Faces:
    """The faces mirrored at the ground."""
    flip = np.array([1, 1, -1], np.float32)
    return replace(faces, points=faces.points * flip, normals=faces.normals * flip)


def _add_reflection(picture: Array, mirror: Image.Image, light: Light) -> Array:
    """Adds a faint reflection to the wet ground, blurred downwards."""
    layer = np.asarray(mirror.convert("RGBa").filter(ImageFilter.BoxBlur((1, 5))), np.float32) * np.float32(0.45 * light.wet)
    reflecting: Array = picture * (1 - layer[..., 3:] / 255) + layer[..., :3]
    return reflecting
