"""Clean a folder of photos: check files, labels and style, propose changes, decide, and write a clean folder.

    python -m training.clean --data data/raw --out data/clean --auto
    python -m training.clean --data data/raw --out data/clean --review        # a page on http://127.0.0.1:7861
    python -m training.clean --data data/raw --out again --replay data/clean/cleaning.csv

The raw folder is only read. cleaning.csv beside the clean photos records every proposal and decision. Replayed on the raw folder, it gives
the same clean folder byte for byte. The next run keeps a person's decisions and makes those of --auto again.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from carpark.errors import BadSetting, one_line_errors
from carpark.files import exclusive_lock
from carpark.model.network import check_architecture
from training.clean.cleaning import clean, replay
from training.clean.decisions import CLEANING_FILE, FILE_PASS, KEEP, LABEL_PASS, Decision
from training.clean.embedding import Embedder
from training.clean.page.queue import MARKS, ReviewQueue
from training.clean.shortcuts import SHORTCUTS_FILE
from training.memory import keep_freed_memory
from training.photos import read_photos

CONFIDENCE = 0.95


def main(argv: list[str] | None = None) -> None:
    """Propose changes, decide, and write the clean folder."""
    args = parse(argv)
    keep_freed_memory()
    with one_line_errors():
        check(args)
        busy = f"--out {args.out} is being worked on by another process. Wait for it, or choose another folder."
        with exclusive_lock(args.out.parent / f".{args.out.name}.lock", busy=busy):
            if args.replay:
                report(*replay(args.data, args.replay, args.out), args.out)
            elif not args.review or not (args.out / CLEANING_FILE).is_file():
                confidence = args.confidence if args.auto else None
                embedder = Embedder.open(args.arch, args.weights)
                report(*clean(args.data, args.out, embedder, confidence=confidence, seed=args.seed), args.out)
            if args.review:
                from training.clean.page.server import serve  # imported here: Gradio takes seconds to load

                serve(ReviewQueue(read_photos(args.data), args.out, args.reviewer), MARKS, args.port)
                report(*replay(args.data, args.out / CLEANING_FILE, args.out), args.out)


def report(rows: Sequence[Decision], counts: "Counter[str]", out: Path) -> None:
    """Print what was found; in the last line, what was done."""
    proposed = Counter(
        f"{row.pass_name}: {row.proposal.split()[0]}" for row in rows if row.pass_name in (FILE_PASS, LABEL_PASS) and row.proposal != KEEP
    )
    found = ", ".join(f"{count} {what}" for what, count in sorted(proposed.items()))
    print(f"proposed: {found or 'nothing'}")
    style = pd.read_csv(out / SHORTCUTS_FILE)
    for row in style[style.verdict == "predicts the class"].itertuples():
        print(f"shortcut: {row.trait} predicts the class (AUROC {row.auroc}, 95% {row.low} to {row.high}, {row.n} photos)")
    decided = {row.file for row in rows if row.decision}
    waiting = {row.file for row in rows if row.proposal not in ("", KEEP)} - decided
    done = ", ".join(f"{count} {what}" for what, count in counts.items() if count and what != "kept")
    print(f"{counts['kept']} photos kept{', ' if done else ''}{done}; proposals for {len(waiting)} photos are undecided -> {out}")


def check(args: argparse.Namespace) -> None:
    """Raise BadSetting for flags that cannot be used."""
    check_architecture(args.arch)
    if not 0.5 <= args.confidence <= 1:
        raise BadSetting(f"--confidence is {args.confidence}; expected 0.5 to 1.")
    if args.replay and args.auto:
        raise BadSetting("--replay applies earlier decisions, --auto makes new ones. Choose one of them.")
    if args.out.resolve() == args.data.resolve() or args.data.resolve() in args.out.resolve().parents:
        raise BadSetting(f"--out {args.out} lies in --data {args.data}, which is only read. Choose another folder.")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Parse the flags, without checking them."""
    parser = argparse.ArgumentParser(
        prog="python -m training.clean", description="Find photos that are broken, duplicated or mislabelled, and write a clean folder."
    )
    add = parser.add_argument
    add("--data", required=True, type=Path, metavar="DIR", help="raw photos folder; only read")
    add("--out", required=True, type=Path, metavar="DIR", help="clean photos folder to write; an earlier one there is replaced")
    add("--auto", action="store_true", help="decide every proposal whose score is at least --confidence")
    add("--confidence", type=float, default=CONFIDENCE, metavar="P", help=f"lowest score that --auto accepts (default: {CONFIDENCE})")
    add("--review", action="store_true", help="open the review page, and apply its marks when it is stopped")
    add("--reviewer", default="reviewer", metavar="NAME", help="who decides on the page (default: reviewer)")
    add("--port", type=int, default=7861, help="port of the page (default: 7861)")
    add("--replay", type=Path, metavar="FILE", help="apply the decisions of this cleaning.csv, without new proposals")
    add("--arch", default="efficientnet_lite0", help="network for the embeddings (default: efficientnet_lite0)")
    add("--weights", default="imagenet", help="imagenet, none (edges and colours, no network), or a file with the network's state dict")
    add("--seed", type=int, default=0, help="seed of the folds of the label pass (default: 0)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
