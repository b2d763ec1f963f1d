"""Thirty visitors at once on a Space that really runs: errors, waiting times, whether answers go to those who asked, and memory.

    python -m benchmarks.bench_visitors [--minutes 3] [--idle-minutes 10] [--arch resnet34 | --model artifacts/model]

Ten of them look at camera days, twenty upload photos, each from an address of its own and again and again until the time is up. With
`--arch` the network has random weights, since speed does not depend on them. Prints one JSON object a line.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.bench_model import train_anything
from carpark.images import open_image
from carpark.model import load_model
from tests.running_space import RunningSpace, running_space
from training.sample import __main__ as sample

DAYS, PHOTOS = 10, 20  # visitors
PATIENCE_S = 300.0


@dataclass
class Book:
    """What the visitors met; each appends from a thread of its own."""

    waited_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Trains a network for its speed, draws photos and a day, and lets the visitors in."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_visitors")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--idle-minutes", type=float, default=10)
    parser.add_argument("--arch", default="resnet34", help="of a network that is made for this (default: resnet34)")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a model folder, instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        model_folder = args.model or folder / "model"
        if not args.model:
            train_anything(folder / "anything", model_folder, args.arch)
        sample.main(["--out", str(folder / "sample"), "--photos", "60", "--seed", "3"])
        photos = sorted((folder / "sample" / "photos").glob("*/*.jpg"))[:PHOTOS]
        model = load_model(model_folder, "learner")
        expected = [float(model.p_full([open_image(photo)])[0]) for photo in photos]
        settings = {
            "CARPARK_MODEL": model_folder.resolve(),
            "CARPARK_ARCHIVE": many_cameras(folder / "sample" / "archive", folder / "archive"),
        }
        settings |= {"CARPARK_DATASET": folder / "sample" / "photos", "CARPARK_BEHIND_PROXY": "1"}  # so that each visitor has an address
        with running_space(settings) as space:
            ask_photo(space, photos[0], "198.51.100.1")  # the first visitor of a day waits for the model, and is not counted
            report(space, photos, expected, args)


def report(space: RunningSpace, photos: list[Path], expected: list[float], args: argparse.Namespace) -> None:
    """One line for the crowd, and one for the memory after it has gone."""
    before = resident_mb(space)
    days, asked = Book(), Book()
    camera_days = [(camera.name, min(day.name for day in camera.iterdir())) for camera in sorted(archive_of(space).iterdir())]

    def photo_visit(number: int) -> None:
        answer = ask_photo(space, photos[number], f"203.0.113.{number}")
        if abs(answer["p_full"] - expected[number]) > 1e-3:
            raise ValueError(f"visitor {number} got {answer['p_full']}, not {expected[number]}")

    def day_visit(number: int) -> None:
        camera, day = camera_days[number]
        answer = ask(space, "camera_day", [camera, day], f"198.51.100.{number}")
        if answer["camera_id"] != camera or len(answer["slots"]) != 288:
            raise ValueError(f"visitor {number} got {answer['camera_id']}, not {camera}")

    crowd([(day_visit, days)] * DAYS + [(photo_visit, asked)] * PHOTOS, args.minutes * 60)
    crowded = resident_mb(space)
    print(
        json.dumps(
            {
                "benchmark": "visitors",
                "model": str(args.model or args.arch),
                "minutes": args.minutes,
                "photo_answers": len(asked.waited_s),
                "photo_p50_s": percentile(asked, 50),
                "photo_p95_s": percentile(asked, 95),
                "day_answers": len(days.waited_s),
                "day_p95_s": percentile(days, 95),
                "errors": len(asked.errors) + len(days.errors),
                "first_errors": (asked.errors + days.errors)[:3],
            }
        ),
        flush=True,
    )
    time.sleep(args.idle_minutes * 60)
    idle = {"memory_mb_before": before, "memory_mb_at_the_end": crowded, "memory_mb_after_idle": resident_mb(space)}
    print(json.dumps({"benchmark": "visitors", "idle_minutes": args.idle_minutes} | idle))


def crowd(visits: Sequence[tuple[Callable[[int], None], Book]], seconds: float) -> None:
    """Each visit in a thread of its own, over and over; `number` counts within its kind."""
    until = time.monotonic() + seconds
    numbers: dict[int, int] = {}

    def keep_visiting(visit: Callable[[int], None], book: Book, number: int) -> None:
        while time.monotonic() < until:
            began = time.perf_counter()
            try:
                visit(number)
            except (requests.RequestException, ValueError, KeyError) as error:
                book.errors.append(repr(error)[:300])
            else:
                book.waited_s.append(time.perf_counter() - began)

    threads = []
    for visit, book in visits:
        number = numbers[id(book)] = numbers.get(id(book), -1) + 1
        threads.append(threading.Thread(target=keep_visiting, args=(visit, book, number)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def ask_photo(space: RunningSpace, photo: Path, visitor: str) -> dict[str, Any]:
    """Upload and answer."""
    headers = {"X-Forwarded-For": visitor}
    upload = requests.post(
        f"{space.url}gradio_api/upload", files={"files": (photo.name, photo.read_bytes())}, headers=headers, timeout=PATIENCE_S
    )
    upload.raise_for_status()
    return ask(space, "classify", [{"path": upload.json()[0], "meta": {"_type": "gradio.FileData"}}], visitor)


def ask(space: RunningSpace, endpoint: str, data: list[Any], visitor: str) -> dict[str, Any]:
    """The endpoint's answer. Raises ValueError for an error that it tells."""
    headers, address = {"X-Forwarded-For": visitor}, f"{space.url}gradio_api/call/{endpoint}"
    event = requests.post(address, json={"data": data}, headers=headers, timeout=PATIENCE_S)
    event.raise_for_status()
    stream = requests.get(f"{address}/{event.json()['event_id']}", headers=headers, timeout=PATIENCE_S).text
    if "event: complete" not in stream:
        raise ValueError(stream[-300:])
    answer: dict[str, Any] = json.loads(stream.rsplit("data: ", 1)[1])[0]
    return answer


def many_cameras(archive: Path, out: Path) -> Path:
    """An archive of as many cameras as visitors, all with the same frames."""
    (camera,) = archive.iterdir()
    out.mkdir()
    for number in range(DAYS):
        (out / f"Street_{number:02}").symlink_to(camera)
    return out


def archive_of(space: RunningSpace) -> Path:
    """The folder that the Space was started with."""
    environment = Path(f"/proc/{space.pid}/environ").read_bytes().split(b"\0")
    return Path(next(entry for entry in environment if entry.startswith(b"CARPARK_ARCHIVE=")).partition(b"=")[2].decode())


def percentile(book: Book, percent: int) -> float | None:
    """Of the waiting times, in seconds."""
    if len(book.waited_s) < 2:
        return None
    return round(statistics.quantiles(book.waited_s, n=100, method="inclusive")[percent - 1], 3)


def resident_mb(space: RunningSpace) -> float:
    """Memory of the process that serves the Space."""
    status = Path(f"/proc/{space.pid}/status").read_text()
    return round(int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024, 1)


if __name__ == "__main__":
    main()
