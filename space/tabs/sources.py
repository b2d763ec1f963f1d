"""What the Space's settings name (a model, a dataset, archives of frames, a box for votes), each opened once and when first needed.

An opener that fails raises its `CarparkError` and is tried again next time: a folder that turns up, or a Hub that comes back, needs no
restart.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from carpark.archives import open_archive
from carpark.archives.archive import Archive
from carpark.cache import Cache
from carpark.errors import BadSetting, CarparkError
from carpark.hub.revisions import Pin
from carpark.hub.source import RepoType, open_source
from carpark.model import load_model
from carpark.model.config import MODEL_FILES, check_file, read_config
from carpark.model.engines import Model, load_network
from carpark.model.heatmap import HeatMapper
from carpark.model.neighbours import Neighbours, load_neighbours
from carpark.votes import VoteBox, open_votes
from serving.handover import Handover
from serving.process import give_back_memory
from serving.right_of_way import RightOfWay, giving_way, going_first
from serving.secrets import without_secrets

T = TypeVar("T")

REPO_TYPES: dict[str, RepoType] = {"CARPARK_MODEL": "model", "CARPARK_DATASET": "dataset"}

EXPECTED = {
    "CARPARK_MODEL": "a model repo (owner/name) or a model folder",
    "CARPARK_DATASET": "a dataset repo (owner/name) or a folder of photos",
    "CARPARK_ARCHIVE": "archives of frames: a folder, an https:// base, a dataset repo or `live`",
}


class Sources:
    """Openers for what the settings name; safe to share between threads."""

    def __init__(self, settings: Mapping[str, str], pins: Mapping[str, Pin] | None = None) -> None:
        self.pins = {setting: pin for setting, repo_type in REPO_TYPES.items() if (pin := (pins or {}).get(repo_type))}
        named = {setting: text for setting, text in settings.items() if text.strip()}
        self.settings = {setting: str(pin) for setting, pin in self.pins.items()} | named
        self._notes: dict[str, str] = {}
        way = RightOfWay()
        self.model_folder: Callable[[], Path] = once(lambda: self._find_folder("CARPARK_MODEL"))
        self.dataset_folder: Callable[[], Path] = once(lambda: self._find_folder("CARPARK_DATASET"))
        self.archive: Callable[[], Archive] = once(lambda: open_archive(self._named("CARPARK_ARCHIVE"), self._cache()))
        photos = Handover(
            once(lambda: going_first(load_model(self._verified_folder(), "fp32"), way)),
            once(lambda: going_first(self._load_learner(way), way)),
        )
        self.photo_model: Callable[[], Model] = photos.model
        self.learner: Callable[[], Model] = photos.load
        self.neighbours: Callable[[], Neighbours] = once(lambda: load_neighbours(self.model_folder()))
        self.heat_mapper: Callable[[], HeatMapper] = once(self._load_heat_mapper)
        self.day_model: Callable[[], Model] = once(lambda: giving_way(load_model(self.model_folder(), "int8"), way))
        self.votes: Callable[[], VoteBox] = once(lambda: open_votes(self.name_of("CARPARK_VOTES"), self._cache_folder() / "votes"))
        self._quick: tuple[Callable[[], object], ...] = (self.photo_model, self.neighbours, self.day_model, self.archive, self.votes)

    def name_of(self, setting: str) -> str:
        """What the setting says, or the pinned repo where it is not set; "" without either."""
        return self.settings.get(setting, "").strip()

    def shown_name_of(self, setting: str) -> str:
        """As `name_of`, fit to be shown to visitors."""
        return without_secrets(self.name_of(setting))

    def _named(self, setting: str) -> str:
        if name := self.name_of(setting):
            return name
        raise BadSetting(f"{setting} is not set; expected {EXPECTED[setting]}. Set it and start the Space again.")

    def _cache(self) -> Cache:
        """The cache of remote frames and finished days."""
        return Cache(self._cache_folder())

    def _cache_folder(self) -> Path:
        folder = self.name_of("CARPARK_CACHE") or "~/.cache/carpark"
        try:
            return Path(folder).expanduser()
        except RuntimeError as error:  # the home of an unknown user
            raise BadSetting(f"CARPARK_CACHE is {folder}, but that home does not exist. Set it to a folder.") from error

    def _verified_folder(self) -> Path:
        """The model folder, its learner's file verified: a folder is refused as a whole, before any form of it answers."""
        folder = self.model_folder()
        check_file(folder / MODEL_FILES["learner"], read_config(folder))
        return folder

    def _load_learner(self, way: RightOfWay) -> Model:
        """The exported learner. The import of torch and fastai holds up every answer for seconds, so the first photos go before."""
        folder = self._verified_folder()
        way.wait_for_pause()
        return load_model(folder, "learner")

    def _load_heat_mapper(self) -> HeatMapper:
        folder = self.model_folder()
        return HeatMapper(read_config(folder), load_network(folder))

    def _find_folder(self, setting: str) -> Path:
        source = open_source(self._named(setting), repo_type=REPO_TYPES[setting], pin=self.pins.get(setting))
        self._notes[setting] = source.note
        return source.folder

    def notes(self) -> list[str]:
        """One line for each source that came from the cache or is not verified."""
        return [without_secrets(note) for note in self._notes.values() if note]

    def problems(self) -> list[str]:
        """One line for each thing that keeps the tabs from their work; waits until all forms of the model are loaded."""
        openers = (*self._quick, self.learner, self.heat_mapper)
        return list(dict.fromkeys(line for opener in openers if (line := problem(opener))))

    def open_quick(self) -> None:
        """Open in the background what the first answers need."""
        threading.Thread(target=lambda: [problem(opener) for opener in self._quick], name="open-quick", daemon=True).start()

    def warm_up(self) -> None:
        """Open all the rest in the background: torch and fastai, the learner, the heat map."""

        def open_rest() -> None:
            self.problems()
            give_back_memory()

        threading.Thread(target=open_rest, name="warm-up", daemon=True).start()


def problem(opener: Callable[[], object]) -> str:
    """The error of an opener as a line, or "" when it opens."""
    try:
        opener()
    except CarparkError as error:
        return without_secrets(str(error))
    return ""


def once(opener: Callable[[], T]) -> Callable[[], T]:
    """`opener`, run by one thread at a time until it succeeds; from then on its answer is repeated."""
    lock = threading.Lock()
    answers: list[T] = []

    def open_once() -> T:
        with lock:
            if not answers:
                answers.append(opener())
            return answers[0]

    return open_once
