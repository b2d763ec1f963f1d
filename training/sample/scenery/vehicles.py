"""Vehicles: cars of eight kinds, lorries, buses and motorbikes, with the proportions and colours of real ones."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from training.sample.scenery.light import rgb
from training.sample.scenery.pinhole import Array


@dataclass(frozen=True, slots=True)
class Shape:
    """The side view of a kind of car, in metres: x from the middle of the car to its front, z up from the road."""

    length: float
    width: float
    height: float
    nose_z: float  # front edge of the bonnet
    belt_z: float  # where the windows begin
    deck_z: float  # rear edge of the boot lid
    screen_x: float  # foot of the windscreen
    roof_x: tuple[float, float]  # rear and front edge of the roof
    tail_x: float  # foot of the rear window
    side_windows: tuple[tuple[float, float], ...]  # from rear to front, shares of the cabin's length
    window_rows: tuple[tuple[float, float], ...] = ((0.12, 0.86),)  # from bottom to top, shares of the cabin's height
    box: tuple[float, float, float] | None = None  # of a lorry: rear end, front end, height of its top

    @property
    def is_boxy(self) -> bool:
        """True for upright sides and no rear window, as of a van."""
        return self.height > 1.9


BUS_WINDOWS = tuple((0.01 + 0.165 * i, 0.15 + 0.165 * i) for i in range(6))
SHAPES = {
    "city": Shape(3.50, 1.65, 1.50, 0.84, 0.98, 0.98, 1.28, (-1.38, 0.34), -1.70, ((0.08, 0.42), (0.47, 0.93))),
    "hatchback": Shape(4.10, 1.78, 1.47, 0.80, 0.97, 1.00, 1.20, (-1.32, 0.14), -1.95, ((0.12, 0.44), (0.48, 0.92))),
    "saloon": Shape(4.70, 1.83, 1.45, 0.78, 0.96, 1.02, 1.16, (-1.02, 0.10), -1.98, ((0.18, 0.49), (0.53, 0.90))),
    "estate": Shape(4.70, 1.83, 1.49, 0.79, 0.97, 1.00, 1.14, (-1.80, 0.12), -2.26, ((0.06, 0.30), (0.34, 0.61), (0.65, 0.93))),
    "suv": Shape(4.50, 1.88, 1.67, 0.95, 1.12, 1.13, 1.22, (-1.62, 0.24), -2.14, ((0.08, 0.27), (0.31, 0.60), (0.64, 0.93))),
    "mpv": Shape(4.55, 1.84, 1.67, 0.84, 1.03, 1.03, 1.55, (-1.80, 0.42), -2.18, ((0.05, 0.30), (0.34, 0.62), (0.66, 0.90))),
    "van": Shape(4.95, 1.95, 1.97, 1.00, 1.16, 1.16, 1.80, (-2.38, 0.98), -2.43, ((0.74, 0.95),)),
    "pickup": Shape(5.15, 1.88, 1.77, 1.02, 1.12, 1.08, 1.05, (-0.62, 0.28), -0.84, ((0.08, 0.45), (0.50, 0.92))),
    "panel van": Shape(5.90, 2.05, 2.50, 1.10, 1.25, 1.25, 2.30, (-2.85, 1.50), -2.90, ((0.80, 0.95),)),
    "box van": Shape(6.40, 2.15, 3.10, 1.05, 1.20, 0.95, 2.60, (1.10, 1.75), 1.00, ((0.15, 0.85),), box=(-3.15, 1.05, 3.10)),
    "lorry": Shape(9.50, 2.50, 3.70, 1.30, 1.45, 1.05, 4.65, (2.70, 4.40), 2.60, ((0.30, 0.85),), box=(-4.70, 2.50, 3.70)),
    "bus": Shape(11.2, 2.50, 3.05, 1.05, 1.15, 1.15, 5.50, (-5.35, 5.30), -5.50, BUS_WINDOWS, ((0.08, 0.72),)),
    "double-decker": Shape(10.6, 2.50, 4.35, 1.05, 1.15, 1.15, 5.20, (-5.05, 5.00), -5.20, BUS_WINDOWS, ((0.04, 0.34), (0.55, 0.85))),
    "motorbike": Shape(2.10, 0.60, 1.55, 0.85, 0.95, 0.80, 0.30, (-0.45, -0.10), -0.55, ()),
}
KINDS = tuple(SHAPES)
PARKED = (0.12, 0.27, 0.15, 0.10, 0.21, 0.06, 0.04, 0.02, 0.025, 0.005, 0, 0, 0, 0)  # shares of KINDS
TRAFFIC = (0.09, 0.22, 0.15, 0.07, 0.16, 0.06, 0.04, 0.02, 0.05, 0.03, 0.03, 0.02, 0.02, 0.04)

# Linear albedo, and share among parked cars: about as in Britain, where three quarters are white, black, grey or silver.
COLOURS = (
    (rgb(0.76, 0.76, 0.75), 0.22),
    (rgb(0.013, 0.013, 0.015), 0.20),
    (rgb(0.11, 0.115, 0.12), 0.18),
    (rgb(0.42, 0.43, 0.44), 0.14),
    (rgb(0.03, 0.06, 0.17), 0.07),
    (rgb(0.07, 0.16, 0.34), 0.05),
    (rgb(0.34, 0.025, 0.02), 0.06),
    (rgb(0.15, 0.02, 0.025), 0.02),
    (rgb(0.25, 0.19, 0.13), 0.03),
    (rgb(0.03, 0.09, 0.05), 0.015),
    (rgb(0.65, 0.30, 0.03), 0.015),
)
COLOUR_SHARES = tuple(share for _, share in COLOURS)
BUS_COLOURS = (rgb(0.45, 0.02, 0.02), rgb(0.70, 0.70, 0.68), rgb(0.60, 0.13, 0.02), rgb(0.04, 0.12, 0.35), rgb(0.05, 0.25, 0.08))


@dataclass(frozen=True, slots=True)
class Car:
    """One car on the ground."""

    x: float
    y: float
    heading: float  # radians; where its nose points
    kind: int  # index into KINDS
    size: float  # 1.0 is the size of its kind
    albedo: tuple[float, float, float]
    lights_on: bool


def draw_car(
    rng: np.random.Generator, at: tuple[float, float], *, heading: float, lights_on: bool = False, shares: tuple[float, ...] = PARKED
) -> Car:
    """A vehicle of a random colour with its middle `at` a point. Its kind is drawn by its shares of KINDS."""
    kind = _choose(rng, shares)
    colour, _ = COLOURS[_choose(rng, COLOUR_SHARES)]
    if KINDS[kind] in ("van", "panel van", "box van", "lorry") and rng.random() < 0.65:
        colour, _ = COLOURS[0]
    if KINDS[kind] in ("bus", "double-decker"):
        colour = BUS_COLOURS[_choose(rng, (0.6, 0.1, 0.1, 0.1, 0.1))]
    red, green, blue = np.clip(colour * rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3), 0.01, 0.8).tolist()
    return Car(*at, heading, kind, rng.uniform(0.95, 1.05), (red, green, blue), lights_on)


def _choose(rng: np.random.Generator, shares: tuple[float, ...]) -> int:
    """A random index, drawn with these probabilities. NumPy's own `choice` takes ten times as long for so few."""
    return int(np.searchsorted(_cumulative(shares), rng.random(), side="right"))


@cache
def _cumulative(shares: tuple[float, ...]) -> Array:
    sums: Array = np.cumsum(shares)
    sums /= sums[-1]
    return sums
