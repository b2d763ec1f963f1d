from datetime import date

import pytest

from carpark.archives import open_archive
from carpark.archives.chain import ArchiveChain
from carpark.archives.http import HttpArchive
from carpark.cameras.camera import Camera, camera_of_folder
from carpark.errors import BadSetting, UnknownCamera
from carpark.slots import frame_path, slots_of_day
from tests.carpark.archives.test_opening import HASTY, JPEG
from tests.loopback import NOT_FOUND, Answer, Loopback

DAY = date(2020, 3, 9)
SLOTS = slots_of_day(DAY)[:6]
CAMERA = camera_of_folder("Baker_St")


def put(root, slots, data=JPEG, folder=CAMERA.folder):
    for slot in slots:
        path = root / folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def two(tmp_path):
    """Two folders: the first has the first two slots, the second the first four, and a camera of its own."""
    first, second = tmp_path / "first", tmp_path / "second"
    put(first, SLOTS[:2], JPEG + b"1")
    put(second, SLOTS[:4], JPEG + b"2")
    put(second, SLOTS, folder="City_Rd")
    return first, second


def test_what_the_first_lacks_is_asked_of_the_next(two):
    chain = open_archive(f"{two[0]}, {two[1]}")
    found = {fetched.slot: fetched for fetched in chain.fetch(CAMERA, SLOTS)}
    assert [found[slot].source for slot in SLOTS] == [str(two[0])] * 2 + [str(two[1])] * 2 + [""] * 2
    assert found[SLOTS[0]].data == JPEG + b"1"
    assert found[SLOTS[5]].reason == "the archive has no frame for this slot"


def test_a_chain_lists_the_cameras_and_days_of_all(two):
    put(two[1], [slots_of_day(date(2020, 3, 10))[0]])
    chain = open_archive(f"{two[0]},{two[1]}")
    assert [camera.folder for camera in chain.cameras()] == ["Baker_St", "City_Rd"]
    assert chain.camera("city rd").folder == "City_Rd"
    assert chain.days(CAMERA) == [DAY, date(2020, 3, 10)]


def test_a_source_that_is_down_does_not_hide_the_others(two):
    with Loopback(lambda path, nth: NOT_FOUND) as server:
        pass
    down = HttpArchive(server.base, HASTY)
    chain = ArchiveChain((down, open_archive(str(two[1]))))
    assert len(chain.cameras()) == 2
    assert chain.days(CAMERA) == [DAY]
    found = {fetched.slot: fetched for fetched in chain.fetch(CAMERA, SLOTS)}
    assert sum(bool(fetched.data) for fetched in found.values()) == 4
    assert found[SLOTS[5]].reason == "the source stopped answering: connection refused; the archive has no frame for this slot"
    assert not found[SLOTS[5]].is_final


def test_a_chain_of_which_all_are_down_says_so():
    with Loopback(lambda path, nth: NOT_FOUND) as server:
        pass
    chain = ArchiveChain((HttpArchive(server.base, HASTY), HttpArchive(server.base, HASTY)))
    for listing in (chain.cameras, lambda: chain.days(CAMERA)):
        with pytest.raises(BadSetting, match="does not answer"):
            listing()


def test_a_camera_that_only_an_unlisted_source_can_have_is_asked_for_there(two):
    with Loopback(lambda path, nth: NOT_FOUND) as server:
        chain = ArchiveChain((open_archive(str(two[0])), HttpArchive(server.base, HASTY)))
        assert chain.camera("Some_Other_St").folder == "Some_Other_St"
        with pytest.raises(UnknownCamera, match=r"Camera '\.\./x' was not found"):
            chain.camera("../x")


def test_a_camera_with_a_position_is_preferred(two):
    class Positioned:
        location, cache = "a catalogue", None

        def cameras(self):
            return [Camera("00001.00001", "Baker St", "Baker_St", 51.5, -0.1)]

    chain = ArchiveChain((open_archive(str(two[0])), Positioned()))
    assert [camera.id for camera in chain.cameras()] == ["00001.00001"]


def test_frames_of_the_first_are_yielded_before_the_next_is_asked(two):
    with Loopback(lambda path, nth: Answer(JPEG)) as server:
        chain = ArchiveChain((open_archive(str(two[0])), HttpArchive(server.base, HASTY)))
        frames = chain.fetch(CAMERA, SLOTS)
        assert next(frames).slot == SLOTS[0]
        assert server.asked == []
        frames.close()
        assert server.asked == []


def test_a_folder_with_a_comma_in_its_name_is_one_folder(tmp_path):
    folder = tmp_path / "frames, 2020"
    put(folder, SLOTS)
    assert [camera.folder for camera in open_archive(str(folder)).cameras()] == ["Baker_St"]


def test_one_wrong_location_among_several_is_named():
    with pytest.raises(BadSetting, match="'nowhere' is not an archive"):
        open_archive("https://example.org/archive, nowhere")
