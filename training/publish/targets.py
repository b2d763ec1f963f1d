"""A repo on the Hub that is published to, and what the Hub answers about it in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx2
from huggingface_hub import HfApi, constants
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
    """The repo's newest commit; None where there is no such repo, or none that this token may see."""
    try:
        return api.repo_info(target.repo, repo_type=target.type).sha
    except RepositoryNotFoundError:
        return None


def list_remote(api: HfApi, target: Target, commit: str) -> dict[str, RepoFile]:
    """The repo's files at a commit by path, without the .gitattributes that is the Hub's own."""
    entries = api.list_repo_tree(target.repo, recursive=True, revision=commit, repo_type=target.type)
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile) and entry.path != ".gitattributes"}


@contextmanager
def explained_hub_errors(target: Target) -> Iterator[None]:
    """What the Hub refuses inside becomes one NotPublished line with the next step."""
    try:
        yield
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError) as error:
        cause = error.__cause__ if isinstance(error, RuntimeError) else error  # an upload that broke off hides its reason
        if not isinstance(cause, OSError | httpx2.HTTPError):
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
    return f"{target} was not published as a whole ({short_reason(error)}). Run this again: it goes on where it ended."
