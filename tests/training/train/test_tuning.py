"""A model whose body was fine-tuned: all forms count bays, and nobody needs our code to load them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import read_config
from carpark.model.engines import load_network
from carpark.model.heatmap import HeatMapper
from carpark.model.neighbours import load_neighbours
from training.dataset.writing import write_dataset
from training.photos import Origin, load_all, read_photos
from training.provenance import are_drawn
from training.sample.scenery.truth import MAPS, map_of
from training.train.folder import train
from training.train.folds import cross_validate
from training.train.likeness import revision_of
from training.train.pictures import Pictures, read_pictures
from training.train.pretrained import Recipe, choose_way
from training.train.tuning import EPOCHS, CountingNetwork, Lessons
from training.weights import load_start


@pytest.fixture(scope="module")
def photo(sample_folder: Path) -> Path:
    return min((sample_folder / "photos" / "full").glob("*.jpg"))


def test_it_counts_the_bays_in_the_cells_of_its_last_maps(tuned_folder: Path, photo: Path) -> None:
    config = read_config(tuned_folder)
    assert (config.counts, config.features_before_last) == (True, 2)
    assert (
        "count the free and the taken bays in each cell of its last maps, then on the real photos"
        in (tuned_folder / "README.md").read_text()
    )
    heat = HeatMapper(read_config(tuned_folder), load_network(tuned_folder)).explain(open_image(photo))
    assert heat.is_count and heat.map.shape == open_image(photo).size[::-1]


def test_it_remembers_the_photos_that_are_not_drawn(tuned_folder: Path, found_dataset_folder: Path) -> None:
    learnt, found = load_neighbours(tuned_folder).photos, read_photos(found_dataset_folder)
    assert sorted(learnt.sha256) == sorted(found.sha256)
    dataset = json.loads((tuned_folder / "config.json").read_text())["dataset"]
    assert (dataset["drawn"], dataset["photos"], dataset["sha256"]) == (60, 60 + len(found), revision_of(found))


def test_where_all_photos_are_drawn_those_that_the_body_learnt_from_are_not_scored(
    sample_folder: Path, tuned_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, taught = shutil.copytree(sample_folder / "photos", tmp_path / "drawn"), []
    (drawn / MAPS).mkdir()
    for file in read_photos(drawn).path:
        Image.new("RGBA", (8, 6), "white").save(map_of(file))
    write_dataset(drawn, tmp_path / "dataset")
    photos = read_photos(tmp_path / "dataset")

    def teach(lessons: Lessons, _: CountingNetwork, pictures: Pictures, *how: Any) -> None:
        numbers, validation, epochs, _ = how
        assert pictures.has_map.all() and epochs == EPOCHS
        taught.extend(lessons.scenes.iloc[[*numbers, *validation]])

    monkeypatch.setattr(Lessons, "_teach", teach)
    start = tuned_folder.with_name("tuned-start.pth")
    train(tmp_path / "dataset", tmp_path / "model", Recipe("resnet18", str(start), size=64, epochs=1, seed=0, fit="finetune"))
    scored = pd.read_parquet(tmp_path / "model" / "predictions.parquet")
    assert not {"path", "map"} & set(scored)
    assert not set(taught) & set(scored.scene) and set(taught) | set(scored.scene) == set(photos.scene)
    assert sorted(load_neighbours(tmp_path / "model").photos.sha256) == sorted(photos[~photos.scene.isin(taught)].sha256)
    card = (tmp_path / "model" / "README.md").read_text()
    assert "fine-tuned on those of four fifths of the scenes" in card and "a fifth of the scenes, which fine-tuning left out" in card


def test_the_same_seed_teaches_the_same_network(sample_folder: Path, tuned_folder: Path) -> None:
    photos, pixels = load_all([Origin(sample_folder / "photos")], (64, 64))
    photos = photos[photos.scene.isin(photos.scene.unique()[:4])]
    lessons = Lessons(read_pictures(photos, 96, pixels[:0]), are_drawn(photos), photos.scene, 64, seed=3)

    def teach() -> dict[str, torch.Tensor]:
        torch.seed()  # as in another process
        start = load_start("resnet18", str(tuned_folder.with_name("tuned-start.pth")))
        return lessons.teach_drawings(start, lessons.is_drawn, epochs=1).state_dict()

    some, others = teach(), teach()
    assert {name for name, weights in some.items() if not torch.equal(weights, others[name])} == set()


def test_cuts_grow_while_a_network_learns(sample_folder: Path, tuned_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos, pixels = load_all([Origin(sample_folder / "photos")], (288, 288))
    photos = photos[photos.scene.isin(photos.scene.unique()[:4])]
    lessons, sides = Lessons(read_pictures(photos, 288, pixels[:0]), are_drawn(photos), photos.scene, 288, seed=3), []
    answer = CountingNetwork.forward

    def look(network: CountingNetwork, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        sides.append((network.training, pictures.shape[-1]))
        return answer(network, pictures)

    monkeypatch.setattr(CountingNetwork, "forward", look)
    lessons.teach_drawings(load_start("resnet18", str(tuned_folder.with_name("tuned-start.pth"))), lessons.is_drawn, epochs=3)
    assert [side for learning, side in sides if learning] == [160, 192, 224]  # three epochs of one step
    assert {side for learning, side in sides if not learning} == {224}


def test_photos_are_judged_by_networks_that_were_taught_other_sources(
    sample_folder: Path, found_dataset_folder: Path, tuned_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, pixels = load_all([Origin(sample_folder / "photos"), Origin(found_dataset_folder)], (64, 64))
    real = (photos.source != "generated").to_numpy()
    photos["source_repo"] = np.where(real, "repo " + (pd.factorize(photos.scene)[0] % 3).astype(str).astype(object), "")
    lessons: list[npt.NDArray[np.bool_]] = []

    def teach(self: Lessons, network: CountingNetwork, taught: npt.NDArray[np.bool_], epochs: int) -> CountingNetwork:
        lessons.append(taught)
        return network

    monkeypatch.setattr(Lessons, "_teach", lambda *_: None)
    monkeypatch.setattr(Lessons, "teach_photos", teach)
    start = load_start("resnet18", str(tuned_folder.with_name("tuned-start.pth")))
    way = choose_way(start, photos, pixels, Recipe("resnet18", "", size=64, epochs=1, seed=0, fit="finetune"))
    judged = cross_validate(way.judge, photos, seed=0, n_folds=way.n_folds, repeats=1, groups=way.groups)
    assert "half of the sources (3)" in way.how and len(lessons) == 2
    assert np.isfinite(judged.log_odds[0, real]).all() and np.isnan(judged.log_odds[0, ~real]).all()
    near = np.isfinite(way.nearby)
    assert near.any() and not near[~real].any()
    for fold, taught in enumerate(lessons):
        assert taught[~real].all()
        known, asked = set(photos.source_repo[taught & real]), near & (judged.folds[0] != fold)
        assert not known & set(photos.source_repo[judged.folds[0] == fold]) and known >= set(photos.source_repo[asked])
        assert not set(photos.scene[asked]) & set(photos.scene[taught & real])
    way.publish()
    assert lessons[2].all()


def test_fastai_alone_loads_the_learner_and_the_snippet_the_weights(tuned_folder: Path, photo: Path, tmp_path: Path) -> None:
    open_image(photo).save(tmp_path / "photo.png")
    for name in ("model.pkl", "model.safetensors", "config.json"):
        (tmp_path / name).symlink_to(tuned_folder / name)
    snippet = re.search(r"```python safetensors\n(.*?)```", (tuned_folder / "README.md").read_text(), re.S)
    assert snippet
    code = "from fastai.learner import load_learner\nlearner = load_learner('model.pkl')\n" + snippet[1].replace("photo.jpg", "photo.png")
    code += "assert torch.allclose(learner.model.eval()(pixels.permute(2, 0, 1)[None].float()).softmax(1), probabilities, atol=1e-5)\n"
    result = subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    p_full = float(re.findall(r"[\d.e-]+", result.stdout)[-1])
    assert p_full == pytest.approx(load_model(tuned_folder, "fp32").p_full([open_image(photo)])[0], abs=1e-3)
