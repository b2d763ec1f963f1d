"""What stands on the ground of a place, as faces in painting order, the farthest object first, and painted in that order."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.sample.scenery.bodywork import car_faces
from training.sample.scenery.faces import NO_FACES, Faces, join
from training.sample.scenery.pinhole import NEAR_M, Array, Pinhole
from training.sample.scenery.scenes import Scene
from training.sample.scenery.standing import house_faces, lamp_faces, people_faces, sign_faces, tree_faces
from training.sample.scenery.surroundings import Person
from training.sample.scenery.vehicles import KINDS, Car

DETAIL_PX = 15  # a car shorter than this is painted without wheels and lights
SMOOTH = 2  # objects are painted at so many times the size of the picture, then reduced, for smooth edges
CLIPPED_M = 3.0  # longer faces are clipped at the lens, shorter ones left out


@dataclass(frozen=True)
class Objects:
    """Things that stand on the ground, one object after the other, each with its faces in painting order."""

    faces: Faces
    sizes: NDArray[np.int64]  # number of faces of each object
    ranks: Array  # metres from the camera, less for objects that cover nearer ones
    cars: NDArray[np.int64]  # index of the car that it is; -1 for another thing


@dataclass(frozen=True, eq=False)
class PaintedFaces:
    """All that stands at a place, and where it shows in the picture."""

    faces: Faces  # (n,) all of them in painting order; many do not show, but may cast shadows
    cars: NDArray[np.int64]  # (n,) index of the car that it is; -1 for another thing
    painted: NDArray[np.int64]  # (k,) indexes of the faces that are painted
    numbers: NDArray[np.int32]  # (SMOOTH * height, SMOOTH * width): 1 for the first of the painted ones, and so on; 0 where none shows


@lru_cache(maxsize=1)  # the truth of a picture and its rendering ask for the same
def stand(scene: Scene, cars: tuple[Car, ...], people: tuple[Person, ...] = ()) -> PaintedFaces:
    """All that stands at a place with these cars and people."""
    groups = [_still(scene), _cars(cars, scene.camera), _people(people, scene.camera)]
    sizes, ranks, owners = (np.concatenate([getattr(group, name) for group in groups]) for name in ("sizes", "ranks", "cars"))
    order = np.argsort(-np.repeat(ranks, sizes), kind="stable")
    faces = join([group.faces for group in groups])[order]
    return PaintedFaces(faces, np.repeat(owners, sizes)[order], *paint(faces, scene.camera, size=SMOOTH))


def paint(faces: Faces, camera: Pinhole, *, size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Paints faces over each other, each in its number, at `size` times the camera's size: `PaintedFaces.painted` and `numbers`."""
    canvas = Image.new("I", camera.scaled(size).size)
    draw_polygon = ImageDraw.Draw(canvas).draw.draw_polygon  # Pillow's core: `ImageDraw.polygon` takes twice as long, for colours
    index, drawn = _outlines(faces, camera, size=size)
    for number, outline in enumerate(drawn, start=1):
        draw_polygon(outline, number, 1)
    return index, np.asarray(canvas)


def _outlines(faces: Faces, camera: Pinhole, *, size: int) -> tuple[NDArray[np.int64], list[list[float]]]:
    """Indexes and outlines of the visible faces in painting order, in pixels at `size` times the camera's size."""
    large, normals = camera.scaled(size), faces.normals
    facing = np.einsum("ij,ij->i", camera.position - faces.points[:, 0], normals) > 0
    facing |= np.abs(np.einsum("ij,ij->i", normals, normals) - 1) > 0.01
    index = np.flatnonzero(faces.shown & facing)
    depth = np.ascontiguousarray(camera.depths(faces.points[index]).T)  # (8, n), since short rows are slow to reduce
    nearest, farthest = depth.min(axis=0), depth.max(axis=0)
    near = camera.focal_px * 4.2 / np.maximum(nearest, NEAR_M) > DETAIL_PX
    kept = (farthest > NEAR_M) & (near | ~faces.fine[index])
    index, whole = index[kept], nearest[kept] > NEAR_M
    xy = large.project(faces.points[index])
    across = np.ascontiguousarray(xy.transpose(1, 2, 0))  # (8, 2, n)
    inside = whole & (across.max(axis=0) > 0).all(axis=0) & (across.min(axis=0) < np.array(large.size)[:, None]).all(axis=0)
    long = np.ptp(faces.points[index[~whole]], axis=1).max(axis=1) > CLIPPED_M
    inside[np.flatnonzero(~whole)[long]] = True
    index, whole, drawn = index[inside], whole[inside], xy[inside].reshape(-1, 16).tolist()
    for i in np.flatnonzero(~whole).tolist():
        drawn[i] = large.project(camera.clip(faces.points[index[i]])).ravel().tolist()
    return index, drawn


@lru_cache(maxsize=2)
def _still(scene: Scene) -> Objects:
    """Trees, lamps and houses, with the glow of the night."""
    camera, around, steep = scene.camera, scene.around, scene.camera.pitch > 1.0
    parts = [(tree_faces(tree, camera), tree.x, tree.y, 500.0 if steep else 0.5 * tree.crown_m) for tree in around.trees]
    parts += [(lamp_faces(lamp, camera), lamp.x, lamp.y, 1000.0 if steep else 0.5) for lamp in around.lamps]
    parts += [(sign_faces(sign, camera), sign.x, sign.y, 0.3) for sign in around.signs]
    behind = -0.5 if scene.lot.is_street else 0.0  # what is between the houses of a street stands in front of them
    parts += [(house_faces(house, camera), house.x, house.y, behind * house.size_m[0]) for house in around.houses]
    ranks = [camera.distance_to(x, y) - reach for _, x, y, reach in parts]  # from above, crowns and lamps cover everything else
    faces = [faces for faces, _, _, _ in parts]
    return Objects(
        join([NO_FACES, *faces]), np.array([len(part) for part in faces], int), np.array(ranks, np.float32), np.full(len(parts), -1)
    )


def _cars(cars: tuple[Car, ...], camera: Pinhole) -> Objects:
    """The cars, kind by kind."""
    parts, sizes, ranks, owners = [NO_FACES], [], [], []
    for kind in range(len(KINDS)):
        alike = [i for i, car in enumerate(cars) if car.kind == kind]
        if alike:
            parts.append(car_faces([cars[i] for i in alike], kind))
            sizes += [len(parts[-1]) // len(alike)] * len(alike)
            ranks += [camera.distance_to(cars[i].x, cars[i].y) for i in alike]
            owners += alike
    return Objects(join(parts), np.array(sizes, int), np.array(ranks, np.float32), np.array(owners, int))


def _people(people: tuple[Person, ...], camera: Pinhole) -> Objects:
    faces = people_faces(people, camera) if people else NO_FACES
    ranks = np.array([camera.distance_to(person.x, person.y) for person in people], np.float32)
    return Objects(faces, np.full(len(people), len(faces) // max(len(people), 1)), ranks, np.full(len(people), -1))
