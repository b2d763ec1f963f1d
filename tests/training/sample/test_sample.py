"""The generated photos are labelled by their cars alone, repeatable, and of many places."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carpark.images import open_image
from training.sample import __main__ as sample
from training.sample import photos as photos_of_places
from training.sample.photos import FEWEST_PHOTOS, OCCUPANCY, VIEWS, photograph, plan_places
from training.sample.scenery.scenes import Scene, draw_scene
from training.sample.scenery.truth import SeenBays, see_bays
from training.sample.scenery.viewpoints import SIZES_PX


@pytest.fixture(scope="session")
def photos(sample_folder: Path) -> pd.DataFrame:
    return pd.read_csv(sample_folder / "photos" / "photos.csv")


def draw_place(folder: Path, number: int, *, seed: int) -> list[dict[str, object]]:
    """Photos of one planned place, with their rows of photos.csv."""
    for label in OCCUPANCY:
        (folder / label).mkdir(parents=True, exist_ok=True)
    return photograph(folder, plan_places(FEWEST_PHOTOS, seed)[number], seed=seed)


def digests(folder: Path) -> dict[str, str]:
    """Of the photos in a folder, by file name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/*.jpg")}


@pytest.fixture(scope="module")
def first_place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """The photos of the first place, with their maps."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "maps").mkdir()
    return folder, draw_place(folder, 0, seed=0)


@pytest.mark.parametrize("number", range(1, len(VIEWS)))
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, number: int) -> None:
    for name in ("first", "second"):
        draw_place(tmp_path / name, number, seed=0)
    assert digests(tmp_path / "first") == digests(tmp_path / "second") != {}


def test_maps_change_nothing_of_the_photos(first_place: tuple[Path, list[dict[str, object]]], tmp_path: Path) -> None:
    draw_place(tmp_path, 0, seed=0)
    assert digests(tmp_path) == digests(first_place[0]) != {}


def test_maps_are_written_where_a_folder_waits_for_them(first_place: tuple[Path, list[dict[str, object]]]) -> None:
    folder, photos = first_place
    assert sorted(path.stem for path in folder.glob("maps/*.png")) == sorted(Path(str(row["file"])).stem for row in photos)
    width, height = open_image(folder / str(photos[0]["file"])).size
    assert open_image(min(folder.glob("maps/*.png"))).size == (-(-width // 8), -(-height // 8))


def test_the_bays_of_a_map_are_those_that_are_counted(first_place: tuple[Path, list[dict[str, object]]]) -> None:
    folder, photos = first_place
    for row in photos:
        with Image.open(folder / "maps" / f"{Path(str(row['file'])).stem}.png") as opened:
            *_, bays, taken = (np.asarray(plane, float) for plane in opened.split())
        assert bays.max() == 255
        assert taken.sum() / bays.sum() == pytest.approx(row["occupancy"], abs=0.02)


def test_another_seed_gives_other_places(first_place: tuple[Path, list[dict[str, object]]], tmp_path: Path) -> None:
    draw_place(tmp_path, 0, seed=1)
    first, second = digests(first_place[0]), digests(tmp_path)
    assert not first.keys() & second.keys()
    assert not set(first.values()) & set(second.values())


def test_a_place_whose_bays_are_hidden_gives_way_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes: list[Scene] = []

    def draw(*place: Any, varied: bool) -> Scene:
        scenes.append(draw_scene(*place, varied=varied))
        return scenes[-1]

    def see(scene: Scene, *moment: Any) -> SeenBays:
        seen = see_bays(scene, *moment)
        return replace(seen, is_shown=np.zeros_like(seen.is_shown)) if scene is scenes[0] else seen

    monkeypatch.setattr(photos_of_places, "draw_scene", draw)
    monkeypatch.setattr(photos_of_places, "see_bays", see)
    monkeypatch.setattr(photos_of_places, "TRIES", 5)
    rows = draw_place(tmp_path, 0, seed=0)
    assert len(scenes) == 2 and len({scene.camera for scene in scenes}) == 2
    assert open_image(tmp_path / str(rows[0]["file"])).size == scenes[1].camera.size


def test_the_table_lists_exactly_the_photos_and_all_open(sample_folder: Path, photos: pd.DataFrame) -> None:
    folder = sample_folder / "photos"
    assert list(photos.columns[:6]) == ["file", "label", "scene", "view", "light", "occupancy"]
    assert set(photos.license) == {"cc0"}
    assert sorted(photos.file) == sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))
    assert {open_image(folder / file).size for file in photos.file} <= set(SIZES_PX)


def test_a_label_says_how_many_bays_are_taken(photos: pd.DataFrame) -> None:
    low, high = (photos.label.map(lambda label, i=i: OCCUPANCY[label][i]) for i in (0, 1))
    assert photos.occupancy.between(low, high).all()
    assert (photos.file.str.split("/").str[0] == photos.label).all()


def test_each_label_has_about_a_third() -> None:
    labels = pd.Series([label for place in plan_places(480, 0) for label, _ in place.visits])
    shares = labels.value_counts(normalize=True)
    assert len(labels) == 480
    assert shares.between(0.27, 0.42).all()
    assert len(shares) == 3


def test_light_tells_nothing_about_the_label() -> None:
    visits = pd.DataFrame([visit for place in plan_places(480, 0) for visit in place.visits], columns=["label", "light"])
    shares = pd.crosstab(visits.label, visits.light, normalize="index")
    assert (shares.max() - shares.min() < 0.03).all()


def test_every_view_shows_both_classes_even_in_the_smallest_sample() -> None:
    shown = {(place.view, label) for place in plan_places(FEWEST_PHOTOS, 0) for label, _ in place.visits}
    assert shown >= {(view, label) for view in VIEWS for label in ("empty", "full")}


def test_only_the_views_asked_for_are_drawn() -> None:
    assert {place.view for place in plan_places(FEWEST_PHOTOS, 0, ("pole", "aerial"))} == {"pole", "aerial"}


def test_a_place_is_seen_with_few_cars_and_with_many(photos: pd.DataFrame) -> None:
    visits = photos.groupby("scene").label.agg(["size", "nunique"])[:-1]  # the last place may be cut short
    assert visits["size"].between(2, 4).all()
    assert (visits["nunique"] >= 2).all()
    assert photos.scene.str.match(r"sample\d+-\d{4}$").all()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--photos", "3"], "--photos is 3; expected 24 or more, so that each view shows both classes."),
        (["--seed", "-1"], "--seed is -1; expected 0 or more."),
        (["--streets", "-1"], "--streets is -1; expected 0 or more."),
    ],
)
def test_an_impossible_flag_is_one_line_and_writes_nothing(tmp_path: Path, flags: list[str], line: str) -> None:
    with pytest.raises(SystemExit) as stop:
        sample.main(["--out", str(tmp_path / "out"), *flags])
    assert stop.value.code == line
    assert not list(tmp_path.iterdir())
