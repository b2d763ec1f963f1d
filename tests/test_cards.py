"""Cards carry measured numbers, no placeholder is left, and their snippets run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard, ModelCard

from carpark.images import open_image
from carpark.model import load_model
from training.cards import model_card


def test_the_model_card_prints_the_measured_scores(tiny_model_folder: Path) -> None:
    card = ModelCard.load(tiny_model_folder / "README.md")
    scores = json.loads((tiny_model_folder / "metrics.json").read_text())["validation"]
    assert f"| errors | {scores['errors']} of {scores['n']} |" in card.text
    assert card.data.library_name == "fastai" and card.data.license == "apache-2.0"
    assert card.data.eval_results[0].metric_value == scores["accuracy"]
    assert "$" not in card.text


def test_the_dataset_card_counts_the_photos(sample_folder: Path) -> None:
    card = DatasetCard.load(sample_folder / "photos" / "README.md")
    assert "60 drawn pictures" in card.text and "$" not in card.text


def test_a_number_that_was_not_measured_is_an_error(tiny_model_folder: Path) -> None:
    config, metrics = (json.loads((tiny_model_folder / f"{name}.json").read_text()) for name in ("config", "metrics"))
    del metrics["validation"]["ece"]
    with pytest.raises(KeyError, match="ece"):
        model_card(config, metrics)


def test_the_onnx_snippet_of_the_card_gives_our_answer(tiny_model_folder: Path, sample_folder: Path, tmp_path: Path) -> None:
    snippet = re.search(r"```python onnx\n(.*?)```", (tiny_model_folder / "README.md").read_text(), re.S)
    assert snippet
    for name in ("config.json", "model.int8.onnx"):
        shutil.copy(tiny_model_folder / name, tmp_path)
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    shutil.copy(photo, tmp_path / "photo.jpg")
    said = subprocess.run([sys.executable, "-I", "-c", snippet[1]], cwd=tmp_path, capture_output=True, text=True, check=True)
    ours = load_model(tiny_model_folder).p_full([open_image(photo)])[0]
    assert json.loads(said.stdout.replace("'", '"'))["full"] == pytest.approx(float(ours), abs=1e-6)
