"""London's 32 boroughs and the City, and which of them a camera lies in.

The outlines contain National Statistics data and OS data © Crown copyright and database right (Open Government Licence v3.0).
"""

import json
import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from carpark.cameras.camera import Camera

OUTLINES = Path(__file__).with_name("london_boroughs.geojson")
NARROWING = math.cos(math.radians(51.5))  # of a degree of longitude, in London
SLACK = 0.005  # degrees of latitude, 550 m: the outlines are simplified, and leave out the Thames in places

Ring = list[tuple[float, float]]  # longitude and latitude of each corner; the last is the first


def borough_of(camera: Camera) -> str:
    """The borough that the camera lies in; "" for a camera outside London or without a position."""
    return "" if camera.lat is None or camera.lon is None else _borough_at(camera.lon, camera.lat)


@cache
def _borough_at(lon: float, lat: float) -> str:
    """The borough around the point, else the one with the nearest corner, if that is near."""
    for name, rings in read_outlines():
        if any(_is_inside(lon, lat, ring) for ring in rings):
            return name
    corners = ((math.hypot((x - lon) * NARROWING, y - lat), name) for name, rings in read_outlines() for ring in rings for x, y in ring)
    distance, nearest = min(corners)
    return nearest if distance < SLACK else ""


def _is_inside(lon: float, lat: float, ring: Ring) -> bool:
    """Whether a ray from the point eastwards crosses the ring an odd number of times."""
    crossed = (x1 + (lat - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in pairwise(ring) if (y1 > lat) != (y2 > lat))
    return sum(x > lon for x in crossed) % 2 == 1


@cache
def read_outlines() -> list[tuple[str, list[Ring]]]:
    """The name and the outer rings of each borough; its few holes are slivers that simplifying has left."""
    features = json.loads(OUTLINES.read_text(encoding="utf-8"))["features"]
    return [(feature["properties"]["name"], _rings_of(feature["geometry"])) for feature in features]


def _rings_of(geometry: dict[str, Any]) -> list[Ring]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [polygon[0] for polygon in polygons]
