"""Append recorded frames to a dataset repo on the Hub: a commit for each quarter of a day, and nothing pushed twice.

What was pushed is remembered in `pushed.json`. A file that somebody else pushed, such as a recorder before this one, is left as it is.
"""

import hashlib
import json
import sys
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx2
import pyarrow as pa
from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from carpark.errors import BadSetting
from carpark.files import write_file
from carpark.hub.errors import short_reason
from carpark.hub.source import REPO_ID
from traffic.record.camera_list import CAMERAS_FILE
from traffic.record.parts import HOURS, QUARTER_COMPLETE_AFTER, DayQuarter, digest_part, list_parts, write_part
from traffic.record.rounds import floor_to_tick
from traffic.record.store import OLDEST_PLAUSIBLE

CARD = Path(__file__).with_name("archive_card.md")
MEMORY = "pushed.json"
STAGED = ".push.parquet"
PUSH_ERRORS = (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, pa.ArrowException)  # RuntimeError: an upload broke off


@dataclass(frozen=True, slots=True)
class Pushed:
    """A part, as it was pushed last."""

    digest: str  # of its frames
    path: str  # in the repo
    sha256: str  # of the file


def check_push(repo: str) -> None:
    """Raises BadSetting for a name that is not a repo's, and without a token in the environment. Nothing is requested."""
    named = REPO_ID.fullmatch(repo)
    if not named or named["revision"]:
        raise BadSetting(f"--push {repo} is not a dataset repo; expected OWNER/NAME.")
    if not get_token():
        raise BadSetting(f"--push {repo} needs a token that may write; set HF_TOKEN, or log in with: hf auth login")


def open_pusher(out: Path, repo: str, *, is_private: bool) -> "Pusher":
    """Pushes the frames below `out` to the repo, with the token of the environment. Raises BadSetting. Nothing is requested yet."""
    check_push(repo)
    disable_progress_bars()
    return Pusher(out, repo, HfApi(), is_private)


@dataclass(slots=True)
class Pusher:
    """Pushes in a thread of its own, so that recording is never delayed."""

    out: Path
    repo: str
    api: HfApi
    is_private: bool = False  # where the repo is made
    _pushed_until: datetime | None = None  # all that ended before was pushed
    _thread: threading.Thread = field(default_factory=threading.Thread)

    def start(self) -> None:
        """Starts to push the parts that have been complete for an hour, unless that is done or under way."""
        until = floor_to_tick(datetime.now(UTC) - QUARTER_COMPLETE_AFTER, timedelta(hours=HOURS))
        if self._pushed_until != until and not self._thread.is_alive():
            self._thread = threading.Thread(target=self._push_and_complain, args=(until,), name="push", daemon=True)
            self._thread.start()

    def finish(self, *, is_last: bool) -> None:
        """Waits for a push that is under way. The last one pushes what is not complete as well, and raises BadSetting where it fails."""
        if self._thread.is_alive():
            self._thread.join()
        if is_last and (problem := self.push(None)):
            raise BadSetting(f"The push to {self.repo} failed ({problem}); the frames are in {self.out}. Run again to push them.")

    def push(self, until: datetime | None) -> str:
        """Pushes the parts that ended by `until` and changed since they were pushed; None pushes every part. Why that failed, or ""."""
        try:
            for part in list_parts(self.out):
                if (until is None or part.end <= until) and (digest := self._changed_digest(part)):
                    self._push_part(part, digest)
        except PUSH_ERRORS as error:
            return explain_push(error)
        self._pushed_until = until
        return ""

    def _push_and_complain(self, until: datetime) -> None:
        if problem := self.push(until):
            print(f"The push to {self.repo} failed ({problem}); it is tried again after the next round.", file=sys.stderr, flush=True)

    def is_pushed(self, day: date) -> bool:
        """Whether the repo has all the frames of a UTC day."""
        return not any(self._changed_digest(part) for part in list_parts(self.out) if part.day == day)

    def _changed_digest(self, part: DayQuarter) -> str:
        """The digest of the part's frames; "" when they were pushed, or when the part has none."""
        pushed = self._recall().get(_key(part))
        if pushed and datetime.now(UTC) - part.end > 2 * OLDEST_PLAUSIBLE:  # too old for new frames; a digest of all parts takes long
            return ""
        digest = digest_part(self.out, part)
        return "" if pushed and pushed.digest == digest else digest

    def _push_part(self, part: DayQuarter, digest: str) -> None:
        staged = self.out / STAGED
        try:
            frames = write_part(self.out, part, staged)
            with staged.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self.api.create_repo(self.repo, repo_type="dataset", private=self.is_private, exist_ok=True)
            head = self.api.dataset_info(self.repo).sha
            path, is_there = self._choose_path(part, sha256, head)
            if not is_there:
                self.api.create_commit(
                    self.repo,
                    [CommitOperationAdd(path, staged), *self._companions(head)],
                    repo_type="dataset",
                    commit_message=f"{frames:,} frames of {_key(part)} h UTC",
                    parent_commit=head,
                )
                print(f"pushed {frames:,} frames: {self.repo}/{path}", flush=True)
            self._remember(part, Pushed(digest, path, sha256))
        finally:
            staged.unlink(missing_ok=True)

    def _choose_path(self, part: DayQuarter, sha256: str, head: str | None) -> tuple[str, bool]:
        """The part's path in the repo, and whether this very file is there. An older file of ours is replaced, a file of others is not."""
        mine = self._recall().get(_key(part))
        for number in count(1):
            path = part.name(number)
            there = self.api.get_paths_info(self.repo, [path], repo_type="dataset", revision=head)
            held = there[0].lfs.sha256 if there and isinstance(there[0], RepoFile) and there[0].lfs else ""
            if not there or held == sha256 or (mine and (mine.path, mine.sha256) == (path, held)):
                break
        return path, held == sha256

    def _companions(self, head: str | None) -> list[CommitOperationAdd]:
        """The list of cameras (left out by the client where the repo has this very one), and a card where the repo has none."""
        added = []
        if (cameras := self.out / CAMERAS_FILE).exists():
            added.append(CommitOperationAdd(CAMERAS_FILE, cameras.read_bytes()))
        if not self.api.file_exists(self.repo, "README.md", repo_type="dataset", revision=head):
            added.append(CommitOperationAdd("README.md", CARD))
        return added

    def _recall(self) -> dict[str, Pushed]:
        """What was pushed to this repo, by part."""
        return {part: Pushed(**pushed) for part, pushed in self._read_memory().get(self.repo, {}).items()}

    def _remember(self, part: DayQuarter, pushed: Pushed) -> None:
        memory = self._read_memory()
        memory.setdefault(self.repo, {})[_key(part)] = asdict(pushed)
        write_file(self.out / MEMORY, json.dumps(memory, indent=1).encode())

    def _read_memory(self) -> dict[str, dict[str, dict[str, str]]]:
        path = self.out / MEMORY
        return json.loads(path.read_bytes()) if path.exists() else {}


def _key(part: DayQuarter) -> str:
    return f"{part.day} {part.hour:02}"


def explain_push(error: Exception) -> str:
    """One of `PUSH_ERRORS` in words. An upload that broke off hides its reason behind a RuntimeError."""
    cause = error.__cause__ if isinstance(error, RuntimeError) else None
    return short_reason(cause if isinstance(cause, Exception) else error)
