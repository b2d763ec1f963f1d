"""Where model and dataset come from: a folder, or a Hub repo at a revision, always answered as a local folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from carpark.errors import BadSetting
from carpark.hub.errors import HUB_ERRORS, short_reason
from carpark.hub.revisions import Pin, check_files

RepoType = Literal["model", "dataset"]

# The rules for a repo's id are those of huggingface_hub's `validate_repo_id`, which raises for what it does not take.
REPO_ID = re.compile(r"(?a:(?P<repo>(?![^@]*(?:--|\.\.))\b[\w.-]{1,96}\b/\b[\w.-]{1,96}\b(?<!\.git)))(?:@(?P<revision>[\w./-]+))?")
PATIENCE_S = 5.0  # for finding out whether the Hub answers; if it does not, the cache is used


@dataclass(frozen=True, slots=True)
class Source:
    """A local folder with what a setting names."""

    folder: Path
    note: str = ""  # for people: that it is not verified, or comes from the cache


def find_folder(setting: str) -> Path | None:
    """The folder that a setting names; None where it is missing or may not be read."""
    try:
        folder = Path(setting).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # a name that is too long, a parent that may not be read, the home of an unknown user
        return None


def open_source(setting: str, *, repo_type: RepoType, pin: Pin | None = None) -> Source:
    """The folder `setting` if there is one, else the Hub repo `owner/name[@revision]`, downloaded (or from the cache when offline).

    If `setting` names the repo of `pin`, at any revision, the pinned files are downloaded and verified. Another repo or folder is not
    verified, and the note says so. Raises BadSetting when `setting` is neither, or when the Hub cannot be reached and the cache does not
    hold the repo; BadModel for files that are not those that were published.
    """
    named = REPO_ID.fullmatch(setting)
    if pin and named and named["repo"] == pin.repo:
        source = _fetch(pin.repo, pin.revision, repo_type=repo_type, only=list(pin.files))
        check_files(source.folder, pin)
        return source
    note = f"The {repo_type} is {setting}, not the {pin.repo} that this Space was published with, so it is not verified." if pin else ""
    if folder := find_folder(setting):
        return Source(folder, note)
    if named is None:
        raise BadSetting(f"{setting!r} is neither a folder here nor a Hub {repo_type} repo (owner/name or owner/name@revision).")
    source = _fetch(named["repo"], named["revision"], repo_type=repo_type)
    return Source(source.folder, " ".join(filter(None, [note, source.note])))


def _fetch(repo: str, revision: str | None, *, repo_type: RepoType, only: list[str] | None = None) -> Source:
    """The repo, or `only` these of its files; from the cache while the Hub does not answer."""
    trouble: Exception | None = None
    try:
        HfApi().repo_info(repo, repo_type=repo_type, revision=revision, timeout=PATIENCE_S)
    except HUB_ERRORS as error:
        trouble = error
    try:
        folder = snapshot_download(repo, repo_type=repo_type, revision=revision, allow_patterns=only, local_files_only=trouble is not None)
    except HUB_ERRORS as error:
        raise _explain(trouble or error, f"{repo}@{revision}" if revision else repo, repo_type) from error
    if trouble is None:
        return Source(Path(folder))
    commit = Path(folder).name[:12]
    return Source(Path(folder), f"The Hub does not answer ({short_reason(trouble)}): {repo_type} {repo} at {commit} comes from the cache.")


def _explain(error: Exception, setting: str, repo_type: RepoType) -> BadSetting:
    repo, _, revision = setting.partition("@")
    if isinstance(error, RevisionNotFoundError):
        return BadSetting(f"The {repo_type} repo {repo} has no revision {revision!r} on the Hub.")
    if isinstance(error, RepositoryNotFoundError):
        return BadSetting(f"{setting} is neither a folder here nor a {repo_type} repo on the Hub (a private one needs a token).")
    if isinstance(error, OSError) and error.filename and error.strerror:
        return BadSetting(
            f"The {repo_type} repo {setting} cannot be kept here: {error.filename} cannot be written ({error.strerror}). "
            "Set HF_HOME to a folder that can be."
        )
    if isinstance(error, HfHubHTTPError):
        return BadSetting(f"The Hub did not deliver the {repo_type} repo {setting} ({short_reason(error)}). Try again later.")
    return BadSetting(
        f"{setting} is not a folder here, and the Hub cannot be reached for a {repo_type} that is not cached ({short_reason(error)})."
    )
