"""What publishing a folder would change in a repo: compared by hash with the files that are there, so that nothing is downloaded for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash

from carpark.hub.revisions import digest_file
from training.publish.history import list_publications
from training.publish.targets import Target, find_head, list_remote

CARD = "README.md"
DIFF_LINES = 12  # of an edited card that are shown


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that make a repo equal to a folder."""

    target: Target
    head: str | None  # the commit to change; None where the repo is not there yet
    added: dict[str, int] = field(default_factory=dict)  # path -> bytes
    changed: dict[str, int] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    edited_card: list[str] = field(default_factory=list)  # lines of the card that differ; it was edited on the Hub and stays

    @property
    def paths(self) -> set[str]:
        """Every file that changes."""
        return {*self.added, *self.changed, *self.removed}

    @property
    def has_content(self) -> bool:
        """Whether more changes than the card."""
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
    if head and CARD in changed and not overwrite_card and _is_edited(api, target, head, remote[CARD]):
        del changed[CARD]
        edited = _compare_cards(api, target, head, local[CARD])
    return Plan(target, head, added, changed, sorted(remote.keys() - local.keys()), edited)


def is_same(path: Path, remote: RepoFile) -> bool:
    """Whether the Hub holds this very file: it tells the sha256 of those in LFS, and git's id of the others."""
    if path.stat().st_size != remote.size:
        return False
    return digest_file(path) == remote.lfs.sha256 if remote.lfs else git_hash(path.read_bytes()) == remote.blob_id


def _is_edited(api: HfApi, target: Target, head: str, card: RepoFile) -> bool:
    """Whether the card is somebody else's: not the one that we last wrote, nor the one that a new repo begins with."""
    if publications := list_publications(api, target, head):
        return publications[0].card != card.blob_id
    return len(api.list_repo_commits(target.repo, repo_type=target.type, revision=head)) > 1


def _compare_cards(api: HfApi, target: Target, head: str, ours: Path) -> list[str]:
    """The lines in which the Hub's card differs from ours: first those that only the Hub's has (+), which would be lost, then ours (-)."""
    theirs = Path(api.hf_hub_download(target.repo, CARD, repo_type=target.type, revision=head))
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (ours, theirs))
    differing = [line for line in unified_diff(before, after, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
    lines = sorted(differing, key=lambda line: not line.startswith("+"))
    return lines[:DIFF_LINES] + ([f"and {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else [])
