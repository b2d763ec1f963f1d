"""Measure how many faults planted in real photos each pass of training.clean finds, and how much else it proposes.

    python -m benchmarks.bench_clean --data PHOTOS [--others DIR] [--as-they-are]

Prints one JSON object for each kind of fault; with --as-they-are also one for each proposal about the photos without planted faults.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.planted_faults import plant
from carpark.errors import one_line_errors
from training.clean.cleaning import run_passes
from training.clean.decisions import DROP, FILE_PASS, KEEP, LABEL, LABEL_PASS, SCENE, Decision
from training.clean.embedding import Embedder
from training.clean.survey import survey_photos
from training.photos import read_photos

FIRST = 25  # label proposals that a person checks first


def measure(truth: pd.DataFrame, rows: list[Decision]) -> Iterator[dict[str, object]]:
    """Precision and recall of each kind of proposal."""
    fault = dict(zip(truth.file, truth.fault, strict=True))
    labels = sorted(
        (row for row in rows if row.pass_name == LABEL_PASS and row.proposal.startswith(LABEL)), key=lambda row: -float(row.score)
    )
    flipped = {file for file, name in fault.items() if name == "flipped"}
    unusable = {row.file for row in rows if row.pass_name == FILE_PASS and row.proposal == DROP and float(row.score) == 1}
    yield _score("broken files", {file for file, name in fault.items() if name == "broken"}, unusable)
    yield _score("flipped labels", flipped, {row.file for row in labels}) | {
        f"found_in_first_{FIRST}": len({r.file for r in labels[:FIRST]} & flipped)
    }
    yield _score("no car park", {file for file, name in fault.items() if name == "no car park"}, _dropped(rows, LABEL_PASS))
    merged = {row.file: row.proposal.removeprefix(SCENE) for row in rows if row.proposal.startswith(SCENE)}
    scene = {file: merged.get(file, own) for file, own in zip(truth.file, truth.scene, strict=True)}
    copies = truth[truth.of != ""]
    found = {file for file, of in zip(copies.file, copies.of, strict=True) if scene[file] == scene[of]}
    unrelated = {file for file in merged if not fault[file].startswith("copy") and file not in set(copies.of)}
    kinds = {kind: int(sum(file in found for file in group.file)) for kind, group in copies.groupby("fault")}
    yield _score("near-duplicates", set(copies.file), found | unrelated) | {"by_disguise": kinds}
    doubted = {row.file for row in rows if row.pass_name == FILE_PASS and row.proposal == DROP} - unusable
    yield {"benchmark": "clean", "kind": "quality and size, nothing planted", "proposed": len(doubted)}


def describe_as_they_are(rows: list[Decision]) -> Iterator[dict[str, object]]:
    """The proposals for the photos without planted faults, surest first."""
    for row in sorted(
        (row for row in rows if row.proposal != KEEP), key=lambda row: (row.pass_name, row.proposal.split()[0], -float(row.score))
    ):
        yield {
            "benchmark": "clean as they are",
            "file": row.file,
            "pass": row.pass_name,
            "proposal": row.proposal,
            "reason": row.reason,
            "score": row.score,
        }


def _dropped(rows: list[Decision], pass_name: str) -> set[str]:
    return {row.file for row in rows if row.pass_name == pass_name and row.proposal == DROP}


def _score(kind: str, planted: set[str], proposed: set[str]) -> dict[str, object]:
    found = len(planted & proposed)
    return {
        "benchmark": "clean",
        "kind": kind,
        "planted": len(planted),
        "found": found,
        "proposed": len(proposed),
        "recall": round(found / len(planted), 3),
        "precision": round(found / len(proposed), 3) if proposed else None,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_clean")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--arch", default="efficientnet_lite0")
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--others", type=Path, metavar="DIR", help="pictures that are not car parks, to be planted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--as-they-are", action="store_true", help="list the proposals for the photos without planted faults too")
    args = parser.parse_args()
    with one_line_errors(), tempfile.TemporaryDirectory() as work:
        embedder = Embedder.open(args.arch, args.weights)
        planted = Path(work, "planted")
        truth = plant(args.data, planted, args.seed, args.others)
        for line in measure(truth, run_passes(survey_photos(read_photos(planted), embedder), planted, args.seed)):
            print(json.dumps(line))
        if args.as_they_are:
            for line in describe_as_they_are(run_passes(survey_photos(read_photos(args.data), embedder), args.data, args.seed)):
                print(json.dumps(line))


if __name__ == "__main__":
    main()
