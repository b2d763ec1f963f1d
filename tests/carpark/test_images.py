"""Any picture opens as upright 8-bit RGB, or is refused in one line."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from carpark.errors import BadImage
from carpark.images import MAX_PIXELS, ORIENTATION, open_image
from tests.real_data import SHARED, needs_real_data


@pytest.fixture
def red_left(tmp_path: Path) -> Image.Image:
    """40 x 20 px, red on the left half, blue on the right."""
    image = Image.new("RGB", (40, 20), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 20, 20))
    return image


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "YCbCr", "1", "LA", "RGBA", "PA"])
def test_every_mode_becomes_rgb(mode: str, red_left: Image.Image, tmp_path: Path) -> None:
    suffix = {"CMYK": "tif", "PA": "tif", "YCbCr": "jpg"}.get(mode, "png")
    image = red_left.convert("P").convert("PA") if mode == "PA" else red_left.convert(mode)
    opened = open_image(saved(image, tmp_path / f"picture.{suffix}"))
    assert (opened.mode, opened.size) == ("RGB", (40, 20))


def test_cmyk_jpeg_keeps_its_colours(red_left: Image.Image, tmp_path: Path) -> None:
    opened = open_image(saved(red_left.convert("CMYK"), tmp_path / "print.jpg", quality=95))
    red, green, blue = opened.getpixel((5, 10))
    assert red > 200 and green < 60 and blue < 60


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(1, 64).repeat(8, axis=0)
    opened = np.asarray(open_image(saved(Image.fromarray(ramp), tmp_path / "deep.png")))
    assert opened[0, 0, 0] == 0 and opened[0, -1, 0] == 255
    assert 120 <= opened[0, 32, 0] <= 136


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    opened = open_image(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), tmp_path / "clear.png"))
    assert opened.getpixel((4, 4)) == (255, 255, 255)


def test_exif_rotation_is_applied(red_left: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate 90 degrees clockwise to stand upright
    opened = open_image(saved(red_left, tmp_path / "phone.jpg", exif=exif, quality=95))
    assert opened.size == (20, 40)
    assert opened.getpixel((10, 5))[0] > 200  # left became top


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert open_image(tmp_path / "moving.gif").getpixel((4, 4)) == (255, 0, 0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match=r"gone\.jpg does not exist"):
        open_image(tmp_path / "gone.jpg")


@pytest.mark.parametrize("content", [b"", b"just text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x00" * 400])
def test_what_is_not_a_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.jpg").write_bytes(content)
    with pytest.raises(BadImage, match=r"odd\.jpg is not a picture that can be read; expected JPEG"):
        open_image(tmp_path / "odd.jpg")


def test_a_truncated_jpeg_is_refused(red_left: Image.Image, tmp_path: Path) -> None:
    whole = saved(red_left.resize((400, 200)), tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadImage, match=r"half\.jpg cannot be decoded"):
        open_image(tmp_path / "half.jpg")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    bomb = io.BytesIO()
    Image.new("1", (MAX_PIXELS // 5000, 5001)).save(bomb, "PNG")
    with pytest.raises(BadImage, match="the picture has 10000 x 5001 pixels; at most 50 megapixels"):
        open_image(bomb)


def test_a_bomb_beyond_pillows_own_limit_is_told_the_same_way() -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(bomb, "PNG")
    with pytest.raises(BadImage, match=r"the picture has too many pixels; at most 50 megapixels are read\. Scale it down\."):
        open_image(bomb)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_what_phones_and_browsers_save_is_read_upright(suffix: str, red_left: Image.Image, tmp_path: Path) -> None:
    register_heif_opener()
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # lies on its side
    opened = open_image(saved(red_left.resize((400, 200)), tmp_path / f"photo.{suffix}", exif=exif, quality=90))
    turns = suffix == "avif"  # a HEIC picture says itself how it is turned; its EXIF does not count
    assert opened.size == ((200, 400) if turns else (400, 200))
    red, _, blue = opened.getpixel((100, 50))
    assert red > 200 and blue < 60


def test_a_heic_picture_keeps_the_limit_of_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, red_left: Image.Image) -> None:
    register_heif_opener()
    monkeypatch.setattr("carpark.images.MAX_PIXELS", 100)
    with pytest.raises(BadImage, match=r"photo\.heic has 40 x 20 pixels; at most"):
        open_image(saved(red_left, tmp_path / "photo.heic"))


def exif_of(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """EXIF with these entries (tag, type, count, four bytes) in its first directory, whatever the standard says of them."""
    packed = b"".join(struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4) + bytes(16)


ODD_EXIF = {
    "a rational where a short belongs": [(0x0100, 5, 1, struct.pack("<I", 4_000_000_000))],
    "text for an orientation": [(ORIENTATION, 2, 4, b"six\0")],
    "orientation 9": [(ORIENTATION, 3, 1, b"\x09\0\0\0")],
    "orientation 0": [(ORIENTATION, 3, 1, bytes(4))],
    "an offset beyond the end": [(ORIENTATION, 3, 9, struct.pack("<I", 1_000_000))],
    "a type that does not exist": [(ORIENTATION, 99, 1, bytes(4))],
    "a sub-directory that leads nowhere": [(0x8769, 4, 1, struct.pack("<I", 3_000_000_000))],
}


@pytest.mark.filterwarnings("ignore:Truncated File Read")  # Pillow looks for a resolution
@pytest.mark.parametrize("entries", ODD_EXIF.values(), ids=ODD_EXIF)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_with_odd_exif_is_read(
    entries: list[tuple[int, int, int, bytes]], suffix: str, red_left: Image.Image, tmp_path: Path
) -> None:
    opened = open_image(saved(red_left, tmp_path / f"photo.{suffix}", exif=exif_of(entries)))
    assert opened.size == (40, 20)


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_a_good_orientation_beside_odd_tags_is_followed(red_left: Image.Image, tmp_path: Path) -> None:
    entries = [(0x0100, 5, 1, struct.pack("<I", 4_000_000_000)), (ORIENTATION, 3, 1, b"\x06\0\0\0")]
    assert open_image(saved(red_left, tmp_path / "photo.jpg", exif=exif_of(entries))).size == (20, 40)


@pytest.mark.parametrize(
    ("kind", "value"), [(1, b"\x06\0\0\0"), (4, struct.pack("<I", 6)), (9, struct.pack("<i", 6)), (5, struct.pack("<I", 26))]
)
def test_an_orientation_of_any_type_of_number_is_followed(kind: int, value: bytes, red_left: Image.Image, tmp_path: Path) -> None:
    exif = exif_of([(ORIENTATION, kind, 1, value)])[:-16] + struct.pack("<II", 12, 2) + bytes(8)  # the ratio 12/2 lies at 26
    assert open_image(saved(red_left, tmp_path / "photo.webp", exif=exif)).size == (20, 40)


def test_an_orientation_of_four_bytes_is_followed_in_either_byte_order(red_left: Image.Image, tmp_path: Path) -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHII", 1, ORIENTATION, 4, 1, 6) + bytes(4)
    assert open_image(saved(red_left, tmp_path / "photo.jpg", exif=exif)).size == (20, 40)


def test_a_png_whose_exif_has_four_bytes_is_read(red_left: Image.Image, tmp_path: Path) -> None:
    path = saved(red_left, tmp_path / "photo.png")
    data, chunk = path.read_bytes(), b"eXIfMM\0*"
    end = 8 + 25  # of the signature and the IHDR chunk
    path.write_bytes(data[:end] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[end:])
    assert open_image(path).size == (40, 20)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic", "avif"])
def test_damage_anywhere_is_a_picture_or_one_line(suffix: str, red_left: Image.Image, tmp_path: Path) -> None:
    register_heif_opener()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    whole = saved(red_left, tmp_path / f"photo.{suffix}", exif=exif).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), 400), 3):
            data[place] = rng.integers(0, 256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of many a damaged tag
            try:
                open_image(io.BytesIO(bytes(data[: rng.integers(len(data) // 2, len(data) + 1)])))
            except BadImage as error:
                assert "\n" not in str(error)


@needs_real_data
def test_the_odd_files_of_other_people_are_read() -> None:
    paths = sorted((SHARED / "faults" / "exif").iterdir())
    assert paths
    assert all(min(open_image(path).size) >= 48 for path in paths)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 200.0), (0.0, 5000.0)])
def test_a_float_picture_keeps_its_light(low: float, high: float, tmp_path: Path) -> None:
    values = np.linspace(low, high, 64, dtype=np.float32).reshape(8, 8)
    opened = np.asarray(open_image(saved(Image.fromarray(values), tmp_path / "float.tif")))
    assert opened.min() == 0 and opened.max() >= 200


def test_infinite_values_are_white_and_no_value_at_all_is_refused(tmp_path: Path) -> None:
    values = np.full((8, 8), 0.5, np.float32)
    values[0, 0], values[0, 1] = np.inf, np.nan
    opened = np.asarray(open_image(saved(Image.fromarray(values), tmp_path / "float.tif")))
    assert (opened[0, 0, 0], opened[0, 1, 0]) == (255, 0) and 120 <= opened[4, 4, 0] <= 135
    with pytest.raises(BadImage, match="holds no finite value, so it cannot be judged"):
        open_image(saved(Image.fromarray(np.full((8, 8), np.nan, np.float32)), tmp_path / "nothing.tif"))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_deep_grey_is_not_black(bits: int, tmp_path: Path) -> None:
    values = np.linspace(0, 2**bits - 1, 64).astype(np.uint16).reshape(8, 8)
    opened = np.asarray(open_image(saved(Image.fromarray(values), tmp_path / "deep.png")))
    assert opened.max() == 255 and 120 <= np.median(opened) <= 135
