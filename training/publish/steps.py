"""The three repos: all copied and checked first, then each compared with the Hub and committed in turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from huggingface_hub import HfApi

from carpark.errors import BadSetting, NotPublished
from carpark.hub.revisions import Pin
from training.publish.copies import copy_dataset, copy_model, copy_space, work_folder
from training.publish.lineage import digest_remote, find_trained_on, list_loaded, local_photos, remote_photos
from training.publish.links import Names, link_dataset, link_model, link_space
from training.publish.plans import CARD, Plan, commit_plan, content_revision, make_plan, seal_card
from training.publish.targets import Kind, Target, create_repo, explained_hub_errors, find_head, find_private, set_up_space

ORDER: tuple[Kind, ...] = get_args(Kind)
PENDING_REVISION = "0" * 40  # the commit id that a repo is yet to get
WORK = Path("artifacts")  # where copies are made: on the disk of the folders that are published


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
    code: str = ""  # address of the code, for the cards

    @property
    def kinds(self) -> Sequence[Kind]:
        """What is published, in order."""
        return (self.only,) if self.only else ORDER

    @property
    def names(self) -> Names:
        """What the cards say."""
        return Names(**{kind: target.repo for kind, target in self.targets.items()}, code=self.code)


@dataclass(frozen=True, slots=True)
class Published:
    """One repo, done."""

    plan: Plan
    head: str  # its newest commit
    revision: str  # the commit that later repos name: the last one that changed more than the card
    is_private: bool
    private_parts: list[str]  # private repos that a Space loads


@dataclass(frozen=True, slots=True)
class Copies:
    """What is published, copied and checked."""

    work: Path  # a folder for each kind
    trained_on: str | None  # the dataset's commit that the model learnt from; None for the one that is published now
    is_private: Mapping[Kind, bool]


def publish(api: HfApi, request: Request) -> Iterator[Published]:
    """Publishes the repos in order, and yields each when it is done. For a bad folder it raises a CarparkError before anything is pushed.

    If the Hub refuses a repo, those before it stay published.
    """
    with work_folder(WORK) as work:
        is_private = {kind: check_private(api, request, kind) for kind in ORDER}
        pins = {kind: pin_of(api, request.targets[kind]) for kind in ORDER[: ORDER.index(request.kinds[0])]}
        copies = Copies(work, copy_all(api, request, work, pins=pins), is_private)
        for kind in request.kinds:  # a rehearsal, with zeros for commit ids
            with explained_hub_errors(request.targets[kind]):
                link(request, kind, copies, pins=pins)
            pins[kind] = Pin(request.targets[kind].repo, PENDING_REVISION, list_loaded(work / kind, kind))
        for kind in request.kinds:
            target = request.targets[kind]
            with explained_hub_errors(target):
                link(request, kind, copies, pins=pins)
                plan, head, revision = push(api, request, target, work / kind, pins=pins)
            pins[kind] = Pin(target.repo, revision, list_loaded(work / kind, kind))
            private = [str(request.targets[part]) for part in ("dataset", "model") if kind == "space" and is_private[part]]
            yield Published(plan, head, revision, is_private[kind], private)


def check_private(api: HfApi, request: Request, kind: Kind) -> bool:
    """Whether the repo is private on the Hub, or will be. Raises BadSetting where `--private` asks for what it is not."""
    target = request.targets[kind]
    with explained_hub_errors(target):
        is_private = find_private(api, target)
    if is_private is False and request.is_private and kind in request.kinds:
        raise BadSetting(
            f"{target} is public on the Hub, and --private makes only new repos private. "
            f"Leave --private out, or make the repo private first: {target.url}/settings"
        )
    return request.is_private if is_private is None else is_private


def copy_all(api: HfApi, request: Request, work: Path, *, pins: Mapping[Kind, Pin]) -> str | None:
    """Copies what is published to a folder for each kind. Returns the dataset's commit that the model learnt from: `find_trained_on`.

    Raises a CarparkError for a folder of another kind, and for a model of other photos.
    """
    for kind in request.kinds:
        with explained_hub_errors(request.targets[kind]):
            {"dataset": copy_dataset, "model": copy_model, "space": copy_space}[kind](request.folders[kind], work / kind)
    if "model" not in request.kinds:
        return None
    dataset = request.targets["dataset"]
    with explained_hub_errors(dataset):
        if "dataset" in request.kinds:
            photos, name = local_photos(work / "dataset"), str(request.folders["dataset"])
        else:
            photos, name = remote_photos(api, dataset, pins["dataset"].revision), dataset.repo
        return find_trained_on(api, request.folders["model"], dataset, photos=photos, name=name)


def link(request: Request, kind: Kind, copies: Copies, *, pins: Mapping[Kind, Pin]) -> None:
    """Names the repos in a copy, those before it at the commits of `pins`."""
    folder, out = request.folders[kind], copies.work / kind
    if kind == "dataset":
        link_dataset(folder, out, request.names)
    elif kind == "model":
        link_model(folder, out, request.names, trained_on=copies.trained_on, dataset=pins["dataset"])
    else:
        named = {name: pins[name] for name in ("dataset", "model")}
        link_space(folder, out, request.names, pins=named, preload=not copies.is_private["model"])
    seal_card(out / CARD)


def push(api: HfApi, request: Request, target: Target, folder: Path, *, pins: Mapping[Kind, Pin]) -> tuple[Plan, str, str]:
    """Makes the repo hold what `folder` holds: the plan, the newest commit, the one to name. A dry run only prints what would change."""
    plan = make_plan(api, target, folder, overwrite_card=request.overwrite_card)
    if request.is_dry_run:
        print("\n".join(plan.lines()), flush=True)
        is_kept = plan.head is not None and not plan.has_content
        return plan, plan.head or PENDING_REVISION, content_revision(api, target, str(plan.head)) if is_kept else PENDING_REVISION
    if plan.head is None:
        create_repo(api, target, is_private=request.is_private, hardware=request.hardware)
        plan = make_plan(api, target, folder)
    plan, head = commit_plan(api, plan, folder, overwrite_card=request.overwrite_card)
    if target.type == "space":
        variables = {"CARPARK_MODEL": str(pins["model"]), "CARPARK_DATASET": str(pins["dataset"])}
        set_up_space(api, target, variables=variables | request.variables, hardware=request.hardware)
    print("\n".join([f"{target}: {plan.summary()}", *plan.notes()]), flush=True)
    return plan, head, content_revision(api, target, head)


def pin_of(api: HfApi, target: Target) -> Pin:
    """The pin of a repo that was published before. Raises NotPublished where it was not."""
    with explained_hub_errors(target):
        if (head := find_head(api, target)) is None:
            raise NotPublished(f"{target} is not on the Hub, and what you publish names it. Publish all three: leave --only out.")
        revision = content_revision(api, target, head)
        return Pin(target.repo, revision, digest_remote(api, target, revision))
