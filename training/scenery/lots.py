"""The car park itself: rows of bays, the paint between them, islands with kerbs. Pure data, metres, row by row along x."""

from dataclasses import dataclass, field

import numpy as np

from training.scenery.light import mix, rgb
from training.scenery.pinhole import Array

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bay:
    """A place for one car."""

    x: float
    y: float
    heading: float                  # of a car that drove in nose first


@dataclass(frozen=True, slots=True)
class Patch:
    """Something flat on the ground; later patches cover earlier ones."""

    outline: tuple[Point, ...]
    albedo: Array                   # (3,) linear
    thin_m: float = 0.0             # width of a line, which fades into `under` where it is thinner than a pixel
    under: Array | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """A rectangle of asphalt from (0, 0) to (length_m, depth_m) and what is painted on it."""

    length_m: float
    depth_m: float
    asphalt: Array                  # (3,) albedo
    paint: Array
    bays: tuple[Bay, ...]
    aisles: tuple[float, ...]       # y of their middles
    patches: tuple[Patch, ...]
    spots: tuple[Point, ...]        # islands: where a tree or a lamp may stand
    joints: tuple[float, ...]       # y of the lines between back-to-back rows


@dataclass(slots=True)
class _Style:
    slant: float                    # degrees between bay and aisle
    width_m: float
    depth_m: float                  # of a row, square to the aisle
    aisle_m: float
    median_m: float
    marks: str                      # lines, hairpins, tees
    line_m: float
    asphalt: Array
    paint: Array
    kerb: Array
    planting: Array
    bays: list[Bay] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    spots: list[Point] = field(default_factory=list)


PLANTINGS = (rgb(0.055, 0.11, 0.025), rgb(0.09, 0.13, 0.035), rgb(0.16, 0.10, 0.06), rgb(0.22, 0.20, 0.17), rgb(0.20, 0.08, 0.05))


def draw_asphalt(rng: np.random.Generator) -> Array:
    """Albedo of a road surface: fresh and black, old and grey, concrete, or reddish."""
    tint = [rgb(1, 1, 1.03), rgb(1.06, 1, 0.92), rgb(1.18, 1, 0.86), rgb(0.95, 1, 1.06)][rng.choice(4, p=[0.5, 0.25, 0.1, 0.15])]
    return np.asarray(tint * np.exp(rng.uniform(np.log(0.045), np.log(0.30))), np.float32)


def _draw_style(rng: np.random.Generator) -> _Style:
    slant = float(rng.choice([90, 60, 45], p=[0.7, 0.18, 0.12]))
    asphalt, width = draw_asphalt(rng), float(rng.uniform(2.4, 2.85))
    fresh = [rgb(0.80, 0.80, 0.77), rgb(0.68, 0.46, 0.07), rgb(0.80, 0.72, 0.45)][rng.choice(3, p=[0.7, 0.22, 0.08])]
    sin, cos = np.sin(np.radians(slant)), np.cos(np.radians(slant))
    return _Style(
        slant=slant, width_m=width, depth_m=float(rng.uniform(4.7, 5.3) * sin + 0.7 * width * cos),
        aisle_m=float(rng.uniform(5.8, 7.6) if slant == 90 else rng.uniform(4.2, 6.2)),
        median_m=float(rng.choice([0.0, rng.uniform(1.2, 3.5)], p=[0.65, 0.35])),
        marks=str(rng.choice(["lines", "hairpins", "tees"], p=[0.65, 0.15, 0.2])), line_m=float(rng.uniform(0.09, 0.15)),
        asphalt=asphalt, paint=mix(asphalt, fresh, float(rng.uniform(0.45, 1.0))),
        kerb=rgb(0.42, 0.41, 0.39) * float(rng.uniform(0.7, 1.3)), planting=PLANTINGS[rng.choice(len(PLANTINGS), p=[0.4, 0.3, 0.12, 0.1, 0.08])],
    )


