"""What changes in a repo so that it holds what a folder holds, and the one commit that changes it.

Files are compared by hash, so nothing is downloaded for it. A card carries a seal, the hash of its own text: a card whose seal is broken
was edited on the Hub, and it stays.
"""

import hashlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash

from carpark.files import replace_text
from carpark.hub.revisions import digest_file
from training.publish.targets import Target, find_head, list_remote

CARD = "README.md"
DIFF_LINES = 12  # of an edited card that are shown
SEAL = re.compile(r"^card_sha256: ([0-9a-f]{64})\n", re.M)  # the last line of a card's metadata


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that make a repo equal to a folder."""

    target: Target
    head: str | None  # the commit to change; None where the repo does not exist yet
    added: dict[str, int] = field(default_factory=dict)  # path -> bytes
    changed: dict[str, int] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    edited_card: list[str] = field(default_factory=list)  # lines that differ in a card that was edited on the Hub and stays

    @property
    def paths(self) -> set[str]:
        """Every file that changes."""
        return {*self.added, *self.changed, *self.removed}

    @property
    def has_content(self) -> bool:
        """Whether a file other than the card changes."""
        return bool(self.paths - {CARD})

    def lines(self) -> Iterator[str]:
        """The plan for people: the repo, then a line for each file."""
        is_new = " (will be created)" if self.head is None else ""
        yield f"{self.target}{is_new}: {self.summary()}"
        for word, files in (("add", self.added), ("change", self.changed)):
            yield from (f"  {word:6} {path}  {size:,} bytes" for path, size in sorted(files.items()))
        yield from (f"  remove {path}" for path in sorted(self.removed))

    def summary(self) -> str:
        """How many files change, and of how many bytes."""
        if not self.paths:
            return "no change"
        size = sum(self.added.values()) + sum(self.changed.values())
        return f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed, {size:,} bytes"


def make_plan(api: HfApi, target: Target, folder: Path, *, overwrite_card: bool = False) -> Plan:
    """What changes in `target` for it to hold what `folder` holds. A card that was edited on the Hub stays, unless `overwrite_card`."""
    local = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    head = find_head(api, target)
    remote = list_remote(api, target, head) if head else {}
    added = {name: path.stat().st_size for name, path in local.items() if name not in remote}
    changed = {name: path.stat().st_size for name, path in local.items() if name in remote and not is_same(path, remote[name])}
    edited: list[str] = []
    if head and CARD in changed and not overwrite_card and has_history(api, target, head):
        theirs = Path(api.hf_hub_download(target.repo, CARD, repo_type=target.type, revision=head)).read_text(encoding="utf-8")
        if not is_sealed(theirs):
            del changed[CARD]
            edited = compare_cards(theirs, local[CARD].read_text(encoding="utf-8"))
    return Plan(target, head, added, changed, sorted(remote.keys() - local.keys()), edited)


def is_same(path: Path, remote: RepoFile) -> bool:
    """Whether the Hub holds this very file: it tells the sha256 of files in LFS, and git's id of the others."""
    if path.stat().st_size != remote.size:
        return False
    return digest_file(path) == remote.lfs.sha256 if remote.lfs else git_hash(path.read_bytes()) == remote.blob_id


def has_history(api: HfApi, target: Target, head: str) -> bool:
    """Whether anything was committed after the repo was created; the card that a new Space begins with is the Hub's own."""
    return len(api.list_repo_commits(target.repo, repo_type=target.type, revision=head)) > 1


def seal_card(card: Path) -> None:
    """Writes the hash of the card's text into its metadata, as the last line."""
    text = SEAL.sub("", card.read_text(encoding="utf-8"))
    if not text.startswith("---\n"):
        text = f"---\n---\n\n{text}"
    metadata_end = text.index("---\n", 4)
    replace_text(card, f"{text[:metadata_end]}card_sha256: {hashlib.sha256(text.encode()).hexdigest()}\n{text[metadata_end:]}")


def is_sealed(card: str) -> bool:
    """Whether a card's text is the one that `seal_card` wrote, unchanged since."""
    seal = SEAL.search(card)
    return seal is not None and seal[1] == hashlib.sha256(SEAL.sub("", card).encode()).hexdigest()


def compare_cards(theirs: str, ours: str) -> list[str]:
    """The lines in which the Hub's card differs from ours: first those that only the Hub's has (+), which would be lost, then ours (-)."""
    before, after = (SEAL.sub("", card).splitlines() for card in (ours, theirs))
    differing = [line for line in unified_diff(before, after, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
    lines = sorted(differing, key=lambda line: not line.startswith("+"))
    return lines[:DIFF_LINES] + ([f"and {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else [])


def commit_plan(api: HfApi, plan: Plan, folder: Path, *, overwrite_card: bool) -> tuple[Plan, str]:
    """The plan that was carried out, in one commit, and the repo's newest commit. A plan that changes nothing makes no commit.

    Where somebody else commits in between, a new plan on top of that commit is tried once.
    """
    try:
        return plan, _commit(api, plan, folder)
    except HfHubHTTPError as error:
        if error.response.status_code != 412:
            raise
    plan = make_plan(api, plan.target, folder, overwrite_card=overwrite_card)
    return plan, _commit(api, plan, folder)


def _commit(api: HfApi, plan: Plan, folder: Path) -> str:
    assert plan.head is not None  # the repo was created
    if not plan.paths:
        return plan.head
    additions = [CommitOperationAdd(path, folder / path) for path in sorted({*plan.added, *plan.changed})]
    deletions = [CommitOperationDelete(path) for path in plan.removed]
    with warnings.catch_warnings():  # of a parquet file in a model repo, which is intended, and of the client's own upload
        warnings.simplefilter("ignore")
        done = api.create_commit(
            plan.target.repo,
            [*additions, *deletions],
            commit_message="Publish the files" if plan.has_content else "Publish the card",
            repo_type=plan.target.type,
            parent_commit=plan.head,
        )
    return done.oid


def content_revision(api: HfApi, target: Target, head: str) -> str:
    """The commit by which later repos name this one: the first of the newest commits between which only the card changed."""
    contents = _list_contents(api, target, head)
    found = head
    for commit in api.list_repo_commits(target.repo, repo_type=target.type, revision=head)[1:]:
        if _list_contents(api, target, commit.commit_id) != contents:
            break
        found = commit.commit_id
    return found


def _list_contents(api: HfApi, target: Target, commit: str) -> dict[str, str]:
    """git's id of every file but the card."""
    return {path: file.blob_id for path, file in list_remote(api, target, commit).items() if path != CARD}
