"""Any picture opens as upright 8-bit RGB, or is refused in one line."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carpark.errors import BadImage
from carpark.images import MAX_PIXELS, open_image


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
def test_what_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
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
