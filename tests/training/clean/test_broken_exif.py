"""A picture with broken EXIF is a picture: neither cleaning nor collecting ends at it, and both keep it."""

import struct
import zlib
from pathlib import Path

from tests.photo_sources import picture
from training.clean import __main__ as clean
from training.collect import __main__ as collect
from training.photos import read_photos


def broken_exif_png(number: int) -> bytes:
    """A picture whose eXIf chunk has four bytes, where a TIFF header has eight."""
    data, chunk = picture(number, format_name="PNG"), b"eXIfMM\0*"
    end = 8 + 25  # of the signature and the IHDR chunk
    return data[:end] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[end:]


def test_broken_exif_ends_neither_collecting_nor_cleaning(tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "full"
    mine.mkdir(parents=True)
    for number in range(2):
        (mine / f"broken{number}.png").write_bytes(broken_exif_png(number))
        (mine / f"good{number}.png").write_bytes(picture(10 + number, format_name="PNG"))
    flags = ["--source", "folder", "--from", str(mine.parent), "--license", "by", "--creator", "Kim", "--out", str(tmp_path / "raw")]
    collect.main(flags)
    assert len(read_photos(tmp_path / "raw")) == 4
    clean.main(["--data", str(mine.parent), "--out", str(tmp_path / "clean"), "--weights", "none"])
    assert len(read_photos(tmp_path / "clean")) == 4
