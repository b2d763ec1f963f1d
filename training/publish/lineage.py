"""Copies of the three folders as they are published, each naming the repos before it by commit id; the originals stay as they are."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, SpaceCard

from carpark.errors import BadModel, BadPhotos, BadSetting
from carpark.hub.revisions import PINS_FILE, Pin, digest_file, write_pins
from carpark.model.config import MODEL_FILES, check_file, read_config
from carpark.model.neighbours import NEIGHBOURS_FILE, load_neighbours
from training.cards.model import model_card
from training.parquet import read_parquet
from training.photos import TO_LEARN_FROM
from training.publish.targets import Kind, Target, list_remote

# What the Space loads of the model: the photo tab the learner, the neighbours and (for its heat map) the bare
# weights, the camera day the int8 form, the About tab the rest.
LOADED_FILES = ("config.json", "metrics.json", MODEL_FILES["learner"], MODEL_FILES["safetensors"], MODEL_FILES["int8"], NEIGHBOURS_FILE)
SAMPLES_FROM = ("test", "validation", "train")  # the Space's sample photos come from the first file of the first split there is
SIMILAR_FROM = ("data/train-", "partial/train-")  # and the training photos that are like a visitor's from these
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


def stage_dataset(folder: Path, out: Path, *, repo: str) -> None:
    """A copy of a dataset repo folder, whose card names `repo` instead of owner/name. Raises BadPhotos for another folder."""
    if not ((folder / "README.md").is_file() and any(folder.rglob("*.parquet"))):
        raise BadPhotos(f"{folder} has no README.md or no parquet file, so it is not a dataset repo. Make one: python -m training.dataset.")
    shutil.copytree(folder, out, ignore=LEFT_OUT)
    card = out / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("owner/name", repo), encoding="utf-8")


def stage_model(folder: Path, out: Path, *, repo: str, dataset: Pin) -> None:
    """A copy of a model folder whose config.json and card name the repos that they belong to.

    Raises BadModel for another folder, or one whose files are not those that its config.json names.
    """
    known = read_config(folder)
    for name in known.files:
        check_file(folder / name, known)
    shutil.copytree(folder, out, ignore=LEFT_OUT)
    config, metrics = _read(out / "config.json"), _read(out / "metrics.json")
    config["dataset"] |= {"repo": dataset.repo, "revision": dataset.revision}
    (out / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    (out / "README.md").write_text(model_card(config, metrics, repo=repo))


def check_learnt_from(model: Path, dataset: Path) -> None:
    """Raises BadModel where a model's training photos are not all in the dataset that it would name, or are in its test split.

    A model folder that does not say what it learnt from passes.
    """
    learnt = set(load_neighbours(model).photos.sha256)
    tested = set(read_parquet(dataset, ("test",)).sha256)
    known = tested | set(read_parquet(dataset, TO_LEARN_FROM).sha256)
    if unknown := learnt - known:
        raise BadModel(
            f"{model} learnt from {len(unknown)} photos that {dataset} does not hold, and its card would name that as their source. "
            f"Train on it: python -m training.train --data {dataset} --out {model}"
        )
    if seen := learnt & tested:
        raise BadModel(
            f"{model} learnt from {len(seen)} photos of the test split of {dataset}, so no score on that split would mean anything. "
            f"Train on the dataset, which keeps them apart: python -m training.train --data {dataset} --out {model}"
        )


def stage_space(folder: Path, out: Path, *, pins: Mapping[str, Pin], is_private: bool) -> None:
    """A copy of the Space as git has it, with its pins as revisions.json and in its card. Raises BadSetting for another folder."""
    if not (folder / "app.py").is_file():
        raise BadSetting(f"--space {folder} has no app.py, so it is not a Space.")
    shutil.copytree(folder, out, ignore=LEFT_OUT)
    write_pins(out / PINS_FILE, pins)
    card = SpaceCard.load(out / "README.md")
    card.data.models, card.data.datasets = [pins["model"].repo], [pins["dataset"].repo]
    if not is_private:  # the Hub fetches them while it builds, without a token
        model = pins["model"]
        card.data.preload_from_hub = [f"{model.repo} {','.join(sorted(model.files))} {model.revision}"]
    (out / "README.md").write_text(str(card), encoding="utf-8")


def list_loaded(folder: Path, kind: Kind) -> dict[str, str]:
    """The files of a dataset or model folder that the Space loads, each with its sha256."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    return {name: digest_file(folder / name) for name in _choose_loaded(names, kind)}


def digest_remote(api: HfApi, target: Target, revision: str) -> dict[str, str]:
    """As `list_loaded`, of a repo at a revision; small files that the Hub keeps without a sha256 are downloaded for theirs."""
    files = list_remote(api, target, revision)
    digests = {}
    for name in _choose_loaded(files, target.type):
        lfs = files[name].lfs
        digests[name] = (
            lfs.sha256 if lfs else digest_file(Path(api.hf_hub_download(target.repo, name, repo_type=target.type, revision=revision)))
        )
    return digests


def _choose_loaded(names: Iterable[str], kind: Kind) -> list[str]:
    if kind != "dataset":
        return sorted(set(names) & set(LOADED_FILES))
    parts = (sorted(name for name in names if name.startswith(f"data/{split}-")) for split in SAMPLES_FROM)
    samples = next((files[:1] for files in parts if files), [])
    return sorted({*samples, *(name for name in names if name.startswith(SIMILAR_FROM))})


def _read(path: Path) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        return fields
    except (FileNotFoundError, ValueError) as error:
        raise BadModel(f"{path.name} of the model folder cannot be read ({error}). Train again: python -m training.train.") from error
