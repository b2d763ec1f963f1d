"""Publish dataset, model and Space to the Hub, in this order, one commit a repo, each naming the ones before it by commit id.

    python -m training.publish --namespace NAME --dry-run      # what would change; needs no token
    python -m training.publish --namespace NAME                # NAME/carpark-photos, NAME/carpark-classifier, NAME/carpark-demo

A repo that holds the same files already gets no commit; so the same command completes a publication that was interrupted.
"""

import argparse
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # exported, but not so that mypy sees it

from carpark.errors import BadSetting, one_line_errors
from training.publish.plans import Plan
from training.publish.steps import ORDER, Published, Request, publish
from training.publish.targets import LOGIN, TOKENS, Target

NAMES = {"dataset": "carpark-photos", "model": "carpark-classifier", "space": "carpark-demo"}
FOLDERS = {"dataset": Path("artifacts/dataset"), "model": Path("artifacts/model"), "space": Path("space")}


def main(argv: list[str] | None = None) -> None:
    """Publish, then say where each repo is and at which commit."""
    request = _parse(argv)
    with one_line_errors():
        for target in request.targets.values():
            _check_name(target)
        if not request.is_dry_run and not get_token():
            raise BadSetting(f"No token was found to publish with. {LOGIN}: {TOKENS}")
        published: list[Published] = []
        try:
            for done in publish(HfApi(), request):
                published.append(done)
        finally:
            _report(published, request)


def _report(published: list[Published], request: Request) -> None:
    for done in published:
        if done.plan.edited_card:
            _report_edited_card(done.plan)
    for done in published:
        if request.is_dry_run:
            print(f"{done.plan.target} {'is' if done.plan.head else 'will be'} {'private' if done.is_private else 'public'}")
            continue
        print(f"{done.plan.target.url} at {done.head}{' (private)' if done.is_private else ''}")
        if done.private_parts:
            parts = " and ".join(done.private_parts)
            print(f"The Space needs a token that may read the private {parts}: set it as the secret HF_TOKEN in the settings of the Space.")


def _report_edited_card(plan: Plan) -> None:
    print(f"{plan.target}: README.md was edited on the Hub (+) and differs from the one here (-). It was left as it is.")
    print("\n".join(f"  {line}" for line in plan.edited_card))
    if plan.stale:
        print(f"  It still names {', '.join(plan.stale)}, and this publication does not. Edit the card there.")
    print("  To replace the card: --overwrite-card")


def _check_name(target: Target) -> None:
    try:
        validate_repo_id(target.repo)
    except HFValidationError as error:
        raise BadSetting(f"{target.repo!r} is not a repo name: {str(error).splitlines()[0]}") from error


def _parse(argv: list[str] | None) -> Request:
    parser = argparse.ArgumentParser(prog="python -m training.publish", description="Publish dataset, model and Space to the Hub.")
    parser.add_argument("--namespace", required=True, help="user or organisation that the repos belong to")
    for kind in ORDER:
        parser.add_argument(f"--{kind}", type=Path, default=FOLDERS[kind], help=f"folder of the {kind} (default: {FOLDERS[kind]})")
        parser.add_argument(f"--{kind}-repo", default=NAMES[kind], metavar="NAME", help=f"repo of the {kind} (default: {NAMES[kind]})")
    parser.add_argument("--only", choices=ORDER, help="this repo alone; it names the others as they are on the Hub")
    parser.add_argument("--private", action="store_true", help="create private repos; public ones that exist are refused")
    parser.add_argument("--code", default="", metavar="URL", help="repository of the code, for the cards (default: the Space's files)")
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
        code=args["code"],
        variables={"CARPARK_ARCHIVE": args["archive"]} if args["archive"] else {},
    )


if __name__ == "__main__":
    main()
