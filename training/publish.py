"""Publish dataset, model and Space to the Hub, in this order, one commit a repo, each naming the ones before it by commit id.

    python -m training.publish --namespace NAME --dry-run      # what would change; needs no token
    python -m training.publish --namespace NAME                # NAME/carpark-photos, NAME/carpark-classifier, NAME/carpark-demo

A repo that holds the same files already gets no commit; so the same command completes a publication that was interrupted.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # exported, but not so that mypy sees it

from carpark.errors import BadSetting, NotPublished, one_line_errors
from carpark.hub.revisions import Pin
from training.commits import commit_plan, create_repo, named_revision, set_up_space
from training.lineage import check_learnt_from, digest_remote, list_loaded, stage_dataset, stage_model, stage_space
from training.plans import Plan, make_plan
from training.targets import LOGIN, TOKENS, Kind, Target, find_head, told_plainly

ORDER: tuple[Kind, ...] = get_args(Kind)
NAMES = {"dataset": "carpark-photos", "model": "carpark-classifier", "space": "carpark-demo"}
FOLDERS = {"dataset": Path("artifacts/dataset"), "model": Path("artifacts/model"), "space": Path("space")}
TO_COME = "0" * 40  # in a dry run: the commit id that a repo would get


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    targets: dict[Kind, Target]
    folders: dict[Kind, Path]
    only: Kind | None = None
    is_dry_run: bool = False
    is_private: bool = False
    overwrite_card: bool = False
    hardware: str | None = None  # of the Space; None for the Hub's default
    variables: dict[str, str] = field(default_factory=dict)  # of the Space, beside those that name model and dataset


@dataclass(frozen=True, slots=True)
class Published:
    """One repo, done."""

    plan: Plan
    head: str  # its newest commit
    revision: str  # the commit that later repos name: the last one that changed more than the card


def publish(api: HfApi, request: Request) -> Iterator[Published]:
    """Each repo as it is done, in order. Raises a CarparkError where one cannot be; those before it are published all the same."""
    pins: dict[str, Pin] = {}
    with tempfile.TemporaryDirectory(prefix="carpark-publish-") as work:
        for kind in ORDER[: ORDER.index(request.only) + 1] if request.only else ORDER:
            target, staged = request.targets[kind], Path(work, kind)
            with told_plainly(target):
                if request.only in (None, kind):
                    stage(request, kind, staged, pins=pins)
                    done = bring(api, request, target, staged, pins=pins)
                    pins[kind] = Pin(target.repo, done.revision, list_loaded(staged, kind))
                    yield done
                else:
                    pins[kind] = pin_of(api, target)


def stage(request: Request, kind: Kind, out: Path, *, pins: dict[str, Pin]) -> None:
    """The folder to publish, as it shall be in the repo, written to `out`. Raises a CarparkError for a folder of another kind."""
    folder, repo = request.folders[kind], request.targets[kind].repo
    if kind == "dataset":
        stage_dataset(folder, out, repo=repo)
    elif kind == "model":
        if request.only is None:  # a model alone goes beside a dataset that may not be here
            check_learnt_from(folder, request.folders["dataset"])
        stage_model(folder, out, repo=repo, dataset=pins["dataset"])
    else:
        stage_space(folder, out, pins=pins, is_private=request.is_private)


def bring(api: HfApi, request: Request, target: Target, folder: Path, *, pins: dict[str, Pin]) -> Published:
    """Makes the repo hold what `folder` holds; a dry run only says what that would change."""
    variables = {"CARPARK_MODEL": str(pins["model"]), "CARPARK_DATASET": str(pins["dataset"])} if target.type == "space" else {}
    plan = make_plan(api, target, folder, overwrite_card=request.overwrite_card)
    if request.is_dry_run:
        print("\n".join(plan.lines()), flush=True)
        is_kept = plan.head is not None and not plan.has_content
        return Published(plan, plan.head or TO_COME, named_revision(api, target, str(plan.head)) if is_kept else TO_COME)
    if plan.head is None:
        create_repo(api, target, is_private=request.is_private, hardware=request.hardware)
        plan = make_plan(api, target, folder)
    plan, head = commit_plan(api, plan, folder, overwrite_card=request.overwrite_card)
    if target.type == "space":
        set_up_space(api, target, variables=variables | request.variables, hardware=request.hardware)
    print(f"{target}: {plan.summary()}", flush=True)
    return Published(plan, head, named_revision(api, target, head))


def pin_of(api: HfApi, target: Target) -> Pin:
    """A repo that was published before. Raises NotPublished where it was not."""
    if (head := find_head(api, target)) is None:
        raise NotPublished(f"{target} is not on the Hub, and what you publish names it. Publish all three: leave --only out.")
    revision = named_revision(api, target, head)
    return Pin(target.repo, revision, digest_remote(api, target, revision))


def main(argv: list[str] | None = None) -> None:
    """Publish, then say where each repo is and at which commit."""
    request = _parse(argv)
    with one_line_errors():
        for target in request.targets.values():
            _check_name(target)
        if not request.is_dry_run and not get_token():
            raise BadSetting(f"There is no token to publish with. {LOGIN}: {TOKENS}")
        published: list[Published] = []
        try:
            for done in publish(HfApi(), request):
                published.append(done)
        finally:
            _report(published, request)
        if edited := [str(done.plan.target) for done in published if done.plan.edited_card]:
            raise NotPublished(f"The card was edited on the Hub and left as it is: {', '.join(edited)}. To replace it: --overwrite-card")


def _report(published: list[Published], request: Request) -> None:
    for done in published:
        if done.plan.edited_card:
            print(f"{done.plan.target}: README.md was edited on the Hub (+) and differs from the one here (-):")
            print("\n".join(f"  {line}" for line in done.plan.edited_card))
    for done in published if not request.is_dry_run else []:
        print(f"{done.plan.target.url} at {done.head}")
    if request.is_private and any(done.plan.target.type == "space" for done in published):
        print("The Space needs a token that may read the private repos: set it as the secret HF_TOKEN in the settings of the Space.")


def _check_name(target: Target) -> None:
    try:
        validate_repo_id(target.repo)
    except HFValidationError as error:
        raise BadSetting(f"{target.repo!r} is no name for a repo: {str(error).splitlines()[0]}") from error


def _parse(argv: list[str] | None) -> Request:
    parser = argparse.ArgumentParser(prog="python -m training.publish", description="Publish dataset, model and Space to the Hub.")
    parser.add_argument("--namespace", required=True, help="user or organisation that the repos belong to")
    for kind in ORDER:
        parser.add_argument(f"--{kind}", type=Path, default=FOLDERS[kind], help=f"folder of the {kind} (default: {FOLDERS[kind]})")
        parser.add_argument(f"--{kind}-repo", default=NAMES[kind], metavar="NAME", help=f"repo of the {kind} (default: {NAMES[kind]})")
    parser.add_argument("--only", choices=ORDER, help="this repo alone; it names the others as they are on the Hub")
    parser.add_argument("--private", action="store_true", help="repos that are created are private")
    parser.add_argument("--hardware", metavar="FLAVOR", help="of the Space: cpu-basic, zero-a10g, ...")
    parser.add_argument("--archive", help="CARPARK_ARCHIVE of the Space: where its camera days come from")
    parser.add_argument("--overwrite-card", action="store_true", help="also replace cards that were edited on the Hub")
    parser.add_argument("--dry-run", action="store_true", help="print what would change; write nothing")
    args = vars(parser.parse_args(argv))
    repos = {kind: args[f"{kind}_repo"] for kind in ORDER}
    return Request(
        targets={kind: Target(repo if "/" in repo else f"{args['namespace']}/{repo}", kind) for kind, repo in repos.items()},
        folders={kind: args[kind] for kind in ORDER},
        only=args["only"],
        is_dry_run=args["dry_run"],
        is_private=args["private"],
        overwrite_card=args["overwrite_card"],
        hardware=args["hardware"],
        variables={"CARPARK_ARCHIVE": args["archive"]} if args["archive"] else {},
    )


if __name__ == "__main__":
    main()
