"""Files that no one should send, drawn here: each a name, its bytes or what makes them, and a piece of the line that answers it.

The line is "" where the file is a sound picture, whatever else it may be.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

NO_PICTURE, BROKEN, TOO_LARGE = "is not a picture that can be read", "cannot be decoded", "megapixels are read"
Hostile = tuple[str, bytes | Callable[[], bytes], str]


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def lot(size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.effect_noise(size, 80).convert("RGB")


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG header for any size, with hardly any pixels behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = png_chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data + png_chunk(b"IEND", b"")


def not_pictures() -> Iterator[Hostile]:
    texts = {
        "empty.jpg": b"",
        "one-byte.png": b"\x89",
        "text.jpg": b"this is not a picture",
        "zeros.jpg": bytes(10_000),
        "high.jpg": b"\xff" * 10_000,
        "script.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "script-as.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "entities.svg": b"<!DOCTYPE s [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>",
        "laughs.svg": b"<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>",
        "page.html": b"<html><script>alert(document.cookie)</script></html>",
        "page-as.jpg": b"<!doctype html><img src=x onerror=alert(1)>",
        "shell.php": b"<?php system($_GET['c']); ?>",
        "shell-as.gif": b"<?php system('id'); ?>",
        "run.sh": b"#!/bin/sh\nrm -rf /\n",
        "elf.jpg": b"\x7fELF" + bytes(200),
        "mz.png": b"MZ" + bytes(200),
        "paper.pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>",
        "print.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) (r) file\n",
        "print-as.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        "magick.mvg": b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\npop graphic-context",
        "magick-as.jpg": b"<?xml?><image><read filename='text:/etc/passwd'/></image>",
        "play.m3u8": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "movie.mp4": b"\x00\x00\x00\x18ftypmp42" + bytes(200),
        "sound.wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(30),
        "tables.json": b'{"__proto__": {"admin": true}}',
        "pickle.pkl": b"cposix\nsystem\n(S'id'\ntR.",
        "archive.zip": zip_of("../../etc/cron.d/x", b"* * * * * root id"),
        "bomb.gz": gzip.compress(bytes(5_000_000)),
        "bomb.zip": zip_of("zeros", bytes(5_000_000)),
        "heading-only.bmp": b"BM",
        "heading-only.webp": b"RIFF\x00\x00\x00\x00WEBP",
        "icon.ico": saved(lot((16, 16)), "ICO"),
        "sun.ppm": saved(lot(), "PPM"),
        "scan.pcx": saved(lot(), "PCX"),
        "targa.tga": saved(lot(), "TGA"),
        "icon.icns": saved(lot((16, 16)), "ICNS"),
        "wavelet.jp2": saved(lot(), "JPEG2000"),
        "silicon.sgi": saved(lot(), "SGI"),
        "surface.dds": saved(lot(), "DDS"),
    }
    yield from ((name, data, NO_PICTURE) for name, data in texts.items())
    for brand in (b"heic", b"mif1"):
        yield f"phone-{brand.decode()}.heic", b"\x00\x00\x00\x18ftyp" + brand + bytes(64), NO_PICTURE
    yield "phone-as.jpg", b"\x00\x00\x00\x18ftypheic" + bytes(64), NO_PICTURE


def zip_of(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def broken_pictures() -> Iterator[Hostile]:
    jpeg, png, gif = (saved(lot(), format) for format in ("JPEG", "PNG", "GIF"))
    webp, tiff = saved(lot(), "WEBP"), saved(lot(), "TIFF", compression="tiff_lzw")
    yield "whole.avif", saved(lot(), "AVIF"), ""
    yield "cut.jpg", jpeg[: len(jpeg) // 2], BROKEN
    yield "cut.png", png[: len(png) // 2], BROKEN
    yield "cut.gif", gif[: len(gif) // 2], BROKEN
    yield "cut.webp", webp[: len(webp) // 2], BROKEN
    yield "cut.tiff", tiff[: len(tiff) // 2], NO_PICTURE
    yield "wrong-checksum.png", png.replace(b"IDAT", b"IDAU", 1), NO_PICTURE
    yield "no-pixels.png", png_that_claims(10, 10), BROKEN
    yield "no-width.png", png_that_claims(0, 10), NO_PICTURE


def bombs() -> Iterator[Hostile]:
    """Each is made when it is asked for, since some take half a second."""
    yield "bomb.png", lambda: saved(Image.new("1", (9_000, 7_000)), "PNG"), TOO_LARGE
    yield "bomb-beyond-pillow.png", lambda: saved(Image.new("1", (20_000, 20_000)), "PNG"), TOO_LARGE
    yield "claims-4-gigapixels.png", png_that_claims(65_000, 65_000), TOO_LARGE
    yield "claims-all.png", png_that_claims(2**31 - 1, 2**31 - 1), TOO_LARGE
    yield "bomb.gif", lambda: saved(Image.new("L", (9_000, 7_000)), "GIF"), TOO_LARGE
    yield "bomb.tiff", lambda: saved(Image.new("1", (20_000, 5_000)), "TIFF", compression="group4"), TOO_LARGE
    yield "bomb.jpg", lambda: saved(Image.new("L", (9_000, 7_000)), "JPEG"), TOO_LARGE
    yield "text-bomb.png", text_bomb, BROKEN


def text_bomb() -> bytes:
    long_text = png_chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(200_000_000)))
    png = saved(lot(), "PNG")
    return png[:33] + long_text + png[33:]


def sound_but_odd() -> Iterator[Hostile]:
    picture, frames = lot(), [lot() for _ in range(40)]
    yield "animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), ""
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]), ""
    yield "animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:]), ""
    yield "pages.tiff", saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]), ""
    yield "jpeg-and-zip.jpg", saved(picture, "JPEG") + zip_of("x", b"y"), ""
    yield "jpeg-and-html.jpg", saved(picture, "JPEG", comment=b"<script>alert(1)</script>"), ""
    yield "gif-and-js.gif", saved(picture, "GIF") + b"/*=1;alert(1)//*/", ""
    yield "png-and-php.png", saved(picture, "PNG") + b"<?php system('id'); ?>", ""
    yield "one-pixel.png", saved(Image.new("RGB", (1, 1)), "PNG"), ""
    yield "thread.png", saved(Image.new("RGB", (1, 20_000)), "PNG"), ""
    yield "deep.png", saved(Image.new("I;16", (64, 48), 40_000), "PNG"), ""
    yield "float.tiff", saved(Image.new("F", (64, 48), 0.5), "TIFF"), ""
    yield "lab.tiff", saved(picture.convert("LAB"), "TIFF"), ""
    yield "lying-suffix.svg", saved(picture, "PNG"), ""
    yield "<img src=x onerror=alert(1)>.jpg", saved(picture, "JPEG"), ""
    yield "=cmd|' /C calc'!A0.jpg", saved(picture, "JPEG"), ""
    yield "no-suffix", saved(picture, "JPEG"), ""
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    yield "long-exif.jpg", saved(picture, "JPEG", exif=exif), ""


def hostile_files() -> list[Hostile]:
    """All of them."""
    return [*not_pictures(), *broken_pictures(), *bombs(), *sound_but_odd()]
