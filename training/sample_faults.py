"""Which slots of the generated day go wrong, and how: runs and single slots that real feeds show."""

from dataclasses import dataclass

import numpy as np

OK_WITHOUT_EXIF = 0.05              # share of good frames whose EXIF the archive lost


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one slot; the default is nothing."""

    state: str = "ok"               # as carpark.quality names it
    has_exif: bool = True
    smear_from_row: int = 0         # 0: not smeared
    kept_share: float = 1.0         # below 1: truncated
    late_min: int = 0               # minutes that the picture is too old


RUNS = {                            # state: (first slot, slots), before a shift of up to 6 slots
    "frozen in the night": (50, 7),
    "in use": (158, 8),
    "frozen without EXIF": (184, 4),
    "missing": (262, 3),
}


def draw_faults(rng: np.random.Generator, slots: int) -> list[Fault]:
    """One Fault a slot: four runs near fixed hours, and single ones anywhere between them."""
    faults = [Fault(has_exif=bool(rng.random() >= OK_WITHOUT_EXIF)) for _ in range(slots)]
    free = set(range(20, slots - 1))
    for name, (first, length) in RUNS.items():
        start = first + int(rng.integers(7))
        if name.startswith("frozen"):
            faults[start - 1] = Fault(has_exif=name == "frozen in the night")
        for i in range(start, start + length):
            faults[i] = {"in use": Fault("in_use", has_exif=i % 3 != 0), "missing": Fault("missing")}.get(name, Fault("frozen"))
        free -= set(range(start - 3, start + length + 2))
    singles = [*(Fault("corrupt", kept_share=float(rng.uniform(0.35, 0.8))) for _ in range(3)),
               *(Fault("corrupt", smear_from_row=int(rng.integers(90, 190))) for _ in range(3)),
               *(Fault("late", late_min=int(rng.integers(35, 80))) for _ in range(2)), *(Fault("missing") for _ in range(3))]
    for fault in singles:
        at = int(rng.choice(sorted(free)))
        faults[at] = fault
        free -= set(range(at - 2, at + 3))
    return faults
