"""Streets along x: lanes, bays at the kerb, pavements, crossings, houses or trees on both sides, and a camera at the kerb or above."""

from dataclasses import dataclass

import numpy as np

from training.sample.scenery.light import mix, rgb
from training.sample.scenery.lots import BLUE_PAINT, WHITE_PAINT, YELLOW_PAINT, Bay, Lot, Patch, draw_asphalt, line_patch, rectangle
from training.sample.scenery.pinhole import Array, Pinhole
from training.sample.scenery.surroundings import LANDS, LEAVES, ROOFS, WALLS, House, Road, Sign, Surroundings, SurroundingsDraft, Tree
from training.sample.scenery.viewpoints import draw_size

WHOLE_M = (-30.0, 170.0)  # from end to end; the camera is near 0
SIGNAL_BLACK, SIGNAL_RED, SIGNAL_GREEN = rgb(0.01, 0.01, 0.01), rgb(2.5, 0.1, 0.05), rgb(0.1, 2.0, 0.9)
SIGN_GLOWS = np.array([(1.0, 0.9, 0.8), (1.0, 0.1, 0.1), (0.2, 0.3, 1.0), (0.7, 0.2, 1.0), (1.0, 0.7, 0.2), (0.9, 0.95, 1.0)], np.float32)
WORKS_PAINTS = np.array([(55, 30, 2), (60, 14, 3), (45, 4, 3), (65, 64, 60), (20, 20, 20), (5, 12, 35)], np.float32) / 100
WORKS_SIZES_M = ((2.0, 0.4, 1.0), (2.0, 0.4, 1.0), (3.0, 0.15, 2.0), (3.5, 1.8, 1.5), (6.0, 2.3, 2.5))  # barriers, a fence, skips, cabins
BUS_RED, BUS_GREEN = rgb(0.28, 0.07, 0.05), rgb(0.06, 0.16, 0.09)


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane along x."""

    y: float  # of its middle
    way: int  # +1 if its traffic drives towards +x


@dataclass(frozen=True, slots=True)
class Profile:
    """The cross-section of a street, in metres. Its middle is at y = 0."""

    lanes: int  # each way
    lane_m: float
    median_m: float
    parking: tuple[str, str]  # at the kerbs at y < 0 and y > 0: "", parallel, or angled
    pavement_m: float  # the hard shoulder of a highway
    is_city: bool

    @property
    def edge_m(self) -> float:
        """From the middle to the outer edge of the lanes."""
        return self.median_m / 2 + self.lanes * self.lane_m

    def kerb_m(self, side: int) -> float:
        """From the middle to the kerb on a side, -1 or +1."""
        return self.edge_m + {"": 0.3, "parallel": 2.2, "angled": 5.0}[self.parking[side > 0]]


@dataclass(frozen=True, slots=True)
class Street:
    """A street and its camera."""

    lot: Lot  # its ground, and the bays at its kerbs
    camera: Pinhole
    around: Surroundings
    lanes: tuple[Lane, ...]
    profile: Profile
    crossings: tuple[float, ...]  # x of zebra crossings


def draw_street(rng: np.random.Generator, *, kerbside: bool, varied: bool = False) -> Street:
    """A street; with `kerbside` a quiet one with bays, else any city street or highway; some with roadworks, where places are `varied`."""
    profile = _draw_profile(rng, kerbside=kerbside)
    camera = _draw_camera(rng, profile, kerbside=kerbside)
    pavement, asphalt = rgb(0.34, 0.33, 0.31) * rng.uniform(0.5, 1.4), draw_asphalt(rng)
    draft = SurroundingsDraft(rng, camera, pavement, leaf=rng.choice(LEAVES), bare=bool(rng.random() < 0.3))
    junction_x = rng.uniform(22, 90) if profile.is_city and rng.random() < 0.5 else None
    _pave(draft, profile, asphalt, junction_x)
    way = int(rng.choice([-1, 1]))  # traffic keeps left or right
    _paint_lanes(draft, profile, asphalt)
    bays = [bay for side in (-1, 1) for bay in _draw_bays(draft, profile, asphalt, side) if _is_clear(bay, junction_x)]
    crossings = _draw_crossings(draft, profile, asphalt, junction_x)
    for side in (-1, 1):
        (_build if profile.is_city else _plant)(draft, profile, side, junction_x)
    if profile.is_city:
        _hang_signs(draft, profile, crossings)
    if varied and rng.random() < 0.25:
        _dig_up(draft, profile)
    middles = [profile.median_m / 2 + (i + 0.5) * profile.lane_m for i in range(profile.lanes)]
    lanes = tuple(Lane(side * y, side * way) for side in (-1, 1) for y in middles)
    length_m = WHOLE_M[1] - WHOLE_M[0]
    lot = Lot(length_m, 2 * profile.edge_m, tuple(bays), tuple(draft.patches), (), (), (), is_street=True)
    roads = (Road((WHOLE_M[0], 0.0), (WHOLE_M[1], 0.0), profile.lane_m),)
    land = rng.choice(LANDS[:2] if not profile.is_city else LANDS) * rng.uniform(0.7, 1.3)
    around = Surroundings(land, (), tuple(draft.trees), tuple(draft.lamps), tuple(draft.houses), roads, tuple(draft.signs))
    return Street(lot, camera, around, lanes, profile, crossings)


def _draw_profile(rng: np.random.Generator, *, kerbside: bool) -> Profile:
    if not kerbside and rng.random() < 0.22:
        return Profile(int(rng.integers(2, 5)), rng.uniform(3.4, 3.8), rng.uniform(1, 6), ("", ""), rng.uniform(1.5, 3.5), is_city=False)
    kinds = ["", "parallel", "angled"]
    parking = [str(kind) for kind in rng.choice(kinds, 2, p=[0.15, 0.45, 0.4] if kerbside else [0.65, 0.3, 0.05])]
    if kerbside and parking == ["", ""]:
        parking[rng.integers(2)] = str(rng.choice(kinds[1:]))
    lanes = 1 if kerbside else int(rng.choice([1, 2, 3], p=[0.55, 0.35, 0.1]))
    median_m = rng.uniform(1, 3) if lanes > 1 and rng.random() < 0.3 else 0.0
    return Profile(lanes, rng.uniform(2.8, 3.7), median_m, (parking[0], parking[1]), rng.uniform(1.5, 8), is_city=True)


def _draw_camera(rng: np.random.Generator, profile: Profile, *, kerbside: bool) -> Pinhole:
    """On a pole at the kerb or on a bridge over the lanes."""
    side, is_wide = int(rng.choice([-1, 1])), kerbside and rng.random() < 0.5
    y = side * (profile.kerb_m(side) + rng.uniform(0.3, 1.4)) if rng.random() < 0.75 else rng.uniform(-1, 1) * profile.edge_m
    height_m = rng.uniform(5.2, 12 if kerbside or not profile.is_city else 9)
    if rng.random() < 0.85:  # along the street
        aim = rng.uniform(16, 50), rng.uniform(-0.9, 0.9) * profile.edge_m
    else:
        aim = rng.uniform(4, 10), -side * profile.edge_m * rng.uniform(0.3, 1.5)
    away_m = float(np.hypot(aim[0], aim[1] - y))
    width_px, height_px = (480, 360) if is_wide else (352, 288) if rng.random() < 0.6 else draw_size(rng)
    return Pinhole(
        x=0.0,
        y=y,
        height_m=height_m,
        azimuth=float(np.arctan2(aim[1] - y, aim[0])),
        pitch=float(np.arctan2(height_m, away_m)) * rng.uniform(0.8, 1.3),
        roll=rng.normal(0, 0.08 if is_wide else 0.02),
        focal=rng.uniform(0.42, 0.65) if is_wide else rng.uniform(0.7, 1.4),
        width_px=width_px,
        height_px=height_px,
        bulge=rng.uniform(0, 0.5) if is_wide else 0.0,
    )


def _is_clear(bay: Bay, junction_x: float | None) -> bool:
    return junction_x is None or abs(bay.x - junction_x) > 9


def _pave(draft: SurroundingsDraft, profile: Profile, asphalt: Array, junction_x: float | None) -> None:
    """Pavements, kerbs, the surface of the lanes with its repairs, and of a street that crosses."""
    rng, (start, end) = draft.rng, WHOLE_M
    low, high = -profile.kerb_m(-1), profile.kerb_m(1)
    slabs = draft.pavement if profile.is_city else asphalt * rng.uniform(0.7, 1.2)
    draft.patches.append(Patch(rectangle(start, low - profile.pavement_m, end, high + profile.pavement_m), slabs))
    if junction_x is not None:
        draft.patches.append(Patch(rectangle(junction_x - 5, -90, junction_x + 5, 90), asphalt * rng.uniform(0.8, 1.2)))
    draft.patches.append(Patch(rectangle(start, low - 0.2, end, high + 0.2), rgb(0.40, 0.39, 0.37)))
    draft.patches.append(Patch(rectangle(start, low, end, high), asphalt))
    for _ in range(rng.integers(0, 12)):
        x, y = rng.uniform(0, 80), rng.uniform(low, high - 2)
        draft.patches.append(Patch(rectangle(x, y, x + rng.uniform(1, 20), y + rng.uniform(0.5, 2)), asphalt * rng.uniform(0.7, 1.3)))
    if profile.median_m:
        half = profile.median_m / 2
        grass = rgb(0.08, 0.12, 0.03) if profile.median_m > 2 else draft.pavement
        draft.patches.append(Patch(rectangle(start, -half, end, half), grass))
    if junction_x is not None:
        draft.patches.append(Patch(rectangle(junction_x - 5, low - 0.5, junction_x + 5, high + 0.5), asphalt))


def _paint_lanes(draft: SurroundingsDraft, profile: Profile, asphalt: Array) -> None:
    """Dashes between lanes, a line or dashes in the middle, lines at the edges, and sometimes bus lanes."""
    rng, (start, end), half = draft.rng, WHOLE_M, profile.median_m / 2
    paint = mix(asphalt, WHITE_PAINT, rng.uniform(0.15, 1.0))
    has_bus_lanes = profile.is_city and profile.lanes > 1 and rng.random() < 0.35
    bus_lane = mix(asphalt, (BUS_RED, BUS_GREEN)[rng.integers(2)], rng.uniform(0.4, 0.9))
    for side in (-1, 1):
        for i in range(1, profile.lanes):
            y = side * (half + i * profile.lane_m)
            if has_bus_lanes and i == profile.lanes - 1:
                draft.patches.append(Patch(rectangle(start, min(y, side * profile.edge_m), end, max(y, side * profile.edge_m)), bus_lane))
            for x in np.arange(start, end, 8.0).tolist():
                draft.patches.append(line_patch((x, y), (x + 3, y), width_m=0.13, albedo=paint, under=asphalt))
        if rng.random() < 0.6:
            edge, y = YELLOW_PAINT if rng.random() < 0.4 and profile.is_city else paint, side * (profile.edge_m - 0.25)
            draft.patches.append(line_patch((start, y), (end, y), width_m=0.12, albedo=edge, under=asphalt))
    if not profile.median_m and rng.random() < 0.8:
        dash_m = rng.choice([3.0, 6.0])
        for x in np.arange(start, end, 6.0).tolist():
            draft.patches.append(line_patch((x, 0), (x + dash_m, 0), width_m=0.13, albedo=paint, under=asphalt))


def _draw_bays(draft: SurroundingsDraft, profile: Profile, asphalt: Array, side: int) -> list[Bay]:
    """The bays at the kerb on a side, with their lines unless they have none."""
    rng, kind = draft.rng, profile.parking[side > 0]
    if not kind:
        return []
    fresh = (WHITE_PAINT, YELLOW_PAINT, BLUE_PAINT)[rng.choice(3, p=[0.8, 0.1, 0.1])]
    paint, has_lines = mix(asphalt, fresh, rng.uniform(0.2, 1.0)), rng.random() < 0.8
    slant = np.pi / 2 if kind == "angled" and rng.random() < 0.4 else np.radians(rng.choice([45, 60, 120, 135]))
    step_m, heading = rng.uniform(5.3, 6.3), 0.0
    if kind == "angled":
        step_m, heading = 2.5 / float(np.sin(slant)), float(side * slant)
    lean_m = 0.0 if kind == "parallel" else 5.0 / float(np.tan(slant))
    near, far = profile.edge_m, profile.kerb_m(side)
    bays = []
    for x in np.arange(-6, 110, step_m).tolist():
        if has_lines:
            draft.patches.append(
                line_patch((x - lean_m / 2, side * near), (x + lean_m / 2, side * far), width_m=0.12, albedo=paint, under=asphalt)
            )
        bays.append(Bay(x + step_m / 2, side * (near + far) / 2, heading))
    if has_lines and rng.random() < 0.5:
        draft.patches.append(line_patch((-6, side * near), (110, side * near), width_m=0.12, albedo=paint, under=asphalt))
    return bays


def _draw_crossings(draft: SurroundingsDraft, profile: Profile, asphalt: Array, junction_x: float | None) -> tuple[float, ...]:
    """Zebra crossings, at the junction or anywhere, and the yellow grid of a junction."""
    rng, paint, xs = draft.rng, mix(asphalt, WHITE_PAINT, draft.rng.uniform(0.4, 1.0)), []
    if profile.is_city and rng.random() < 0.55:
        xs = [rng.uniform(10, 45) if junction_x is None else junction_x - 9]
    for x in xs:
        for y in np.arange(-profile.edge_m + 0.2, profile.edge_m - 0.4, 1.0).tolist():
            draft.patches.append(Patch(rectangle(x - 1.5, y, x + 1.5, y + 0.5), paint, 0.5, asphalt))
    if junction_x is not None and rng.random() < 0.5:
        for s in np.arange(-5, 5, 1.6).tolist():
            for sign in (-1, 1):
                ends = (junction_x + s, -profile.edge_m), (junction_x + s + sign * 3, profile.edge_m)
                draft.patches.append(line_patch(*ends, width_m=0.12, albedo=mix(asphalt, YELLOW_PAINT, 0.8), under=asphalt))
    return tuple(xs)


def _build(draft: SurroundingsDraft, profile: Profile, side: int, junction_x: float | None) -> None:
    """Houses close to the pavement, with shops, and trees and lamps at the kerb."""
    rng, front, x = draft.rng, profile.kerb_m(side) + profile.pavement_m, WHOLE_M[0] + 8
    eaves_m, has_trees, has_gaps = rng.uniform(5, 22), rng.random() < 0.4, rng.random() < 0.3
    while x < WHOLE_M[1]:
        length_m, depth_m, height_m = rng.uniform(7, 20), 12.0, eaves_m * rng.uniform(0.75, 1.3)
        middle = x + length_m / 2
        if junction_x is None or abs(middle - junction_x) > 7 + length_m / 2:
            wall = (rng.choice(WALLS) * rng.uniform(0.6, 1.2)).astype(np.float32)
            size_m, storeys = (length_m, depth_m, height_m), max(1, int(height_m / 3.2))
            draft.houses.append(
                House(middle, side * (front + depth_m / 2), 0.0, size_m, wall, rng.choice(ROOFS), storeys, int(rng.integers(2**31)))
            )
            if rng.random() < 0.5:
                shop = (rng.uniform(0.02, 0.5) * rng.uniform(0.5, 1.2, 3)).astype(np.float32)
                size_m = (length_m * 0.9, 0.8, 3.3)
                draft.houses.append(House(middle, side * (front - 0.2), 0.0, size_m, shop, shop, 1, int(rng.integers(2**31))))
        x += length_m + (rng.uniform(3, 20) if has_gaps and rng.random() < 0.3 else 0.0)
    at_kerb = side * (profile.kerb_m(side) + 0.9)
    for x in np.arange(rng.uniform(8, 20), 150, rng.uniform(9, 25)).tolist():
        if has_trees:
            draft.add_tree((x, at_kerb), crown_m=rng.uniform(1.3, 3.2))
    for x in np.arange(rng.uniform(10, 30), 150, rng.uniform(18, 35)).tolist():
        draft.add_lamp((x, at_kerb), height_m=rng.uniform(6.5, 9))


def _hang_signs(draft: SurroundingsDraft, profile: Profile, crossings: tuple[float, ...]) -> None:
    """Traffic lights at the crossings and elsewhere, posts at the kerb, and lit signs on the houses."""
    rng, signs = draft.rng, draft.signs
    for x in [*crossings, *rng.uniform(6, 60, rng.integers(0, 4)).tolist()]:
        for side in (-1, 1):
            y, glow = side * (profile.kerb_m(side) + 0.6), (SIGNAL_RED, SIGNAL_GREEN)[rng.integers(2)]
            if draft.camera.distance_to(x, y) > 5:
                signs.append(Sign(x, y, 3.0, (0.18, 0.5), SIGNAL_BLACK, glow, 0.5, has_post=True))
    for x in rng.uniform(8, 70, rng.integers(0, 9)).tolist():
        side, plate = int(rng.choice([-1, 1])), rng.uniform(0.02, 0.6, 3).astype(np.float32)
        at, size_m = (x, side * (profile.kerb_m(side) + rng.uniform(0.5, 1.5))), (rng.uniform(0.1, 0.45), rng.uniform(0.2, 0.9))
        if draft.camera.distance_to(*at) > 8:
            signs.append(Sign(*at, rng.uniform(1.0, 2.8), size_m, plate, plate * 0.5, 0.8, has_post=True))
    for x in rng.uniform(8, 110, int(rng.choice([0, 8, 30]))).tolist():
        side, glow = int(rng.choice([-1, 1])), (rng.choice(SIGN_GLOWS) * rng.uniform(0.5, 2.5)).astype(np.float32)
        y = side * (profile.kerb_m(side) + profile.pavement_m - 0.7)
        size_m = rng.uniform(0.2, 2.0), rng.uniform(0.15, 0.7)
        signs.append(Sign(x, y, rng.uniform(2.5, 5.5), size_m, glow * 0.2, glow, 0.85, has_post=False))


def _dig_up(draft: SurroundingsDraft, profile: Profile) -> None:
    """Adds roadworks at a kerb: a row of barriers, skips or cabins. None of them is a vehicle."""
    rng, side, x = draft.rng, int(draft.rng.choice([-1, 1])), draft.rng.uniform(8, 45)
    y = side * (profile.edge_m + rng.uniform(-0.8, 1.0))
    paints, size_m = rng.choice(WORKS_PAINTS, 2), WORKS_SIZES_M[rng.integers(len(WORKS_SIZES_M))]
    for number in range(rng.integers(3, 20)):
        draft.add_box((x, y), turn=rng.normal(0, 0.03), size_m=size_m, paint=paints[number % 2])
        x += size_m[0] + rng.choice([0.05, 1.0])


def _plant(draft: SurroundingsDraft, profile: Profile, side: int, _junction_x: float | None) -> None:
    """Trees, bushes or meadows along a highway, and its lamps."""
    rng, edge = draft.rng, profile.kerb_m(side) + profile.pavement_m
    for x in np.arange(-10, 170, rng.uniform(3, 14)).tolist():
        if rng.random() < 0.8:
            leaf = (draft.leaf * rng.uniform(0.7, 1.3, 3)).astype(np.float32)
            crown_m, seed = rng.uniform(1, 3.5), int(rng.integers(2**31))
            at = x, side * (edge + rng.uniform(4.5, 16))
            if draft.camera.distance_to(*at) > 8:
                draft.trees.append(Tree(*at, rng.uniform(0.2, 3), crown_m, leaf, draft.bare, seed))
    if rng.random() < 0.5:
        for x in np.arange(15, 170, 35).tolist():
            draft.add_lamp((x, side * (edge + 0.6)), height_m=10)
