"""One frame judged by itself: ok, in use, corrupt or late; and the command that judges files."""

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from carpark.quality.judging import judge_files, judge_frame
from tests.real_data import ARCHIVE, JAMCAM, SHARED, needs_real_data
from tests.street import SIZE, card, exif, jpeg, street, with_overlays

SLOT = datetime(2020, 3, 9, 10, 5, tzinfo=UTC)


def changed(image, change):
    """The picture with its values, as floats, changed, and TfL's overlays on top."""
    values = change(np.asarray(image).astype(float))
    return with_overlays(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)))


def test_a_live_frame_is_ok_and_keeps_no_overlay():
    frame = judge_frame(jpeg(with_overlays(street())))
    assert (frame.state, frame.reason, frame.captured_at) == ("ok", "", None)
    assert frame.scene.size == (352, 236)


def test_a_frame_of_another_size_stays_whole():
    assert judge_frame(jpeg(street(size=(640, 360)))).scene.size == (640, 360)


@pytest.mark.parametrize("quality", [30, 60, 95])
@pytest.mark.parametrize(
    "change",
    [
        lambda values: values,
        lambda values: values * 0.3,
        lambda values: values * 0.06,
        lambda values: 255 * (values / 255) ** 6,
        lambda values: (values - 90) * 0.8,
        lambda values: 190 + (values - 190) * 0.12,
        lambda values: values + 120,
        lambda values: (values - 128) * 2.5 + 248,
        lambda values: 225 + (values - 225) * 0.25,
        lambda values: np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2),
    ],
    ids=["day", "dusk", "night", "black night with lamps", "crushed", "fog", "overexposed", "glare", "snow", "grey camera"],
)
def test_weather_and_night_are_not_faults(change, quality):
    for seed in range(3):
        frame = judge_frame(jpeg(changed(street(seed), change), quality))
        assert (frame.state, frame.reason) == ("ok", "")


@pytest.mark.parametrize("quality", [30, 60, 95])
@pytest.mark.parametrize("colour", ["#808080", "black", "white", "#0019a8", "#dc241f", "#1e1e1e", "#5a785a"])
@pytest.mark.parametrize("text", ["Camera 00001.06592 in\nuse keeping London\nmoving", "Image unavailable"])
def test_a_card_is_in_use_whatever_its_colour_and_text(colour, text, quality):
    for picture in (with_overlays(card(text, colour)), card(text, colour, size=(640, 480))):
        frame = judge_frame(jpeg(picture, quality))
        assert frame.state == "in_use"
        assert frame.reason.startswith("a card instead of a picture: ")
        assert frame.scene is None


def test_what_the_exif_says_of_the_camera_counts_before_the_pixels():
    comment = b'ASCII\0\0\0{"view":"A41 S\\\\\\/B","available":false}'
    frame = judge_frame(jpeg(with_overlays(street()), exif=exif("2020:03:09 10:01:02", comment)))
    assert (frame.state, frame.reason) == ("in_use", "its EXIF says that the camera is not available")
    assert frame.captured_at == datetime(2020, 3, 9, 10, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95, 0.999])
def test_a_file_that_ends_early_is_truncated(share):
    data = jpeg(street())
    frame = judge_frame(data[: int(len(data) * share)])
    assert frame.state == "corrupt"
    assert frame.reason.startswith(("truncated: the file ends in mid-picture", "not a JPEG", "cannot be decoded"))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_file_that_was_closed_in_mid_picture_is_cut_off(share):
    data = jpeg(street())
    frame = judge_frame(data[: int(len(data) * share)] + b"\xff\xd9")
    assert frame.state == "corrupt"
    assert frame.reason.startswith("cut off: the lowest ")


@pytest.mark.parametrize("fill", [128, 0])
@pytest.mark.parametrize("row", [70, 130, 200, 240])
def test_a_picture_saved_again_after_it_was_cut_is_cut_off(row, fill):
    for finish in (with_overlays, lambda image: image):
        values = np.asarray(street()).copy()
        values[row:] = fill
        assert judge_frame(jpeg(finish(Image.fromarray(values)))).state == "corrupt"


