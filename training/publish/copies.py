"""Copies of the three folders, as they are published. The originals stay as they are; a copy takes next to no space on the disk."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from carpark.errors import BadModel, BadPhotos, BadSetting
from carpark.files import exclusive_lock
from carpark.model.config import check_file, read_config

PREFIX = ".publish-"
LOCK = "lock"
LARGE = (".onnx", ".parquet", ".pkl", ".safetensors")  # linked, not copied; nothing writes into them
PROJECT_LICENSE = Path(__file__).resolve().parents[2] / "LICENSE"
# Of predictions.parquet, beside P(full) and fullness: the photo, its label, and what scores are broken down by.
PREDICTION_COLUMNS = ("file", "sha256", "label", "scene", "occupancy", "view", "light", "resolution", "source", "source_repo", "fold")
PREDICTED = ("p_full", "fullness")  # the columns of predictions begin so


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A folder for copies below `parent`. It is removed at the end, and so are those that killed runs left. Raises BadSetting."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{PREFIX}*"):
            with suppress(BadSetting), exclusive_lock(left / LOCK, busy="another run uses it"):
                shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as error:
        raise BadSetting(f"{parent.absolute()} cannot be written ({error.strerror}), and copies of what is published go there.") from error
    try:
        with exclusive_lock(work / LOCK, busy=f"{work} is in use."):
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def copy_folder(folder: Path, out: Path) -> None:
    """A copy of `folder` without hidden files and bytecode; large files are links to the originals where possible. Raises BadSetting."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        try:
            (out / inside).parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, out / inside)
        except OSError as error:
            raise BadSetting(f"{path} cannot be copied to {out.parent} ({error.strerror}). Nothing was published.") from error


def copy_file(path: Path, out: Path) -> None:
    """A hard link to a large file, where the disk allows it; else a copy."""
    if path.suffix in LARGE:
        with suppress(OSError):
            os.link(path.resolve(), out)
            return
    shutil.copyfile(path, out)


def copy_dataset(folder: Path, out: Path) -> None:
    """A copy of a dataset repo folder. Raises BadPhotos for another folder."""
    if not ((folder / "README.md").is_file() and any(folder.rglob("*.parquet"))):
        raise BadPhotos(f"{folder} has no README.md or no parquet file, so it is not a dataset repo. Make one: python -m training.dataset.")
    copy_folder(folder, out)


def copy_model(folder: Path, out: Path) -> None:
    """A copy of a model folder, with the project's licence unless it has one. Raises BadModel where config.json names other files."""
    known = read_config(folder)
    for name in known.files:
        check_file(folder / name, known)
    copy_folder(folder, out)
    if not (out / "LICENSE").exists():
        shutil.copyfile(PROJECT_LICENSE, out / "LICENSE")
    if (predictions := out / "predictions.parquet").is_file():
        keep_prediction_columns(predictions)


def keep_prediction_columns(path: Path) -> None:
    """Leaves in predictions.parquet what repeats the scores and names the photo; its provenance is in the dataset."""
    try:
        table = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise BadModel(f"{path.name} of the model folder is not a table ({error}). Train again: python -m training.train.") from error
    asked = [column for column in table if column in PREDICTION_COLUMNS or str(column).startswith(PREDICTED)]
    if len(asked) < len(table.columns):
        path.unlink()  # a link to the original
        table[asked].to_parquet(path, index=False)


def copy_space(folder: Path, out: Path) -> None:
    """A copy of the Space as git has it. Raises BadSetting for another folder."""
    if not (folder / "app.py").is_file():
        raise BadSetting(f"--space {folder} has no app.py, so it is not a Space.")
    copy_folder(folder, out)
