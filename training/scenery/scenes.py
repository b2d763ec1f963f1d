"""Places: a car park, what surrounds it, and the camera that looks at it. Pure data, drawn from a seeded generator."""

from dataclasses import dataclass

import numpy as np

from training.scenery.light import rgb
from training.scenery.lots import Bay, Lot, Patch, Point, draw_asphalt, draw_lot, line
from training.scenery.pinhole import Array, Pinhole

VIEWS = ("aerial", "aerial_oblique", "oblique_cctv", "ground")


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree, or a bush when `trunk_m` is small."""

    x: float
    y: float
    trunk_m: float
    crown_m: float                  # radius
    leaf: Array                     # (3,) albedo
    bare: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Lamp:
    """A street lamp."""

    x: float
    y: float
    height_m: float


@dataclass(frozen=True, slots=True)
class House:
    """A building: a box with rows of windows, `turn` radians from the x axis."""

    x: float
    y: float
    turn: float
    length_m: float
    depth_m: float
    height_m: float
    wall: Array                     # (3,) albedo
    roof: Array
    storeys: int                    # rows of windows, 0 for a blank wall
    seed: int


@dataclass(frozen=True, slots=True)
class Road:
    """A street for passing traffic, from `start` to `end`, left-hand side."""

    start: Point
    end: Point
    lane_m: float


@dataclass(frozen=True, eq=False)        # a place is itself: pictures of it share what is cached for it
class Scene:
    """One place, seen by one camera: everything that stays when cars and light change."""

    id: str
    view: str
    camera: Pinhole
    lot: Lot
    seen: tuple[int, ...]           # indexes of the bays that count: those in the picture
    patches: tuple[Patch, ...]      # ground around the lot, painted before it
    land: Array                     # (3,) albedo of all other ground
    trees: tuple[Tree, ...]
    lamps: tuple[Lamp, ...]
    houses: tuple[House, ...]
    roads: tuple[Road, ...]
    seed: int                       # of textures and foliage


LEAVES = (rgb(0.05, 0.11, 0.02), rgb(0.08, 0.14, 0.03), rgb(0.035, 0.075, 0.025), rgb(0.16, 0.13, 0.03), rgb(0.22, 0.10, 0.03), rgb(0.10, 0.17, 0.05))
LANDS = (rgb(0.06, 0.10, 0.03), rgb(0.09, 0.12, 0.04), rgb(0.24, 0.22, 0.19), rgb(0.18, 0.14, 0.09), rgb(0.13, 0.13, 0.13))
WALLS = (rgb(0.30, 0.13, 0.08), rgb(0.42, 0.34, 0.24), rgb(0.55, 0.53, 0.49), rgb(0.68, 0.64, 0.56), rgb(0.22, 0.20, 0.19), rgb(0.33, 0.22, 0.16))


def draw_scene(rng: np.random.Generator, scene_id: str, view: str) -> Scene:
    """A place for `view`, drawn again until the camera sees enough bays."""
    least = {"aerial": 24, "aerial_oblique": 24, "oblique_cctv": 20, "ground": 12}[view]
    while True:
        lot, camera = DRAW_LOT_AND_CAMERA[view](rng)
        lot = _without_bays_at(lot, camera)
        seen = bays_in_picture(lot.bays, camera, far_m=75 if view == "ground" else 400)
        if len(seen) >= least:
            return _surround(rng, scene_id, view, lot=lot, camera=camera, seen=seen)


def bays_in_picture(bays: tuple[Bay, ...], camera: Pinhole, *, far_m: float, top_px: int = 0, bottom_px: int = 0) -> tuple[int, ...]:
    """Indexes of the bays whose middle lies in the picture, at most `far_m` away; rows at the top and bottom may not count."""
    middles = np.array([(bay.x, bay.y, 0.5) for bay in bays], np.float32)
    depth, xy = camera.depths(middles), camera.project(middles)
    inside = (depth > 1) & (depth < far_m) & (xy > [0, top_px]).all(axis=1) & (xy < [camera.width_px, camera.height_px - bottom_px]).all(axis=1)
    return tuple(np.flatnonzero(inside).tolist())


def _without_bays_at(lot: Lot, camera: Pinhole) -> Lot:
    """The lot without the bays in which the camera stands or that a car would block its view from."""
    reach = 6.0 if camera.height_m < 4 else 3.0 if camera.height_m < 8 else 0.0
    from dataclasses import replace
    return replace(lot, bays=tuple(bay for bay in lot.bays if np.hypot(bay.x - camera.x, bay.y - camera.y) > reach))


def _aim(rng: np.random.Generator, lot: Lot, *, height_m: float, pitch: float, focal: float) -> Pinhole:
    """A camera whose optical axis meets the ground near the middle of the lot."""
    azimuth = float(rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.45:                                                    # often along or across the rows
        azimuth = float(rng.integers(4) * np.pi / 2 + rng.normal(0, 0.15))
    x, y = lot.length_m * rng.uniform(0.38, 0.62), lot.depth_m * rng.uniform(0.38, 0.62)
    away = height_m / np.tan(pitch)
    return Pinhole(float(x - away * np.cos(azimuth)), float(y - away * np.sin(azimuth)), height_m, azimuth, pitch,
                   float(rng.normal(0, 0.015)), focal, 480, 360)


def _aerial(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    across_m, focal = float(np.exp(rng.uniform(np.log(34), np.log(88)))), float(rng.uniform(0.9, 2.2))
    lot = draw_lot(rng, length_m=across_m * float(rng.uniform(0.85, 1.5)), modules=max(2, round(across_m * float(rng.uniform(0.7, 1.3)) / 17)))
    return lot, _aim(rng, lot, height_m=across_m * focal, pitch=np.pi / 2 - abs(float(rng.normal(0, 0.06))) - 0.002, focal=focal)


def _aerial_oblique(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    across_m, focal, pitch = float(np.exp(rng.uniform(np.log(32), np.log(75)))), float(rng.uniform(0.9, 1.6)), float(np.radians(rng.uniform(32, 62)))
    lot = draw_lot(rng, length_m=across_m * float(rng.uniform(0.9, 1.6)), modules=max(2, round(across_m * float(rng.uniform(0.9, 1.6)) / 17)))
    return lot, _aim(rng, lot, height_m=across_m * focal * np.sin(pitch), pitch=pitch, focal=focal)


def _oblique_cctv(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    lot = draw_lot(rng, length_m=float(rng.uniform(45, 85)), modules=int(rng.integers(2, 5)))
    return lot, _aim(rng, lot, height_m=float(rng.uniform(5.5, 14)), pitch=float(np.radians(rng.uniform(14, 31))), focal=float(rng.uniform(0.65, 1.15)))


def _ground(rng: np.random.Generator) -> tuple[Lot, Pinhole]:
    lot = draw_lot(rng, length_m=float(rng.uniform(45, 90)), modules=int(rng.integers(1, 4)))
    forward = 1 if rng.random() < 0.5 else -1
    x = lot.length_m * float(rng.uniform(0.02, 0.3))
    x, y = x if forward == 1 else lot.length_m - x, float(rng.choice(lot.aisles)) + float(rng.uniform(-1.5, 1.5))
    azimuth = float((0 if forward == 1 else np.pi) + rng.uniform(-0.65, 0.65))
    return lot, Pinhole(x, y, float(rng.uniform(1.5, 3.2)), azimuth, float(np.radians(rng.uniform(1, 9))), float(rng.normal(0, 0.01)),
                        float(rng.uniform(0.62, 1.0)), 480, 360)


DRAW_LOT_AND_CAMERA = {"aerial": _aerial, "aerial_oblique": _aerial_oblique, "oblique_cctv": _oblique_cctv, "ground": _ground}


@dataclass(slots=True)
class _Surroundings:
    rng: np.random.Generator
    camera: Pinhole
    patches: list[Patch]
    trees: list[Tree]
    lamps: list[Lamp]
    houses: list[House]
    roads: list[Road]
    pavement: Array
    leaf: Array
    bare: bool

    def tree(self, x: float, y: float, *, crown_m: float, bush: bool = False) -> None:
        """Plants a tree unless it would stand in the camera's way."""
        trunk = 0.2 if bush else crown_m * float(self.rng.uniform(0.8, 1.3))
        away = np.hypot(x - self.camera.x, y - self.camera.y)
        if away < (crown_m + 3 if self.camera.height_m < 4 else 1.5 * crown_m + 6 if self.camera.height_m < 16 else 0):
            return
        leaf = np.asarray(self.leaf * self.rng.uniform(0.7, 1.3, 3), np.float32)
        self.trees.append(Tree(x, y, trunk, crown_m, leaf, self.bare and not bush, int(self.rng.integers(2**31))))

    def lamp(self, x: float, y: float, *, height_m: float) -> None:
        """Puts up a lamp unless it would stand right before the camera."""
        if self.camera.height_m > 20 or np.hypot(x - self.camera.x, y - self.camera.y) > 5:
            self.lamps.append(Lamp(x, y, height_m))

    def house(self, x: float, y: float, *, turn: float, size_m: tuple[float, float, float]) -> None:
        """Builds a house unless the camera would look at nothing else."""
        away = np.hypot(x - self.camera.x, y - self.camera.y)
        if away < size_m[0] / 2 + (14 if self.camera.height_m < 20 else 0):
            return
        rng = self.rng
        wall = WALLS[rng.integers(len(WALLS))] * float(rng.uniform(0.75, 1.2))
        roof = [rgb(0.10, 0.09, 0.09), rgb(0.20, 0.09, 0.06), rgb(0.45, 0.45, 0.44), rgb(0.28, 0.26, 0.24)][rng.integers(4)]
        storeys = 0 if rng.random() < 0.12 else max(1, int(size_m[2] / 3.1))
        self.houses.append(House(x, y, turn, size_m[0], size_m[1], size_m[2], wall, roof, storeys, int(rng.integers(2**31))))


