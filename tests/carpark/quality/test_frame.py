"""Frames of a day compared with each other: a frozen picture is found, and a view that moved is noted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from carpark.quality.frame import mark_frozen, note_moved_views
from carpark.quality.judging import judge_frame
from tests.real_data import ARCHIVE, needs_real_data
from tests.street import card, exif, jpeg, street, with_overlays

SLOT = datetime(2020, 3, 9, 10, 5, tzinfo=UTC)


def frames(*pictures):
    return {SLOT + timedelta(minutes=5 * i): judge_frame(data) for i, data in enumerate(pictures)}


def states(*pictures):
    return [frame.state for frame in mark_frozen(frames(*pictures)).values()]


def test_the_same_picture_again_is_frozen_since_its_first_slot():
    a, b = jpeg(with_overlays(street(1))), jpeg(with_overlays(street(2)))
    marked = list(mark_frozen(frames(a, b, a, a)).values())
    assert [frame.state for frame in marked] == ["ok", "ok", "frozen", "frozen"]
    assert [frame.reason for frame in marked[2:]] == ["identical to the picture at 10:05"] * 2
    assert marked[2].scene is None


def test_other_exif_does_not_hide_a_frozen_picture():
    assert states(jpeg(street(), exif=exif("2020:03:09 10:01:02")), jpeg(street(), exif=exif("2020:03:09 10:06:02"))) == ["ok", "frozen"]


def test_a_clock_that_ticks_on_does_not_hide_a_frozen_picture():
    assert states(jpeg(with_overlays(street(), "Mon 09 Mar 10:00")), jpeg(with_overlays(street(), "Mon 09 Mar 10:05"))) == ["ok", "frozen"]


def test_a_clock_inside_a_picture_of_another_size_does_not_hide_it_either():
    pictures = []
    for clock in ("10:00:00", "10:05:01"):
        picture = street(size=(640, 360))
        ImageDraw.Draw(picture).text((20, 330), clock, font=ImageFont.load_default(20), fill="white")
        pictures.append(jpeg(picture))
    marked = list(mark_frozen(frames(*pictures)).values())
    assert marked[1].state == "frozen"
    assert marked[1].reason.endswith("% of its blocks equal to the picture at 10:05")


def test_a_card_stays_in_use_however_often_it_comes():
    assert states(*[jpeg(with_overlays(card("Camera in use")))] * 3) == ["in_use"] * 3


def test_a_late_frame_that_is_also_frozen_counts_as_frozen():
    data = jpeg(street(), exif=exif("2020:03:09 09:00:00"))
    judged = {SLOT: judge_frame(data, slot=SLOT), SLOT + timedelta(minutes=5): judge_frame(data, slot=SLOT + timedelta(minutes=5))}
    assert [frame.state for frame in mark_frozen(judged).values()] == ["late", "frozen"]


@pytest.mark.parametrize("brightness", [1.0, 0.3, 0.1, 0.04])
def test_a_quiet_night_street_is_never_frozen(brightness):
    rng = np.random.default_rng(0)
    still = np.asarray(street()) * brightness
    noisy = [Image.fromarray(np.clip(still + rng.normal(0, 1.5, still.shape), 0, 255).astype(np.uint8)) for _ in range(6)]
    assert states(*(jpeg(with_overlays(picture), 75) for picture in noisy)) == ["ok"] * 6


def test_pictures_of_different_sizes_are_never_the_same():
    assert states(jpeg(street(size=(640, 360))), jpeg(street(size=(360, 640)))) == ["ok", "ok"]


def moved(picture):
    """The picture as from a camera that turned."""
    return Image.fromarray(np.roll(np.asarray(picture), 60, axis=1))


def test_a_camera_that_turns_is_noted_once_and_stays_usable():
    turned = [moved(street(seed)) for seed in (4, 4)]
    values = np.clip(np.asarray(turned[1]).astype(int) + np.random.default_rng(0).integers(-3, 4, (288, 352, 3)), 0, 255)
    pictures = [street(3), street(3), turned[0], Image.fromarray(values.astype(np.uint8))]
    noisy = [Image.fromarray((np.asarray(p) * (1 - 0.01 * i)).astype(np.uint8)) for i, p in enumerate(pictures)]
    marked = list(note_moved_views(frames(*(jpeg(with_overlays(picture)) for picture in noisy))).values())
    assert [frame.state for frame in marked] == ["ok"] * 4
    assert [bool(frame.reason) for frame in marked] == [False, False, True, False]
    assert marked[2].reason.startswith("the view has moved since 10:10 (likeness 0.")


def test_a_view_after_a_long_gap_is_not_compared():
    first, second = judge_frame(jpeg(street(3))), judge_frame(jpeg(moved(street(4))))
    marked = note_moved_views({SLOT: first, SLOT + timedelta(minutes=25): second})
    assert [frame.reason for frame in marked.values()] == ["", ""]


@needs_real_data
def test_no_real_view_of_a_fixed_camera_is_noted_as_moved():
    paths = sorted((ARCHIVE / "UFPR05_Car_Park").rglob("*.jpg"))
    judged = {SLOT + timedelta(minutes=5 * i): judge_frame(path.read_bytes()) for i, path in enumerate(paths)}
    assert {frame.reason for frame in note_moved_views(judged).values()} == {""}
