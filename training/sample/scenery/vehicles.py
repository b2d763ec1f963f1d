"""Cars: eight kinds with the proportions and colours of real ones."""

from dataclasses import dataclass

import numpy as np

from training.sample.scenery.light import rgb


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

    @property
    def is_boxy(self) -> bool:
        """True for upright sides and no rear window, as of a van."""
        return self.height > 1.9


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


def draw_car(rng: np.random.Generator, x: float, y: float, *, heading: float, lights_on: bool = False) -> Car:
    """A car of a random kind and colour at (x, y)."""
    kind = int(rng.choice(len(KINDS), p=KIND_SHARES))
    colour, _ = COLOURS[rng.choice(len(COLOURS), p=[share for _, share in COLOURS])]
    if KINDS[kind] == "van" and rng.random() < 0.65:
        colour, _ = COLOURS[0]
    red, green, blue = np.clip(colour * rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3), 0.01, 0.8).tolist()
    return Car(x, y, heading, kind, rng.uniform(0.95, 1.05), (red, green, blue), lights_on)
