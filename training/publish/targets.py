"""A repo on the Hub that is published to: its state, its settings, and the Hub's refusals in our words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

import httpx2
from huggingface_hub import HfApi, HfFileSystem, constants
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from carpark.errors import NotPublished
from carpark.hub.errors import short_reason

Kind = Literal["dataset", "model", "space"]

TOKENS = "https://huggingface.co/settings/tokens"
LOGIN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write"
PAYMENT = (
    "The Hub answers 402: a Gradio Space on its free processors needs a PRO subscription (https://huggingface.co/pro). "
    "Subscribe and run this again, or run it with --hardware zero-a10g: free accounts get ZeroGPU, and the app runs there as it is."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A repo to publish to."""

    repo: str  # owner/name
    type: Kind

    @property
    def url(self) -> str:
        """Its page."""
        return f"{constants.ENDPOINT}/{constants.REPO_TYPES_URL_PREFIXES.get(self.type, '')}{self.repo}"

    def __str__(self) -> str:
        return f"{self.type} {self.repo}"


def find_head(api: HfApi, target: Target) -> str | None:
    """The repo's newest commit; None where the repo does not exist, or this token may not see it."""
    try:
        return api.repo_info(target.repo, repo_type=target.type).sha
    except RepositoryNotFoundError:
        return None


def find_private(api: HfApi, target: Target) -> bool | None:
    """Whether the repo is private; None where it does not exist, or this token may not see it."""
    try:
        return bool(api.repo_info(target.repo, repo_type=target.type).private)
    except RepositoryNotFoundError:
        return None


def list_commits(api: HfApi, target: Target, head: str | None = None) -> list[str]:
    """The ids of the repo's commits up to `head`, newest first; none where the repo does not exist."""
    try:
        return [commit.commit_id for commit in api.list_repo_commits(target.repo, repo_type=target.type, revision=head)]
    except RepositoryNotFoundError:
        return []


def list_remote(api: HfApi, target: Target, commit: str) -> dict[str, RepoFile]:
    """The repo's files at a commit by path, without the .gitattributes that is the Hub's own."""
    entries = api.list_repo_tree(target.repo, recursive=True, revision=commit, repo_type=target.type)
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile) and entry.path != ".gitattributes"}


def open_remote(api: HfApi, target: Target, path: str, commit: str) -> BinaryIO:
    """A file of the repo at a commit, of which only what is read is fetched. It needs no cache, so no folder of this machine is written."""
    files = HfFileSystem(endpoint=api.endpoint, token=api.token, skip_instance_cache=True)
    prefix = constants.REPO_TYPES_URL_PREFIXES.get(target.type, "")
    file: BinaryIO = files.open(f"{prefix}{target.repo}@{commit}/{path}", "rb")
    return file


def create_repo(api: HfApi, target: Target, *, is_private: bool, hardware: str | None) -> None:
    """An empty repo; nothing happens where it exists already."""
    is_space = target.type == "space"
    api.create_repo(
        target.repo,
        repo_type=target.type,
        private=is_private or None,
        exist_ok=True,
        space_sdk="gradio" if is_space else None,
        space_hardware=hardware if is_space else None,  # type: ignore[arg-type]  # there are more flavours than the client lists
    )


def set_up_space(api: HfApi, target: Target, *, variables: Mapping[str, str], hardware: str | None) -> None:
    """The Space's variables, and its hardware where some is asked for. A value that is set already is not set again: that restarts it."""
    now = api.get_space_variables(target.repo)
    for name, value in variables.items():
        if name not in now or now[name].value != value:
            api.add_space_variable(target.repo, name, value)
    if hardware and api.get_space_runtime(target.repo).requested_hardware != hardware:
        api.request_space_hardware(target.repo, hardware)  # type: ignore[arg-type]  # there are more flavours than the client lists


@contextmanager
def explained_hub_errors(target: Target) -> Iterator[None]:
    """Turns what the Hub refuses inside the block, or this machine, into one NotPublished line with the next step."""
    try:
        yield
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise NotPublished(_explain(error, target)) from error
    except RuntimeError as error:
        # An upload that broke off hides its reason behind one of these; the Xet client raises it bare.
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        if type(cause) is not RuntimeError and not isinstance(cause, OSError | httpx2.HTTPError):
            raise
        raise NotPublished(_explain(cause, target)) from error


def _explain(error: Exception, target: Target) -> str:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if status == 402:
        return f"{target} was not created. {PAYMENT}"
    if status == 401 or isinstance(error, LocalTokenNotFoundError):
        return f"The Hub does not know the token for {target} (HTTP 401). {LOGIN}: {TOKENS}"
    if status == 403:
        return f"The token may not write to {target} (HTTP 403). {LOGIN} there, or choose another --namespace."
    if status == 412:
        return f"Somebody else changed {target} while it was published, twice in a row. Run this again."
    incomplete = f"{target} was not published as a whole"
    if isinstance(error, httpx2.TransportError):
        reason = f"{_host_of(error)} does not answer: {short_reason(error).rstrip('.')}"
        return f"{incomplete} ({reason}). Run this again: it goes on where it ended."
    if isinstance(error, OSError) and error.filename and error.strerror:
        hint = " Set HF_HOME to a folder that can be." if str(error.filename).startswith(constants.HF_HOME) else ""
        return f"{incomplete} ({error.filename} cannot be read or written here: {error.strerror}).{hint}"
    return f"{incomplete} ({short_reason(error)}). Run this again: it goes on where it ended."


def _host_of(error: httpx2.TransportError) -> str:
    """The server that was asked, such as https://huggingface.co."""
    try:
        url = error.request.url
    except RuntimeError:  # it has none
        return constants.ENDPOINT
    return f"{url.scheme}://{url.netloc.decode()}"