def _surround(rng: np.random.Generator, scene_id: str, view: str, *, lot: Lot, camera: Pinhole, seen: tuple[int, ...]) -> Scene:
    land = LANDS[rng.choice(len(LANDS), p=[0.3, 0.25, 0.15, 0.1, 0.2])] * float(rng.uniform(0.8, 1.2))
    around = _Surroundings(rng, camera, [], [], [], [], [], rgb(0.34, 0.33, 0.31) * float(rng.uniform(0.6, 1.2)),
                           LEAVES[rng.integers(len(LEAVES))], rng.random() < 0.2)
    kinds = rng.choice(["street", "houses", "trees", "open"], size=4, p=[0.3, 0.3, 0.28, 0.12])
    for side, kind in enumerate(kinds):
        SIDES[str(kind)](around, _Side(lot, side))
    if camera.height_m < 20:
        _far_ring(around, lot)
    _furnish(around, lot)
    return Scene(scene_id, view, camera, lot, seen, tuple(around.patches), land, tuple(around.trees), tuple(around.lamps),
                 tuple(around.houses), tuple(around.roads), int(rng.integers(2**31)))


class _Side:
    """One side of a lot in its own coordinates: `s` metres along it, `t` metres outwards."""

    def __init__(self, lot: Lot, side: int) -> None:
        self.length_m = lot.length_m if side % 2 == 0 else lot.depth_m
        corner = [(0.0, 0.0), (lot.length_m, 0.0), (lot.length_m, lot.depth_m), (0.0, lot.depth_m)][side]
        self.turn = side * np.pi / 2
        self._corner, self._cos, self._sin = corner, float(np.cos(self.turn)), float(np.sin(self.turn))

    def at(self, s: float, t: float) -> Point:
        """World coordinates."""
        return (self._corner[0] + s * self._cos + t * self._sin, self._corner[1] + s * self._sin - t * self._cos)

    def strip(self, s0: float, s1: float, t0: float, t1: float) -> tuple[Point, ...]:
        """A rectangle along the side."""
        return (self.at(s0, t0), self.at(s1, t0), self.at(s1, t1), self.at(s0, t1))