@pytest.mark.parametrize("quality", [30, 60, 95])
@pytest.mark.parametrize("row", [60, 118, 180, 230])
def test_rows_that_repeat_to_the_foot_are_a_smear(row, quality):
    values = np.asarray(street()).copy()
    values[row:] = values[row]
    frame = judge_frame(jpeg(with_overlays(Image.fromarray(values)), quality))
    assert frame.state == "corrupt"
    assert frame.reason.startswith("smeared: ")


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_is_corrupt(level):
    frame = judge_frame(jpeg(with_overlays(Image.new("RGB", SIZE, (level,) * 3))))
    assert (frame.state, frame.reason) == ("corrupt", "no picture: it is all of one colour")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"<html>",
        b"GIF89a" + bytes(100),
        bytes(5000),
        bytes(range(256)) * 20,
        b"\xff\xd8" + bytes(range(256)) * 20,
    ],
)
def test_bytes_that_are_not_a_picture_are_corrupt(data):
    frame = judge_frame(data)
    assert frame.state == "corrupt"
    assert frame.reason and "\n" not in frame.reason


def test_a_picture_of_another_format_is_corrupt():
    buffer = io.BytesIO()
    street().save(buffer, "PNG")
    assert judge_frame(buffer.getvalue()).reason == "not a JPEG picture"


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    bomb = bytearray(jpeg(street()))
    header = bomb.index(b"\xff\xc0")
    bomb[header + 5 : header + 9] = (65_000).to_bytes(2) * 2
    assert judge_frame(bytes(bomb)).reason == "implausible size: 65000 x 65000 pixels"


@pytest.mark.parametrize(
    "time", ["2020:03:09 10:01:02\0", "0000:00:00 00:00:00", "yesterday", "", "2020-03-09T10:01:02", "9999:99:99 99:99:99"]
)
@pytest.mark.parametrize("comment", [b"", b"ASCII\0\0\0{", b"\xff\xfe\x00", b'UNICODE\0{\0"\0a\0v\0', b'{"available": "maybe"}'])
def test_exif_that_cannot_be_read_says_nothing(time, comment):
    frame = judge_frame(jpeg(street(), exif=exif(time, comment)))
    assert frame.state == "ok"
    assert frame.captured_at in (None, datetime(2020, 3, 9, 10, 1, 2, tzinfo=UTC))


def test_broken_exif_bytes_never_crash():
    data = jpeg(street(), exif=exif("2020:03:09 10:01:02", b'ASCII\0\0\0{"available":true}'))
    start = data.index(b"Exif")
    rng = np.random.default_rng(0)
    for _ in range(120):
        broken = bytearray(data)
        for place in rng.integers(start, start + 160, size=4):
            broken[place] = rng.integers(0, 256)
        assert judge_frame(bytes(broken), slot=SLOT).state in ("ok", "late", "in_use", "corrupt")


def test_random_damage_never_crashes():
    data = jpeg(street(), exif=exif("2020:03:09 10:01:02", b'ASCII\0\0\0{"available":true}'))
    rng = np.random.default_rng(1)
    for _ in range(120):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), size=8):
            broken[place] = rng.integers(0, 256)
        assert judge_frame(bytes(broken), slot=SLOT).reason.count("\n") == 0


@pytest.mark.parametrize(("minutes", "state"), [(-10, "ok"), (0, "ok"), (15, "ok"), (16, "late"), (120, "late")])
def test_a_frame_captured_long_before_its_slot_is_late(minutes, state):
    captured_at = SLOT - timedelta(minutes=minutes)
    frame = judge_frame(jpeg(street(), exif=exif(f"{captured_at:%Y:%m:%d %H:%M:%S}")), slot=SLOT)
    assert frame.state == state
    assert frame.reason == ("" if state == "ok" else f"captured {minutes} minutes before its slot")


