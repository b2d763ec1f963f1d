"""Architectures are compared under the same folds, and a row without weights says so."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from torchvision import models

from training import crossvalidate


@pytest.fixture
def weights_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of resnet18 in torchvision's cache, and no way to fetch another."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(models.resnet18(weights=None).state_dict(), tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth")


@pytest.mark.usefixtures("weights_offline")
def test_each_architecture_has_a_row_and_one_without_weights_says_so(sample_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds"
    flags = ["--arch", "resnet18", "resnet34", "--size", "64", "--learning-curve"]
    crossvalidate.main(["--data", str(sample_folder / "photos"), "--out", str(out), *flags])
    with_weights, without = json.loads((out / "table.json").read_text())
    assert len(with_weights["errors_each_time"]) == 5 and with_weights["n"] > 20
    assert [row["scenes"] for row in with_weights["learning_curve"]] == sorted(row["scenes"] for row in with_weights["learning_curve"])
    assert "cannot be downloaded" in without["missing"] and "errors_each_time" not in without
    predictions = pd.read_parquet(out / "predictions-resnet18.parquet")
    assert (predictions.groupby("scene").fold.nunique() == 1).all()


def test_folds_from_scratch_are_refused(sample_folder: Path, tmp_path: Path) -> None:
    flags = ["--weights", "none", "--size", "64", "--arch", "resnet18"]
    with pytest.raises(SystemExit, match="folds are for pretrained networks"):
        crossvalidate.main(["--data", str(sample_folder / "photos"), "--out", str(tmp_path / "folds"), *flags])
    assert not (tmp_path / "folds").exists()
