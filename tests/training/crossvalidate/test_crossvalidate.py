"""Architectures are compared under the same folds, and a row without weights says so."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from torchvision import models

from training.crossvalidate import __main__ as crossvalidate
from training.photos import read_photos
from training.train.tuning import Lessons


@pytest.fixture
def weights_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of resnet18 in torchvision's cache, and no way to fetch another."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(models.resnet18(weights=None).state_dict(), tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth")


@pytest.mark.usefixtures("weights_offline")
def test_each_architecture_has_a_row_and_one_without_weights_says_so(sample_folder: Path, tiny_model_folder: Path, tmp_path: Path) -> None:
    """The pretrained row's weights lie in torchvision's cache: the way that every architecture's weights would come."""
    out, model = tmp_path / "folds", Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))
    flags = ["--arch", "resnet18", "resnet34", "--size", "64", "--learning-curve", "--model", str(model)]
    crossvalidate.main(["--data", str(sample_folder / "photos"), "--out", str(out), *flags])
    with_weights, without = json.loads((out / "table.json").read_text())
    assert len(with_weights["errors_each_time"]) == 5 and with_weights["n"] > 20
    assert [row["scenes"] for row in with_weights["learning_curve"]] == sorted(row["scenes"] for row in with_weights["learning_curve"])
    assert with_weights["learning_curve"][-1]["errors_each_time"] == with_weights["errors_each_time"]
    assert str(Path.home()) not in without["missing"] and "cannot be downloaded" in without["missing"] and "errors_each_time" not in without
    assert all(row["int8_megabytes"] > 5 and row["int8_frames_per_second"] > 0 for row in (with_weights, without))
    card = (model / "README.md").read_text()
    assert "| resnet34 | 64 | its ImageNet weights could not be had |" in card and "## With fewer photos" in card
    assert f"| resnet18 | 64 | {', '.join(map(str, with_weights['errors_each_time']))} of {with_weights['n']} |" in card
    predictions = pd.read_parquet(out / "predictions-resnet18-64.parquet")
    assert (predictions.groupby("scene").fold.nunique() == 1).all()


@pytest.mark.usefixtures("weights_offline")
def test_fine_tuning_at_two_sizes_is_scored_on_real_photos(
    sample_folder: Path, found_dataset_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lessons, "_teach", lambda *_: None)
    speed = {"int8_megabytes": 1.0, "int8_frames_per_second": 1}
    monkeypatch.setattr("training.crossvalidate.comparison.measure_int8", lambda *_: speed)
    data = ["--data", str(sample_folder / "photos"), str(found_dataset_folder)]
    crossvalidate.main([*data, "--arch", "resnet18", "--size", "64", "96", "--fit", "finetune", "--out", str(tmp_path / "folds")])
    rows = json.loads((tmp_path / "folds" / "table.json").read_text())
    assert [row["size"] for row in rows] == [64, 96] and all(len(row["errors_each_time"]) == 1 for row in rows)
    real = read_photos(found_dataset_folder)
    assert all(len(pd.read_parquet(tmp_path / "folds" / f"predictions-resnet18-{row['size']}.parquet")) == len(real) for row in rows)


def test_folds_from_scratch_are_refused(sample_folder: Path, tmp_path: Path) -> None:
    flags = ["--weights", "none", "--size", "64", "--arch", "resnet18"]
    with pytest.raises(SystemExit, match="folds are for pretrained networks"):
        crossvalidate.main(["--data", str(sample_folder / "photos"), "--out", str(tmp_path / "folds"), *flags])
    assert not (tmp_path / "folds").exists()
