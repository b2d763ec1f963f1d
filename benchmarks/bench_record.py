"""The recorder against a loopback bucket: 900 cameras, 12 ticks, a tenth of the answers broken, and killed twice in mid-round.

    python -m benchmarks.bench_record [--cameras 900] [--every 10s]

Frames carry EXIF five minutes apart, so that a tick of seconds stands for one of five minutes. Another process serves the bucket.
Prints one JSON object.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.served_bucket import Record, ServedBucket, serving
from traffic.record.rounds import parse_span

TICKS, KILLED_IN = 12, (4, 8)
MID_ROUND = 0.3  # of a tick; a round takes half of it


def main(argv: list[str] | None = None) -> None:
    """Records, kills, restarts, and counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_record", description="Counts what the recorder loses and repeats.")
    parser.add_argument("--cameras", type=int, default=900, help="(default: 900)")
    parser.add_argument("--every", default="10s", help="a tick (default: 10s)")
    args = parser.parse_args(argv)
    every_s = parse_span(args.every).total_seconds()
    starts_at = (time.time() // every_s + 1) * every_s
    if starts_at - time.time() < 4:  # until the bucket has drawn its frames
        starts_at += every_s
    bucket = ServedBucket(args.cameras, every_s, starts_at, TICKS)
    with tempfile.TemporaryDirectory() as folder, serving(bucket) as (base, stop):
        flags = ["--bucket", base, "--catalogue", f"{base}/list", "--cameras", "all", "--every", args.every, "--out", folder]
        memory_mb, cpu_s = run_and_kill([sys.executable, "-m", "traffic.record", *flags], bucket)
        print(json.dumps(compare(stop(), Path(folder), bucket) | report_load(memory_mb, cpu_s, bucket)))


def run_and_kill(command: list[str], bucket: ServedBucket) -> tuple[list[float], float]:
    """Resident memory after each tick (MB), and the CPU seconds of all processes."""
    wait_until(bucket.starts_at)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    memory_mb, before_s = [], children_cpu_s()
    for tick in range(TICKS):
        if tick in KILLED_IN:
            wait_until(bucket.starts_at + (tick + MID_ROUND) * bucket.every_s)
            process.kill()
            process.wait()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(bucket.starts_at + (tick + 0.95) * bucket.every_s)
        memory_mb.append(resident_mb(process.pid))
    process.send_signal(signal.SIGTERM)
    process.wait()
    return memory_mb, children_cpu_s() - before_s


def compare(record: Record, out: Path, bucket: ServedBucket) -> dict[str, object]:
    """What was offered, against what lies on disk."""
    stored = Counter((f"00001.{int(path.parts[-3].split('_')[1]):05}", digest(path)) for path in out.glob("*/*/*.jpg"))
    repeated = {(camera, tick) for (camera, tick), times in record.requests.items() if times > 1}
    after_kill = {(camera, tick) for camera, tick in repeated if tick in KILLED_IN}
    per_second = Counter(int(at) for at in record.times)
    return {
        "bench": "recorder",
        "cameras": bucket.cameras,
        "ticks": TICKS,
        "every_s": bucket.every_s,
        "requests": record.requests.total(),
        "broken_answers": record.broken,
        "kills": len(KILLED_IN),
        "frames_offered": len(record.offered),
        "frames_lost": len(record.offered - stored.keys()),
        "duplicates_stored": stored.total() - len(stored),
        "frames_never_offered": len(stored.keys() - record.offered),
        "most_requests_a_camera_a_tick": max((n for key, n in record.requests.items() if key not in after_kill), default=0),
        "in_flight_at_a_kill_and_asked_again": len(after_kill),
        "fewest_cameras_asked_in_a_tick": min(Counter(tick for _, tick in record.requests).values()),
        "peak_requests_per_s": max(per_second.values()),
        "peak_at_5m_ticks": round(max(per_second.values()) * bucket.every_s / 300, 1),
    }


def report_load(memory_mb: list[float], cpu_s: float, bucket: ServedBucket) -> dict[str, object]:
    """Memory and processor time."""
    last = memory_mb[KILLED_IN[-1] :]
    return {
        "memory_mb_first_round": memory_mb[0],
        "memory_mb_last_round": memory_mb[-1],
        "memory_mb_since_last_kill": [last[0], last[-1]],
        "cpu_share_of_2_cores": round(cpu_s / (2 * TICKS * bucket.every_s), 3),
        "cpu_ms_a_request": round(1000 * cpu_s / (bucket.cameras * TICKS), 2),
    }


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def resident_mb(process_id: int) -> float:
    """Memory that a process holds, from Linux."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def children_cpu_s() -> float:
    """CPU seconds of all ended child processes."""
    times = os.times()
    return times.children_user + times.children_system


def wait_until(at: float) -> None:
    """Sleeps until a Unix time."""
    time.sleep(max(at - time.time(), 0))


if __name__ == "__main__":
    main()