def _street(around: _Surroundings, side: _Side) -> None:
    rng, asphalt, beyond = around.rng, draw_asphalt(around.rng), 60.0
    near, lane = float(rng.uniform(1.5, 4)), float(rng.uniform(3.0, 3.7))
    far, s0, s1 = near + 2 * lane, -beyond, side.length_m + beyond
    white = rgb(0.7, 0.7, 0.68)
    around.patches.append(Patch(side.strip(s0, s1, 0.3, far + 3), around.pavement))
    around.patches.append(Patch(side.strip(s0, s1, near - 0.2, far + 0.2), rgb(0.45, 0.44, 0.42)))
    around.patches.append(Patch(side.strip(s0, s1, near, far), asphalt))
    for s in np.arange(s0, s1, 6.0):
        around.patches.append(line(side.at(float(s), near + lane), side.at(float(s) + 2.5, near + lane), width_m=0.13, albedo=white, under=asphalt))
    edge = rgb(0.62, 0.45, 0.08) if rng.random() < 0.6 else white
    for t in (near + 0.3, far - 0.3):
        around.patches.append(line(side.at(s0, t), side.at(s1, t), width_m=0.1, albedo=edge, under=asphalt))
    for s in np.arange(6, side.length_m, float(rng.uniform(22, 32))):
        around.lamp(*side.at(float(s), far + 0.8), height_m=7.5)
    around.roads.append(Road(side.at(s0, near + lane), side.at(s1, near + lane), lane))
    if rng.random() < 0.7:
        _houses(around, side, start_t=far + 3.2)
    else:
        _trees(around, side, start_t=far + 5)


