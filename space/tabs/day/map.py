"""London's cameras on a map to choose from: drawn as SVG from their positions, since map tiles would come from another host."""

import html
import math
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from carpark.cameras.camera import Camera
from carpark.cameras.catalogue import area_of, read_areas

ON_LOAD = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
FEWEST_CAMERAS = 2  # with a position; fewer need no map
MARGIN_KM = 2.0
CHARING_CROSS, INNER_KM = (51.507, -0.127), 12
KM_A_DEGREE = 111.2  # of latitude
NARROWING = math.cos(math.radians(51.5))  # of a degree of longitude, in London

# The Thames from Hampton Court to Dartford, by hand along its bridges and bends (latitude, longitude): to find one's way, not to navigate.
THAMES = (
    (51.403, -0.340), (51.411, -0.308), (51.430, -0.323), (51.446, -0.325), (51.458, -0.307), (51.472, -0.320), (51.486, -0.288),
    (51.484, -0.268), (51.471, -0.263), (51.471, -0.247), (51.489, -0.235), (51.483, -0.222), (51.467, -0.211), (51.461, -0.190),
    (51.473, -0.178), (51.482, -0.168), (51.485, -0.150), (51.484, -0.137), (51.488, -0.125), (51.501, -0.122), (51.508, -0.117),
    (51.510, -0.104), (51.507, -0.088), (51.505, -0.075), (51.502, -0.058), (51.508, -0.044), (51.508, -0.032), (51.499, -0.026),
    (51.488, -0.026), (51.484, -0.011), (51.490, -0.001), (51.504, -0.004), (51.507, 0.004), (51.496, 0.013), (51.495, 0.037),
    (51.496, 0.065), (51.507, 0.080), (51.512, 0.105), (51.513, 0.125), (51.502, 0.155), (51.485, 0.185), (51.477, 0.215),
)  # fmt: skip


def camera_map() -> gr.HTML:
    """The map, empty until the cameras are known; its event `choose` names a camera."""
    return gr.HTML("", js_on_load=ON_LOAD, elem_id="camera-map", apply_default_css=False)


def map_html(cameras: Sequence[Camera]) -> str:
    """The cameras that have a position on a map of London, as HTML; "" when there are too few for one."""
    placed = [camera for camera in cameras if camera.lat is not None and camera.lon is not None]
    if len(placed) < FEWEST_CAMERAS:
        return ""
    points = [_point(camera.lat or 0, camera.lon or 0) for camera in placed]
    xs, ys = zip(*points, strict=True)
    left, top = min(xs) - MARGIN_KM, min(ys) - MARGIN_KM
    width, height = max(xs) + MARGIN_KM - left, max(ys) + MARGIN_KM - top
    river = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in (_point(*place) for place in THAMES))
    dots = "".join(_dot(camera, *point) for camera, point in zip(placed, points, strict=True))
    resting = sum(not camera.available for camera in placed)
    return (
        f'<details class="map" open><summary>Choose on the map: {len(placed):,} cameras</summary><div class="map-frame">'
        f'<svg viewBox="{left:.2f} {top:.2f} {width:.2f} {height:.2f}" role="listbox" tabindex="0" '
        f'aria-label="Cameras of London. Arrow keys go to a neighbour, Enter chooses.">'
        f'<path class="river" d="{river}"/><g class="areas" aria-hidden="true">{_areas_svg()}</g>{dots}</svg>'
        '<div class="map-buttons"><button type="button" data-zoom="2" aria-label="Zoom in">+</button>'
        '<button type="button" data-zoom="0.5" aria-label="Zoom out">&#8722;</button></div><p class="map-name" hidden></p></div>'
        f'<p class="map-legend"><span><i class="on"></i>in service</span> '
        f'<span><i class="off"></i>out of service when the list was read ({resting:,})</span></p></details>'
    )


def _point(lat: float, lon: float) -> tuple[float, float]:
    """Kilometres east of Greenwich, and south of the 52nd parallel."""
    return lon * KM_A_DEGREE * NARROWING, (52 - lat) * KM_A_DEGREE


def _dot(camera: Camera, x: float, y: float) -> str:
    """A camera as a dot with a name, for the eye and for a screen reader."""
    name = ", ".join(part for part in (camera.name, area_of(camera), "" if camera.available else "out of service") if part)
    state = "on" if camera.available else "off"
    return (
        f'<circle class="{state}" role="option" aria-selected="false" id="camera-{html.escape(camera.id)}" '
        f'cx="{x:.2f}" cy="{y:.2f}" aria-label="{html.escape(name)}"/>'
    )


def _areas_svg() -> str:
    """The names of the boroughs at their rough centres; those of the inner ones, where cameras are many, wait for a closer look."""
    places = [(area, *_point(lat, lon)) for area, lat, lon in read_areas()]
    x0, y0 = _point(*CHARING_CROSS)
    return "".join(
        f'<text class="{"inner" if math.hypot(x - x0, y - y0) < INNER_KM else "outer"}" x="{x:.2f}" y="{y:.2f}">{html.escape(area)}</text>'
        for area, x, y in places
    )
