"""The London tab with all of London: how soon its first view is there, and how many pictures a second its slider draws.

    python -m benchmarks.bench_city [--cameras 900] [--days 28]

The index is of made-up days with a rush in the morning and in the evening. A headless Chromium (the tests' own) opens a
Space that really runs on this machine; each view has a browser context of its own. Prints one JSON object a line.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, sync_playwright

from carpark.cameras.camera import Camera
from carpark.slots import bounds_of_day
from tests.browser.conftest import CHROMIUM
from tests.running_space import running_space
from traffic.dataset import About, frames_path, write_about, write_cameras
from traffic.index.writing import write_index
from traffic.measure.table import SCHEMA

MONDAY = date(2026, 1, 5)
VIEWPORTS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
WARM_UP_S = 20  # until the Space has imported what it imports behind its page
# Moves the slider on once a frame, and tells how many pictures a second the browser drew.
SLIDE = """() => new Promise(done => {
  const slider = document.querySelector('.city input[type=range]'), started = performance.now()
  let time = 0
  const step = () => {
    slider.value = time
    slider.dispatchEvent(new Event('input', {bubbles: true}))
    if (++time < 60) requestAnimationFrame(step)
    else done(60000 / (performance.now() - started))
  }
  requestAnimationFrame(step)
})"""


def main(argv: list[str] | None = None) -> None:
    """Makes the index, shows it, and prints a line for each viewport."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_city", description="Times the London tab.")
    parser.add_argument("--cameras", type=int, default=900, help="(default: 900)")
    parser.add_argument("--days", type=int, default=28, help="(default: 28)")
    args = parser.parse_args(argv)
    if not CHROMIUM:
        sys.exit("The page needs a browser: install Chromium, or name a browser in the environment variable CHROMIUM.")
    with tempfile.TemporaryDirectory() as work:
        write_city_days(Path(work, "data"), args.cameras, args.days)
        write_index(Path(work, "data"), Path(work, "index"))
        with (
            running_space({"CARPARK_LONDON": Path(work, "index")}) as space,
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]) as browser,
        ):
            time.sleep(WARM_UP_S)
            show(browser, space.url, VIEWPORTS[0])  # the first visitor of a Space compiles its templates
            for viewport in VIEWPORTS:
                views = [show(browser, space.url, viewport) for _ in range(3)]
                seconds, pictures = (statistics.median(numbers) for numbers in zip(*views, strict=True))
                row = {"bench": "city", "cameras": args.cameras, "days": args.days, "width_px": viewport[0], "scheme": viewport[1]}
                print(json.dumps(row | {"first_view_s": round(seconds, 2), "pictures_a_second": round(pictures)}), flush=True)


def show(browser: Browser, url: str, viewport: tuple[int, Literal["light", "dark"]]) -> tuple[float, float]:
    """Seconds until a link to a day shows the city, and pictures a second of its slider."""
    width, scheme = viewport
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page, started = context.new_page(), time.monotonic()
        page.goto(f"{url}?london={MONDAY + timedelta(days=1)}")
        page.locator(".city circle").first.wait_for()
        return time.monotonic() - started, page.evaluate(SLIDE)


def write_city_days(folder: Path, cameras: int, days: int) -> None:
    """What `traffic.measure` would have written: a frame for each camera and quarter hour; one in sixteen is missing."""
    rng = np.random.default_rng(0)
    places = [
        Camera(f"00001.{n:05}", f"Street {n}", f"Street_{n}", float(rng.normal(51.51, 0.06)), float(rng.normal(-0.1, 0.1)))
        for n in range(cameras)
    ]
    folder.mkdir()
    write_about(folder, About("toy", "a toy", "made up", 15))
    write_cameras(folder, places)
    height = rng.uniform(0.2, 0.9, (cameras, 1))
    for day in (MONDAY + timedelta(days=number) for number in range(days)):
        slots = pd.date_range(bounds_of_day(day)[0], periods=96, freq="15min")
        hours = (slots.hour + slots.minute / 60).to_numpy()
        rush = np.exp(-(((hours - 8.5) / 2) ** 2)) + np.exp(-(((hours - 17.5) / 2.4) ** 2))
        levels = np.clip(0.05 + height * rush + rng.normal(0, 0.04, (cameras, 96)), 0, 1).ravel()
        levels[rng.random(levels.size) < 1 / 16] = np.nan
        table = pd.DataFrame({name: None for name in SCHEMA.names}, index=range(levels.size)).assign(
            camera=np.repeat([place.id for place in places], 96),
            folder=np.repeat([place.folder for place in places], 96),
            slot=np.tile(slots, cameras),
            time=np.tile(slots, cameras),
            state=np.where(np.isnan(levels), "missing", "ok"),
            reason="",
            view="N",
            p_full=levels,
            fullness=levels,
        )
        path = frames_path(folder, day)
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pandas(table, schema=SCHEMA, preserve_index=False), path, row_group_size=16 * 96)


if __name__ == "__main__":
    main()
