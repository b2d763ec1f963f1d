"""The surroundings of a car park: streets, houses, trees and lamps. Pure data."""

from dataclasses import dataclass, field

import numpy as np

from training.sample.scenery.light import rgb
from training.sample.scenery.lots import WHITE_PAINT, YELLOW_PAINT, Lot, Outline, Patch, Point, draw_asphalt, line_patch
from training.sample.scenery.pinhole import Array, Pinhole

LEAVES = np.array([(5, 11, 2), (8, 14, 3), (3.5, 7.5, 2.5), (16, 13, 3), (22, 10, 3), (10, 17, 5)], np.float32) / 100
LANDS = np.array([(6, 10, 3), (9, 12, 4), (24, 22, 19), (18, 14, 9), (13, 13, 13)], np.float32) / 100
WALLS = np.array([(30, 13, 8), (42, 34, 24), (55, 53, 49), (68, 64, 56), (22, 20, 19), (33, 22, 16)], np.float32) / 100
ROOFS = np.array([(10, 9, 9), (20, 9, 6), (45, 45, 44), (28, 26, 24)], np.float32) / 100
# Length, depth and height in metres of two bins, a skip, a cabinet, a shed, a wall, a bollard, a shelter and a rack.
BOXES = (
    (1.2, 0.8, 1.2),
    (1.2, 0.8, 1.2),
    (4.0, 1.9, 1.5),
    (0.8, 0.5, 1.6),
    (2.4, 2.2, 2.5),
    (6.0, 0.3, 0.8),
    (0.3, 0.3, 0.9),
    (5.5, 2.2, 2.3),
    (0.9, 1.9, 1.0),
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree, or a bush if `trunk_m` is small."""

    x: float
    y: float
    trunk_m: float
    crown_m: float  # radius
    leaf: Array  # (3,) albedo
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
    """A building: a box with rows of windows."""

    x: float
    y: float
    turn: float  # radians from the x axis
    size_m: tuple[float, float, float]  # length, depth, height
    wall: Array  # (3,) albedo
    roof: Array
    storeys: int  # rows of windows; 0 for a blank wall
    seed: int


@dataclass(frozen=True, slots=True)
class Road:
    """The middle line of a street with traffic on the left."""

    start: Point
    end: Point
    lane_m: float


@dataclass(frozen=True, slots=True)
class Sign:
    """A traffic light, a shop sign or an illuminated advertisement: a plate that faces the camera, with a lit part."""

    x: float
    y: float
    z: float  # of its middle, metres
    size_m: tuple[float, float]  # half its width and height
    albedo: Array  # (3,)
    glow: Array  # (3,) of the lit part
    lit_share: float  # of width and height
    has_post: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on foot, or on a bicycle."""

    x: float
    y: float
    height_m: float
    clothes: tuple[float, float, float]  # albedo


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything around a lot."""

    land: Array  # (3,) albedo of the bare ground
    patches: tuple[Patch, ...]
    trees: tuple[Tree, ...]
    lamps: tuple[Lamp, ...]
    houses: tuple[House, ...]
    roads: tuple[Road, ...]
    signs: tuple[Sign, ...] = ()


@dataclass(slots=True)
class SurroundingsDraft:
    """Surroundings while they are drawn: their style, and what has been drawn so far."""

    rng: np.random.Generator
    camera: Pinhole
    pavement: Array
    leaf: Array  # of the trees that grow here
    bare: bool  # True if they have lost their leaves
    patches: list[Patch] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    houses: list[House] = field(default_factory=list)
    roads: list[Road] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)

    def add_tree(self, at: Point, *, crown_m: float, bush: bool = False) -> None:
        """Adds a tree unless it would block the camera."""
        height_m, away_m = self.camera.height_m, self.camera.distance_to(*at)
        is_ahead = float(self.camera.depths(np.array([*at, 1.0]))) > 0
        if away_m < (14 if height_m < 5 and is_ahead else 1.5 * crown_m + 6 if height_m < 16 else 0):
            return
        trunk_m = 0.2 if bush else crown_m * self.rng.uniform(0.8, 1.3)
        leaf = (self.leaf * self.rng.uniform(0.7, 1.3, 3)).astype(np.float32)
        self.trees.append(Tree(*at, trunk_m, crown_m, leaf, self.bare and not bush, int(self.rng.integers(2**31))))

    def add_lamp(self, at: Point, *, height_m: float) -> None:
        """Adds a lamp unless it would stand right in front of the camera."""
        if self.camera.height_m > 20 or self.camera.distance_to(*at) > 5:
            self.lamps.append(Lamp(*at, height_m))

    def add_house(self, at: Point, *, turn: float, size_m: tuple[float, float, float]) -> None:
        """Adds a house unless it would block the camera."""
        if self.camera.distance_to(*at) < size_m[0] / 2 + (14 if self.camera.height_m < 20 else 0):
            return
        wall = (self.rng.choice(WALLS) * self.rng.uniform(0.75, 1.2)).astype(np.float32)
        storeys = 0 if self.rng.random() < 0.12 else max(1, int(size_m[2] / 3.1))
        self.houses.append(House(*at, turn, size_m, wall, self.rng.choice(ROOFS), storeys, int(self.rng.integers(2**31))))

    def add_box(self, at: Point, *, turn: float, size_m: tuple[float, float, float], paint: Array) -> None:
        """Adds a box of about that size, unless it would stand right in front of the camera."""
        if self.camera.distance_to(*at) > 5:
            length_m, depth_m, height_m = (np.array(size_m) * self.rng.uniform(0.8, 1.2, 3)).tolist()
            paint = paint.astype(np.float32)
            self.houses.append(House(*at, turn, (length_m, depth_m, height_m), paint, paint, 0, int(self.rng.integers(2**31))))


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a lot with coordinates of its own: `s` metres along it, `t` metres outwards."""

    corner: Point
    turn: float
    length_m: float

    def at(self, s: float, t: float) -> Point:
        """World coordinates."""
        cos, sin = float(np.cos(self.turn)), float(np.sin(self.turn))
        return self.corner[0] + s * cos + t * sin, self.corner[1] + s * sin - t * cos

    def strip(self, s: tuple[float, float], t: tuple[float, float]) -> Outline:
        """A rectangle along the side, from `s[0]` to `s[1]` and `t[0]` to `t[1]`."""
        return self.at(s[0], t[0]), self.at(s[1], t[0]), self.at(s[1], t[1]), self.at(s[0], t[1])


def draw_surroundings(rng: np.random.Generator, lot: Lot, camera: Pinhole, *, varied: bool = False) -> Surroundings:
    """A street, houses, trees or a meadow on each side of the lot, and trees and lamps in it; nothing that blocks the camera.

    Where places are `varied`, also bushes and boxes behind bays.
    """
    land = rng.choice(LANDS, p=[0.3, 0.25, 0.15, 0.1, 0.2]) * rng.uniform(0.8, 1.2)
    pavement, is_winter = rgb(0.34, 0.33, 0.31) * rng.uniform(0.6, 1.2), bool(rng.random() < 0.2)
    draft = SurroundingsDraft(rng, camera, pavement, leaf=rng.choice(LEAVES), bare=is_winter)
    corners = [(0.0, 0.0), (lot.length_m, 0.0), (lot.length_m, lot.depth_m), (0.0, lot.depth_m)]
    kinds = rng.choice(list(DRAW_SIDE), size=4, p=[0.3, 0.3, 0.28, 0.12]).tolist()
    for i, (corner, kind) in enumerate(zip(corners, kinds, strict=True)):
        DRAW_SIDE[kind](draft, _Side(corner, i * np.pi / 2, lot.depth_m if i % 2 else lot.length_m))
    if camera.height_m < 20:
        _draw_skyline(draft, lot)
    _furnish(draft, lot, varied=varied)
    return Surroundings(land, tuple(draft.patches), tuple(draft.trees), tuple(draft.lamps), tuple(draft.houses), tuple(draft.roads))


def _draw_street(draft: SurroundingsDraft, side: _Side) -> None:
    rng, asphalt = draft.rng, draw_asphalt(draft.rng)
    near, lane_m, whole = rng.uniform(1.5, 4), rng.uniform(3.0, 3.7), (-60.0, side.length_m + 60)
    middle, far = near + lane_m, near + 2 * lane_m
    draft.patches.append(Patch(side.strip(whole, (0.3, far + 3)), draft.pavement))
    draft.patches.append(Patch(side.strip(whole, (near - 0.2, far + 0.2)), rgb(0.45, 0.44, 0.42)))
    draft.patches.append(Patch(side.strip(whole, (near, far)), asphalt))
    for s in np.arange(*whole, 6.0).tolist():
        draft.patches.append(line_patch(side.at(s, middle), side.at(s + 2.5, middle), width_m=0.13, albedo=WHITE_PAINT, under=asphalt))
    edge = YELLOW_PAINT if rng.random() < 0.6 else WHITE_PAINT
    for t in (near + 0.3, far - 0.3):
        draft.patches.append(line_patch(side.at(whole[0], t), side.at(whole[1], t), width_m=0.1, albedo=edge, under=asphalt))
    for s in np.arange(6, side.length_m, rng.uniform(22, 32)).tolist():
        draft.add_lamp(side.at(s, far + 0.8), height_m=7.5)
    draft.roads.append(Road(side.at(whole[0], middle), side.at(whole[1], middle), lane_m))
    if rng.random() < 0.7:
        _draw_houses(draft, side, start_t=far + 3.2)
    else:
        _draw_trees(draft, side, start_t=far + 5)


def _draw_houses(draft: SurroundingsDraft, side: _Side, start_t: float = 2.5) -> None:
    rng, s = draft.rng, draft.rng.uniform(-6, 4)
    draft.patches.append(Patch(side.strip((-8, side.length_m + 8), (start_t - 2.2, start_t + 1)), draft.pavement))
    eaves_m = float(rng.choice([3.6, 6.4, 9.4], p=[0.35, 0.45, 0.2]))
    while s < side.length_m + 4:
        size_m = rng.uniform(6, 11), rng.uniform(8, 12), eaves_m * rng.uniform(0.9, 1.15)
        if rng.random() < 0.88:
            draft.add_house(side.at(s + size_m[0] / 2, start_t + size_m[1] / 2), turn=side.turn, size_m=size_m)
        s += size_m[0] + (rng.uniform(1, 6) if rng.random() < 0.3 else 0)


def _draw_trees(draft: SurroundingsDraft, side: _Side, start_t: float = 2.0) -> None:
    rng = draft.rng
    if rng.random() < 0.5:
        for s in np.arange(0, side.length_m, 1.3).tolist():
            draft.add_tree(side.at(s, start_t), crown_m=rng.uniform(0.7, 1.0), bush=True)
    for s in np.arange(-4, side.length_m + 6, rng.uniform(5, 10)).tolist():
        draft.add_tree(side.at(s + rng.uniform(-1.5, 1.5), start_t + rng.uniform(2, 5)), crown_m=rng.uniform(1.8, 3.4))


def _draw_meadow(draft: SurroundingsDraft, side: _Side) -> None:
    rng = draft.rng
    draft.patches.append(Patch(side.strip((0, side.length_m), (0.35, rng.uniform(1.4, 3.4))), draft.pavement))
    for _ in range(rng.integers(2, 8)):
        draft.add_tree(side.at(rng.uniform(-8, side.length_m + 8), rng.uniform(5, 25)), crown_m=rng.uniform(1.8, 3.8))


DRAW_SIDE = {"street": _draw_street, "houses": _draw_houses, "trees": _draw_trees, "meadow": _draw_meadow}


def _draw_skyline(draft: SurroundingsDraft, lot: Lot) -> None:
    """Adds houses and trees in the distance, as a skyline."""
    rng, radius_m = draft.rng, float(np.hypot(lot.length_m, lot.depth_m)) / 2 + 32
    for angle in np.arange(0, 2 * np.pi, 0.085).tolist():
        away_m = radius_m + rng.uniform(0, 26)
        at = lot.length_m / 2 + away_m * float(np.cos(angle)), lot.depth_m / 2 + away_m * float(np.sin(angle))
        if rng.random() < 0.45:
            draft.add_house(at, turn=angle + np.pi / 2, size_m=(rng.uniform(9, 15), 9.0, rng.uniform(4, 13)))
        else:
            draft.add_tree(at, crown_m=rng.uniform(3, 5))


def _furnish(draft: SurroundingsDraft, lot: Lot, *, varied: bool) -> None:
    """Adds trees on the islands and lamps over the rows; where places are `varied`, bushes and boxes behind bays."""
    rng, planted = draft.rng, draft.rng.uniform(0, 0.8)
    for at in lot.islands:
        if rng.random() < planted:
            draft.add_tree(at, crown_m=rng.uniform(1.2, 2.6), bush=bool(rng.random() < 0.25))
    if varied and rng.random() < 0.4:
        _plant_bushes(draft, lot, share=rng.uniform(0.2, 1))
    if varied and rng.random() < 0.4:
        _leave_boxes(draft, lot)
    height_m, step_m = rng.uniform(6, 10), rng.uniform(18, 28)
    for y in (-0.8, *lot.joints, lot.depth_m + 0.8):
        for x in np.arange(rng.uniform(3, step_m), lot.length_m, step_m).tolist():
            draft.add_lamp((x, y), height_m=height_m)


def _plant_bushes(draft: SurroundingsDraft, lot: Lot, *, share: float) -> None:
    """Adds a bush at the head of such a share of the bays, or between two of them: as large as a bonnet, and no vehicle."""
    rng = draft.rng
    for bay in lot.bays:
        if rng.random() < share:
            at = bay.at(rng.uniform(2.4, 2.9), rng.choice([-1.25, 0, 1.25]))
            draft.add_tree(at, crown_m=rng.uniform(0.35, 0.9), bush=True)


def _leave_boxes(draft: SurroundingsDraft, lot: Lot) -> None:
    """Adds bins, skips, sheds, walls and bollards behind bays: no vehicles either."""
    rng = draft.rng
    for _ in range(rng.integers(1, 12)):
        bay, size_m = lot.bays[rng.integers(len(lot.bays))], BOXES[rng.integers(len(BOXES))]
        at, turn = bay.at(rng.uniform(3.0, 3.8), rng.uniform(-3, 3)), bay.heading + rng.choice([0, np.pi / 2])
        draft.add_box(at, turn=turn, size_m=size_m, paint=rng.uniform(0.03, 0.6) * rng.uniform(0.2, 1, 3))
