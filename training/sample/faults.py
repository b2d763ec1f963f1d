"""Which slots of the generated day are faulty, and how: runs and single slots, as in real feeds."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one slot; by default none."""

    state: str = "ok"  # as `carpark.quality` names it
    has_exif: bool = True
    smear_from_row: int | None = None
    kept_share: float = 1.0  # of the file's bytes; below 1 it is truncated
    late_min: int = 0  # how many minutes too old the picture is


# First slot of each run, before a random shift of up to half an hour, and the faults of its slots.
RUNS = (
    (50, [Fault("frozen")] * 7),
    (158, [Fault("in_use"), Fault("in_use"), Fault("in_use", has_exif=False)] * 3),
    (184, [Fault("frozen", has_exif=False)] * 4),
    (262, [Fault("missing")] * 3),
)
SHIFT_SLOTS = 7
WITHOUT_EXIF = 0.05  # share of good frames


def draw_faults(rng: np.random.Generator, slots: int) -> list[Fault]:
    """One Fault for each slot: four runs near fixed hours, and single ones elsewhere, never side by side."""
    faults = [Fault(has_exif=bool(rng.random() >= WITHOUT_EXIF)) for _ in range(slots)]
    free = np.ones(slots, bool)
    free[:20] = False  # a late frame shows an earlier slot
    for first, run in RUNS:
        start = first + int(rng.integers(SHIFT_SLOTS))
        faults[start : start + len(run)] = run
        faults[start - 1] = replace(faults[start - 1], has_exif=run[0].has_exif)  # a frozen run repeats this frame
        free[start - 3 : start + len(run) + 2] = False
    for fault in _single_faults(rng):
        at = int(rng.choice(np.flatnonzero(free)))
        faults[at] = fault
        free[at - 2 : at + 3] = False
    return faults


def _single_faults(rng: np.random.Generator) -> list[Fault]:
    return [
        *(Fault("corrupt", kept_share=rng.uniform(0.35, 0.8)) for _ in range(3)),
        *(Fault("corrupt", smear_from_row=int(rng.integers(90, 190))) for _ in range(3)),
        *(Fault("late", late_min=int(rng.integers(35, 80))) for _ in range(2)),
        *(Fault("missing") for _ in range(3)),
    ]
