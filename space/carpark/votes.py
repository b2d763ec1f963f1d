"""Visitors' votes on answers: on disk before they are confirmed, pushed to a dataset repo in the background where one is named.

    box = open_votes("owner/car-park-votes", Path("~/.cache/carpark/votes").expanduser())       # or a folder; "" is that default one
    box.cast(Vote(new_id(), model, "full", 0.97, right=True), picture=None)
    box.tally(model)                                                                             # Tally(right=1, n=1)

`votes/*.jsonl` holds a line for each vote, in a file of its own for each run, and a further line with the same id where a visitor
corrects it: the last one counts. `pictures/{id}.jpg` holds the photo of a visitor who shared it, drawn anew without any metadata.
"""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar
from uuid import uuid4

import numpy as np
from huggingface_hub import CommitScheduler, snapshot_download
from PIL import Image as PILImage
from PIL.Image import Image

from carpark.errors import BadSetting, NotKept
from carpark.files import HALF_WRITTEN, append_line, drop_torn_line, write_file
from carpark.hub.errors import HUB_ERRORS
from carpark.hub.source import REPO_ID, find_folder

T = TypeVar("T")
TrueLabel = Literal["empty", "full", "partial", "no car park"]

PICTURE_SIDE_PX, PICTURE_QUALITY = 1024, 85
MAX_PICTURES_BYTES = 500_000_000  # in this Space; beyond it votes are kept without their photos
PUSH_EVERY_MIN, RETRY_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Vote:
    """What a visitor says about one answer."""

    id: str  # of the answer: a later vote with the same id replaces the earlier
    model: str  # sha256 of the config of the model that answered
    label: str  # the answer
    p_full: float
    right: bool
    truth: TrueLabel | None = None  # what the visitor says it is, where the answer was wrong


@dataclass(frozen=True, slots=True)
class Tally:
    """How often visitors found a model right."""

    right: int
    n: int


class VoteBox:
    """Votes in a folder; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "votes" / f"{datetime.now(UTC):%Y-%m-%d}-{new_id()}.jsonl"
        self._lock: AbstractContextManager[object] = threading.Lock()
        self._right: dict[str, tuple[str, bool]] = {}  # vote id -> model, right
        for path in sorted((folder / "votes").glob("*.jsonl")):
            drop_torn_line(path)
            self._right.update(read_votes(path))
        self._pictures_bytes = sum(path.stat().st_size for path in (folder / "pictures").glob("*.jpg"))

    def cast(self, vote: Vote, picture: Image | None = None) -> None:
        """Keeps the vote, and the picture if one is given; when this returns, both are on disk. Raises NotKept."""
        try:
            with self._lock:
                kept = self._keep_picture(vote.id, picture) if picture and self._pictures_bytes < MAX_PICTURES_BYTES else None
                row = asdict(vote) | {"at": datetime.now(UTC).isoformat(timespec="seconds"), "picture": kept}
                append_line(self._file, json.dumps(row))
                self._right[vote.id] = (vote.model, vote.right)
        except OSError as error:
            raise NotKept(f"Your vote could not be kept ({error.strerror}); the answer stands. Please try again later.") from error

    def tally(self, model: str) -> Tally:
        """The votes on the answers of one model, named by the sha256 of its config."""
        with self._lock:
            votes = [right for voted_on, right in self._right.values() if voted_on == model]
        return Tally(sum(votes), len(votes))

    def push_to(self, repo: str, every_min: float) -> None:
        """Pushes to a dataset repo from now on, in the background. Votes stay here until the Hub has taken them."""
        threading.Thread(target=self._start_pushing, args=(repo, every_min), name="votes", daemon=True).start()

    def _start_pushing(self, repo: str, every_min: float) -> None:
        ignored = [f"*{HALF_WRITTEN}"]
        start = partial(CommitScheduler, repo_id=repo, repo_type="dataset", private=True, folder_path=self.folder, ignore_patterns=ignored)
        scheduler = keep_asking(partial(start, every=every_min))
        with self._lock:
            self._lock = scheduler.lock  # the scheduler lists files under this lock, so it never uploads half a line
        earlier = Path(keep_asking(lambda: snapshot_download(repo, repo_type="dataset", allow_patterns="votes/*.jsonl")))
        with self._lock:
            for path in sorted((earlier / "votes").glob("*.jsonl")):
                self._right = dict(read_votes(path)) | self._right

    def _keep_picture(self, vote_id: str, picture: Image) -> str:
        path = self.folder / "pictures" / f"{vote_id}.jpg"
        make_private_folder(path.parent)
        plain = PILImage.fromarray(np.asarray(picture.convert("RGB")))  # pixels alone: no EXIF, no colour profile, no comment
        plain.thumbnail((PICTURE_SIDE_PX, PICTURE_SIDE_PX))
        file = io.BytesIO()
        plain.save(file, "JPEG", quality=PICTURE_QUALITY)
        write_file(path, file.getvalue())
        self._pictures_bytes += path.stat().st_size
        return f"pictures/{path.name}"


def keep_asking(question: Callable[[], T]) -> T:
    """The Hub's answer. While it fails, it is asked again every RETRY_S seconds."""
    while True:
        try:
            return question()
        except HUB_ERRORS:
            time.sleep(RETRY_S)


def open_votes(setting: str, default: Path, *, every_min: float = PUSH_EVERY_MIN) -> VoteBox:
    """The votes in the folder that `setting` names, or in `default`, pushed to the dataset repo where it names one (owner/name).

    Raises BadSetting when the folder cannot be made or read, and for a repo at a revision.
    """
    if setting and not find_folder(setting) and (named := REPO_ID.fullmatch(setting)):
        if named["revision"]:
            raise BadSetting(f"CARPARK_VOTES is {setting}, but votes go to the newest state of a dataset repo. Set it to {named['repo']}.")
        box = _open_box(default / setting.replace("/", "--"))
        box.push_to(setting, every_min)
        return box
    return _open_box(Path(setting) if setting else default)


def _open_box(folder: Path) -> VoteBox:
    try:
        folder = folder.expanduser()
        make_private_folder(folder)
        make_private_folder(folder / "votes")
        return VoteBox(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: the home of an unknown user
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadSetting(f"{folder} cannot hold votes ({reason}). Set CARPARK_VOTES to a folder or a dataset repo.") from error


def make_private_folder(folder: Path) -> None:
    """The folder, readable by its owner alone: votes may come with photos."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def new_id() -> str:
    """A name that no other vote or file has."""
    return uuid4().hex


def read_votes(path: Path) -> Iterator[tuple[str, tuple[str, bool]]]:
    """(id, (model, right)) for each line of a file of votes."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            yield str(row["id"]), (str(row["model"]), bool(row["right"]))
        except (ValueError, KeyError, TypeError):
            continue


def times(tally: Tally) -> str:
    """A tally in words, such as "41 times out of 45"."""
    return f"{tally.right:,} times out of {tally.n:,}"
