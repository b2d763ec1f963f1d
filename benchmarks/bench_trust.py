"""How far the levels of a measured day agree with the truth, hour by hour, on drawn streets whose truth is exact.

    python -m benchmarks.bench_trust --model artifacts/model [--cameras 8] [--minutes 15]

Each camera shows a drawn street of its own that no training set has: by day, at dusk and by night, with its traffic and its people. The day
goes through `traffic.measure` and `traffic.index` as a real one does, with the truth as its labels. Prints one JSON object a line: all
hours together, then each hour of London's day.
"""

import argparse
import json
import tempfile
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from carpark.slots import frame_path
from tests.city import City, write_city
from traffic.index import __main__ as index
from traffic.measure import __main__ as measure
from training.provenance import STREET
from training.sample.scenery.avenues import Street, draw_street
from training.sample.scenery.light import draw_light
from training.sample.scenery.optics import draw_grade
from training.sample.scenery.parking import park_in
from training.sample.scenery.render import Moment, render
from training.sample.scenery.scenes import Scene
from training.sample.scenery.traffic import draw_people, draw_traffic, road_seen_m, road_taken
from training.sample.streets import LEAST_ROAD_M

DAY = date(2020, 3, 9)
SEED = 20_200_309  # far from those of the samples that models learn from
DARK_UNTIL, DARK_FROM, TWILIGHT_HOURS = 6, 18, 1  # of that day, by London's clock
TRIES = 60  # to draw the traffic that is wanted
PEOPLE = (0, 12, 50)


def main(argv: list[str] | None = None) -> None:
    """Draws the city, measures it, and compares it with its truth."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_trust", description="Compares a drawn day with its truth.")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder")
    parser.add_argument("--cameras", type=int, default=8, help="each with a street of its own (default: 8)")
    parser.add_argument("--minutes", type=int, default=15, help="between two frames (default: 15)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        archive, out, labels = Path(work, "archive"), Path(work, "out"), Path(work, "labels.csv")
        city = City(args.cameras, DAY, streets=args.cameras, cadence=timedelta(minutes=args.minutes))
        taken: dict[tuple[int, int], float] = {}
        truth = write_city(archive, city, partial(draw_moment, frames_an_hour=60 / args.minutes, taken_of=taken))
        truth["place"] = truth.groupby("folder").cumcount()  # of the frame in its day
        seen = truth[truth["state"] == "ok"]
        files = [f"{folder}/{frame_path(slot.to_pydatetime())}" for folder, slot in zip(seen["folder"], seen["slot"], strict=True)]
        streets = truth["folder"].drop_duplicates().tolist()
        shares = [taken[streets.index(folder), place] for folder, place in zip(seen["folder"], seen["place"], strict=True)]
        pd.DataFrame({"file": files, "occupancy": shares}).to_csv(labels, index=False)
        measure.main(["--archive", f"{archive}", "--days", f"{DAY}", "--model", f"{args.model}", "--out", f"{out}"])
        index.main(["--data", f"{out}", "--out", f"{out}-index", "--labels", f"{labels}"])
        rows = pd.read_parquet(f"{out}-index/agreement.parquet")
    together = rows[rows["folder"] == ""].drop(columns=["against", "folder"]).astype("float64")
    for row in together.round(3).to_dict("records"):
        print(json.dumps({"bench": "trust"} | {name: None if pd.isna(value) else value for name, value in row.items()}), flush=True)


@cache
def street_of(number: int) -> tuple[Scene, Street]:
    """The street that a camera shows."""
    rng = np.random.default_rng([SEED, number])
    street = draw_street(rng, kerbside=False)
    while road_seen_m(street) < LEAST_ROAD_M:
        street = draw_street(rng, kerbside=False)
    return Scene(f"street{number}", STREET, street.camera, street.lot, (), street.around, seed=int(rng.integers(2**31))), street


def draw_moment(number: int, wanted: float, place: int, *, frames_an_hour: float, taken_of: dict[tuple[int, int], float]) -> Image.Image:
    """A street at the frame of that place in the day, with vehicles on about as much of its road as is `wanted`, 0 to 1.

    How much of it they take is written to `taken_of`.
    """
    scene, street = street_of(number)
    rng = np.random.default_rng([SEED, number, place])
    hour = place / frames_an_hour
    is_dark, is_twilight = not DARK_UNTIL <= hour < DARK_FROM, min(abs(hour - DARK_UNTIL), abs(hour - DARK_FROM)) < TWILIGHT_HOURS
    light = draw_light(rng, "dusk" if is_twilight else "night" if is_dark else "day")
    drawn = [draw_traffic(rng, street, wanted * rng.uniform(0.8, 1.2), lights_on=is_dark) for _ in range(TRIES)]
    taken, traffic = min(((road_taken(street, cars, far_m=light.reach_m), cars) for cars in drawn), key=lambda one: abs(one[0] - wanted))
    taken_of[number, place] = taken
    parked = tuple(park_in(rng, scene, bay) for bay in range(len(scene.lot.bays)) if rng.random() < 0.6)
    people = draw_people(rng, street, int(rng.choice(PEOPLE)))
    return render(scene, Moment(traffic + parked, light, draw_grade(rng), int(rng.integers(2**31)), people))


if __name__ == "__main__":
    main()
