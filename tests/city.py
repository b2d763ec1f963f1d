"""A generated city: an archive of many cameras with known occupancy and planted faults, made cheaply.

A few streets are drawn once for each slot, with noise of their own; each camera shows one of them by hard links. So 900 cameras of a day
take the room of a few. What differs between cameras of one street are the faults.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from carpark.cameras.camera import folder_of_name
from carpark.slots import SLOT, frame_path, slots_of_day
from tests.street import card, exif, jpeg, street

Draw = Callable[[int, float, int], Image.Image]  # a street, the share of it that is taken, and a seed -> a picture
BOROUGHS = ((51.5416, -0.1433, "Camden"), (51.4975, -0.1357, "Westminster"), (51.3714, -0.0977, "Croydon"), (51.5734, -0.0724, "Hackney"))
STREETS = 4
CARD_VIEW = "EAST - Market St"


@dataclass(frozen=True, slots=True)
class City:
    """What to make: cameras, and the slots of one London day."""

    cameras: int
    day: date
    streets: int = STREETS
    cadence: timedelta = SLOT
    slots: int = 0  # the first ones of the day; 0 for all
    seed: int = 0


def draw_bright(number: int, taken: float, seed: int) -> Image.Image:
    """A drawn street that is the brighter, the more of it is taken: what the toy model of the tests looks at."""
    values = np.asarray(street(1000 * number + seed)) * (0.4 + 1.1 * taken)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def write_city(out: Path, city: City, draw: Draw = draw_bright) -> pd.DataFrame:
    """Writes the archive, and returns its truth: folder, slot, occupancy (0 to 1) and the true state of each frame.

    Of every eight cameras the last has no frames at all, and the sixth turns to another view at noon.
    """
    slots = slots_of_day(city.day, city.cadence)[: city.slots or None]
    drawn = out / ".drawn"
    drawn.mkdir(parents=True)
    for number in range(city.streets):
        for place, slot in enumerate(slots):
            picture = draw(number, occupancy_at(number, slot), city.seed + place)
            for view in ("NORTH - High St", CARD_VIEW):
                (drawn / f"{number}-{place}-{view[0]}.jpg").write_bytes(_encode(picture, slot, view))
    (drawn / "card.jpg").write_bytes(jpeg(card("Camera in use"), 75))
    places, rows = [], []
    for number in range(city.cameras):
        name = f"Street {number:03}/Mill Ln"
        places.append(_place(number, name))
        rows += _link_camera(out / folder_of_name(name), drawn, number, (city, slots))
    (out / "cameras.json").write_text(json.dumps(places))
    return pd.DataFrame(rows)


def occupancy_at(number: int, slot: datetime) -> float:
    """The share of a street that is taken: peaks in the morning and in the evening, of a height of its own."""
    hour = slot.hour + slot.minute / 60
    peaks = np.exp(-(((hour - 8.5) / 1.8) ** 2)) + np.exp(-(((hour - 17.5) / 2.2) ** 2)) + 0.45 * np.exp(-(((hour - 13) / 4) ** 2))
    return round(float(np.clip(0.05 + (0.5 + 0.45 * number / STREETS) * peaks, 0, 1)), 3)


def _link_camera(folder: Path, drawn: Path, number: int, shown: tuple[City, list[datetime]]) -> list[dict[str, object]]:
    """The frames of a camera, and their truth."""
    city, slots = shown
    if number % 8 == 7:
        (folder / f"{city.day}").mkdir(parents=True)
        return [{"folder": folder.name, "slot": slot, "occupancy": None, "state": "missing"} for slot in slots]
    street_number, rows = number % city.streets, []
    states = _plant_faults(np.random.default_rng([city.seed, number]), len(slots))
    for place, (slot, state) in enumerate(zip(slots, states, strict=True)):
        path = folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        view = "E" if number % 8 == 5 and slot.hour >= 12 else "N"
        frame = drawn / f"{street_number}-{place}-{view}.jpg"
        if state == "corrupt":
            path.write_bytes(frame.read_bytes()[:3000])
        elif state == "frozen":
            os.link(drawn / f"{street_number}-{place - 1}-{view}.jpg", path)
        elif state == "in_use":
            os.link(drawn / "card.jpg", path)
        elif state == "ok":
            os.link(frame, path)
        rows.append({"folder": folder.name, "slot": slot, "occupancy": occupancy_at(street_number, slot), "state": state})
    return rows


def _plant_faults(rng: np.random.Generator, slots: int) -> list[str]:
    """A state for each slot: now and then a frozen frame, and one run each of missing frames, of cards and of broken ones."""
    states = ["ok"] * slots
    for state, length in (("missing", 3), ("in_use", 4), ("corrupt", 1)):
        first = int(rng.integers(1, max(slots - length, 2)))
        states[first : first + length] = [state] * len(states[first : first + length])
    place = int(rng.integers(slots))
    if place and states[place] == states[place - 1] == "ok":
        states[place] = "frozen"
    return states


def _encode(picture: Image.Image, slot: datetime, view: str) -> bytes:
    comment = b"ASCII\0\0\0" + json.dumps({"view": view, "available": True}).encode()
    return jpeg(picture, 75, exif=exif(f"{slot:%Y:%m:%d %H:%M:%S}", comment))


def _place(number: int, name: str) -> dict[str, object]:
    lat, lon, _ = BOROUGHS[number % len(BOROUGHS)]
    return {
        "id": f"JamCams_00001.{number:05}",
        "commonName": name,
        "lat": lat + number / 1e5,
        "lon": lon,
        "additionalProperties": [{"key": "available", "value": "true"}, {"key": "view", "value": "NORTH - High St"}],
    }