def _houses(around: _Surroundings, side: _Side, start_t: float = 2.5) -> None:
    rng, s = around.rng, float(around.rng.uniform(-6, 4))
    around.patches.append(Patch(side.strip(-8, side.length_m + 8, 0.3, start_t + 1), around.pavement))
    storey = float(rng.choice([3.6, 6.4, 9.4], p=[0.35, 0.45, 0.2]))
    while s < side.length_m + 4:
        length = float(rng.uniform(6, 11))
        if rng.random() < 0.88:
            height, depth = storey * float(rng.uniform(0.9, 1.15)), float(rng.uniform(8, 12))
            around.house(*side.at(s + length / 2, start_t + depth / 2), turn=side.turn, size_m=(length, depth, height))
        s += length + float(rng.choice([0.0, rng.uniform(1, 6)], p=[0.7, 0.3]))


def _trees(around: _Surroundings, side: _Side, start_t: float = 2.0) -> None:
    rng = around.rng
    if rng.random() < 0.5:
        for s in np.arange(0, side.length_m, 1.3):
            around.tree(*side.at(float(s), start_t), crown_m=float(rng.uniform(0.7, 1.0)), bush=True)
    step = float(rng.uniform(5, 10))
    for s in np.arange(-4, side.length_m + 6, step):
        t = start_t + float(rng.uniform(2, 5))
        around.tree(*side.at(float(s + rng.uniform(-1.5, 1.5)), t), crown_m=float(rng.uniform(1.8, 3.4)))


def _open(around: _Surroundings, side: _Side) -> None:
    rng = around.rng
    around.patches.append(Patch(side.strip(0, side.length_m, 0.35, 0.35 + float(rng.uniform(1, 3))), around.pavement))
    for _ in range(int(rng.integers(2, 8))):
        around.tree(*side.at(float(rng.uniform(-8, side.length_m + 8)), float(rng.uniform(5, 25))), crown_m=float(rng.uniform(1.8, 3.8)))


SIDES = {"street": _street, "houses": _houses, "trees": _trees, "open": _open}


def _far_ring(around: _Surroundings, lot: Lot) -> None:
    """Houses and trees in the distance, so that the plain has an end."""
    rng = around.rng
    radius = float(np.hypot(lot.length_m, lot.depth_m)) / 2 + 32
    for angle in np.arange(0, 2 * np.pi, 0.085):
        away = radius + float(rng.uniform(0, 26))
        x, y = lot.length_m / 2 + away * float(np.cos(angle)), lot.depth_m / 2 + away * float(np.sin(angle))
        if rng.random() < 0.45:
            around.house(x, y, turn=float(angle + np.pi / 2), size_m=(float(rng.uniform(9, 15)), 9.0, float(rng.uniform(4, 13))))
        else:
            around.tree(x, y, crown_m=float(rng.uniform(3, 5)))


def _furnish(around: _Surroundings, lot: Lot) -> None:
    """Trees on the islands, lamps over the rows."""
    rng, planted = around.rng, around.rng.uniform(0, 0.8)
    for x, y in lot.spots:
        if rng.random() < planted:
            around.tree(x, y, crown_m=float(rng.uniform(1.2, 2.6)), bush=rng.random() < 0.25)
    height, step = float(rng.uniform(6, 10)), float(rng.uniform(18, 28))
    for y in (-0.8, *lot.joints, lot.depth_m + 0.8):
        for x in np.arange(float(rng.uniform(3, step)), lot.length_m, step):
            around.lamp(float(x), y, height_m=height)
