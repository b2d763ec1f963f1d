"""The car park itself: rows of bays along x, painted lines, islands with kerbs. Pure data, in metres."""

from dataclasses import dataclass, field
from itertools import compress, pairwise

import numpy as np

from training.sample.scenery.light import mix, rgb
from training.sample.scenery.pinhole import Array

Point = tuple[float, float]
Outline = tuple[Point, ...]

WHITE_PAINT, YELLOW_PAINT, CREAM_PAINT = rgb(0.80, 0.80, 0.77), rgb(0.68, 0.46, 0.07), rgb(0.80, 0.72, 0.45)
BLUE_PAINT = rgb(0.06, 0.22, 0.60)
DISABLED_BLUE = rgb(0.05, 0.14, 0.38)
TINTS = np.array([(1, 1, 1.03), (1.06, 1, 0.92), (1.18, 1, 0.86), (0.95, 1, 1.06), (1.7, 0.95, 0.75), (1.35, 1.05, 0.7)], np.float32)
PLANTINGS = (rgb(0.055, 0.11, 0.025), rgb(0.09, 0.13, 0.035), rgb(0.16, 0.10, 0.06), rgb(0.22, 0.20, 0.17), rgb(0.20, 0.08, 0.05))


@dataclass(frozen=True, slots=True)
class Bay:
    """A place for one car."""

    x: float
    y: float
    heading: float  # radians, of a car that drove in nose first

    def at(self, along_m: float, across_m: float) -> Point:
        """The point so far ahead of the middle of the bay and to the left of it, as a car that drove in nose first looks."""
        cos, sin = float(np.cos(self.heading)), float(np.sin(self.heading))
        return self.x + along_m * cos - across_m * sin, self.y + along_m * sin + across_m * cos


@dataclass(frozen=True, slots=True)
class Patch:
    """A flat shape on the ground. Later patches cover earlier ones."""

    outline: Outline
    albedo: Array  # (3,) linear
    thin_m: float = 0.0  # width of a line, which fades into `under` if it is thinner than a pixel
    under: Array | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """A rectangle of asphalt from (0, 0) to (length_m, depth_m), with its bays and paint."""

    length_m: float
    depth_m: float
    bays: tuple[Bay, ...]
    patches: tuple[Patch, ...]
    aisles: tuple[float, ...]  # y of their middles
    joints: tuple[float, ...]  # y of the lines between back-to-back rows
    islands: tuple[Point, ...]  # where a tree may stand
    is_street: bool = False  # bays at the kerb, or none, and houses close on both sides


@dataclass(slots=True)
class _LotDraft:
    """A lot while it is drawn: its style, and what has been drawn so far."""

    slant: float  # radians between bay and aisle
    bay_m: float  # width of a bay
    row_m: float  # depth of a row, square to the aisle
    aisle_m: float
    median_m: float  # between back-to-back rows
    marks: str  # lines, hairpins, tees, or none
    line_m: float
    asphalt: Array
    paint: Array
    kerb: Array
    planting: Array
    bays: list[Bay] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    islands: list[Point] = field(default_factory=list)

    def line(self, start: Point, end: Point) -> None:
        """Paints a line."""
        self.patches.append(line_patch(start, end, width_m=self.line_m, albedo=self.paint, under=self.asphalt))


