"""What a visitor sees while a photo is judged."""

import json
import shutil
from pathlib import Path

import pytest

from tabs.photo import tab
from tabs.photo.similar import TrainingPhotos
from tabs.photo.why import HEAT_FOLLOWS
from tabs.sources import Sources


def test_the_place_of_the_heat_map_says_that_it_follows(
    tiny_model_folder: Path, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab, "uploaded_file", lambda photo: Path(photo["path"]))  # it was not uploaded to a Space
    sources, photos = Sources({"CARPARK_MODEL": str(tiny_model_folder)}), sample_folder / "photos"
    photo = {"path": min(photos.glob("full/*.jpg"))}
    at = -2  # of the heat map among what is shown
    steps = [step[at] for step in tab.show_answer(sources, lambda: TrainingPhotos(photos), photo, with_heat=True)]
    assert steps[0] == HEAT_FOLLOWS and "wipe" in steps[-1]
    assert next(tab.show_answer(sources, lambda: TrainingPhotos(photos), photo, with_heat=False))[at] == ""


def test_a_model_that_learnt_from_drawings_alone_invites_real_photos(tiny_model_folder: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(tiny_model_folder, tmp_path / "mixed")
    config = json.loads((mixed / "config.json").read_text())
    assert config["dataset"]["drawn"] == config["dataset"]["photos"]
    config["dataset"]["drawn"] -= 1
    (mixed / "config.json").write_text(json.dumps(config))
    shown = [tab.upload_notes(Sources({"CARPARK_MODEL": str(folder)})) for folder in (tiny_model_folder, mixed, tmp_path)]
    assert tab.DRAWN_ALONE in shown[0] and tab.PRIVACY in shown[0]
    assert shown[1] == shown[2] == tab.upload_notes()
