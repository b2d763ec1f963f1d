"""Files that the page fetches when it needs them, from below `vendor/`: two libraries, and the outlines of London's boroughs.

`tabs/vendor/` holds Leaflet 1.9.4 (the map) and Cally 0.9.2 (the calendar) as npm delivers them, each with its licence.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from carpark.cameras.boroughs import OUTLINES


def _send_outlines(_: Request) -> FileResponse:
    return FileResponse(OUTLINES, media_type="application/geo+json")


ROUTES: list[BaseRoute] = [
    Route(f"/vendor/{OUTLINES.name}", _send_outlines),
    Mount("/vendor", StaticFiles(directory=Path(__file__).with_name("vendor"))),
]
