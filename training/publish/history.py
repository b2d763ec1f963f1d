"""What was published to a repo before, read from the repo's own commits: each publication leaves one line in its commit's message."""

import re
from dataclasses import dataclass

from huggingface_hub import HfApi

from training.publish.targets import Target

LINE = re.compile(r"carpark-publish (?P<what>files|card), card (?P<card>[0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Publication:
    """One commit of ours."""

    commit: str
    is_card_only: bool
    card: str  # git's id of the card that we last wrote


def message_line(*, is_card_only: bool, card: str) -> str:
    """What a publication writes into its commit message."""
    return f"carpark-publish {'card' if is_card_only else 'files'}, card {card}"


def list_publications(api: HfApi, target: Target, head: str) -> list[Publication]:
    """Our commits up to `head`, newest first."""
    commits = api.list_repo_commits(target.repo, repo_type=target.type, revision=head)
    found = [(commit.commit_id, LINE.search(commit.message)) for commit in commits]
    return [Publication(commit, line["what"] == "card", line["card"]) for commit, line in found if line]
