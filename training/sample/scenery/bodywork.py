"""The bodies of cars: a mesh of about ninety faces for each kind, placed wherever a car stands.

Body and cabin are convex, and the cabin is on top. Painted in the order body, cabin, details, without the faces that point away, a car
looks right from any point above its belt line.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from training.sample.scenery.faces import Faces, corners, outward_normals
from training.sample.scenery.pinhole import Array
from training.sample.scenery.vehicles import KINDS, SHAPES, Car, Shape


class Material(IntEnum):
    """What a face of a car is made of."""

    PAINT = 0
    GLASS = 1
    TRIM = 2
    TYRE = 3
    RIM = 4
    HEADLIGHT = 5
    TAILLIGHT = 6
    FRONT_PLATE = 7
    REAR_PLATE = 8


ALBEDO = np.array(
    [
        (0, 0, 0),
        (0.025, 0.03, 0.035),
        (0.03, 0.03, 0.032),
        (0.018, 0.018, 0.018),
        (0.30, 0.30, 0.31),
        (0.62, 0.64, 0.66),
        (0.33, 0.02, 0.015),
        (0.7, 0.7, 0.66),
        (0.72, 0.55, 0.07),
    ],
    np.float32,
)  # of each Material; paint has the albedo of the car
GLOSS = np.array([0.045, 0.14, 0.015, 0.0, 0.05, 0.20, 0.06, 0.0, 0.0], np.float32)
GLOW = np.zeros((len(Material), 3), np.float32)
GLOW[Material.HEADLIGHT], GLOW[Material.TAILLIGHT] = (3.0, 2.8, 2.4), (1.6, 0.05, 0.03)

Spot = tuple[float, float, float]
Piece = tuple[list[Spot], Material]


@dataclass(frozen=True, slots=True)
class Mesh:
    """A kind of car at the origin, nose towards +x."""

    points: Array  # (n, 8, 3)
    normals: Array  # (n, 3)
    materials: NDArray[np.int64]  # (n,) values of Material
    fine: NDArray[np.bool_]  # (n,)


def car_faces(cars: list[Car], kind: int) -> Faces:
    """The faces of cars of one `kind`, car by car, with the same number of faces each."""
    mesh, n = mesh_of(kind), len(cars)
    place = np.array([(car.x, car.y, car.heading, car.size) for car in cars], np.float32)
    cos, sin, zero = np.cos(place[:, 2]), np.sin(place[:, 2]), np.zeros(n, np.float32)
    turn = np.array([[cos, -sin, zero], [sin, cos, zero], [zero, zero, zero + 1]], np.float32).transpose(2, 0, 1)  # (cars, 3, 3)
    points = np.einsum("cij,fkj->cfki", turn * place[:, 3, None, None], mesh.points)
    points[..., :2] += place[:, None, None, :2]
    paint, lit = np.array([car.albedo for car in cars], np.float32), np.array([car.lights_on for car in cars], np.float32)
    return Faces(
        points=points.reshape(-1, 8, 3),
        normals=np.einsum("cij,fj->cfi", turn, mesh.normals).reshape(-1, 3),
        albedo=np.where((mesh.materials == Material.PAINT)[:, None], paint[:, None], ALBEDO[mesh.materials]).reshape(-1, 3),
        gloss=np.tile(GLOSS[mesh.materials], n),
        glow=(lit[:, None, None] * GLOW[mesh.materials]).reshape(-1, 3),
        fine=np.tile(mesh.fine, n),
        casts=np.tile(~mesh.fine & (mesh.materials != Material.GLASS), n),
        shown=np.ones(n * len(mesh.materials), bool),
    )


@cache
def mesh_of(kind: int) -> Mesh:
    """The mesh of `KINDS[kind]`."""
    shape = SHAPES[KINDS[kind]]
    solid = _body(shape) + _cabin(shape) + _box(shape)
    pieces = solid + _wheels(shape) + _lights(shape) + _plates(shape)
    points = np.array([corners(outline) for outline, _ in pieces])
    normals = outward_normals(points, np.array([0, 0, shape.belt_z * 0.7]))
    return Mesh(points, normals, np.array([material for _, material in pieces]), np.arange(len(pieces)) >= len(solid))


def _ring(shape: Shape, z: tuple[float, float, float, float], *, inset: float) -> list[Spot]:
    """The eight corners of the body from above, counter-clockwise from the front right. `z`: heights of nose, bonnet, boot and tail."""
    half, side = shape.length / 2 - inset * 0.6, shape.width / 2 - inset
    front, rear, nose, tail = half - 0.42, half - 0.28, side * 0.74, side * 0.84
    left = [(half, nose, z[0]), (front, side, z[1]), (-rear, side, z[2]), (-half, tail, z[3])]
    right = _mirrored(left)
    return [right[0], *left, *reversed(right[1:])]


def _mirrored(outline: list[Spot]) -> list[Spot]:
    return [(x, -y, z) for x, y, z in outline]


def _body(shape: Shape) -> list[Piece]:
    """Sills, sides, bonnet and boot, up to the belt line."""
    bonnet_z = 0.55 * shape.nose_z + 0.45 * shape.belt_z
    rings = [
        _ring(shape, (0.20, 0.20, 0.20, 0.20), inset=0.06),
        _ring(shape, (0.34, 0.34, 0.34, 0.34), inset=0.02),
        _ring(shape, (0.60, 0.62, 0.64, 0.62), inset=0.0),
        _ring(shape, (shape.nose_z, bonnet_z, shape.deck_z - 0.02, shape.deck_z), inset=0.09),
    ]
    pieces: list[Piece] = []
    for low, high in pairwise(rings):
        material = Material.TRIM if low is rings[0] else Material.PAINT
        pieces += [([low[i - 1], low[i], high[i], high[i - 1]], material) for i in range(8)]
    top, side = rings[-1], shape.width / 2 - 0.09
    foot, back = (shape.screen_x, side, shape.belt_z), (shape.tail_x, side, shape.deck_z)
    foot_r, back_r = _mirrored([foot, back])
    shoulder = [top[2], top[3], back, foot]
    pieces += [
        ([top[0], top[1], top[2], foot, foot_r, top[7]], Material.PAINT),
        (shoulder, Material.PAINT),
        (_mirrored(shoulder), Material.PAINT),
    ]
    pieces.append(([foot, back, back_r, foot_r], Material.PAINT))
    is_open = shape is SHAPES["pickup"]
    pieces.append(([back, top[3], top[4], top[5], top[6], back_r], Material.TRIM if is_open else Material.PAINT))
    return pieces


def _cabin(shape: Shape) -> list[Piece]:
    """Pillars, windows and roof."""
    foot, brim = shape.width / 2 - 0.11, shape.width / 2 - (0.16 if shape.is_boxy else 0.29)
    (rear_x, front_x), top_z = shape.roof_x, shape.height if shape.box is None else 0.8 * shape.height
    brim_z = top_z - 0.07
    base = [(shape.tail_x, -foot, shape.deck_z), (shape.screen_x, -foot, shape.belt_z)]
    roof = [(rear_x, -brim, brim_z), (front_x, -brim, brim_z)]
    crown = [(rear_x + 0.12, 0.14 - brim, top_z), (front_x - 0.15, 0.14 - brim, top_z)]
    base, roof, crown = ([*right, *reversed(_mirrored(right))] for right in (base, roof, crown))
    pieces: list[Piece] = []
    for i in range(4):  # right, front, left, rear
        j = (i + 1) % 4
        wall = [base[i], base[j], roof[j], roof[i]]
        pieces += [(wall, Material.PAINT), ([roof[i], roof[j], crown[j], crown[i]], Material.PAINT)]
        if i == 1:
            pieces.append((_inset(wall, (0.05, 0.95), (0.02, 0.97)), Material.GLASS))
        elif i == 3:
            pieces.append((_inset(wall, (0.1, 0.9), (0.25, 0.9)), Material.TRIM if shape.is_boxy else Material.GLASS))
        else:
            for row, (rear, front) in product(shape.window_rows, shape.side_windows):
                pieces.append((_inset(wall, (rear, front) if i == 0 else (1 - front, 1 - rear), row), Material.GLASS))
    pieces.append((crown, Material.PAINT))
    return pieces


def _box(shape: Shape) -> list[Piece]:
    """The load of a lorry: sides, rear, top, and the part of its front that the cabin does not cover."""
    if shape.box is None:
        return []
    (rear, front, top), side, floor = shape.box, shape.width / 2, shape.deck_z
    left = [(front, side, floor), (rear, side, floor), (rear, side, top), (front, side, top)]
    back = [(rear, side, floor), (rear, -side, floor), (rear, -side, top), (rear, side, top)]
    roof = [(rear, side, top), (rear, -side, top), (front, -side, top), (front, side, top)]
    brow = [(front, side, 0.78 * top), (front, -side, 0.78 * top), (front, -side, top), (front, side, top)]
    return [(outline, Material.PAINT) for outline in (left, _mirrored(left), back, roof, brow)]


def _inset(quad: list[Spot], u: tuple[float, float], v: tuple[float, float]) -> list[Spot]:
    """The part of a quad from share u[0] to u[1] along its first edge, and v[0] to v[1] across."""
    a, b, c, d = np.array(quad)
    spots = []
    for s, t in ((u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1])):
        x, y, z = ((a + (b - a) * s) * (1 - t) + (d + (c - d) * s) * t).tolist()
        spots.append((x, y, z))
    return spots


def _wheels(shape: Shape) -> list[Piece]:
    """Arches, tyres and rims."""
    radius = 0.30 if shape.length < 3.8 else 0.33 if shape.height < 1.6 else 0.37 if shape.length < 7 else 0.48
    turns = np.arange(8) * np.pi / 4 + np.pi / 8
    pieces: list[Piece] = []
    overhang = min(0.81, 0.16 * shape.length) if shape.length < 7 else 0.22 * shape.length
    for axle in (shape.length / 2 - overhang, overhang - shape.length / 2):
        for size, material in ((1.16, Material.TRIM), (0.98, Material.TYRE), (0.62, Material.RIM)):
            xs, zs = axle + size * radius * np.cos(turns), np.maximum(radius + size * radius * np.sin(turns), 0.02)
            left = [(x, shape.width / 2 + 0.005, z) for x, z in zip(xs.tolist(), zs.tolist(), strict=True)]
            pieces += [(left, material), (_mirrored(left), material)]
    return pieces


def _lights(shape: Shape) -> list[Piece]:
    """Headlights around the corner, taillights and mirrors."""
    half, side, z, deck = shape.length / 2, shape.width / 2, shape.nose_z, shape.deck_z
    nose, tail, x, belt = side * 0.74, side * 0.84, shape.screen_x - 0.12, shape.belt_z
    front: list[Spot] = [(half - 0.01, nose, z - 0.05), (half - 0.01, nose * 0.6, z - 0.07), (half + 0.01, nose * 0.6, z - 0.19)]
    corner: list[Spot] = [(half - 0.02, nose, z - 0.05), (half - 0.37, side - 0.06, z + 0.02), (half - 0.37, side - 0.02, z - 0.10)]
    rear: list[Spot] = [(-half, tail, 0.68 * deck), (-half, tail * 0.66, 0.68 * deck), (-half, tail * 0.66, deck - 0.06)]
    mirror: list[Spot] = [(x, side + 0.12, 0.97 * belt), (x, side - 0.08, 0.97 * belt), (x, side - 0.08, belt + 0.14)]
    pieces: list[Piece] = []
    for outline, last, material in (
        (front, (half + 0.01, nose, z - 0.19), Material.HEADLIGHT),
        (corner, (half - 0.02, nose, z - 0.19), Material.HEADLIGHT),
        (rear, (-half, tail, deck - 0.06), Material.TAILLIGHT),
        (mirror, (x, side + 0.12, belt + 0.14), Material.TRIM),
    ):
        left = [*outline, last]
        pieces += [(left, material), (_mirrored(left), material)]
    return pieces


def _plates(shape: Shape) -> list[Piece]:
    """Grille and number plates, white at the front and yellow at the rear."""
    half, z, wide, side = shape.length / 2 + 0.01, shape.nose_z, 0.24 * shape.width, min(0.26, 0.3 * shape.width)
    grille = [(half, -wide, 0.30), (half, wide, 0.30), (half, 0.85 * wide, z - 0.2), (half, -0.85 * wide, z - 0.2)]
    front = [(half + 0.01, -side, 0.42), (half + 0.01, side, 0.42), (half + 0.01, side, 0.53), (half + 0.01, -side, 0.53)]
    rear = [(-half, -side, 0.60), (-half, side, 0.60), (-half, side, 0.71), (-half, -side, 0.71)]
    return [(grille, Material.TRIM), (front, Material.FRONT_PLATE), (rear, Material.REAR_PLATE)]
