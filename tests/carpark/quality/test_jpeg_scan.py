import io

import numpy as np
import pytest
from PIL import Image

from carpark.quality.jpeg import iter_segments
from carpark.quality.jpeg_scan import is_sound
from carpark.quality.judging import judge_frame
from tests.real_data import ARCHIVE, JAMCAM, needs_real_data
from tests.street import jpeg, street, with_overlays


def flipped(data: bytes, rng: np.random.Generator, bits: int) -> bytes:
    """The file with some bits of its coded picture flipped, without making or breaking markers."""
    broken = bytearray(data)
    start = data.index(b"\xff\xda") + 14
    while bits:
        place = int(rng.integers(start, len(data) - 2))
        value = broken[place] ^ 1 << int(rng.integers(8))
        if 0xFF not in (broken[place], value, broken[place - 1]):
            broken[place] = value
            bits -= 1
    return bytes(broken)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(352, 288), (333, 217), (17, 5)])
@pytest.mark.parametrize(
    "how",
    [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 7}],
    ids=str,
)
def test_every_kind_of_healthy_jpeg_is_sound(mode, size, how):
    buffer = io.BytesIO()
    street().resize(size).convert(mode).save(buffer, "JPEG", quality=80, **how)
    assert is_sound(buffer.getvalue())


def test_damaged_codes_are_found():
    rng = np.random.default_rng(0)
    data = jpeg(street())
    assert sum(not is_sound(flipped(data, rng, 40)) for _ in range(20)) == 20


def test_a_missing_or_repeated_part_is_found():
    buffer = io.BytesIO()
    street().save(buffer, "JPEG", restart_marker_blocks=22)
    data = buffer.getvalue()
    third, fourth = data.index(b"\xff\xd2"), data.index(b"\xff\xd3")
    assert is_sound(data)
    assert not is_sound(data[:third] + data[fourth:])
    assert not is_sound(data[:fourth] + data[third:])


def test_headers_that_are_nonsense_are_left_to_the_decoder():
    data = jpeg(street())
    for marker, segment in iter_segments(data):
        if marker in (0xC0, 0xC4, 0xDB):
            assert is_sound(data.replace(segment, segment[:2] + b"\0\2"))
    assert is_sound(b"")


def test_damage_that_shows_is_corrupt_and_says_so():
    rng = np.random.default_rng(3)
    data = jpeg(with_overlays(street()))
    whole = np.asarray(Image.open(io.BytesIO(data)), dtype=int)
    shown = []
    for _ in range(40):
        broken = flipped(data, rng, 3)
        frame = judge_frame(broken)
        if frame.reason.startswith("cannot be decoded"):
            continue
        changed = (np.abs(np.asarray(Image.open(io.BytesIO(broken)), dtype=int) - whole).max(axis=2) > 20).mean()
        if changed > 0.05:
            shown.append(frame.state)
    assert len(shown) > 10
    assert shown.count("corrupt") >= 0.7 * len(shown)  # the others are tinted by a wrong value that breaks no rule


@pytest.mark.parametrize("row", [64, 112, 176, 208])
def test_rows_shifted_sideways_in_a_sound_file_are_garbled(row):
    values = np.asarray(with_overlays(street())).copy()
    values[row:] = np.roll(values[row:], 7 * 16, axis=1)
    frame = judge_frame(jpeg(Image.fromarray(values), 90))
    assert frame.state == "corrupt"
    assert frame.reason.startswith("garbled: the picture breaks along ")


def test_a_bar_across_the_picture_of_another_camera_is_not_a_fault():
    values = np.asarray(street(size=(640, 480))).copy()
    values[:32] //= 8
    values[-32:] = 200 + values[-32:] // 8
    assert judge_frame(jpeg(Image.fromarray(values), 90)).state == "ok"


@needs_real_data
def test_every_real_frame_is_sound():
    paths = [*(JAMCAM / "frames").glob("*.jpg"), *sorted(JAMCAM.rglob("archive/**/*.jpg"))[::8], *list(ARCHIVE.rglob("*.jpg"))[::8]]
    assert len(paths) > 50
    assert all(is_sound(path.read_bytes()) for path in paths)
