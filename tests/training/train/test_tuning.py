"""A model whose body was fine-tuned: all forms have its attention, and nobody needs our code to load them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import read_config
from carpark.model.engines import load_network
from carpark.model.heatmap import HeatMapper
from carpark.model.neighbours import load_neighbours
from training.photos import read_photos
from training.train.likeness import revision_of


@pytest.fixture(scope="module")
def photo(sample_folder: Path) -> Path:
    return min((sample_folder / "photos" / "full").glob("*.jpg"))


def test_it_weighs_the_cells_of_its_last_maps(tuned_folder: Path, photo: Path) -> None:
    config = read_config(tuned_folder)
    assert (config.attention, config.features_before_last) == ((2, 2), 2)
    assert "weigh the cells of its last maps by the bays in them; then frozen" in (tuned_folder / "README.md").read_text()
    heat = HeatMapper(read_config(tuned_folder), load_network(tuned_folder)).explain(open_image(photo))
    assert heat.map.shape == open_image(photo).size[::-1]


def test_it_remembers_the_photos_that_are_not_drawn(tuned_folder: Path, found_dataset_folder: Path) -> None:
    learnt, found = load_neighbours(tuned_folder).photos, read_photos(found_dataset_folder)
    assert sorted(learnt.sha256) == sorted(found.sha256)
    dataset = json.loads((tuned_folder / "config.json").read_text())["dataset"]
    assert (dataset["drawn"], dataset["photos"], dataset["sha256"]) == (60, 60 + len(found), revision_of(found))


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
