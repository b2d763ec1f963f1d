"""All cameras of one day as one piece of HTML: dots on a map, a time slider with play, and a ranking; the browser does the rest.

The whole day travels with the page, a byte for each camera and quarter hour, so that the slider asks the server nothing.
"""

import base64
import html
import json
import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import numpy.typing as npt
import pandas as pd

from carpark.cameras.boroughs import read_outlines
from carpark.slots import bounds_of_day, day_in_words
from tabs.credits import BOROUGHS

ON_LOAD = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
UNKNOWN = 255  # the byte of a quarter hour without a usable frame
KM_A_DEGREE, NARROWING = 111.2, math.cos(math.radians(51.5))  # of latitude; of a degree of longitude, in London
MARGIN_KM = 1.5
NAMES = {"fullness": "share of the road that is taken", "p_full": "P(full)"}


def city_panel() -> gr.HTML:
    """The panel, empty until a day is chosen; its event `choose` names a camera's folder."""
    return gr.HTML("", js_on_load=ON_LOAD, elem_id="london-city", apply_default_css=False)


def city_html(cameras: pd.DataFrame, quarters: pd.DataFrame, index: pd.DataFrame, *, day: date, measure: str) -> str:
    """The panel's content: `cameras`, their `quarters` and London's `index` on that day, as `tabs.london.index` reads them."""
    start, end = bounds_of_day(day)
    count = round((end - start).total_seconds() / 900)
    cells = [cameras["folder"].searchsorted(quarters["folder"]), ((quarters["start"] - start) // pd.Timedelta(minutes=15)).to_numpy()]
    usable = round(100 * (quarters["folder"].nunique() / max(len(cameras), 1)))
    levels = _grid(cells, quarters["level"], (len(cameras), count))
    shown = int((levels != UNKNOWN).sum(axis=0).argmax())  # the quarter hour of which most is known
    data = {
        "names": cameras["name"].tolist(),
        "areas": cameras["area"].tolist(),
        "folders": cameras["folder"].tolist(),
        "count": count,
        "start": start.isoformat(),
        "levels": _encode(levels),
        "usual": _encode(_grid(cells, quarters["usual"], (len(cameras), count))),
        "index": [_index_line(row) for row in _by_quarter(index, start, count)],
    }
    return (
        f'<div class="city" data-city="{html.escape(json.dumps(data, ensure_ascii=False))}">'
        f'<p class="city-words">{day_in_words(day)}: {len(cameras):,} cameras, {usable}% of them with usable frames. '
        f"Level: mean {NAMES[measure]} over a quarter hour.</p>"
        '<div class="city-bar"><button type="button" class="play" aria-pressed="false">Play</button>'
        f'<input type="range" min="0" max="{count - 1}" value="{shown}" aria-label="Time of day"><output></output>'
        '<label><input type="radio" name="city-what" value="level" checked> Level</label>'
        '<label><input type="radio" name="city-what" value="deviation"> More or less than usual</label></div>'
        '<p class="city-index" aria-live="off"></p>'
        f'<div class="city-columns"><div class="city-map">{_map_svg(cameras)}{_legend()}</div>'
        '<div class="city-ranking"><label>Search <input type="search" placeholder="Street or borough"></label>'
        '<table><caption class="sr-only">Cameras at this time, the highest first</caption>'
        "<thead><tr><th>Camera</th><th>Level</th><th>Usual</th></tr></thead><tbody></tbody></table></div></div></div>"
    )


def _grid(cells: list[npt.NDArray[Any]], values: pd.Series, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(cameras, quarter hours) per cent as bytes, `UNKNOWN` where a value is missing."""
    grid = np.full(shape, UNKNOWN, np.uint8)
    inside = (cells[1] >= 0) & (cells[1] < shape[1]) & values.notna().to_numpy()
    grid[cells[0][inside], cells[1][inside]] = np.rint(values.to_numpy(np.float64)[inside] * 100)
    return grid


def _encode(grid: npt.NDArray[np.uint8]) -> str:
    return base64.b64encode(grid.tobytes()).decode()


def _by_quarter(index: pd.DataFrame, start: object, count: int) -> list[dict[str, float] | None]:
    rows: dict[int, Any] = {int((row["start"] - start) / pd.Timedelta(minutes=15)): row for row in index.to_dict("records")}
    return [rows.get(number) for number in range(count)]


def _index_line(row: dict[str, float] | None) -> str:
    """London at a quarter hour, in words."""
    if row is None:
        return "London: no usable camera at this time."
    usual = "" if math.isnan(row["usual"]) else f", usually {row['usual']:.0%}"
    return (
        f"London: {row['level']:.0%} (95% interval {row['low']:.0%} to {row['high']:.0%}{usual}), "
        f"from {row['usable']:.0f} of {row['cameras']:.0f} cameras ({row['coverage']:.0%})."
    )


def _map_svg(cameras: pd.DataFrame) -> str:
    """A dot for each camera that has a position; the ranking beside it says the same in words."""
    placed = cameras[cameras["lat"].notna() & cameras["lon"].notna()]
    if placed.empty:
        return "<p>No camera of this index has a position.</p>"
    x, y = placed["lon"] * KM_A_DEGREE * NARROWING, (52 - placed["lat"]) * KM_A_DEGREE
    left, top, width, height = x.min() - MARGIN_KM, y.min() - MARGIN_KM, np.ptp(x) + 2 * MARGIN_KM, np.ptp(y) + 2 * MARGIN_KM
    radius = max(width, height) / 110
    outlines = "".join(f'<path class="borough" d="{_ring_path(ring)}"/>' for _, rings in read_outlines() for ring in rings)
    dots = "".join(
        f'<circle data-row="{row}" cx="{east:.2f}" cy="{south:.2f}" r="{radius:.2f}"><title>{html.escape(name)}</title></circle>'
        for row, east, south, name in zip(placed.index, x, y, placed["name"], strict=True)
    )
    label = f"Map of {len(placed):,} cameras, coloured by level. The ranking has the same in words."
    box = f"{left:.2f} {top:.2f} {width:.2f} {height:.2f}"
    return f'<svg viewBox="{box}" role="img" aria-label="{label}">{outlines}{dots}</svg><p>{BOROUGHS}</p>'


def _ring_path(ring: Sequence[tuple[float, float]]) -> str:
    return f"M{'L'.join(f'{lon * KM_A_DEGREE * NARROWING:.2f} {(52 - lat) * KM_A_DEGREE:.2f}' for lon, lat in ring)}Z"


def _legend() -> str:
    return (
        '<p class="city-legend level"><span>0%</span><i></i><span>100%</span></p>'
        '<p class="city-legend deviation"><span>30 points less</span><i></i><span>30 more than usual</span></p>'
        '<p class="city-legend"><b></b> no usable frame</p>'
    )
