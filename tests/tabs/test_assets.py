from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tabs
from tabs.assets import ROUTES

VENDOR = Path(tabs.__file__).with_name("vendor")


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=ROUTES))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("leaflet.js", "javascript"), ("leaflet.css", "css"), ("cally.js", "javascript"), ("london_boroughs.geojson", "geo+json")],
)
def test_the_page_gets_its_libraries_and_outlines_from_this_host(client, name, kind):
    answer = client.get(f"/vendor/{name}")
    assert answer.status_code == 200
    assert kind in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/vendor/", "/vendor/../assets.py", "/vendor/%2e%2e/assets.py", "/vendor/camera.py"])
def test_nothing_else_is_served_beside_them(client, path):
    assert client.get(path).status_code == 404


def test_every_library_of_others_has_its_licence_beside_it():
    assert {file.stem for file in VENDOR.glob("*.js")} == {file.stem for file in VENDOR.glob("*.LICENSE")}
