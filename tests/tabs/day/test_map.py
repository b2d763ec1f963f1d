import json
from html.parser import HTMLParser

from carpark.cameras.camera import Camera, camera_of_folder, parse_catalogue
from tabs.day.map import map_html
from tests.real_data import TFL, needs_real_data

BAKER = Camera("00001.07389", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.5226, -0.1571)
ENFIELD = Camera("00001.01000", "A10 <Great> Cambridge Rd", "A10", 51.65, -0.06, available=False)


class CameraList(HTMLParser):
    """The cameras of a map by id, with their attributes; "text" is what a screen reader says."""

    def __init__(self, cameras):
        super().__init__()
        self.options, self._open = {}, None
        self.feed(map_html(cameras))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self._open = found if found.get("role") == "option" else None
        if self._open:
            self.options[found["id"]] = found | {"text": ""}

    def handle_data(self, data):
        if self._open:
            self.options[self._open["id"]]["text"] += data

    def handle_endtag(self, tag):
        self._open = None


def test_each_camera_is_listed_with_its_borough_position_and_availability():
    baker, enfield = CameraList([BAKER, ENFIELD]).options.values()
    assert (baker["id"], baker["text"], baker["class"]) == ("camera-00001.07389", "Baker St/S of Park Rd, Westminster", "on")
    assert (enfield["text"], enfield["class"]) == ("A10 <Great> Cambridge Rd, Enfield, out of service", "off")
    assert (baker["data-lat"], baker["data-lon"]) == ("51.52260", "-0.15710")


def test_cameras_without_a_position_need_no_map():
    assert map_html([]) == map_html([camera_of_folder("A"), camera_of_folder("B"), BAKER]) == ""


def test_a_cameras_name_stays_a_name():
    assert "<Great>" not in map_html([BAKER, ENFIELD])


def test_the_outlines_of_the_boroughs_are_credited():
    assert "Contains National Statistics data and OS data © Crown copyright and database right" in map_html([BAKER, ENFIELD])


@needs_real_data
def test_the_recorded_catalogue_is_a_map_of_911_cameras_of_bounded_size():
    cameras = parse_catalogue(json.loads(next(TFL.glob("Place_Type_JamCam__*.json")).read_text()))
    assert len(CameraList(cameras).options) == 911
    drawn = map_html(cameras)
    assert "911 cameras" in drawn
    assert len(drawn) < 200_000
