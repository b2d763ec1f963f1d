"""The live loop on this machine: the recorder polls 900 cameras, and beside it `traffic.measure --follow` measures what it adds.

    python -m benchmarks.bench_live --model artifacts/model [--cameras 900] [--every 60s]

Six ticks. Frames carry EXIF five minutes apart, so that a tick of seconds stands for one of five minutes. Another process serves the
bucket. Prints one JSON object: how long each round took, the slowest as a share of the five minutes that a tick stands for, and the frames.

    python -m benchmarks.bench_live --model artifacts/model --late

One core's work for a camera in a round that brings one frame, when two and when 287 frames of its day are remembered.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.bench_record import children_cpu_s, wait_until
from benchmarks.served_bucket import ServedBucket, serving
from carpark.archives.folder import FolderArchive
from carpark.model.config import read_config
from tests.city import City, write_city
from traffic.dataset import list_days, read_frames
from traffic.measure.jobs import Job
from traffic.measure.judging import WorkerSettings, open_judge
from traffic.record.rounds import parse_span

TICKS = 6
LATE_CAMERAS, LATE_DAY = 8, date(2020, 3, 9)
TICK_STANDS_FOR_S = 300
ROUND = re.compile(r" in (\d+) s \(\d+% of a round\)")


def main(argv: list[str] | None = None) -> None:
    """Records and measures side by side, and counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_live", description="Times the live loop.")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder")
    parser.add_argument("--cameras", type=int, default=900, help="(default: 900)")
    parser.add_argument("--every", default="60s", help="a tick (default: 60s)")
    parser.add_argument("--late", action="store_true", help="only compare a round early in the day with one at its end")
    args = parser.parse_args(argv)
    if args.late:
        print(json.dumps({"bench": "live", "cpu_ms_a_camera": {kept: time_round(args.model, kept) for kept in (2, 287)}}))
        return
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


def time_round(model: Path, kept: int) -> float:
    """CPU milliseconds for a camera whose first `kept` frames are remembered, and which has one more: the mean of some cameras."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive")
        write_city(archive, City(LATE_CAMERAS, LATE_DAY))
        settings = WorkerSettings(str(archive), str(model), read_config(model).sha256, "a benchmark", Path(folder, "memory"))
        judge, took_s = open_judge(settings), []
        for camera in FolderArchive(archive).cameras():
            every_frame = sorted((archive / camera.folder).glob("*/*.jpg"))
            frames = every_frame[: kept + 1]
            if not frames:  # one of eight has none
                continue
            for path in every_frame[kept + 1 :]:
                path.unlink()
            newest = frames[-1].rename(frames[-1].with_suffix(".later"))
            judge(Job(camera, LATE_DAY))
            newest.rename(frames[-1])
            began_s = time.process_time()
            judge(Job(camera, LATE_DAY))
            took_s.append(time.process_time() - began_s)
    return round(1000 * statistics.mean(took_s), 1)


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
