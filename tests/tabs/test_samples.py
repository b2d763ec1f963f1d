import io
from pathlib import Path

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from datasets import Image as ImageFeature
from PIL import Image, ImageColor

from carpark.errors import BadPhotos
from tabs.samples import LONGEST_SIDE_PX, write_samples

COLOURS = {"empty": "grey", "full": "red", "partial": "orange"}


def photo(label: str, size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, COLOURS[label]).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A photos folder of five pictures a label, two of them of one scene."""
    folder = tmp_path / "photos"
    rows = ["file,label,scene"]
    for label in COLOURS:
        (folder / label).mkdir(parents=True)
        for number in range(5):
            (folder / label / f"{number}.jpg").write_bytes(photo(label))
            rows.append(f"{label}/{number}.jpg,{label},{label}-{max(number, 1)}")
    (folder / "photos.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_labels_take_turns_and_no_scene_comes_twice(photos: Path, out: Path) -> None:
    samples = write_samples(photos, out)
    assert [label for _, label in samples] == ["empty", "full", "partial"] * 2 + ["empty", "full"]
    assert len(write_samples(photos, out, count=100)) == 12


def test_each_sample_is_a_picture_of_its_label(photos: Path, out: Path) -> None:
    for path, label in write_samples(photos, out):
        assert path.parent == out
        with Image.open(path) as image:
            assert image.getpixel((5, 5)) == pytest.approx(ImageColor.getrgb(COLOURS[label]), abs=6)


def test_without_a_csv_the_folders_are_the_labels(photos: Path, out: Path) -> None:
    (photos / "photos.csv").unlink()
    assert [label for _, label in write_samples(photos, out, count=3)] == ["empty", "full", "partial"]


def test_a_photo_that_is_gone_or_broken_is_passed_over(photos: Path, out: Path) -> None:
    for number in range(4):
        (photos / "full" / f"{number}.jpg").write_bytes(b"broken")
    (photos / "full" / "4.jpg").unlink()
    assert {label for _, label in write_samples(photos, out)} == {"empty", "partial"}


def test_a_large_photo_is_shrunk(tmp_path: Path, out: Path) -> None:
    (tmp_path / "photos" / "full").mkdir(parents=True)
    (tmp_path / "photos" / "full" / "wide.jpg").write_bytes(photo("full", (3000, 1000)))
    ((path, _),) = write_samples(tmp_path / "photos", out)
    with Image.open(path) as image:
        assert image.size == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 3)


def test_an_empty_dataset_has_no_samples(tmp_path: Path, out: Path) -> None:
    assert write_samples(tmp_path, out) == []


def write_split(folder: Path, split: str, labels: list[str]) -> None:
    features = Features({"image": ImageFeature(), "label": ClassLabel(names=["empty", "full"]), "scene": Value("string")})
    rows = {
        "image": [{"bytes": photo(label), "path": None} for label in labels],
        "label": labels,
        "scene": [f"{split}-{number}" for number in range(len(labels))],
    }
    (folder / "data").mkdir(exist_ok=True)
    Dataset.from_dict(rows, features=features).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")


def test_a_dataset_repo_gives_photos_of_its_test_part(tmp_path: Path, out: Path) -> None:
    write_split(tmp_path, "train", ["full"] * 6)
    write_split(tmp_path, "test", ["empty", "full", "empty"])
    assert [label for _, label in write_samples(tmp_path, out)] == ["empty", "full", "empty"]


def test_a_dataset_repo_without_a_test_part_gives_what_it_has(tmp_path: Path, out: Path) -> None:
    write_split(tmp_path, "train", ["full"])
    assert [label for _, label in write_samples(tmp_path, out)] == ["full"]


@pytest.mark.parametrize("table", [{"image": [1], "label": [0]}, {"image": [1], "label": [0], "scene": ["a"]}])
def test_a_dataset_of_something_else_is_named(tmp_path: Path, out: Path, table: dict[str, list[object]]) -> None:
    (tmp_path / "data").mkdir()
    pd.DataFrame(table).to_parquet(tmp_path / "data" / "train-0.parquet")
    with pytest.raises(BadPhotos, match="is not a dataset of car park photos"):
        write_samples(tmp_path, out)


def test_a_damaged_parquet_file_is_named(tmp_path: Path, out: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test-0.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadPhotos, match="is not a dataset of car park photos"):
        write_samples(tmp_path, out)
