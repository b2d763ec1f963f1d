"""Carry out a plan: create the repo, commit all changes at once, set up a Space; and find the commit that later repos shall name."""

import warnings
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils.sha import git_hash

from training.publish.history import list_publications, message_line
from training.publish.plans import CARD, Plan, make_plan
from training.publish.targets import Target, list_remote

NO_CARD = "0" * 40


def create_repo(api: HfApi, target: Target, *, is_private: bool, hardware: str | None) -> None:
    """An empty repo; nothing where there is one already."""
    is_space = target.type == "space"
    api.create_repo(
        target.repo,
        repo_type=target.type,
        private=is_private or None,
        exist_ok=True,
        space_sdk="gradio" if is_space else None,
        space_hardware=hardware if is_space else None,  # type: ignore[arg-type]  # there are more flavours than the client lists
    )


def commit_plan(api: HfApi, plan: Plan, folder: Path, *, overwrite_card: bool) -> tuple[Plan, str]:
    """The plan that was carried out, in one commit, and the repo's newest commit. A plan that changes nothing makes none.

    Where somebody else commits in between, a new plan on top of that is tried once.
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
    before = list_publications(api, plan.target, plan.head) if plan.edited_card else []
    card = git_hash((folder / CARD).read_bytes()) if not plan.edited_card else before[0].card if before else NO_CARD
    with warnings.catch_warnings():  # of a parquet file in a model repo, which is meant, and of the client's own upload
        warnings.simplefilter("ignore")
        done = api.create_commit(
            plan.target.repo,
            [
                *(CommitOperationAdd(path, folder / path) for path in sorted({*plan.added, *plan.changed})),
                *(CommitOperationDelete(path) for path in plan.removed),
            ],
            commit_message="Publish the files" if plan.has_content else "Publish the card",
            commit_description=message_line(is_card_only=not plan.has_content, card=card),
            repo_type=plan.target.type,
            parent_commit=plan.head,
        )
    return done.oid


def named_revision(api: HfApi, target: Target, head: str) -> str:
    """The commit by which later repos name this one: the last that changed more than the card, as long as `head` has its files."""
    for publication in list_publications(api, target, head):
        if not publication.is_card_only:
            return publication.commit if _contents(api, target, publication.commit) == _contents(api, target, head) else head
    return head


def _contents(api: HfApi, target: Target, commit: str) -> dict[str, str]:
    """git's id of every file but the card."""
    return {path: file.blob_id for path, file in list_remote(api, target, commit).items() if path != CARD}


def set_up_space(api: HfApi, target: Target, *, variables: dict[str, str], hardware: str | None) -> None:
    """The Space's variables, and its hardware where some is asked for; what is so already is not set again, since that restarts it."""
    now = api.get_space_variables(target.repo)
    for name, value in variables.items():
        if name not in now or now[name].value != value:
            api.add_space_variable(target.repo, name, value)
    if hardware and api.get_space_runtime(target.repo).requested_hardware != hardware:
        api.request_space_hardware(target.repo, hardware)  # type: ignore[arg-type]  # as above
