"""The generated camera day: one car park by a street, 288 slots, with everything that real feeds do planted in it.

Cars come and go one by one, the light follows London's sun, a shower passes before noon. `truth.csv` keeps what really happened.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from carpark.slots import LONDON, frame_path, slots_of_day
from training.sample_feed import BOTTOM_PX, HEIGHT_PX, TOP_PX, WIDTH_PX, Signs, add_overlays, draw_card, encode, smear, truncate
from training.sample_faults import Fault, draw_faults
from training.scenery.light import Light, make_light, ramp, sun_at
from training.scenery.optics import Grade
from training.scenery.parking import park_in, passing_cars
from training.scenery.render import Moment, render
from training.scenery.scenes import Scene, bays_in_picture, draw_scene
from training.scenery.vehicles import Car

DAY = date(2026, 3, 2)
SIGNS = Signs(place="Market St/Sample Car Park", number="04711", view="NE - over the car park to Market St")
LATITUDE, LONGITUDE = 51.51, -0.13
BAYS = (36, 80)                     # fewest and most in the picture
GRADE = Grade((1.02, 1.0, 0.97), contrast=1.06, saturation=0.95, dark_corners=0.05, noise=1.8, noise_at_night=2.6, blur_px=0.3)


@dataclass(frozen=True)
class Shot:
    """One press of the camera's button."""

    captured_at: datetime           # UTC
    cars: tuple[Car, ...]
    occupancy: float                # taken share of the bays in the picture
    seed: int


def write_day(out: Path, pool: Executor, *, seed: int, slots: slice = slice(None)) -> pd.DataFrame:
    """Writes `archive/` and `truth.csv` for the day, or some of its slots, and returns the truth: slot, file, occupancy, state."""
    times = slots_of_day(DAY)
    faults = draw_faults(np.random.default_rng([seed, 11]), len(times))
    shots = list(shoot_day(times, faults, seed=seed))
    rows, files = [], []
    chosen = list(range(len(times)))[slots]
    frames = pool.map(take_frame, [shots[i] for i in chosen], [faults[i] for i in chosen], [seed] * len(chosen), chunksize=4)
    for i, data in zip(chosen, tqdm(frames, total=len(chosen), desc="camera day", unit="frame"), strict=True):
        if faults[i].state == "frozen":
            data = files[-1]
        files.append(data)
        file = Path("archive", re.sub("[ /]", "_", SIGNS.place), frame_path(times[i]))
        if data:
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (out / file).write_bytes(data)
        rows.append({"slot": times[i].isoformat(), "file": str(file) if data else "", "occupancy": round(shots[i].occupancy, 3),
                     "state": faults[i].state})
    truth = pd.DataFrame(rows)
    truth.to_csv(out / "truth.csv", index=False)
    return truth


def take_frame(shot: Shot, fault: Fault, seed: int) -> bytes:
    """The file that the feed hands out for a shot; empty when it has none, or only an older one again."""
    if fault.state in ("missing", "frozen"):
        return b""
    captured_at = shot.captured_at if fault.has_exif else None
    if fault.state == "in_use":
        return encode(add_overlays(draw_card(SIGNS), SIGNS, shot.captured_at), SIGNS, captured_at, available=False)
    picture = render(sample_place(seed), Moment(shot.cars, light_at(shot.captured_at), GRADE, shot.seed))
    if fault.smear_from_row:
        picture = smear(picture, from_row=fault.smear_from_row)
    data = encode(add_overlays(picture, SIGNS, shot.captured_at), SIGNS, captured_at)
    return truncate(data, share=fault.kept_share) if fault.kept_share < 1 else data


@cache
def sample_place(seed: int) -> Scene:
    """The car park of the camera day: the first place drawn that shows its street, enough bays, and nothing that stands in the way."""
    rng = np.random.default_rng([seed, 12])
    while True:
        scene = draw_scene(rng, f"day{seed}", "oblique_cctv")
        camera = replace(scene.camera, width_px=WIDTH_PX, height_px=HEIGHT_PX)
        seen = bays_in_picture(scene.lot.bays, camera, far_m=90, top_px=TOP_PX, bottom_px=BOTTOM_PX)
        place = replace(scene, camera=camera, seen=seen)
        if BAYS[0] <= len(seen) <= BAYS[1] and camera.height_m > 7.5 and _street_share(place) > 0.6 and _is_unobstructed(place):
            return place


