"""The generated camera day: one car park by a street, 288 slots, with the faults of real feeds planted in it.

Cars come and go one by one, the light follows London's sun, and it rains before noon. `truth.csv` has the ground truth.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from carpark.slots import SLOT, frame_path, slots_of_day
from training.sample.faults import Fault, draw_faults
from training.sample.feed import Signs, add_overlays, draw_card, encode, smear
from training.sample.place import hour_of, light_at, sample_place
from training.sample.scenery.light import ramp
from training.sample.scenery.optics import Grade
from training.sample.scenery.parking import park_in, passing_cars
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import Scene
from training.sample.scenery.vehicles import Car

SAMPLE_DAY = date(2026, 3, 2)  # in winter, when London's clock shows UTC
SIGNS = Signs(place="Market St/Sample Car Park", number="04711", view="N - over the car park to Market St")
GRADE = Grade((1.02, 1.0, 0.97), contrast=1.06, saturation=0.95, dark_corners=0.05, noise=1.8, noise_at_night=2.6, blur_px=0.3)
STAY_SLOTS = 50  # mean time that a car stays; then another one comes


@dataclass(frozen=True)
class Shot:
    """The picture of one slot, and the fault of the feed."""

    slot: datetime  # UTC
    captured_at: datetime  # UTC
    cars: tuple[Car, ...]
    occupancy: float  # share of the bays in the picture that are taken, at the slot
    fault: Fault
    seed: int


def write_day(out: Path, pool: Executor, *, seed: int) -> pd.DataFrame:
    """Writes `archive/` and `truth.csv`. Returns the truth: slot, file, occupancy, state."""
    shots = list(shoot_day(seed))
    folder, rows, last = Path("archive", re.sub("[ /]", "_", SIGNS.place)), [], b""
    frames = pool.map(partial(take_frame, seed=seed), shots, chunksize=4)
    for shot, data in zip(shots, tqdm(frames, total=len(shots), desc="camera day", unit="frame"), strict=True):
        if shot.fault.state != "frozen":
            last = data
        file = folder / frame_path(shot.slot)
        if last:
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (out / file).write_bytes(last)
        occupancy = round(shot.occupancy, 3)
        rows.append({"slot": shot.slot.isoformat(), "file": str(file) if last else "", "occupancy": occupancy, "state": shot.fault.state})
    truth = pd.DataFrame(rows)
    truth.to_csv(out / "truth.csv", index=False)
    return truth


def take_frame(shot: Shot, *, seed: int) -> bytes:
    """The JPEG file of a shot; empty if the feed has none or repeats an older one."""
    fault = shot.fault
    if fault.state in ("missing", "frozen"):
        return b""
    exif_time = shot.captured_at if fault.has_exif else None
    if fault.state == "in_use":
        return encode(add_overlays(draw_card(SIGNS), SIGNS, shot.captured_at), SIGNS, exif_time, available=False)
    picture = render(sample_place(seed), Moment(shot.cars, light_at(shot.captured_at), GRADE, shot.seed))
    if fault.smear_from_row is not None:
        picture = smear(picture, from_row=fault.smear_from_row)
    data = encode(add_overlays(picture, SIGNS, shot.captured_at), SIGNS, exif_time)
    return data[: int(len(data) * fault.kept_share)]


def shoot_day(seed: int) -> Iterator[Shot]:
    """The shots of the day. Bays are taken and freed one by one; cars drive by."""
    rng, scene, shown = np.random.default_rng([seed, 11]), sample_place(seed), set(sample_place(seed).bays_shown)
    times = slots_of_day(SAMPLE_DAY)
    faults = draw_faults(np.random.default_rng([seed, 12]), len(times))
    parked: dict[int, Car] = {}
    past: list[tuple[Car, ...]] = []
    mood = 0.0
    for slot, fault in zip(times, faults, strict=True):
        mood = 0.9 * mood + rng.normal(0, 0.008)
        _come_and_go(rng, scene, parked, wanted=wanted_occupancy(hour_of(slot)) + mood)
        past.append(tuple(parked.values()))
        captured_at = slot - timedelta(minutes=fault.late_min, seconds=int(rng.integers(15, 275)))
        passing = passing_cars(rng, scene, lights_on=bool(light_at(captured_at).lamps.any()), traffic=traffic_at(hour_of(slot)))
        cars = past[-1 - timedelta(minutes=fault.late_min) // SLOT] + tuple(passing)
        yield Shot(slot, captured_at, cars, len(shown & parked.keys()) / len(shown), fault, seed=int(rng.integers(2**31)))


def wanted_occupancy(hour: float) -> float:
    """The share of bays that are wanted at an hour of the day. It crosses one half within twenty minutes, morning and evening."""
    come, gone = 1 / (1 + np.exp(-2.6 * (hour - 8.0))), 1 / (1 + np.exp(-2.4 * (hour - 18.3)))
    lunch = 0.05 * np.exp(-((hour - 13.0) ** 2))
    return float(0.03 + 0.91 * come * (1 - gone) - lunch)


def traffic_at(hour: float) -> float:
    """The traffic at an hour of the day, about 0.1 to 1.1."""
    return 0.12 + ramp(hour, 5.5, 8) * (1 - ramp(hour, 18.5, 23.5))


def _come_and_go(rng: np.random.Generator, scene: Scene, parked: dict[int, Car], *, wanted: float) -> None:
    """Changes `parked`, cars by bay, from one slot to the next, towards the wanted share of all bays."""
    bays = range(len(scene.lot.bays))
    change = round(float(np.clip(wanted, 0, 1)) * len(bays)) - len(parked)
    swaps = int(rng.poisson(len(parked) / STAY_SLOTS))
    for bay in rng.permutation(sorted(parked))[: swaps + max(0, -change)].tolist():
        del parked[bay]
    free = [bay for bay in bays if bay not in parked]
    for bay in rng.permutation(free)[: swaps + max(0, change)].tolist():
        parked[bay] = park_in(rng, scene, bay)