def test_the_command_prints_one_line_a_frame(tmp_path):
    day = tmp_path / "Baker_St" / "2020-03-09"
    day.mkdir(parents=True)
    first, second = day / "2020-03-09@10_05GMT.jpg", day / "2020-03-09@10_10GMT.jpg"
    for path in (first, second):
        path.write_bytes(jpeg(street(), exif=exif("2020:03:09 10:01:02")))
    command = [sys.executable, "-m", "carpark.quality", str(first), str(second), str(tmp_path / "none.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert list(csv.reader(done.stdout.splitlines())) == [
        ["file", "state", "captured_at", "reason"],
        [str(first), "ok", "2020-03-09T10:01:02+00:00", ""],
        [str(second), "frozen", "2020-03-09T10:01:02+00:00", "stored twice: taken at 10:01:02, as the picture at 10:05"],
        [str(tmp_path / "none.jpg"), "missing", "", "cannot be read (No such file or directory)"],
    ]


@needs_real_data
def test_a_real_frame_that_is_torn_and_wrapped_is_corrupt():
    frame = judge_frame((SHARED / "faults" / "wrapped__UFPR05_2013-02-24.jpg").read_bytes())
    assert frame.state == "corrupt"
    assert frame.reason.startswith("torn: the picture breaks along ")


@pytest.mark.parametrize("shift_px", [96, 128, 176, 240])
@pytest.mark.parametrize("quality", [60, 90])
def test_a_drawn_picture_that_is_shifted_and_wrapped_is_corrupt(shift_px, quality):
    noise = np.random.default_rng(shift_px).integers(0, 256, (45, 80, 3), dtype=np.uint8)
    whole = Image.fromarray(noise).resize((640, 360), Image.Resampling.BICUBIC)
    assert judge_frame(jpeg(whole, quality=quality)).state == "ok"
    torn = np.roll(np.asarray(whole), shift_px, axis=1)
    torn[:, :shift_px] = np.roll(torn[:, :shift_px], 48, axis=0)
    assert judge_frame(jpeg(Image.fromarray(torn), quality=quality)).state == "corrupt"


@pytest.mark.parametrize("quality", [75, 92])
def test_a_seam_in_the_dark_is_found(quality):
    noise = np.random.default_rng(0).integers(40, 216, (45, 80, 3), dtype=np.uint8)
    night = np.asarray(Image.fromarray(noise).resize((640, 360), Image.Resampling.BICUBIC)) // 4
    assert judge_frame(jpeg(Image.fromarray(night), quality=quality)).state == "ok"
    assert judge_frame(jpeg(Image.fromarray(np.roll(night, 240, axis=1)), quality=quality)).reason.startswith("torn: ")


@needs_real_data
def test_no_real_frame_counts_as_torn():
    for folder in (ARCHIVE, JAMCAM / "archive", JAMCAM / "frames", SHARED / "street"):
        paths = sorted(folder.rglob("*.jpg"))
        assert paths
        assert [path.name for path in paths if judge_frame(path.read_bytes()).reason.startswith("torn")] == []


@needs_real_data
def test_all_three_kinds_of_real_jamcam_stills_are_told_apart():
    for folder, state in (("frames", "ok"), ("in_use", "in_use"), ("corrupt", "corrupt")):
        paths = sorted((JAMCAM / folder).glob("*.jpg"))
        assert paths
        found = {path.name: frame.state for path, frame in zip(paths, judge_files(paths), strict=True)}
        assert found == {path.name: state for path in paths}


@needs_real_data
def test_the_real_card_is_known_without_its_exif():
    (path,) = (JAMCAM / "in_use").glob("*.jpg")
    frame = judge_frame(jpeg(Image.open(path).convert("RGB"), 75))
    assert (frame.state, frame.captured_at) == ("in_use", None)


@needs_real_data
def test_no_frame_of_a_real_day_is_called_faulty():
    paths = sorted(ARCHIVE.rglob("*.jpg"))
    assert {frame.state for frame in judge_files(paths)} == {"ok"}
    assert len(paths) >= 132  # UFPR05 alone


def test_an_exif_time_after_the_slot_is_ignored():
    frame = judge_frame(jpeg(street(), exif=exif("2020:03:09 12:00:00")), slot=SLOT)
    assert (frame.state, frame.captured_at) == ("ok", None)
    assert frame.reason == "its EXIF time, 2020-03-09 12:00 UTC, lies after its slot and is ignored"
