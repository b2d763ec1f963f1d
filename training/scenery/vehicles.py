"""Cars: eight kinds with the proportions of real ones, in the colours that people buy."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.scenery.faces import Faces, corners, outward_normals
from training.scenery.pinhole import Array


class Part(IntEnum):
    """What a face of a car is made of."""

    PAINT = 0
    GLASS = 1
    TRIM = 2
    TYRE = 3
    RIM = 4
    HEAD = 5
    TAIL = 6
    PLATE_FRONT = 7
    PLATE_REAR = 8


ALBEDO = np.array([(0, 0, 0), (0.025, 0.03, 0.035), (0.03, 0.03, 0.032), (0.018, 0.018, 0.018), (0.30, 0.30, 0.31),
                   (0.62, 0.64, 0.66), (0.33, 0.02, 0.015), (0.7, 0.7, 0.66), (0.72, 0.55, 0.07)], np.float32)
GLOSS = np.array([0.045, 0.14, 0.015, 0.0, 0.05, 0.20, 0.06, 0.0, 0.0], np.float32)


@dataclass(frozen=True, slots=True)
class Shape:
    """Side view of a kind of car: metres; x runs from the middle of the car to its front, z up from the road."""

    length: float
    width: float
    height: float
    nose_z: float                   # front edge of the bonnet
    belt_z: float                   # where the windows begin
    deck_z: float                   # rear edge of the boot lid
    screen_x: float                 # foot of the windscreen
    roof_x: tuple[float, float]     # rear and front edge of the roof
    tail_x: float                   # foot of the rear window
    side_windows: tuple[tuple[float, float], ...]    # from rear to front, shares of the cabin's length


SHAPES = {
    "city": Shape(3.50, 1.65, 1.50, 0.84, 0.98, 0.98, 1.28, (-1.38, 0.34), -1.70, ((0.08, 0.42), (0.47, 0.93))),
    "hatchback": Shape(4.10, 1.78, 1.47, 0.80, 0.97, 1.00, 1.20, (-1.32, 0.14), -1.95, ((0.12, 0.44), (0.48, 0.92))),
    "saloon": Shape(4.70, 1.83, 1.45, 0.78, 0.96, 1.02, 1.16, (-1.02, 0.10), -1.98, ((0.18, 0.49), (0.53, 0.90))),
    "estate": Shape(4.70, 1.83, 1.49, 0.79, 0.97, 1.00, 1.14, (-1.80, 0.12), -2.26, ((0.06, 0.30), (0.34, 0.61), (0.65, 0.93))),
    "suv": Shape(4.50, 1.88, 1.67, 0.95, 1.12, 1.13, 1.22, (-1.62, 0.24), -2.14, ((0.08, 0.27), (0.31, 0.60), (0.64, 0.93))),
    "mpv": Shape(4.55, 1.84, 1.67, 0.84, 1.03, 1.03, 1.55, (-1.80, 0.42), -2.18, ((0.05, 0.30), (0.34, 0.62), (0.66, 0.90))),
    "van": Shape(4.95, 1.95, 1.97, 1.00, 1.16, 1.16, 1.80, (-2.38, 0.98), -2.43, ((0.74, 0.95),)),
    "pickup": Shape(5.15, 1.88, 1.77, 1.02, 1.12, 1.08, 1.05, (-0.62, 0.28), -0.84, ((0.08, 0.45), (0.50, 0.92))),
}
KINDS = tuple(SHAPES)
KIND_SHARES = (0.12, 0.28, 0.16, 0.10, 0.20, 0.06, 0.06, 0.02)

# New-car colours in Britain, roughly: SMMT, five years around 2020. Linear albedo.
COLOURS = np.array([(0.76, 0.76, 0.75), (0.013, 0.013, 0.015), (0.11, 0.115, 0.12), (0.42, 0.43, 0.44), (0.03, 0.06, 0.17),
                    (0.07, 0.16, 0.34), (0.34, 0.025, 0.02), (0.15, 0.02, 0.025), (0.25, 0.19, 0.13), (0.03, 0.09, 0.05),
                    (0.65, 0.30, 0.03)], np.float32)
COLOUR_SHARES = (0.22, 0.20, 0.18, 0.14, 0.07, 0.05, 0.06, 0.02, 0.03, 0.015, 0.015)


@dataclass(frozen=True, slots=True)
class Car:
    """One car on the ground."""

    x: float
    y: float
    heading: float                  # radians, where its nose points
    kind: int                       # index into KINDS
    size: float                     # 1.0 is the kind's own
    albedo: tuple[float, float, float]
    lights_on: bool


def draw_car(rng: np.random.Generator, x: float, y: float, *, heading: float, lights_on: bool = False) -> Car:
    """A car of a random kind and colour at (x, y)."""
    kind = int(rng.choice(len(KINDS), p=KIND_SHARES))
    colour = COLOURS[rng.choice(len(COLOURS), p=np.array(COLOUR_SHARES) / sum(COLOUR_SHARES))]
    if KINDS[kind] == "van" and rng.random() < 0.65:
        colour = COLOURS[0]
    red, green, blue = np.clip(colour * rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3), 0.01, 0.8).tolist()
    return Car(x, y, heading, kind, float(rng.uniform(0.95, 1.05)), (red, green, blue), lights_on)


@dataclass(frozen=True, slots=True)
class Mesh:
    """A kind of car around the origin, nose towards +x."""

    points: Array                   # (n, 8, 3)
    normals: Array                  # (n, 3)
    parts: NDArray[np.int64]        # (n,) values of Part
    fine: NDArray[np.bool_]         # (n,)
    casts: NDArray[np.bool_]        # (n,)


def car_faces(cars: list[Car], kind: int) -> Faces:
    """Faces of the cars that are of `kind`, car after car, all with the same number of faces."""
    mesh = mesh_of(kind)
    place = np.array([(car.x, car.y, car.heading, car.size) for car in cars], np.float32)
    paint = np.array([car.albedo for car in cars], np.float32)
    lit = np.array([car.lights_on for car in cars], np.float32)
    cos, sin = np.cos(place[:, 2]), np.sin(place[:, 2])
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    turn = np.array([[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]], np.float32).transpose(2, 0, 1)    # (cars, 3, 3)
    points = np.einsum("cij,fkj->cfki", turn * place[:, 3, None, None], mesh.points)
    points[..., :2] += place[:, None, None, :2]
    albedo = np.where((mesh.parts == Part.PAINT)[None, :, None], paint[:, None], ALBEDO[mesh.parts][None])
    glow = lit[:, None, None] * ((mesh.parts == Part.HEAD)[:, None] * np.array([3.0, 2.8, 2.4])
                                 + (mesh.parts == Part.TAIL)[:, None] * np.array([1.6, 0.05, 0.03]))
    n = len(cars)
    return Faces(
        points.reshape(-1, 8, 3), np.einsum("cij,fj->cfi", turn, mesh.normals).reshape(-1, 3).astype(np.float32),
        albedo.reshape(-1, 3).astype(np.float32), np.tile(GLOSS[mesh.parts], n), glow.reshape(-1, 3).astype(np.float32),
        np.tile(mesh.fine, n), np.tile(mesh.casts, n), np.ones(n * len(mesh.parts), bool),
    )


@cache
def mesh_of(kind: int) -> Mesh:
    """The mesh of `KINDS[kind]`: body, then cabin, then what sits on them, so that painting in order looks right."""
    shape = SHAPES[KINDS[kind]]
    solid = _body(shape) + _cabin(shape)
    details = _wheels(shape) + _lights(shape)
    points = np.array([corners(outline) for outline, _ in solid + details])
    parts = np.array([part for _, part in solid + details])
    normals = outward_normals(points, np.array([0, 0, shape.belt_z * 0.7], np.float32))
    fine = np.arange(len(points)) >= len(solid)
    big = (parts == Part.PAINT) | (parts == Part.TRIM)
    return Mesh(points, normals, parts, fine, ~fine & big)


Outline = list[tuple[float, float, float]]
Piece = tuple[Outline, Part]


def _ring(shape: Shape, *, z: list[float], inset: float) -> Outline:
    """Eight corners of the body seen from above, from front right round to the right; `z` of nose, bonnet, boot, tail."""
    half, side = shape.length / 2 - inset * 0.6, shape.width / 2 - inset
    front, rear = half - 0.42, half - 0.28
    nose, tail = side * 0.74, side * 0.84
    return [(half, -nose, z[0]), (half, nose, z[0]), (front, side, z[1]), (-rear, side, z[2]),
            (-half, tail, z[3]), (-half, -tail, z[3]), (-rear, -side, z[2]), (front, -side, z[1])]


def _body(shape: Shape) -> list[Piece]:
    bonnet_z = 0.55 * shape.nose_z + 0.45 * shape.belt_z
    rings = [_ring(shape, z=[0.20] * 4, inset=0.06), _ring(shape, z=[0.34] * 4, inset=0.02), _ring(shape, z=[0.60, 0.62, 0.64, 0.62], inset=0.0),
             _ring(shape, z=[shape.nose_z, bonnet_z, shape.deck_z - 0.02, shape.deck_z], inset=0.09)]
    pieces: list[Piece] = []
    for level, (low, high) in enumerate(zip(rings, rings[1:], strict=False)):
        for i in range(8):
            j = (i + 1) % 8
            pieces.append(([low[i], low[j], high[j], high[i]], Part.TRIM if level == 0 else Part.PAINT))
    top, screen, side = rings[-1], shape.screen_x, shape.width / 2 - 0.09
    foot_l, foot_r = (screen, side, shape.belt_z), (screen, -side, shape.belt_z)
    pieces.append(([top[0], top[1], top[2], foot_l, foot_r, top[7]], Part.PAINT))                       # bonnet
    side_l = [top[2], top[3], (shape.tail_x, side, shape.deck_z), foot_l]
    pieces.append((side_l, Part.PAINT))                                                               # shoulders, left and right
    pieces.append(([(x, -y, z) for x, y, z in side_l], Part.PAINT))
    back_l, back_r = (shape.tail_x, side, shape.deck_z), (shape.tail_x, -side, shape.deck_z)
    pieces.append(([foot_l, back_l, back_r, foot_r], Part.PAINT))                                     # shoulders, mostly under the cabin
    boot = [back_l, top[3], top[4], top[5], top[6], back_r]
    pieces.append((boot, Part.TRIM if shape is SHAPES["pickup"] else Part.PAINT))
    return pieces


def _between(quad: Outline, u: tuple[float, float], v: tuple[float, float]) -> Outline:
    """The part of a quad from share u[0] to u[1] along its first edge and v[0] to v[1] across."""
    a, b, c, d = (np.array(point) for point in quad)
    low, high = (lambda s: a + (b - a) * s), (lambda s: d + (c - d) * s)
    return [tuple((low(s) + (high(s) - low(s)) * t).tolist()) for s, t in ((u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1]))]


def _cabin(shape: Shape) -> list[Piece]:
    foot, brim = shape.width / 2 - 0.11, shape.width / 2 - (0.16 if shape.height > 1.9 else 0.29)
    rear_x, front_x = shape.roof_x
    belt, brim_z = shape.belt_z, shape.height - 0.07
    base = [(shape.tail_x, -foot, shape.deck_z), (shape.screen_x, -foot, belt), (shape.screen_x, foot, belt), (shape.tail_x, foot, shape.deck_z)]
    roof = [(rear_x, -brim, brim_z), (front_x, -brim, brim_z), (front_x, brim, brim_z), (rear_x, brim, brim_z)]
    crown = [(rear_x + 0.12, -brim + 0.14, shape.height), (front_x - 0.15, -brim + 0.14, shape.height),
             (front_x - 0.15, brim - 0.14, shape.height), (rear_x + 0.12, brim - 0.14, shape.height)]
    pieces: list[Piece] = []
    for i in range(4):
        j = (i + 1) % 4
        wall = [base[i], base[j], roof[j], roof[i]]
        pieces.append((wall, Part.PAINT))
        pieces.append(([roof[i], roof[j], crown[j], crown[i]], Part.PAINT))
        if i == 1:
            pieces.append((_between(wall, (0.05, 0.95), (0.02, 0.97)), Part.GLASS))                   # windscreen
        elif i == 3:
            pieces.append((_between(wall, (0.1, 0.9), (0.25, 0.9)), Part.TRIM if shape.height > 1.9 else Part.GLASS))
        else:
            for rear, front in shape.side_windows:
                u = (rear, front) if i == 0 else (1 - front, 1 - rear)
                pieces.append((_between(wall, u, (0.12, 0.86)), Part.GLASS))
    pieces.append((crown, Part.PAINT))
    return pieces


def _wheels(shape: Shape) -> list[Piece]:
    radius = 0.30 if shape.length < 3.8 else 0.33 if shape.height < 1.6 else 0.37
    angles = np.arange(8) * np.pi / 4 + np.pi / 8
    pieces: list[Piece] = []
    for x in (shape.length / 2 - 0.82, -shape.length / 2 + 0.80):
        for side in (-1, 1):
            y = side * (shape.width / 2 + 0.005)
            for size, part in ((1.16, Part.TRIM), (0.98, Part.TYRE), (0.62, Part.RIM)):
                pieces.append(([(x + size * radius * float(np.cos(a)), y, max(0.02, radius + size * radius * float(np.sin(a)))) for a in angles], part))
    return pieces


def _lights(shape: Shape) -> list[Piece]:
    half, nose, z = shape.length / 2 + 0.01, shape.width / 2 * 0.74, shape.nose_z
    side = shape.width / 2
    pieces: list[Piece] = []
    for s in (-1.0, 1.0):
        pieces.append(([(half - 0.02, s * nose, z - 0.05), (half - 0.02, s * nose * 0.6, z - 0.07), (half, s * nose * 0.6, z - 0.19),
                        (half, s * nose, z - 0.19)], Part.HEAD))
        pieces.append(([(half - 0.03, s * nose, z - 0.05), (half - 0.38, s * (side - 0.06), z + 0.02), (half - 0.38, s * (side - 0.02), z - 0.10),
                        (half - 0.03, s * nose, z - 0.19)], Part.HEAD))
        low = 0.68 * shape.deck_z
        tail = side * 0.84
        pieces.append(([(-half, s * tail, low), (-half, s * tail * 0.66, low), (-half, s * tail * 0.66, shape.deck_z - 0.06),
                        (-half, s * tail, shape.deck_z - 0.06)], Part.TAIL))
        pieces.append(([(shape.screen_x - 0.12, s * (side + 0.12), 0.97 * shape.belt_z), (shape.screen_x - 0.12, s * (side - 0.08), 0.97 * shape.belt_z),
                        (shape.screen_x - 0.12, s * (side - 0.08), shape.belt_z + 0.14), (shape.screen_x - 0.12, s * (side + 0.12), shape.belt_z + 0.14)],
                       Part.TRIM))
    pieces.append(([(half, -0.45, 0.30), (half, 0.45, 0.30), (half, 0.38, z - 0.2), (half, -0.38, z - 0.2)], Part.TRIM))
    pieces.append(([(half + 0.01, -0.26, 0.42), (half + 0.01, 0.26, 0.42), (half + 0.01, 0.26, 0.53), (half + 0.01, -0.26, 0.53)], Part.PLATE_FRONT))
    pieces.append(([(-half, -0.26, 0.60), (-half, 0.26, 0.60), (-half, 0.26, 0.71), (-half, -0.26, 0.71)], Part.PLATE_REAR))
    return pieces
