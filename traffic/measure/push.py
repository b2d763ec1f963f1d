"""Copies the finished days of a dataset to a dataset repo on the Hub: one commit for each run that changed something."""

import tempfile
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi

from carpark.errors import BadSetting
from traffic.dataset import ABOUT_FILE, CAMERAS_FILE, About, frames_path, list_days, read_about
from traffic.measure.output import check_model
from traffic.record.push import PUSH_ERRORS, check_push, explain_push

CARD = Path(__file__).with_name("dataset_card.md")


def check_repo(api: HfApi, repo: str, about: About) -> None:
    """Raises BadSetting without a token, for a repo that another model was pushed to, and for a Hub that does not answer."""
    check_push(repo)
    try:
        if api.repo_exists(repo, repo_type="dataset") and api.file_exists(repo, ABOUT_FILE, repo_type="dataset"):
            with tempfile.TemporaryDirectory() as folder:
                api.hf_hub_download(repo, ABOUT_FILE, repo_type="dataset", local_dir=folder)
                check_model(read_about(Path(folder)), about, where=f"--push {repo}", otherwise="Choose another repo.")
    except PUSH_ERRORS as error:
        raise BadSetting(f"--push {repo} cannot be reached ({explain_push(error)}). Nothing was measured; try again later.") from error


def push_days(api: HfApi, repo: str, out: Path, *, is_private: bool = False) -> bool:
    """Pushes the days of `out` in one commit; the client leaves out what the repo has. False if it had them all. Deletes nothing there.

    Raises BadSetting.
    """
    files = [frames_path(out, day) for day in list_days(out)] + [out / CAMERAS_FILE, out / ABOUT_FILE]
    try:
        api.create_repo(repo, repo_type="dataset", private=is_private, exist_ok=True)
        head = api.dataset_info(repo).sha
        added = [CommitOperationAdd(file.relative_to(out).as_posix(), file) for file in files]
        if not api.file_exists(repo, "README.md", repo_type="dataset", revision=head):
            added.append(CommitOperationAdd("README.md", CARD))
        done = api.create_commit(repo, added, repo_type="dataset", commit_message=f"{len(files) - 2:,} measured days", parent_commit=head)
    except PUSH_ERRORS as error:
        raise BadSetting(f"The push to {repo} failed ({explain_push(error)}); the rows are in {out}. Run again to push them.") from error
    return done.oid != head