def _street_share(scene: Scene) -> float:
    """Share of the picture's width, 0 to 1, over which the street runs below the overlays, at most 75 m away."""
    best = 0.0
    for road in scene.roads:
        share = np.linspace(0, 1, 60)[:, None]
        along = np.array(road.start) * (1 - share) + np.array(road.end) * share
        points = np.concatenate([along, np.zeros((60, 1))], axis=1).astype(np.float32)
        depth, xy = scene.camera.depths(points), scene.camera.project(points)
        inside = (depth > 5) & (depth < 75) & (xy[:, 1] > TOP_PX + 14) & (xy[:, 1] < HEIGHT_PX * 0.6) & (xy[:, 0] > 0) & (xy[:, 0] < WIDTH_PX)
        best = max(best, float(np.ptp(xy[inside, 0])) / WIDTH_PX if inside.any() else 0.0)
    return best


def _is_unobstructed(scene: Scene) -> bool:
    """Whether no lamp or tree stands close before the camera."""
    feet = np.array([(it.x, it.y, 2.0) for it in (*scene.lamps, *scene.trees)], np.float32)
    depth, x = scene.camera.depths(feet), scene.camera.project(feet)[:, 0]
    return not bool(((depth > 0) & (depth < 24) & (x > -30) & (x < WIDTH_PX + 30)).any())


def light_at(time: datetime) -> Light:
    """Sun, cloud and rain of the day."""
    local = time.astimezone(LONDON)
    hour = local.hour + local.minute / 60 + local.second / 3600
    elevation, azimuth = sun_at(time, latitude=LATITUDE, longitude=LONGITUDE)
    rain = 0.85 * ramp(hour, 10.4, 10.8) * (1 - ramp(hour, 11.7, 12.1))
    clouds = 0.2 + 0.8 * ramp(hour, 9.6, 10.4) * (1 - ramp(hour, 12.0, 13.5))
    return make_light(elevation, azimuth, clouds=clouds, rain=rain, lamp="warm")


def wanted_occupancy(hour: float) -> float:
    """The share of bays that people would like to have at an hour of the day: through half in twenty minutes, morning and evening."""
    arrived, left = 1 / (1 + np.exp(-2.6 * (hour - 8.0))), 1 / (1 + np.exp(-2.4 * (hour - 18.3)))
    lunch = 0.05 * np.exp(-((hour - 13.0) ** 2))
    return float(0.03 + 0.91 * arrived * (1 - left) - lunch)


def shoot_day(times: list[datetime], faults: list[Fault], *, seed: int) -> Iterator[Shot]:
    """What the camera saw for each slot: bays are taken and freed one by one, and people drive by."""
    rng, scene = np.random.default_rng([seed, 13]), sample_place(seed)
    parked: dict[int, Car] = {}
    history: list[tuple[Car, ...]] = []
    mood = 0.0
    for time, fault in zip(times, faults, strict=True):
        local = time.astimezone(LONDON)
        hour = local.hour + local.minute / 60
        mood = 0.9 * mood + float(rng.normal(0, 0.008))
        _come_and_go(rng, scene, parked, wanted=wanted_occupancy(hour) + mood)
        history.append(tuple(parked.values()))
        captured_at = time - timedelta(minutes=fault.late_min, seconds=int(rng.integers(15, 275)))
        seen_cars = history[-1 - fault.late_min // 5] if fault.late_min // 5 < len(history) else history[0]
        dark = bool(light_at(captured_at).lamps.any())
        traffic = 0.12 + 1.0 * ramp(hour, 5.5, 8) * (1 - ramp(hour, 18.5, 23.5))
        passing = passing_cars(rng, scene, lights_on=dark, traffic=traffic)
        taken = sum(1 for bay in parked if bay in set(scene.seen))
        yield Shot(captured_at, seen_cars + tuple(passing), taken / len(scene.seen), int(rng.integers(2**31)))


def _come_and_go(rng: np.random.Generator, scene: Scene, parked: dict[int, Car], *, wanted: float) -> None:
    """Moves `parked` one slot on towards the wanted share of all bays."""
    bays = len(scene.lot.bays)
    change = round(float(np.clip(wanted, 0, 1)) * bays) - len(parked)
    swaps = int(rng.poisson(0.02 * len(parked)))
    leaving = min(len(parked), swaps + max(0, -change))
    for bay in rng.choice(sorted(parked), leaving, replace=False).tolist() if leaving else []:
        del parked[bay]
    free = [bay for bay in range(bays) if bay not in parked]
    for bay in rng.choice(free, min(len(free), swaps + max(0, change)), replace=False).tolist():
        parked[bay] = park_in(rng, scene, bay)
