"""The most similar training photos come out of the dataset, with their author and their licence."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carpark.errors import BadPhotos
from carpark.model.neighbours import Neighbours
from tabs.photo.similar import TrainingPhotos, credit_of, similar_view
from training.sample.photos import SAMPLE_PROVENANCE


def jpeg(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def neighbours() -> Neighbours:
    photos = pd.DataFrame({"file": ["a.jpg", "b.jpg"], "sha256": ["1" * 64, "2" * 64], "label": ["full", "partial"], "scene": ["x", "y"]})
    return Neighbours(photos, np.eye(2, dtype=np.float32), None)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    rows = {
        "image": [{"bytes": jpeg("red"), "path": None}, {"bytes": jpeg("blue"), "path": None}],
        "sha256": ["1" * 64, "2" * 64],
        "creator": ["Ann <b>", ""],
        "license": ["by-sa", "cc0"],
        "license_version": ["4.0", "1.0"],
        "source_page": ["https://photos.example/1", "javascript:alert(1)"],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    return tmp_path


def test_the_most_similar_photo_comes_first_with_label_author_and_licence(neighbours: Neighbours, dataset: Path) -> None:
    page = similar_view(neighbours, TrainingPhotos(dataset), np.array([0.8, 0.6], np.float32))
    first, second = page.split("<li ")[1:]
    assert "<b>full</b>" in first and "Ann &lt;b&gt;, CC BY-SA 4.0</a>" in first and 'href="https://photos.example/1"' in first
    assert "<b>in between</b>" in second and ">CC0</p>" in second


@pytest.mark.parametrize(("file", "n_shown"), [("data/validation-other-0", 2), ("partial/validation-0", 2), ("data/test-other-0", 0)])
def test_photos_of_every_split_that_training_learns_from_are_shown(
    file: str, n_shown: int, neighbours: Neighbours, dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "partial").mkdir()
    (dataset / "data" / "train-00000-of-00001.parquet").rename(tmp_path / f"{file}.parquet")
    assert similar_view(neighbours, TrainingPhotos(dataset), np.array([1, 0], np.float32)).count("<li ") == n_shown


def test_only_a_web_page_is_linked() -> None:
    assert "javascript" not in credit_of({"license": "by", "license_version": "2.0", "source_page": "javascript:alert(1)"})


def test_a_drawn_photo_is_credited_as_drawn_with_a_link_to_its_licence() -> None:
    credit = credit_of(SAMPLE_PROVENANCE)
    assert credit.startswith(f'<a href="{SAMPLE_PROVENANCE["license_url"]}"') and credit.endswith(">drawn, CC0</a>")


def test_photos_that_the_dataset_does_not_hold_are_left_out(neighbours: Neighbours, tmp_path: Path) -> None:
    assert similar_view(neighbours, TrainingPhotos(tmp_path), np.array([1, 0], np.float32)) == ""


def test_a_folder_of_photos_will_do(neighbours: Neighbours, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg("red"))
    (tmp_path / "photos.csv").write_text("file,label,scene\na.jpg,full,x\nb.jpg,partial,y\n")
    page = similar_view(neighbours, TrainingPhotos(tmp_path), np.array([1, 0], np.float32))
    assert page.count("<li ") == 1 and "licence not recorded" in page


@pytest.mark.parametrize("with_table", [True, False])
def test_a_folder_among_several_that_a_model_learnt_from_will_do(with_table: bool, neighbours: Neighbours, tmp_path: Path) -> None:
    (tmp_path / "mine" / "full").mkdir(parents=True)
    (tmp_path / "mine" / "full" / "a.jpg").write_bytes(jpeg("red"))
    if with_table:
        (tmp_path / "mine" / "photos.csv").write_text("file,label,scene\nfull/a.jpg,full,x\n")
    several = replace(neighbours, photos=neighbours.photos.assign(file=["mine/full/a.jpg", "others/full/a.jpg"]))
    page = similar_view(several, TrainingPhotos(tmp_path / "mine"), np.array([1, 0], np.float32))
    assert page.count("<li ") == 1 and "<b>full</b>" in page


def test_a_damaged_dataset_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-0.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadPhotos, match="is not a dataset of car park photos"):
        TrainingPhotos(tmp_path)
