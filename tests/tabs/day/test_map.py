import json
import re
from html.parser import HTMLParser

from carpark.cameras.camera import Camera, camera_of_folder, parse_catalogue
from tabs.day.map import map_html
from tests.real_data import TFL, needs_real_data

BAKER = Camera("00001.07389", "Baker St/S of Park Rd", "Baker_St_S_of_Park_Rd", 51.5226, -0.1571)
ENFIELD = Camera("00001.01000", "A10 <Great> Cambridge Rd", "A10", 51.65, -0.06, available=False)


class Map(HTMLParser):
    """The dots of a map, and its other elements."""

    def __init__(self, cameras):
        super().__init__()
        self.tags = []
        self.feed(map_html(cameras))
        self.dots = {attributes["id"]: attributes for tag, attributes in self.tags if tag == "circle"}

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def test_each_camera_is_a_dot_with_a_name_and_its_availability():
    dots = Map([BAKER, ENFIELD]).dots
    assert dots["camera-00001.07389"]["aria-label"] == "Baker St/S of Park Rd, Westminster"
    assert dots["camera-00001.01000"]["aria-label"] == "A10 <Great> Cambridge Rd, Enfield, out of service"
    assert [dot["class"] for dot in dots.values()] == ["on", "off"]


def test_north_is_up_east_is_right_and_a_kilometre_is_a_kilometre():
    baker, enfield = ((float(dot["cx"]), float(dot["cy"])) for dot in Map([BAKER, ENFIELD]).dots.values())
    assert enfield[0] > baker[0] and enfield[1] < baker[1]
    across, up = enfield[0] - baker[0], baker[1] - enfield[1]
    assert round(across, 1) == 6.7 and round(up, 1) == 14.2


def test_all_dots_lie_within_the_map():
    drawn = Map([BAKER, ENFIELD])
    (box,) = [attributes["viewbox"] for tag, attributes in drawn.tags if tag == "svg"]
    left, top, width, height = map(float, box.split())
    assert all(left < float(dot["cx"]) < left + width and top < float(dot["cy"]) < top + height for dot in drawn.dots.values())


def test_cameras_without_a_position_need_no_map():
    assert map_html([]) == map_html([camera_of_folder("A"), camera_of_folder("B"), BAKER]) == ""


def test_a_cameras_name_stays_a_name():
    assert "<Great>" not in map_html([BAKER, ENFIELD])


@needs_real_data
def test_the_recorded_catalogue_is_a_map_of_911_cameras_of_bounded_size():
    cameras = parse_catalogue(json.loads(next(TFL.glob("Place_Type_JamCam__*.json")).read_text()))
    drawn = map_html(cameras)
    assert len(re.findall("<circle ", drawn)) == 911
    assert "911 cameras" in drawn
    assert len(drawn) < 200_000