def draw_asphalt(rng: np.random.Generator) -> Array:
    """The albedo of a surface: fresh and black, old and grey, concrete, brick, or sand."""
    tint: Array = rng.choice(TINTS, p=[0.46, 0.24, 0.1, 0.12, 0.04, 0.04])
    return tint * np.float32(np.exp(rng.uniform(np.log(0.045), np.log(0.42))))


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Outline:
    """The four corners of a rectangle."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def line_patch(start: Point, end: Point, *, width_m: float, albedo: Array, under: Array) -> Patch:
    """A line painted on a surface of albedo `under`."""
    (x0, y0), (x1, y1) = start, end
    half = width_m / 2 / (float(np.hypot(x1 - x0, y1 - y0)) + 1e-6)
    nx, ny = (y0 - y1) * half, (x1 - x0) * half
    return Patch(((x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)), albedo, width_m, under)


def draw_lot(rng: np.random.Generator, *, length_m: float, modules: int, irregular: bool = False) -> Lot:
    """A car park of `modules` aisles, each with a row of bays on either side.

    An `irregular` one may have wide aisles, and may lack some of its rows: asphalt without bays is not free bays.
    """
    draft = _start_draft(rng)
    if irregular and rng.random() < 0.4:
        draft.aisle_m = rng.uniform(6, 15)
    module_m = 2 * draft.row_m + draft.aisle_m
    depth_m = modules * module_m + (modules - 1) * draft.median_m
    draft.patches.append(Patch(rectangle(-0.35, -0.35, length_m + 0.35, depth_m + 0.35), draft.kerb))
    draft.patches.append(Patch(rectangle(0, 0, length_m, depth_m), draft.asphalt))
    _wear(rng, draft, length_m=length_m, depth_m=depth_m)
    starts = [module * (module_m + draft.median_m) for module in range(modules)]
    aisles, joints = [y + module_m / 2 for y in starts], [y - draft.median_m / 2 for y in starts[1:]]
    mouths = [(y + draft.row_m, -1) for y in starts] + [(y + draft.row_m + draft.aisle_m, 1) for y in starts]
    if irregular and rng.random() < 0.6:
        is_there = rng.random(len(mouths)) >= 0.4
        is_there[rng.integers(len(mouths))] = True
        mouths = list(compress(mouths, is_there))
    for mouth_y, sign in mouths:
        _add_row(rng, draft, mouth_y, sign=sign, length_m=length_m)
    if draft.median_m:
        for y in joints:
            _island(draft, rectangle(3, y - draft.median_m / 2, length_m - 3, y + draft.median_m / 2))
    if rng.random() < 0.3:
        for y in aisles:
            _zebra(draft, rng.uniform(2, length_m - 6), y)
    if rng.random() < 0.5:
        for i, y in enumerate(aisles):
            for x in np.arange(8, length_m - 4, 16).tolist():
                _arrow(draft, x, y, sign=1 if i % 2 else -1)
    return Lot(length_m, depth_m, tuple(draft.bays), tuple(draft.patches), tuple(aisles), tuple(joints), tuple(draft.islands))


def _start_draft(rng: np.random.Generator) -> _LotDraft:
    slant = float(np.radians(rng.choice([90, 60, 45, 120], p=[0.68, 0.14, 0.09, 0.09])))
    asphalt, bay_m, is_straight = draw_asphalt(rng), rng.uniform(2.3, 2.85), abs(slant - np.pi / 2) < 0.1
    fresh = (WHITE_PAINT, YELLOW_PAINT, CREAM_PAINT, BLUE_PAINT)[rng.choice(4, p=[0.68, 0.2, 0.06, 0.06])]
    return _LotDraft(
        slant=slant,
        bay_m=bay_m,
        row_m=rng.uniform(4.7, 5.3) * float(np.sin(slant)) + 0.7 * bay_m * abs(float(np.cos(slant))),
        aisle_m=rng.uniform(5.8, 7.6) if is_straight else rng.uniform(4.2, 6.2),  # slanted bays need less room to turn
        median_m=rng.uniform(1.2, 3.5) if rng.random() < 0.35 else 0.0,
        marks=str(rng.choice(["lines", "hairpins", "tees", "none"], p=[0.62, 0.13, 0.15, 0.1])),
        line_m=rng.uniform(0.09, 0.15),
        asphalt=asphalt,
        paint=mix(asphalt, fresh, rng.uniform(0.08, 1.0)),  # worn or fresh
        kerb=rgb(0.42, 0.41, 0.39) * rng.uniform(0.7, 1.3),
        planting=PLANTINGS[rng.choice(len(PLANTINGS), p=[0.4, 0.3, 0.12, 0.1, 0.08])],
    )


def _add_row(rng: np.random.Generator, draft: _LotDraft, mouth_y: float, *, sign: int, length_m: float) -> None:
    """Adds a row of bays that open to the aisle at `mouth_y`; `sign` is +1 if cars drive in towards +y."""
    step, shift = draft.bay_m / float(np.sin(draft.slant)), draft.row_m / float(np.tan(draft.slant))
    back_y, heading = mouth_y + sign * draft.row_m, float(np.arctan2(sign * np.sin(draft.slant), np.cos(draft.slant)))
    count = int((length_m - abs(shift) - 2) / step)
    start = (length_m - shift - count * step) / 2
    islands = set(rng.choice([0, count - 1], 2 * int(rng.random() < 0.5)).tolist())
    if rng.random() < 0.35:
        islands |= set(range(6, count, int(rng.integers(7, 16))))
    if draft.marks != "none":
        draft.line((start + shift, back_y), (start + shift + count * step, back_y))
    for i in range(count + 1):
        x = start + i * step
        _mark(draft, (x, mouth_y), (x + shift, back_y))
        if i in islands:
            _island(draft, ((x, mouth_y), (x + step, mouth_y), (x + step + shift, back_y), (x + shift, back_y)))
        elif i < count:
            _add_bay(rng, draft, Bay(x + step / 2 + shift * 0.47, mouth_y + sign * draft.row_m * 0.49, heading))


def _add_bay(rng: np.random.Generator, draft: _LotDraft, bay: Bay) -> None:
    """Adds a bay, sometimes with oil stains or in the blue of a disabled bay."""
    draft.bays.append(bay)
    if rng.random() < 0.02:
        along, across = 2.2, 0.42 * draft.bay_m
        outline = (bay.at(along, across), bay.at(along, -across), bay.at(-along, -across), bay.at(-along, across))
        draft.patches.append(Patch(outline, mix(draft.asphalt, DISABLED_BLUE, 0.8)))
    elif rng.random() < 0.04:
        draft.line(bay.at(-2.2, 1), bay.at(2.2, -1))
        draft.line(bay.at(-2.2, -1), bay.at(2.2, 1))
    elif rng.random() < 0.4:
        angles, radii = np.linspace(0, 2 * np.pi, 8, endpoint=False), rng.uniform(0.2, 0.7, 8)
        blot = zip((bay.x + radii * np.cos(angles)).tolist(), (bay.y + 1.6 * radii * np.sin(angles)).tolist(), strict=True)
        draft.patches.append(Patch(tuple(blot), draft.asphalt * rng.uniform(0.72, 0.95)))


def _mark(draft: _LotDraft, mouth: Point, back: Point) -> None:
    """Paints the line between two bays, from the aisle to their back."""
    (x0, y0), (x1, y1) = mouth, back
    if draft.marks == "none":
        return
    if draft.marks == "hairpins":
        for shift in (-0.22, 0.22):
            draft.line((x0 + shift, y0), (x1 + shift, y1))
    else:
        draft.line(mouth, back)
    if draft.marks == "tees":
        draft.line((x0 - 0.5, y0), (x0 + 0.5, y0))


def _island(draft: _LotDraft, outline: Outline) -> None:
    """Adds planting with a kerb, in place of a bay or between rows."""
    middle = np.mean(outline, axis=0)
    for share, albedo in ((0.96, draft.kerb), (0.86, draft.planting)):
        inner = (middle + (np.array(outline) - middle) * share).tolist()
        draft.patches.append(Patch(tuple((x, y) for x, y in inner), albedo))
    draft.islands.append((float(middle[0]), float(middle[1])))


def _wear(rng: np.random.Generator, draft: _LotDraft, *, length_m: float, depth_m: float) -> None:
    """Adds repairs and sealed cracks of the asphalt, under the paint."""
    for _ in range(rng.integers(0, 7)):
        x, y = rng.uniform(0, length_m), rng.uniform(0, depth_m)
        outline = rectangle(x, y, x + rng.uniform(2, 14), y + rng.uniform(1, 7))
        draft.patches.append(Patch(outline, draft.asphalt * rng.uniform(0.72, 1.25)))
    for _ in range(rng.choice([0, 6, 24])):
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.uniform(-0.7, 0.7, 6))
        xs = rng.uniform(0, length_m) + np.cumsum(2.5 * np.cos(turns))
        ys = rng.uniform(0, depth_m) + np.cumsum(2.5 * np.sin(turns))
        for start, end in pairwise(zip(xs.tolist(), ys.tolist(), strict=True)):
            draft.patches.append(line_patch(start, end, width_m=0.09, albedo=draft.asphalt * 0.45, under=draft.asphalt))


def _zebra(draft: _LotDraft, x: float, y: float) -> None:
    """Paints a zebra crossing over the aisle with its middle at `y`."""
    for stripe_y in np.arange(y - draft.aisle_m / 2 + 0.3, y + draft.aisle_m / 2 - 0.4, 1.0).tolist():
        draft.patches.append(Patch(rectangle(x, stripe_y, x + 3, stripe_y + 0.5), mix(draft.asphalt, WHITE_PAINT, 0.8), 0.5, draft.asphalt))


def _arrow(draft: _LotDraft, x: float, y: float, *, sign: int) -> None:
    """Paints an arrow in an aisle; `sign` +1 points to +x."""
    shaft = rectangle(x - 1.4 * sign, y - 0.08, x + 0.2 * sign, y + 0.08)
    head = ((x + 0.2 * sign, y - 0.4), (x + 1.2 * sign, y), (x + 0.2 * sign, y + 0.4))
    draft.patches += [Patch(shaft, draft.paint, 0.16, draft.asphalt), Patch(head, draft.paint, 0.4, draft.asphalt)]
