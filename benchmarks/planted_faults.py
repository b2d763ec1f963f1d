"""Plant known faults in real photos: flipped labels, disguised copies, pictures of other things, broken files."""

import io
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from training.labels import LABELS
from training.photos import read_photos

FLIPPED, COPIES, OTHERS, BROKEN = 10, 8, 6, 5
# Photographs of other things, from packages that are installed anyway.
OTHER_PICTURES = {
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "gradio": tuple(
        f"media_assets/images/{name}" for name in ("bus.png", "cheetah.jpg", "cheetah1.jpg", "lion.jpg", "tower.jpg", "groot.jpeg")
    ),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """70 to 85% of each side, from anywhere."""
    share = rng.uniform(0.7, 0.85)
    width, height = (round(side * share) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def watermark(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A half-transparent plate with text, as agencies put on their pictures."""
    width, height = image.width * 2 // 5, image.height // 6
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    plate = Image.new("RGB", (width, height), "grey")
    ImageDraw.Draw(plate).text((4, height // 3), "photostock.example", fill="white", font_size=height // 3)
    marked = image.copy()
    marked.paste(Image.blend(image.crop((left, top, left + width, top + height)), plate, 0.6), (left, top))
    return marked


DISGUISES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "crop": crop,
    "mirror": lambda image, rng: ImageOps.mirror(image),
    "re-encode": lambda image, rng: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
    "brightness": lambda image, rng: ImageEnhance.Brightness(image).enhance(rng.choice([0.6, 1.4])),
    "watermark": watermark,
    "crop of the mirror image": lambda image, rng: crop(ImageOps.mirror(image), rng),
}


def plant(source: Path, out: Path, seed: int, others: Path | None = None) -> pd.DataFrame:
    """Writes a photos folder `out`. Returns its rows, in order, with `fault` ("" for most), `of` (the copied photo) and `true_label`.

    File names are neutral, and every copy has a scene of its own. Pictures of other things are those in the folder `others`, or
    `OTHER_PICTURES`.
    """
    rng = np.random.default_rng(seed)
    photos = read_photos(source)
    out.mkdir(parents=True)
    rows = [
        _row(file.replace("/", "-"), label, scene, true_label=label, path=path)
        for file, label, scene, path in zip(photos.file, photos.label, photos.scene, photos.path, strict=True)
    ]
    chosen = rng.permutation([number for number, row in enumerate(rows) if row["label"] in LABELS])
    for number in chosen[:FLIPPED]:
        rows[number] |= {"label": LABELS[1 - LABELS.index(rows[number]["label"])], "fault": "flipped"}
    for row in rows:
        shutil.copyfile(row["path"], out / row["file"])
    kinds = rng.permutation(list(DISGUISES))
    for n, number in enumerate(chosen[FLIPPED : FLIPPED + COPIES]):
        kind = kinds[n % len(kinds)]
        with Image.open(rows[number]["path"]) as image:
            copy = DISGUISES[kind](image.convert("RGB"), rng)
        copy.save(out / f"copy{n}.jpg", quality=int(rng.integers(40, 75)))
        rows.append(rows[number] | {"file": f"copy{n}.jpg", "scene": f"copy{n}", "fault": f"copy: {kind}", "of": rows[number]["file"]})
    pictures = sorted(others.iterdir()) if others else _other_pictures()
    for n, path in enumerate(pictures[number] for number in rng.permutation(len(pictures))[:OTHERS]):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((640, 640))
        picture.save(out / f"other{n}.jpg", quality=88)
        rows.append(_row(f"other{n}.jpg", LABELS[n % 2], f"other{n}", fault="no car park"))
    for n, data in enumerate(_broken_files(out / rows[int(chosen[-1])]["file"])):
        (out / f"broken{n}.jpg").write_bytes(data)
        rows.append(_row(f"broken{n}.jpg", LABELS[n % 2], f"broken{n}", fault="broken"))
    table = pd.DataFrame(rows).drop(columns="path")
    table[["file", "label", "scene"]].to_csv(out / "photos.csv", index=False)
    return table


def _row(file: str, label: str, scene: str, *, fault: str = "", true_label: str = "", path: Path | None = None) -> dict[str, Any]:
    return {"file": file, "label": label, "scene": scene, "fault": fault, "of": "", "true_label": true_label, "path": path}


def _other_pictures() -> list[Path]:
    found = []
    for package, files in OTHER_PICTURES.items():
        spec = find_spec(package)
        assert spec and spec.origin
        found += [Path(spec.origin).parent / file for file in files]
    return found


def _broken_files(good: Path) -> list[bytes]:
    data = good.read_bytes()
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), "grey").save(buffer, "PNG")
    return [b"", data[: len(data) // 2], b"<html>not found</html>", b"notes", buffer.getvalue()[:-60]]
