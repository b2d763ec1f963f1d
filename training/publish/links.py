"""The names that a copy gets: the repo that it becomes, and the repos that it belongs to, each at a commit."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import SpaceCard

from carpark.errors import BadModel
from carpark.files import write_file
from carpark.hub.revisions import PINS_FILE, Pin, write_pins
from training.cards.model import model_card
from training.cards.names import name_repos

DRAWINGS = "artifacts/drawn/photos"  # where `make model` draws photos to
COMMAND_DATA = re.compile(r"--data .*?(?= --|$)")  # in the command of config.json


@dataclass(frozen=True, slots=True)
class Names:
    """What the cards say of the publication."""

    dataset: str  # owner/name
    model: str
    space: str
    code: str = ""  # address of the repository with the code; "" for the Space's own files

    def fill(self, card: str, repo: str) -> str:
        """The text of the card of `repo`, with the names of all three."""
        return name_repos(card, repo=repo, siblings={"dataset": self.dataset, "model": self.model, "space": self.space}, code=self.code)


def link_dataset(folder: Path, out: Path, names: Names) -> None:
    """The dataset's card, for the copy `out` of `folder`."""
    _write(out / "README.md", names.fill((folder / "README.md").read_text(encoding="utf-8"), names.dataset))


def link_model(folder: Path, out: Path, names: Names, *, trained_on: str | None, dataset: Pin) -> None:
    """The model's config.json and card, which name the commit of the dataset that it learnt from: `trained_on`, or else the newest.

    Raises BadModel.
    """
    config, metrics = _read(folder / "config.json"), _read(folder / "metrics.json")
    revision = trained_on or dataset.revision
    try:
        config["dataset"] |= {"name": dataset.repo.split("/")[1], "repo": dataset.repo, "revision": revision}
        drawings = f"{DRAWINGS} " if 0 < config["dataset"]["drawn"] < config["dataset"]["photos"] else ""
        config["command"] = COMMAND_DATA.sub(f"--data {drawings}{dataset.repo}@{revision}", config["command"])
        card = model_card(config, metrics, repo=names.model)
    except KeyError as error:
        raise BadModel(f"{folder} lacks {error}, which its card prints. Train again: python -m training.train.") from error
    _write(out / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    _write(out / "README.md", names.fill(card, names.model))


def link_space(folder: Path, out: Path, names: Names, *, pins: Mapping[str, Pin], preload: bool) -> None:
    """The Space's revisions.json and card. `preload`: the Hub fetches the model while it builds the Space, without a token."""
    write_pins(out / PINS_FILE, pins)
    card = SpaceCard(names.fill((folder / "README.md").read_text(encoding="utf-8"), names.space))
    front: Any = card.data
    front.models, front.datasets = [names.model], [names.dataset]
    model = pins["model"]
    front.preload_from_hub = [f"{model.repo} {','.join(sorted(model.files))} {model.revision}"] if preload else None
    _write(out / "README.md", str(card))


def _read(path: Path) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        return fields
    except (FileNotFoundError, ValueError) as error:
        raise BadModel(f"{path.name} of the model folder cannot be read ({error}). Train again: python -m training.train.") from error


def _write(path: Path, text: str) -> None:
    write_file(path, text.encode(), durable=False)
