"""Measure the demo: its camera day against the ground truth, slot by slot.

    python -m benchmarks.bench_sample [--model artifacts/model] [--sample artifacts/sample]

Prints one JSON object a line: how each planted state was judged, and for how many usable slots P(full) is on the right side of 0.5.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from carpark.archives import open_archive
from carpark.day import camera_day
from carpark.errors import one_line_errors
from carpark.intervals import wilson_interval
from carpark.model import load_model


def judge_day(model: Path, sample: Path) -> pd.DataFrame:
    """The table of the sample's day as in the Space, with the true `occupancy` and the `planted` state of each slot."""
    archive = open_archive(str(sample / "archive"))
    (camera,) = archive.cameras()
    (day,) = archive.days(camera)
    truth = pd.read_csv(sample / "truth.csv", parse_dates=["slot"]).rename(columns={"state": "planted"})
    return camera_day(camera, day, archive=archive, model=load_model(model)).merge(truth, on="slot", validate="one_to_one")


def main() -> None:
    """Print the confusion of states, then the share of usable slots on the right side."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_sample")
    parser.add_argument("--model", type=Path, default=Path("artifacts/model"))
    parser.add_argument("--sample", type=Path, default=Path("artifacts/sample"))
    args = parser.parse_args()
    with one_line_errors():
        slots = judge_day(args.model, args.sample)
    judged = {str(planted): group.state.value_counts().to_dict() for planted, group in slots.groupby("planted")}
    guessed = int(slots.p_full[slots.planted != "ok"].notna().sum())
    print(json.dumps({"benchmark": "sample day", "planted_and_judged": judged, "p_full_on_faulty_slots": guessed}))
    usable = slots[slots.planted == "ok"]
    right = int(((usable.p_full >= 0.5) == (usable.occupancy >= 0.5)).sum())  # a slot without P(full) counts as wrong
    interval = [round(bound, 4) for bound in wilson_interval(right, len(usable))]
    share = round(right / len(usable), 4)
    print(json.dumps({"benchmark": "sample day", "usable": len(usable), "right_side": right, "share": share, "interval_95": interval}))


if __name__ == "__main__":
    main()
