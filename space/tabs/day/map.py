"""London's cameras on a map to choose from. `map.js` has Leaflet draw it over the outlines of the boroughs.

Nothing comes from another host, until the visitor switches OpenStreetMap's streets on.
"""

import html
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from carpark.cameras.boroughs import borough_of
from carpark.cameras.camera import Camera
from tabs.credits import BOROUGHS

ON_LOAD = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
FEWEST_CAMERAS = 2  # with a position; fewer need no map


def camera_map() -> gr.HTML:
    """The map, empty until the cameras are known; its event `choose` names a camera."""
    return gr.HTML("", js_on_load=ON_LOAD, elem_id="camera-map", apply_default_css=False)


def map_html(cameras: Sequence[Camera]) -> str:
    """The cameras that have a position, as an HTML list that the map is drawn from; "" when there are too few for a map.

    The list is what a screen reader reads, and what the keyboard walks through.
    """
    placed = [camera for camera in cameras if camera.lat is not None and camera.lon is not None]
    if len(placed) < FEWEST_CAMERAS:
        return ""
    resting = sum(not camera.available for camera in placed)
    return (
        f'<details class="map" open><summary>Choose on the map: {len(placed):,} cameras</summary>'
        '<div class="map-frame"><div class="map-list" role="listbox" tabindex="0" '
        f'aria-label="Cameras of London. Arrow keys go to a neighbour, Enter chooses.">{"".join(map(_option, placed))}</div>'
        '<div class="map-view"></div><p class="map-name" hidden></p></div>'
        '<div class="map-legend"><span><i class="on"></i>in service</span> '
        f'<span><i class="off"></i>out of service when the list was read ({resting:,})</span> '
        '<label><input type="checkbox" class="streets">Show streets: your browser then fetches them from openstreetmap.org</label>'
        f'<span class="map-credit">{BOROUGHS}</span></div></details>'
    )


def _option(camera: Camera) -> str:
    """A camera of the list: its name, borough, position and whether it is in service."""
    name = ", ".join(part for part in (camera.name, borough_of(camera), "" if camera.available else "out of service") if part)
    return (
        f'<span role="option" class="{"on" if camera.available else "off"}" aria-selected="false" id="camera-{html.escape(camera.id)}" '
        f'data-lat="{camera.lat:.5f}" data-lon="{camera.lon:.5f}">{html.escape(name)}</span>'
    )
