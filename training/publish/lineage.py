"""What a model learnt from, compared with what a dataset repo holds, and the files of both that the Space loads."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from huggingface_hub import HfApi

from carpark.errors import BadModel
from carpark.hub.revisions import digest_file
from carpark.model.config import MODEL_FILES
from carpark.model.neighbours import NEIGHBOURS_FILE, load_neighbours
from training.labels import PARTIAL
from training.parquet import PHOTO_FILES, list_photos
from training.photos import TO_LEARN_FROM
from training.provenance import are_judged
from training.publish.plans import content_revision
from training.publish.targets import Kind, Target, list_commits, list_remote, open_remote
from training.train.likeness import revision_of

# What the Space loads of the model: the photo tab the learner, until then the fp32 form, the neighbours and (for its heat map) the bare
# weights, the camera day the int8 form, the About tab the rest.
LOADED_FILES = ("config.json", "metrics.json", *MODEL_FILES.values(), NEIGHBOURS_FILE)
SAMPLES_FROM = ("test", "validation", "train")  # the Space's sample photos come from the first file of the first split that is there
SIMILAR_FROM = tuple(f"{config}/{split}-" for config in ("data", PARTIAL) for split in TO_LEARN_FROM)  # photos like a visitor's


def local_photos(folder: Path) -> pd.DataFrame:
    """The rows of a dataset repo folder, without pictures: `list_photos`."""
    return list_photos([path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")], lambda name: (folder / name).open("rb"))


def remote_photos(api: HfApi, target: Target, revision: str) -> pd.DataFrame:
    """As `local_photos`, of a dataset repo at a commit; a few kilobytes of each file are fetched."""
    return list_photos(list_remote(api, target, revision), lambda name: open_remote(api, target, name, revision))


def find_trained_on(api: HfApi, model: Path, target: Target, *, photos: pd.DataFrame, name: str) -> str | None:
    """The commit of `target` that a model folder learnt from; None for `photos`, which are the dataset `name` as it is published now.

    Drawn photos beside real ones need not be in the dataset, since `training.sample` draws them again. Raises BadModel where neither has
    the other photos, labels and scenes that the model learnt from, or where one of them is in the test split.
    """
    expected = json.loads((model / "config.json").read_bytes()).get("dataset", {}).get("sha256", "")
    revision, taught = None, photos
    if data_digest(photos) != expected:
        revision, taught = _find_earlier(api, target, expected) or (None, photos)
    retrain = f"Train on the dataset, which keeps the test split apart: python -m training.train --data {name} --out {model}"
    learnt = set(load_neighbours(model).photos.sha256)
    if unknown := learnt - set(taught.sha256):
        raise BadModel(f"{model} learnt from {len(unknown)} photos that {name} does not hold, and its card would name that. {retrain}")
    if seen := learnt & {*photos.sha256[photos.split == "test"], *taught.sha256[taught.split == "test"]}:
        raise BadModel(
            f"{model} learnt from {len(seen)} photos of the test split of {name}, so a score there would mean nothing. {retrain}"
        )
    if data_digest(taught) != expected:
        raise BadModel(
            f"{model} learnt from another state of {name}: its photos, labels or scenes differ (data digest {expected[:12] or 'unknown'}, "
            f"found {data_digest(photos)[:12]}), and no commit of {target} has them. {retrain}"
        )
    return revision


def data_digest(photos: pd.DataFrame) -> str:
    """The digest, as config.json of a model has it, of the photos that training learns from, without drawn ones beside real ones."""
    taught = photos[photos.split.isin(TO_LEARN_FROM)]
    return revision_of(taught[are_judged(taught)].assign(path=""))  # no file is needed: all digests are known


def _find_earlier(api: HfApi, target: Target, digest: str) -> tuple[str, pd.DataFrame] | None:
    """The newest commit of a dataset repo with this data digest, and its photos; None without one."""
    known: set[frozenset[tuple[str, str]]] = set()
    for commit in list_commits(api, target):
        files = frozenset((name, file.blob_id) for name, file in list_remote(api, target, commit).items() if PHOTO_FILES.match(name))
        if files and files not in known:
            known.add(files)
            photos = remote_photos(api, target, commit)
            if data_digest(photos) == digest:
                return content_revision(api, target, commit), photos
    return None


def list_loaded(folder: Path, kind: Kind) -> dict[str, str]:
    """The files of a dataset or model folder that the Space loads, each with its sha256."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    return {name: digest_file(folder / name) for name in _choose_loaded(names, kind)}


def digest_remote(api: HfApi, target: Target, revision: str) -> dict[str, str]:
    """As `list_loaded`, of a repo at a revision; small files that the Hub keeps without a sha256 are fetched for theirs."""
    files = list_remote(api, target, revision)
    digests = {}
    for name in _choose_loaded(files, target.type):
        if lfs := files[name].lfs:
            digests[name] = lfs.sha256
        else:
            with open_remote(api, target, name, revision) as file:
                digests[name] = hashlib.sha256(file.read()).hexdigest()
    return digests


def _choose_loaded(names: Iterable[str], kind: Kind) -> list[str]:
    names = sorted(names)
    if kind != "dataset":
        return [name for name in names if name in LOADED_FILES]
    parts = ([name for name in names if name.startswith(f"data/{split}-")] for split in SAMPLES_FROM)
    samples = next((files[:1] for files in parts if files), [])
    return sorted({*samples, *(name for name in names if name.startswith(SIMILAR_FROM))})
