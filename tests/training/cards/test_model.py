"""Cards carry measured numbers, no placeholder is left, and their snippets run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fastai.vision.learner import create_vision_model
from huggingface_hub import ModelCard
from torchvision import models

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.network import build_network
from training.cards.model import model_card


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


@pytest.mark.parametrize(
    ("engine", "file", "never_imported"),
    [("onnx", "model.int8.onnx", "torch fastai huggingface_hub carpark"), ("safetensors", "model.safetensors", "carpark training")],
)
def test_the_snippets_of_the_card_give_our_answer(
    engine: str, file: str, never_imported: str, tiny_model_folder: Path, sample_folder: Path, tmp_path: Path
) -> None:
    snippet = re.search(rf"```python {engine}\n(.*?)```", (tiny_model_folder / "README.md").read_text(), re.S)
    assert snippet
    for name in ("config.json", file):
        shutil.copy(tiny_model_folder / name, tmp_path)
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    shutil.copy(photo, tmp_path / "photo.jpg")
    script = f"{snippet[1]}\nimport sys\nassert not sys.modules.keys() & set({never_imported.split()})\n"
    result = subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    ours = load_model(tiny_model_folder, "int8" if engine == "onnx" else "safetensors").p_full([open_image(photo)])[0]
    assert json.loads(result.stdout.replace("'", '"'))["full"] == pytest.approx(float(ours), abs=1e-5)


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained' is deprecated:UserWarning")  # of torchvision, which fastai calls so
@pytest.mark.filterwarnings("ignore:Arguments other than a weight enum:UserWarning")
@pytest.mark.parametrize("arch", ["resnet18_half", "mobilenet_v2"])
def test_the_safetensors_snippet_builds_networks_that_are_cut_our_way(arch: str, tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    card = model_card(config | {"architecture": arch}, metrics)
    call = re.search(r"network = create_vision_model\((.*)\)\.eval", card)
    assert call
    arguments = call[1].replace('len(config["labels"])', "2")
    theirs = eval(f"create_vision_model({arguments})", {"create_vision_model": create_vision_model, "models": models})
    assert {name: tensor.shape for name, tensor in theirs.state_dict().items()} == {
        name: tensor.shape for name, tensor in build_network(arch, 2).state_dict().items()
    }


def test_a_published_model_names_its_dataset_and_what_it_started_from(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    config["dataset"] |= {"repo": "alice/photos", "revision": "a" * 40}
    config |= {"architecture": "resnet34", "recipe": config["recipe"] | {"weights": "imagenet"}}
    card = ModelCard(model_card(config, metrics, repo="alice/classifier"))
    assert (card.data.datasets, card.data.base_model) == (["alice/photos"], "timm/resnet34.tv_in1k")
    assert card.data.eval_results[0].dataset_type == "alice/photos"
    assert 'from_pretrained_fastai("alice/classifier"' in card.text and "owner/name" not in card.text
