"""A camera day from a loopback archive: ours beside the 2020 method, from cold and from the cache, and with every fault planted.

    python -m benchmarks.bench_day [--arch resnet34] [--latency-ms 50]

The 2020 method (`requests.get`, then `learn.predict`, frame by frame) runs over fewer frames, and says so. The network has random weights,
since speed does not depend on them. Another process serves the archive. Prints one JSON object a line.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
import requests
from fastai.learner import Learner, load_learner

from benchmarks.bench_model import train_anything
from benchmarks.served_archive import ServedArchive, plant_faults, serving
from carpark.archives.cached import CachedArchive
from carpark.archives.http import CONCURRENCY, HttpArchive
from carpark.cache import Cache
from carpark.cameras.camera import camera_of_folder
from carpark.day import camera_day
from carpark.day.table import build_table, watch_day
from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import MODEL_FILES
from carpark.model.engines import Model
from carpark.quality.faults import crop_scene
from carpark.slots import frame_path, slots_of_day
from tests.street import jpeg, street, with_overlays

DAY = date(2020, 3, 9)
SLOTS = slots_of_day(DAY)
CAMERA = camera_of_folder("Bench_St")
PATHS = [f"/{CAMERA.folder}/{frame_path(slot)}" for slot in SLOTS]
FRAMES_2020 = 24  # enough for a steady rate of the slow loop


def main(argv: list[str] | None = None) -> None:
    """Trains a network for its speed, draws a day, and times it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_day", description="Times a camera day against the 2020 method.")
    parser.add_argument("--arch", default="resnet34", help="architecture of the network (default: resnet34)")
    parser.add_argument("--latency-ms", type=float, default=50, help="of every answer of the archive (default: 50)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        frames = [jpeg(with_overlays(street(seed)), 75) for seed in range(len(SLOTS))]  # 25 kB each, as JamCam stills have
        train_anything(work / "photos", work / "model", args.arch)
        model = load_model(work / "model", "int8")
        learner = load_learner(work / "model" / MODEL_FILES["learner"])
        healthy = ServedArchive(dict(zip(PATHS, frames, strict=True)), args.latency_ms / 1000)
        with serving(healthy) as base:
            report(time_the_day(base, frames, model, learner, Cache(work / "cache")) | {"arch": args.arch, "latency_ms": args.latency_ms})
        faulty, truth = plant_faults(SLOTS, PATHS, frames, args.latency_ms / 1000)
        with serving(faulty) as base:
            report(judge_the_faults(base, model, pd.Series(truth)))


def time_the_day(base: str, frames: list[bytes], model: Model, learner: Learner, cache: Cache) -> dict[str, object]:
    """Seconds for a day by each method, in one run, side by side."""
    archive = CachedArchive(HttpArchive(base), cache)
    method_2020_s = seconds(lambda: read_as_in_2020(base, learner)) * len(SLOTS) / FRAMES_2020
    network_s = seconds(lambda: list(HttpArchive(base).fetch(CAMERA, SLOTS)))
    inference_s = seconds(lambda: model.p_full(crop_scene(open_image(BytesIO(frame))) for frame in frames))
    cold_s, first_point_s = time_cold_day(archive, model)
    again_s = seconds(lambda: camera_day(CAMERA, DAY, archive=archive, model=model))
    return {
        "bench": "camera day",
        "frames": len(frames),
        "concurrency": CONCURRENCY,
        "method_2020_s": round(method_2020_s, 2),
        "method_2020_measured_frames": FRAMES_2020,
        "cold_s": round(cold_s, 2),
        "speedup": round(method_2020_s / cold_s, 1),
        "network_alone_s": round(network_s, 2),
        "inference_alone_s": round(inference_s, 2),
        "cold_over_larger": round(cold_s / max(network_s, inference_s), 2),
        "first_point_s": round(first_point_s, 2),
        "again_from_cache_s": round(again_s, 3),
    }


def read_as_in_2020(base: str, learner: Learner) -> None:
    """The notebook's loop: one request, one prediction, one after the other."""
    for path in PATHS[:FRAMES_2020]:
        with learner.no_bar(), learner.no_logging():
            learner.predict(requests.get(base + path, timeout=10).content)


def time_cold_day(archive: CachedArchive, model: Model) -> tuple[float, float]:
    """Seconds to the whole day, and to the first view whose table has a probability."""
    started = time.perf_counter()
    first_point_s = 0.0
    for record in watch_day(CAMERA, DAY, archive=archive, model=model):
        if not first_point_s and record.progress().classified:
            assert build_table(record)["p_full"].notna().any()
            first_point_s = time.perf_counter() - started
    return time.perf_counter() - started, first_point_s


def judge_the_faults(base: str, model: Model, truth: "pd.Series[str]") -> dict[str, object]:
    """The states that the day of faults ends in, against the true ones."""
    started = time.perf_counter()
    table = camera_day(CAMERA, DAY, archive=HttpArchive(base), model=model)
    found = table.set_index("slot")["state"]
    confusion = pd.crosstab(truth, found.reindex(truth.index))
    guesses = table[(table["state"] != "ok") & table["p_full"].notna()]
    return {
        "bench": "faults",
        "seconds": round(time.perf_counter() - started, 1),
        "right": int((truth == found.reindex(truth.index)).sum()),
        "of": len(truth),
        "guesses_drawn": len(guesses),
        "true_state": {str(state): {str(to): int(n) for to, n in row.items() if n} for state, row in confusion.iterrows()},
    }


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report(result: dict[str, object]) -> None:
    """One line of JSON."""
    print(json.dumps(result))


if __name__ == "__main__":
    main()
