"""The live loop on this machine: the recorder polls 900 cameras, and beside it `traffic.measure --follow` measures what it adds.

    python -m benchmarks.bench_live --model artifacts/model [--cameras 900] [--every 60s]

Six ticks. Frames carry EXIF five minutes apart, so that a tick of seconds stands for one of five minutes. Another process serves the
bucket. Prints one JSON object: how long each round took, the slowest as a share of the five minutes that a tick stands for, and the frames.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_record import children_cpu_s, wait_until
from benchmarks.served_bucket import ServedBucket, serving
from traffic.dataset import list_days, read_frames
from traffic.record.rounds import parse_span

TICKS = 6
TICK_STANDS_FOR_S = 300
ROUND = re.compile(r" in (\d+) s \(\d+% of a round\)")


def main(argv: list[str] | None = None) -> None:
    """Records and measures side by side, and counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_live", description="Times the live loop.")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder")
    parser.add_argument("--cameras", type=int, default=900, help="(default: 900)")
    parser.add_argument("--every", default="60s", help="a tick (default: 60s)")
    args = parser.parse_args(argv)
    every_s = parse_span(args.every).total_seconds()
    bucket = ServedBucket(args.cameras, every_s, (time.time() // every_s + 1) * every_s, TICKS)
    with tempfile.TemporaryDirectory() as folder, serving(bucket) as (base, stop):
        frames, out = Path(folder, "frames"), Path(folder, "out")
        record = ["--bucket", base, "--catalogue", f"{base}/list", "--cameras", "all", "--every", args.every, "--out", str(frames)]
        measure = ["--archive", str(frames), "--follow", "--every", args.every, "--model", str(args.model), "--out", str(out)]
        wait_until(bucket.starts_at)
        before_s = children_cpu_s()
        recorder = subprocess.Popen([sys.executable, "-m", "traffic.record", *record], stdout=subprocess.DEVNULL)
        wait_until(bucket.starts_at + 0.6 * every_s)  # the first round is over after half a tick
        environment = os.environ | {"OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
        measuring = subprocess.Popen(
            [sys.executable, "-m", "traffic.measure", *measure], env=environment, stdout=subprocess.PIPE, text=True
        )
        wait_until(bucket.starts_at + (TICKS + 0.6) * every_s)
        recorder.send_signal(signal.SIGTERM)
        recorder.wait()
        wait_until(bucket.starts_at + (TICKS + 1.2) * every_s)  # one more round, of what came last
        measuring.send_signal(signal.SIGTERM)
        printed, _ = measuring.communicate()
        stop()
        print(printed, file=sys.stderr)
        print(json.dumps(report(printed, frames, out, bucket) | {"cpu_s": round(children_cpu_s() - before_s)}))


def report(printed: str, frames: Path, out: Path, bucket: ServedBucket) -> dict[str, object]:
    """The rounds, and how many of the recorded frames were measured."""
    took_s = [int(seconds) for seconds in ROUND.findall(printed)]
    recorded = len(list(frames.glob("*/*/*.jpg")))
    states = [state for day in list_days(out) for state in read_frames(out, day, ["state"])["state"].to_pylist()]
    measured = sum(state not in ("missing", "failed") for state in states)
    return {
        "bench": "live",
        "cameras": bucket.cameras,
        "ticks": TICKS,
        "every_s": bucket.every_s,
        "rounds_s": took_s,
        "slowest_share_of_five_minutes": round(max(took_s) / TICK_STANDS_FOR_S, 3),
        "frames_recorded": recorded,
        "frames_measured": measured,
    }


if __name__ == "__main__":
    main()
