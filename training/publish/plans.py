"""What changes in a repo so that it holds what a folder holds, and the one commit that changes it.

Files are compared by hash, so nothing is downloaded for it. A card carries a seal, the hash of its own text: a card whose seal is broken
was edited on the Hub, and it stays.
"""

import hashlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash

from carpark.files import write_file
from carpark.hub.revisions import digest_file
from training.publish.targets import Kind, Target, find_head, list_commits, list_remote, open_remote

CARD = "README.md"
DIFF_LINES = 12  # of an edited card that are shown
# What our commands write; a file on the Hub that is not here any more goes only if it is one of these.
OURS: dict[Kind, re.Pattern[str]] = {
    "dataset": re.compile(r"(data|partial|generated)/[^/]+\.parquet|cleaning\.csv|shortcuts\.csv|ATTRIBUTION\.md"),
    "model": re.compile(r"model(\.int8)?\.\w+|(config|metrics)\.json|(predictions|neighbours)\.parquet|pyproject\.toml"),
    "space": re.compile(r"(carpark|serving|tabs)/.+|\w+\.py|requirements\.txt|revisions\.json"),
}
STAYS = "LICENSE"  # written where there is none; one that is there may be its owner's choice
COMMIT_ID = re.compile(r"\b[0-9a-f]{40}\b")
SEAL = re.compile(r"^card_sha256: ([0-9a-f]{64})\n", re.M)  # the last line of a card's metadata


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that make a repo equal to a folder."""

    target: Target
    head: str | None  # the commit to change; None where the repo does not exist yet
    added: dict[str, int] = field(default_factory=dict)  # path -> bytes
    changed: dict[str, int] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # files on the Hub that we did not write
    edited_card: list[str] = field(default_factory=list)  # lines that differ in a card that was edited on the Hub and stays
    stale: list[str] = field(default_factory=list)  # commits that this card names and ours does not

    @property
    def paths(self) -> set[str]:
        """Every file that changes."""
        return {*self.added, *self.changed, *self.removed}

    @property
    def has_content(self) -> bool:
        """Whether a file changes that later repos rely on: one of ours, other than the card."""
        return any(OURS[self.target.type].fullmatch(path) for path in self.paths)

    def lines(self) -> Iterator[str]:
        """The plan for people: the repo, then a line for each file."""
        is_new = " (will be created)" if self.head is None else ""
        yield f"{self.target}{is_new}: {self.summary()}"
        for word, files in (("add", self.added), ("change", self.changed)):
            yield from (f"  {word:6} {path}  {size:,} bytes" for path, size in sorted(files.items()))
        yield from self.notes()

    def notes(self) -> Iterator[str]:
        """A line for each file that goes, and for each that others put there."""
        yield from (f"  remove {path}" for path in self.removed)
        yield from (f"  keep   {path}  (not written by this command)" for path in self.kept)

    def summary(self) -> str:
        """How many files change, and of how many bytes."""
        if not self.paths:
            return "no change"
        size = sum(self.added.values()) + sum(self.changed.values())
        return f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed, {size:,} bytes"


def make_plan(api: HfApi, target: Target, folder: Path, *, overwrite_card: bool = False) -> Plan:
    """What changes in `target` for it to hold what `folder` holds.

    A card that was edited on the Hub stays, unless `overwrite_card`, and so do files that our commands do not write.
    """
    local = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    head = find_head(api, target)
    remote = list_remote(api, target, head) if head else {}
    added = {name: path.stat().st_size for name, path in local.items() if name not in remote}
    changed = {name: path.stat().st_size for name, path in local.items() if name in remote and not is_same(path, remote[name])}
    gone = sorted(remote.keys() - local.keys())
    removed = [name for name in gone if OURS[target.type].fullmatch(name)]
    kept = [name for name in gone if name not in removed] + ([STAYS] if changed.pop(STAYS, None) else [])
    plan = Plan(target, head, added, changed, removed, kept)
    if head is None or CARD not in changed or overwrite_card or not has_history(api, target, head):
        return plan
    with open_remote(api, target, CARD, head) as file:
        theirs = file.read().decode()
    if is_sealed(theirs):
        return plan
    ours = local[CARD].read_text(encoding="utf-8")
    del changed[CARD]
    stale = sorted(set(COMMIT_ID.findall(theirs)) - set(COMMIT_ID.findall(ours)))
    return replace(plan, edited_card=compare_cards(theirs, ours), stale=stale)


def is_same(path: Path, remote: RepoFile) -> bool:
    """Whether the Hub holds this very file: it tells the sha256 of files in LFS, and git's id of the others."""
    if path.stat().st_size != remote.size:
        return False
    return digest_file(path) == remote.lfs.sha256 if remote.lfs else git_hash(path.read_bytes()) == remote.blob_id


def has_history(api: HfApi, target: Target, head: str) -> bool:
    """Whether anything was committed after the repo was created; the card that a new Space begins with is the Hub's own."""
    return len(list_commits(api, target, head)) > 1


def seal_card(card: Path) -> None:
    """Writes the hash of the card's text into its metadata, as the last line."""
    text = SEAL.sub("", card.read_text(encoding="utf-8"))
    if not text.startswith("---\n"):
        text = f"---\n---\n\n{text}"
    metadata_end = text.index("---\n", 4)
    seal = f"card_sha256: {hashlib.sha256(text.encode()).hexdigest()}\n"
    write_file(card, (text[:metadata_end] + seal + text[metadata_end:]).encode(), durable=False)


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
            commit_message="Publish the card" if plan.paths == {CARD} else "Publish the files",
            repo_type=plan.target.type,
            parent_commit=plan.head,
        )
    return done.oid


def content_revision(api: HfApi, target: Target, head: str) -> str:
    """The commit by which later repos name this one: the first of the newest commits that have the same files of ours, but for the card."""
    contents = _list_contents(api, target, head)
    found = head
    for commit in list_commits(api, target, head)[1:]:
        if _list_contents(api, target, commit) != contents:
            break
        found = commit
    return found


def _list_contents(api: HfApi, target: Target, commit: str) -> dict[str, str]:
    """git's id of every file that our commands write, but for the card."""
    return {path: file.blob_id for path, file in list_remote(api, target, commit).items() if OURS[target.type].fullmatch(path)}
