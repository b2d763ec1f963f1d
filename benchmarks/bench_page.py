"""The page before its first visitor: how soon it answers to a click, how many bytes it takes, and how soon a photo is answered.

    python -m benchmarks.bench_page [--arch resnet34]

A headless Chromium (the tests' own) opens a Space that really runs on this machine, so no network is in these numbers. The photo's answer
is timed in the library that the page calls, warm. Prints one JSON object a line.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Request, sync_playwright

from benchmarks.bench_model import draw_frames, train_anything
from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import read_config
from carpark.model.engines import load_network
from carpark.model.heatmap import HeatMapper
from tabs.photo.answer import judge_photo
from tabs.photo.why import heat_view
from tests.browser.conftest import CHROMIUM
from tests.running_space import running_space

TIMES = 40
PHOTO_PX = (1024, 768)
SETTLE_MS = 3_000  # for what a page asks after it can be used; Gradio keeps one connection open, so it is never idle


def main() -> None:
    """Print a line for the answer of a photo with and without heat map, and one for the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_page")
    parser.add_argument("--arch", default="resnet34")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        train_anything(folder / "photos", folder / "model", args.arch)
        (folder / "photo").mkdir()
        (photo,) = draw_frames(folder / "photo", 1)
        open_image(photo).resize(PHOTO_PX).save(photo, quality=90)
        time_photo(folder / "model", photo, args.arch)
        if not CHROMIUM:
            sys.exit("The page needs a browser: install Chromium, or name a browser in the environment variable CHROMIUM.")
        with running_space({"CARPARK_MODEL": folder / "model"}) as space:
            time_page(space.url)


def time_photo(model_folder: Path, photo: Path, arch: str) -> None:
    """Milliseconds from the file to the answer."""
    model = load_model(model_folder, "learner")
    mapper = HeatMapper(read_config(model_folder), load_network(model_folder))

    def answer() -> None:
        judge_photo(model, open_image(photo))

    def explain() -> None:
        image = open_image(photo)
        judge_photo(model, image)
        heat_view(mapper, image)

    row = {"benchmark": "photo", "arch": arch, "photo_px": PHOTO_PX, "cpu_cores": os.cpu_count()}
    print(json.dumps(row | {"p50_ms_heat_map_off": p50_ms(answer), "p50_ms_heat_map_on": p50_ms(explain)}), flush=True)


def p50_ms(work: Callable[[], None]) -> float:
    """Median of many runs, after three that warm up."""
    for _ in range(3):
        work()
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return round(1000 * statistics.median(seconds), 1)


def time_page(url: str) -> None:
    """First paint, time until the photo input takes a click, and bytes over the wire, with an empty browser cache."""
    flags = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=flags) as browser:
        runs = [open_once(browser.new_context().new_page(), url) for _ in range(3)]
    print(json.dumps({"benchmark": "page"} | min(runs, key=lambda run: run["interactive_ms"])))


def open_once(page: Page, url: str) -> dict[str, float]:
    """What one visit took."""
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    began = time.perf_counter()
    page.goto(url)
    page.get_by_role("button", name="Drop an image file here to upload").click(trial=True)
    interactive = time.perf_counter() - began
    page.wait_for_timeout(SETTLE_MS)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    sizes = [request.sizes() for request in finished]
    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    return {"first_paint_ms": round(paint), "interactive_ms": round(1000 * interactive), "bytes": total, "requests": len(sizes)}


if __name__ == "__main__":
    main()
