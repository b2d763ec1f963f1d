"""Usable frames of a camera's day wait for labels, and those labelled become a photos folder."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from carpark.archives import open_archive
from carpark.errors import BadSetting
from carpark.slots import frame_path, slots_of_day
from tests.street import card, jpeg, street, with_overlays
from traffic.index.agreement import read_labels
from training.clean.decisions import CLEANING_FILE
from training.clean.page.queue import FRAME_MARKS, Choice, ReviewQueue
from training.photos import read_photos
from training.review.frames import read_frames, take_day, write_labelled

DAYS = (date(2020, 3, 9), date(2020, 3, 10))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two days of one camera: three live frames each, and one that says the camera is in use."""
    for number, day in enumerate(DAYS):
        slots = slots_of_day(day)[100:104]
        pictures = [with_overlays(street(10 * number + n)) for n in range(3)] + [card("Camera in use")]
        for slot, picture in zip(slots, pictures, strict=True):
            path = tmp_path / "archive" / "Baker_St" / frame_path(slot)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(picture))
    return tmp_path / "archive"


def take(archive: Path, day: date, out: Path) -> None:
    source = open_archive(str(archive))
    states = take_day(source, source.camera("Baker_St"), day, out)
    assert states["ok"] == 3 and states["in_use"] == 1


def test_labels_of_frames_make_photos_whose_scene_is_camera_and_day(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "labelled"
    for day in DAYS:
        take(archive, day, out)
        queue = ReviewQueue(read_frames(out), out, "Kim")
        cards = queue.cards(Choice())
        assert len(cards) == 3 + DAYS.index(day) and not any(card.label for card in cards)
        for shown, key in zip(cards, "ef", strict=False):
            queue.decide(shown, FRAME_MARKS["classes"][key][1])
        assert write_labelled(out)["full"] == 1 + DAYS.index(day)
    photos = read_photos(out)
    assert sorted(photos.label) == ["empty", "empty", "full", "full"]
    assert set(photos.scene) == {f"Baker_St {day}" for day in DAYS}
    assert (out / CLEANING_FILE).is_file() and all(path.is_file() for path in photos.path)


@pytest.mark.parametrize(
    ("marks", "keys", "labels", "shares"),
    [("levels", "13", ["empty", "full"], [0.1, 0.575]), ("shares", "6t", ["full", "partial"], [1.0, 0.6])],
)
def test_levels_and_shares_become_labels_and_occupancy(
    archive: Path, tmp_path: Path, marks: str, keys: str, labels: list[str], shares: list[float]
) -> None:
    out = tmp_path / "labelled"
    take(archive, DAYS[0], out)
    queue = ReviewQueue(read_frames(out), out, "Kim")
    for shown, key in zip(queue.cards(Choice()), keys, strict=False):
        queue.decide(shown, FRAME_MARKS[marks][key][1])
    write_labelled(out)
    photos = read_photos(out).sort_values("label")
    assert (photos.label.tolist(), photos.occupancy.tolist()) == (labels, shares)
    told = read_labels([out / "photos.csv"])
    assert set(told.folder) == {"Baker_St"} and sorted(told.expected) == sorted(shares)
    assert sorted(told.slot) == [slot.replace(tzinfo=UTC) for slot in slots_of_day(DAYS[0])[100:102]]


def test_two_frames_of_one_minute_are_two_photos(archive: Path, tmp_path: Path) -> None:
    for second in (10, 40):
        path = archive / "Baker_St" / frame_path(datetime(2020, 3, 12, 12, 0, second, tzinfo=UTC))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jpeg(with_overlays(street(second))))
    source = open_archive(str(archive))
    take_day(source, source.camera("Baker_St"), date(2020, 3, 12), tmp_path / "labelled")
    frames = read_frames(tmp_path / "labelled")
    assert frames.file.tolist() == [f"Baker_St/2020-03-12@12_00_{second}GMT.jpg" for second in (10, 40)]
    assert frames.path[0].read_bytes() != frames.path[1].read_bytes()


def test_a_day_that_is_taken_twice_is_there_once(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "labelled"
    take(archive, DAYS[0], out)
    take(archive, DAYS[0], out)
    assert len(read_frames(out)) == 3


def test_a_day_without_a_usable_frame_is_one_line(archive: Path, tmp_path: Path) -> None:
    source = open_archive(str(archive))
    with pytest.raises(BadSetting, match=r"has no usable frame of Baker St on 2020-03-11 \(no frame at all\)"):
        take_day(source, source.camera("Baker_St"), date(2020, 3, 11), tmp_path / "labelled")
