"""The three repos, each staged, compared with the Hub and committed in turn."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from huggingface_hub import HfApi

from carpark.errors import NotPublished
from carpark.hub.revisions import Pin
from training.publish.lineage import check_learnt_from, digest_remote, list_loaded, stage_dataset, stage_model, stage_space
from training.publish.plans import CARD, Plan, commit_plan, content_revision, make_plan, seal_card
from training.publish.targets import Kind, Target, create_repo, explained_hub_errors, find_head, set_up_space

ORDER: tuple[Kind, ...] = get_args(Kind)
TO_COME = "0" * 40  # in a dry run: the commit id that a repo would get


@dataclass(frozen=True, slots=True)
class Request:
    """The settings of one publication."""

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
            with explained_hub_errors(target):
                if request.only in (None, kind):
                    stage(request, kind, staged, pins=pins)
                    done = push(api, request, target, staged, pins=pins)
                    pins[kind] = Pin(target.repo, done.revision, list_loaded(staged, kind))
                    yield done
                else:
                    pins[kind] = pin_of(api, target)


def stage(request: Request, kind: Kind, out: Path, *, pins: Mapping[str, Pin]) -> None:
    """Writes the files of the repo, as they are published, to `out`. Raises a CarparkError for a folder of another kind."""
    folder, repo = request.folders[kind], request.targets[kind].repo
    if kind == "dataset":
        stage_dataset(folder, out, repo=repo)
    elif kind == "model":
        if request.only is None:  # a model alone goes beside a dataset that may not be here
            check_learnt_from(folder, request.folders["dataset"])
        stage_model(folder, out, repo=repo, dataset=pins["dataset"])
    else:
        stage_space(folder, out, pins=pins, is_private=request.is_private)
    seal_card(out / CARD)


def push(api: HfApi, request: Request, target: Target, folder: Path, *, pins: Mapping[str, Pin]) -> Published:
    """Makes the repo hold what `folder` holds; a dry run only prints what would change."""
    plan = make_plan(api, target, folder, overwrite_card=request.overwrite_card)
    if request.is_dry_run:
        print("\n".join(plan.lines()), flush=True)
        is_kept = plan.head is not None and not plan.has_content
        return Published(plan, plan.head or TO_COME, content_revision(api, target, str(plan.head)) if is_kept else TO_COME)
    if plan.head is None:
        create_repo(api, target, is_private=request.is_private, hardware=request.hardware)
        plan = make_plan(api, target, folder)
    plan, head = commit_plan(api, plan, folder, overwrite_card=request.overwrite_card)
    if target.type == "space":
        variables = {"CARPARK_MODEL": str(pins["model"]), "CARPARK_DATASET": str(pins["dataset"])}
        set_up_space(api, target, variables=variables | request.variables, hardware=request.hardware)
    print(f"{target}: {plan.summary()}", flush=True)
    return Published(plan, head, content_revision(api, target, head))


def pin_of(api: HfApi, target: Target) -> Pin:
    """The pin of a repo that was published before. Raises NotPublished where it was not."""
    if (head := find_head(api, target)) is None:
        raise NotPublished(f"{target} is not on the Hub, and what you publish names it. Publish all three: leave --only out.")
    revision = content_revision(api, target, head)
    return Pin(target.repo, revision, digest_remote(api, target, revision))
