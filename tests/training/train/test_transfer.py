"""From car parks to the street: a model goes on from what it knows, and nothing burnt into a still is seen."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import Engine
from carpark.model.engines import prepare
from carpark.quality.judging import judge_frame
from tests.hub_repos import Blob, Repo
from tests.mini_hub import MiniHub
from tests.real_data import ARCHIVE, needs_real_data
from training.evaluate import __main__ as evaluate
from training.photos import SCENE_BOXES, find_photos
from training.train import __main__ as train
from training.train.probe import Head, fit_head
from training.train.transfer import load_trained


@pytest.fixture(scope="module")
def frames(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the review page writes: labelled frames of the sample's camera day, an hour a scene, overlays still on."""
    out = tmp_path_factory.mktemp("frames")
    truth = pd.read_csv(sample_folder / "truth.csv")
    day = next((sample_folder / "archive").glob("*/*"))
    usable = [path for path in sorted(day.glob("*.jpg")) if judge_frame(path.read_bytes()).scene is not None][::4]
    halves = {"empty": usable[: len(usable) // 2], "full": usable[len(usable) // 2 :]}
    assert len(truth) and len(usable) > 20
    rows = [(f"{label}/{path.name}", label, path.name[:13]) for label, paths in halves.items() for path in paths]
    for file, label, _ in rows:
        (out / label).mkdir(exist_ok=True)
        (out / file).write_bytes((day / Path(file).name).read_bytes())
    pd.DataFrame(rows, columns=["file", "label", "scene"]).to_csv(out / "photos.csv", index=False)
    return out


@pytest.fixture(scope="module")
def street_folder(tuned_folder: Path, frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that went on from the fine-tuned one, on frames."""
    out = tmp_path_factory.mktemp("street") / "model"
    train.main(["--data", str(frames), "--out", str(out), "--start-from", str(tuned_folder)])
    return out


def test_a_model_goes_on_with_its_body_and_size_and_says_from_what(street_folder: Path, tuned_folder: Path) -> None:
    config = json.loads((street_folder / "config.json").read_text())
    assert (config["architecture"], config["input_size"], config["counts"]) == ("resnet18", [64, 64], True)
    assert config["recipe"]["start_from"] == "tuned" and "--start-from tuned --seed 0" in config["command"]
    assert "fine-tuned from the model tuned (last layer only)" in (street_folder / "README.md").read_text()
    photo = [Image.new("RGB", (200, 150), "olive")]
    before, after = (load_model(folder, "fp32").predict(photo) for folder in (tuned_folder, street_folder))
    assert np.allclose(before.features, after.features, atol=1e-3) and before.p_full != after.p_full


@pytest.mark.parametrize("engine", get_args(Engine))
def test_no_form_sees_what_is_burnt_into_a_still(engine: Engine, street_folder: Path, frames: Path) -> None:
    still = open_image(next(frames.glob("full/*.jpg")))
    assert still.size == (352, 288)
    painted = still.copy()
    painted.paste("red", (0, 0, 352, 36))
    painted.paste("blue", (0, 272, 352, 288))
    model = load_model(street_folder, engine)
    assert np.array_equal(*model.p_full([still, painted])[:, None])
    cropped = still.crop((0, 36, 352, 272))
    assert np.array_equal(prepare(still, (64, 64), SCENE_BOXES), prepare(cropped, (64, 64), SCENE_BOXES))


def test_a_head_without_photos_that_ask_for_more_stays_where_it_was() -> None:
    rng = np.random.default_rng(0)
    prior = Head(np.array([8.0, 0.0, 0.0]), 0.0)
    features = rng.normal(size=(60, 1, 3))
    agreed = pd.Series(np.where(features[:, 0, 0] > 0, "full", "empty"))
    shares = agreed.map({"empty": 0.0, "full": 1.0}).to_numpy()
    near, far = fit_head(features, shares, prior=prior), fit_head(features, shares)
    assert np.abs(near.weight - prior.weight).max() < 0.5 < np.abs(far.weight - prior.weight).max()
    opposed = fit_head(features, 1 - shares, prior=prior)
    assert opposed.weight[0] < near.weight[0] - 0.3


def test_a_model_from_scratch_with_a_deep_head_is_refused(tiny_model_folder: Path, frames: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny_model_folder, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"architecture": "resnet18_half"}))
    with pytest.raises(SystemExit, match="is a resnet18_half, trained from scratch; expected a model on pretrained weights"):
        train.main(["--data", str(frames), "--out", str(tmp_path / "street"), "--start-from", str(other)])


def test_a_dataset_repo_is_as_good_as_its_folder(
    tiny_model_folder: Path, dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_photos(str(dataset_folder)).as_config() == {"name": "dataset"}
    files = {path.relative_to(dataset_folder).as_posix(): Blob(path.read_bytes()) for path in dataset_folder.rglob("*.parquet")}
    flags = ["--model", str(tiny_model_folder), "--data"]
    with MiniHub({}) as hub:
        repo = hub.repos["dataset", "alice/photos"] = Repo("dataset", "alice/photos")
        repo.commit(files, "All of it")
        command = [sys.executable, "-W", "ignore", "-m", "training.evaluate", *flags, "alice/photos"]
        environment = os.environ | hub.environment(None, home=tmp_path)
        of_repo = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    evaluate.main([*flags, str(dataset_folder)])
    of_repo, of_folder = (json.loads(printed.splitlines()[-1]) for printed in (of_repo, capsys.readouterr().out))
    assert of_repo == of_folder and of_repo["n"] > 0


@needs_real_data
def test_ufpr_frames_move_the_tiny_model_towards_their_counts(tiny_model_folder: Path, tmp_path: Path) -> None:
    day = next(ARCHIVE.glob("UFPR05*/2013-04-15"))
    files = sorted(day.glob("*.jpg"))
    labelled = {"empty": files[:2], "full": files[6:40:4]}
    for label, paths in labelled.items():
        (tmp_path / "frames" / label).mkdir(parents=True)
        for path in paths:
            (tmp_path / "frames" / label / path.name).symlink_to(path)
    train.main(["--data", str(tmp_path / "frames"), "--out", str(tmp_path / "street"), "--start-from", str(tiny_model_folder)])
    images = [open_image(path) for paths in labelled.values() for path in paths]
    before, after = (load_model(folder, "fp32").p_full(images) for folder in (tiny_model_folder, tmp_path / "street"))
    spread = [answer[2:].mean() - answer[:2].mean() for answer in (before, after)]
    assert spread[1] > spread[0]
    assert load_trained(str(tmp_path / "street")).arch == "resnet18"
