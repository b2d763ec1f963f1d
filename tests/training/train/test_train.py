"""Training ends in a whole model folder or in one clear line."""

import json
import pickle
import pickletools
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner, load_learner
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from torchvision import models

from carpark.errors import BadWeights
from carpark.model.config import read_config
from training.evaluate import __main__ as evaluate
from training.export import __main__ as export
from training.export.proof import BOUNDS
from training.labels import LABELS
from training.photos import load_photos
from training.train import __main__ as train
from training.train.fitting import fit_from_scratch
from training.train.learners import Bfloat16, SoftTargetCrossEntropy, kinds_of
from training.train.pretrained import Recipe
from training.weights import load_start

FILES = {
    "README.md",
    "config.json",
    "metrics.json",
    "model.int8.onnx",
    "model.onnx",
    "model.pkl",
    "model.safetensors",
    "neighbours.parquet",
    "predictions.parquet",
    "pyproject.toml",
}


@pytest.fixture
def two_photos(tmp_path: Path) -> Path:
    """One photo a class: too few to train."""
    for label in LABELS:
        (tmp_path / "photos" / label).mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(tmp_path / "photos" / label / "a.jpg")
    return tmp_path / "photos"


def run(main: Callable[[list[str]], None], *arguments: object) -> str:
    """The one line with which a command refuses."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert isinstance(stop.value.code, str) and "\n" not in stop.value.code
    return stop.value.code


def test_the_folder_holds_every_form_and_its_measures(tiny_model_folder: Path) -> None:
    assert {path.name for path in tiny_model_folder.iterdir()} == FILES
    config = json.loads((tiny_model_folder / "config.json").read_text())
    assert config["labels"] == ["empty", "full"] and config["input_size"] == [64, 64]
    made = {"arch": "resnet18", "weights": "none", "size": 64, "epochs": 3, "seed": 0, "start_from": "", "fit": "auto", "tuned": False}
    assert config["recipe"] == made
    assert config["command"] == "python -m training.train --data dataset --arch resnet18 --weights none --size 64 --epochs 3 --seed 0"
    assert len(config["dataset"]["sha256"]) == 64 and config["command"] in (tiny_model_folder / "README.md").read_text()
    assert config["versions"]["torch"] == torch.__version__.split("+")[0]
    metrics = json.loads((tiny_model_folder / "metrics.json").read_text())
    assert metrics["agreement"]["fp32"]["max_abs_dp"] <= 1e-3
    predictions = pd.read_parquet(tiny_model_folder / "predictions.parquet")
    assert metrics["validation"]["n"] == predictions.label.isin(LABELS).sum()


def test_no_validation_scene_was_trained_on(tiny_model_folder: Path, sample_folder: Path) -> None:
    photos = pd.read_csv(sample_folder / "photos" / "photos.csv")
    held_out = pd.read_parquet(tiny_model_folder / "predictions.parquet")
    trained = photos[~photos.file.isin(held_out.file)]
    assert set(held_out.scene).isdisjoint(trained.scene)


def test_the_pickle_names_nothing_of_ours_and_no_bytecode(tiny_model_folder: Path) -> None:
    with zipfile.ZipFile(tiny_model_folder / "model.pkl") as archive:
        pickled = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    names = {str(argument) for operation, argument, _ in pickletools.genops(pickled) if operation.name in ("GLOBAL", "STACK_GLOBAL")}
    assert names and not [name for name in names if re.match(r"carpark|training|__main__|cloudpickle", name)]


def test_evaluate_repeats_the_metrics_of_the_folder(
    tiny_model_folder: Path, sample_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = pd.read_parquet(tiny_model_folder / "predictions.parquet")
    for label in held_out.label.unique():
        (tmp_path / "held-out" / label).mkdir(parents=True)
    for file in held_out.file:
        (tmp_path / "held-out" / file).symlink_to(sample_folder / "photos" / file)
    held_out[["file", "label", "scene", "view", "light", "occupancy"]].to_csv(tmp_path / "held-out" / "photos.csv", index=False)
    arguments = ["--model", tiny_model_folder, "--data", tmp_path / "held-out", "--out", tmp_path / "scores", "--engine", "safetensors"]
    evaluate.main(list(map(str, arguments)))  # int8 may stray by as much as its proof allows
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert json.loads((tmp_path / "scores" / "metrics.json").read_text()) == answer
    with Image.open(tmp_path / "scores" / "worst.png") as sheet:
        assert sheet.width == 1440
    again = pd.json_normalize({name: answer[name] for name in answer if name not in ("model_sha256", "engine")})
    first = pd.json_normalize(json.loads((tiny_model_folder / "metrics.json").read_text())["validation"])
    pd.testing.assert_frame_equal(again, first, rtol=0, atol=1.5e-4)  # numbers are rounded to four places


def test_evaluate_without_photos_repeats_the_card_from_the_folder_alone(
    tiny_model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("config.json", "predictions.parquet"):
        shutil.copy(tiny_model_folder / name, tmp_path)
    evaluate.main(["--model", str(tmp_path)])
    answer = json.loads(capsys.readouterr().out)
    assert answer.pop("model_sha256") == read_config(tiny_model_folder).sha256
    assert answer == json.loads((tiny_model_folder / "metrics.json").read_text())["validation"]
    (tmp_path / "predictions.parquet").unlink()
    assert "has no predictions.parquet, so its scores cannot be repeated" in run(evaluate.main, "--model", tmp_path)
    assert "--out needs --data" in run(evaluate.main, "--model", tmp_path, "--out", tmp_path / "scores")


def test_export_proves_a_folder_again(tiny_model_folder: Path, sample_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export.main(["--model", str(tiny_model_folder), "--data", str(sample_folder / "photos")])
    proof = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert proof["n"] == 60 and proof["int8"]["max_abs_dp"] <= proof["int8"]["bound"]


def test_a_form_that_disagrees_is_refused(tiny_model_folder: Path, sample_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "int8", -1.0)
    message = run(export.main, "--model", tiny_model_folder, "--data", sample_folder / "photos")
    assert message.startswith("model.int8.onnx does not agree with model.onnx: |ΔP(full)| up to")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--arch", "resnet35"], "Architecture 'resnet35' is unknown; expected one of resnet18, resnet34"),
        (["--size", "8"], "--size is 8; expected 64 to 1024."),
        (["--weights", "none"], "shows empty in 1 scene; training needs at least 2 a class"),
    ],
)
def test_a_mistake_ends_in_one_line_and_writes_nothing(flags: list[str], message: str, two_photos: Path, tmp_path: Path) -> None:
    assert message in run(train.main, "--data", two_photos, "--out", tmp_path / "model", *flags)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_weights_that_cannot_be_had_end_in_one_line_and_a_status_of_their_own(
    two_photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["--data", str(two_photos), "--out", str(tmp_path / "model"), "--weights", "lost.pth"])
    assert stop.value.code == train.NO_WEIGHTS == 3
    assert capsys.readouterr().err == ("--weights lost.pth is not a file; expected imagenet, index, none, or the file of a state dict.\n")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("setting", [("--weights", "none"), ("--start-from", "model")])
def test_a_way_to_fit_that_would_be_ignored_is_refused(setting: tuple[str, str], tmp_path: Path) -> None:
    refusal = run(train.main, "--data", tmp_path, "--out", tmp_path / "model", *setting, "--fit", "finetune")
    assert "--fit finetune does not go with " + setting[0] in refusal and "Leave --fit out" in refusal


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    torch.save(models.mobilenet_v3_small(weights=None).state_dict(), tmp_path / "other.pth")
    with pytest.raises(BadWeights, match=r"other\.pth does not fit resnet18: .* Expected the state dict of torchvision's resnet18"):
        load_start("resnet18", str(tmp_path / "other.pth"))


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(BadWeights, match=r"text\.pth is not a state dict that torch can read"):
        load_start("resnet18", str(tmp_path / "text.pth"))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(BadWeights, match=r"list\.pth holds a list; expected a state dict"):
        load_start("resnet18", str(tmp_path / "list.pth"))


def test_imagenet_weights_come_from_torchvisions_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    network = models.resnet18(weights=None)
    torch.save(network.state_dict(), tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth")
    start = load_start("resnet18", "imagenet")
    assert start is not None
    assert torch.equal(next(start.parameters()), network.conv1.weight)


def test_imagenet_weights_that_cannot_be_had_say_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there: offline, wherever the test runs
    with pytest.raises(BadWeights, match=r"cannot be downloaded .* Go on with --weights none \(from scratch\) or --weights FILE"):
        load_start("resnet18", "imagenet")


def test_a_start_is_carried_into_the_network(tmp_path: Path) -> None:
    network = models.resnet18(weights=None)
    torch.save(network.state_dict(), tmp_path / "start.pth")
    start = load_start("resnet18", str(tmp_path / "start.pth"))
    assert start is not None
    assert len(start.state_dict()) == len([key for key in network.state_dict() if not key.startswith("fc.")])


@pytest.mark.parametrize("vocab", [["empty", "full"], ["empty", "full", "partial 0.3"]])
def test_the_loss_is_lowest_where_p_full_is_what_the_photo_teaches(vocab: list[str]) -> None:
    taught = torch.tensor([0.0, 1.0, 0.3])[: len(vocab)]
    right = torch.stack([1 - taught, taught], dim=1).clamp(1e-4).log()
    loss, kinds = SoftTargetCrossEntropy(vocab), torch.arange(len(vocab))
    assert loss(right, kinds) < loss(right.flip(1), kinds)
    assert loss(right, kinds) < loss(torch.zeros_like(right), kinds)


def test_partial_photos_teach_their_occupancy_where_it_is_known() -> None:
    photos = pd.DataFrame({"label": ["empty", "partial", "partial", "full"], "occupancy": [0.05, 0.42, None, 0.9]})
    assert kinds_of(photos).tolist() == ["empty", "partial 0.4", "partial 0.5", "full"]
    assert kinds_of(photos.drop(columns="occupancy")).tolist() == ["empty", "partial 0.5", "partial 0.5", "full"]


def test_evaluate_needs_something_to_score(tiny_model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "partial" / "a.jpg")
    assert "has no photo labelled empty or full" in run(evaluate.main, "--model", tiny_model_folder, "--data", tmp_path)
    assert "is not a model folder" in run(evaluate.main, "--model", tmp_path, "--data", tmp_path)


def test_the_same_seed_gives_the_same_model(tiny_model_folder: Path, dataset_folder: Path) -> None:
    fitted = fit_from_scratch(*load_photos(dataset_folder, (64, 64)), Recipe("resnet18", "none", size=64, epochs=3, seed=0))
    again, first = fitted.learner.model.state_dict(), load_file(tiny_model_folder / "model.safetensors")
    assert set(again) == set(first)
    assert all(torch.allclose(again[name], first[name], atol=1e-4) for name in first)


@pytest.mark.filterwarnings("ignore:load_learner:UserWarning")
def test_the_learner_loads_where_no_posix_path_can_be_made(tiny_model_folder: Path) -> None:
    class OnWindows:
        def __init__(self, *parts: str) -> None:
            raise TypeError(f"cannot instantiate 'PosixPath' on your system: {parts}")

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str, /) -> Any:
            return OnWindows if module.startswith("pathlib") else super().find_class(module, name)

    pickling = ModuleType("pickling")
    pickling.__dict__.update(vars(pickle), Unpickler=Unpickler)
    learner = load_learner(tiny_model_folder / "model.pkl", pickle_module=pickling)
    assert (list(learner.dls.vocab), learner.path, learner.dls.path) == (["empty", "full"], ".", ".")


def test_depthwise_convolutions_learn_in_float32_and_all_else_is_bfloat16() -> None:
    depthwise, pointwise = nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1)
    seen: list[torch.dtype] = []
    for layer in (depthwise, pointwise):
        layer.register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    network = nn.Sequential(nn.Conv2d(3, 4, 1), depthwise, pointwise, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    batch = torch.rand(2, 3, 8, 8), torch.tensor([0, 1])
    learner = Learner(DataLoaders([batch], [batch]), network, nn.CrossEntropyLoss(), cbs=Bfloat16())
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    learning, looking = seen[:2], seen[2:]
    assert learning == [torch.float32, torch.bfloat16] and set(looking) == {torch.bfloat16}
    network(batch[0])
    assert seen[-1] == torch.float32 and not depthwise._forward_pre_hooks