def line(start: Point, end: Point, *, width_m: float, albedo: Array, under: Array) -> Patch:
    """A painted line."""
    (x0, y0), (x1, y1) = start, end
    length = float(np.hypot(x1 - x0, y1 - y0)) + 1e-6
    nx, ny = -(y1 - y0) / length * width_m / 2, (x1 - x0) / length * width_m / 2
    return Patch(((x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)), albedo, width_m, under)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> tuple[Point, ...]:
    """Four corners."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _island(style: _Style, outline: list[Point]) -> None:
    """A kerb around planting, in the place of a bay or between rows."""
    cx, cy = float(np.mean([x for x, _ in outline])), float(np.mean([y for _, y in outline]))
    for share, albedo in ((0.96, style.kerb), (0.86, style.planting)):
        style.patches.append(Patch(tuple((cx + (x - cx) * share, cy + (y - cy) * share) for x, y in outline), albedo))
    style.spots.append((cx, cy))


def _mark_bay(style: _Style, mouth: Point, back: Point, *, along: Point) -> None:
    """The paint on one side of a bay: from its mouth at the aisle to its back; `along` is a unit vector along the row."""
    (x0, y0), (x1, y1), (ux, uy) = mouth, back, along
    if style.marks == "hairpins":
        for s in (-0.22, 0.22):
            style.patches.append(line((x0 + ux * s, y0 + uy * s), (x1 + ux * s, y1 + uy * s), width_m=style.line_m, albedo=style.paint, under=style.asphalt))
        return
    style.patches.append(line(mouth, back, width_m=style.line_m, albedo=style.paint, under=style.asphalt))
    if style.marks == "tees":
        style.patches.append(line((x0 - ux * 0.5, y0 - uy * 0.5), (x0 + ux * 0.5, y0 + uy * 0.5), width_m=style.line_m, albedo=style.paint, under=style.asphalt))


def _add_row(rng: np.random.Generator, style: _Style, mouth_y: float, *, sign: int, length_m: float) -> None:
    """One row of bays that open to the aisle at `mouth_y`; sign +1 when cars drive in towards +y."""
    radians = np.radians(style.slant)
    step, shift = style.width_m / float(np.sin(radians)), style.depth_m / float(np.tan(radians)) if style.slant < 90 else 0.0
    count = int((length_m - abs(shift) - 2) / step)
    start = (length_m - abs(shift) - count * step) / 2
    back_y, heading = mouth_y + sign * style.depth_m, float(np.arctan2(sign * np.sin(radians), np.cos(radians)))
    every = int(rng.choice([0, 0, int(rng.integers(7, 16))]))
    ends = rng.random() < 0.5
    for i in range(count + 1):
        x = start + i * step
        _mark_bay(style, (x, mouth_y), (x + shift, back_y), along=(1.0, 0.0))
        if i == count:
            continue
        outline = [(x, mouth_y), (x + step, mouth_y), (x + step + shift, back_y), (x + shift, back_y)]
        if (ends and i in (0, count - 1)) or (every and i % every == every - 1):
            _island(style, outline)
            continue
        if rng.random() < 0.4:
            _stain(rng, style, x + step / 2 + shift / 2, (mouth_y + back_y) / 2)
        if rng.random() < 0.02:
            style.patches.append(Patch(tuple((x + step / 2 + (a - x - step / 2) * 0.85, b) for a, b in outline), rgb(0.05, 0.14, 0.38) * 0.8 + 0.2 * style.asphalt))
        style.bays.append(Bay(x + step / 2 + shift * 0.47, mouth_y + sign * style.depth_m * 0.49, heading))
    style.patches.append(line((start + shift, back_y), (start + shift + count * step, back_y), width_m=style.line_m, albedo=style.paint, under=style.asphalt))


def _stain(rng: np.random.Generator, style: _Style, x: float, y: float) -> None:
    """A patch of dripped oil."""
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    radii, grey = rng.uniform(0.2, 0.7, 8), float(rng.uniform(0.72, 0.95))
    style.patches.append(Patch(tuple((x + float(r * np.cos(a)), y + float(r * 1.6 * np.sin(a))) for r, a in zip(radii, angles, strict=True)), style.asphalt * grey))


def _wear(rng: np.random.Generator, style: _Style, *, length_m: float, depth_m: float) -> None:
    """Repairs and sealed cracks of the asphalt, under the paint."""
    for _ in range(int(rng.integers(0, 7))):
        x, y, w, h = rng.uniform(0, length_m), rng.uniform(0, depth_m), rng.uniform(2, 14), rng.uniform(1, 7)
        style.patches.append(Patch(rectangle(float(x), float(y), float(x + w), float(y + h)), style.asphalt * float(rng.uniform(0.72, 1.25))))
    for _ in range(int(rng.choice([0, 6, 24]))):
        x, y, turn = rng.uniform(0, length_m), rng.uniform(0, depth_m), rng.uniform(0, 2 * np.pi)
        for _ in range(6):
            turn += rng.uniform(-0.7, 0.7)
            x1, y1 = x + 2.5 * np.cos(turn), y + 2.5 * np.sin(turn)
            style.patches.append(line((float(x), float(y)), (float(x1), float(y1)), width_m=0.09, albedo=style.asphalt * 0.45, under=style.asphalt))
            x, y = x1, y1


def _arrow(style: _Style, x: float, y: float, *, sign: int) -> None:
    shaft = ((x - 1.4 * sign, y - 0.08), (x + 0.2 * sign, y - 0.08), (x + 0.2 * sign, y + 0.08), (x - 1.4 * sign, y + 0.08))
    head = ((x + 0.2 * sign, y - 0.4), (x + 1.2 * sign, y), (x + 0.2 * sign, y + 0.4))
    style.patches.extend([Patch(shaft, style.paint, 0.16, style.asphalt), Patch(head, style.paint, 0.4, style.asphalt)])


def draw_lot(rng: np.random.Generator, *, length_m: float, modules: int) -> Lot:
    """A car park of `modules` aisles, each with a row of bays on either side."""
    style = _draw_style(rng)
    depth_m = modules * (2 * style.depth_m + style.aisle_m) + (modules - 1) * style.median_m
    style.patches.append(Patch(rectangle(-0.35, -0.35, length_m + 0.35, depth_m + 0.35), style.kerb))
    style.patches.append(Patch(rectangle(0, 0, length_m, depth_m), style.asphalt))
    _wear(rng, style, length_m=length_m, depth_m=depth_m)
    aisles, joints, y = [], [], 0.0
    arrows = rng.random() < 0.5
    for module in range(modules):
        _add_row(rng, style, y + style.depth_m, sign=-1, length_m=length_m)
        aisles.append(y + style.depth_m + style.aisle_m / 2)
        _add_row(rng, style, y + style.depth_m + style.aisle_m, sign=1, length_m=length_m)
        if arrows:
            for x in np.arange(8, length_m - 4, 16):
                _arrow(style, float(x), aisles[-1], sign=1 if module % 2 else -1)
        y += 2 * style.depth_m + style.aisle_m
        if module < modules - 1:
            joints.append(y + style.median_m / 2)
            if style.median_m:
                _island(style, list(rectangle(3, y, length_m - 3, y + style.median_m)))
        y += style.median_m
    return Lot(length_m, depth_m, style.asphalt, style.paint, tuple(style.bays), tuple(aisles), tuple(style.patches), tuple(style.spots), tuple(joints))
