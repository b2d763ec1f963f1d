"""A city's day measured on this machine: how long it takes on one worker and on two, how much memory, and how near the bare network.

    python -m benchmarks.bench_london --model artifacts/model [--cameras 900] [--slots 288] [--workers 1,2]

The archive is the generated city of the tests: four streets drawn once for each slot, shown by all cameras through hard links, with faults
of each camera's own. One worker runs on one core, so that two workers show what a second core brings. CPU seconds stand beside wall
seconds, since only they mean something on a machine that is shared. Prints one JSON object a line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from carpark.archives.folder import FolderArchive
from carpark.day import camera_day
from carpark.model import load_model
from carpark.model.engines import BATCH, Model, prepare
from carpark.quality.judging import judge_frame
from tests.city import City, write_city
from traffic.dataset import frames_path

DAY = date(2020, 3, 9)
BARE_FRAMES = 288
COMPARED = 10  # cameras whose rows are compared with the Space's answer
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def main(argv: list[str] | None = None) -> None:
    """Makes the city and measures it with each number of workers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_london", description="Times a city's day.")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder")
    parser.add_argument("--cameras", type=int, default=900, help="(default: 900)")
    parser.add_argument("--slots", type=int, default=288, help="of the day (default: 288)")
    parser.add_argument("--workers", default="1,2", help="numbers of workers, with commas between (default: 1,2)")
    args = parser.parse_args(argv)
    model = load_model(args.model)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive")
        write_city(archive, City(args.cameras, DAY, slots=args.slots))
        bare = {workers: time_bare_network(archive, model, workers) for workers in map(int, args.workers.split(","))}
        for workers, (bare_rate, bare_cpu_s) in bare.items():
            out = Path(folder, f"out{workers}")
            result = run(["--archive", str(archive), "--model", str(args.model), "--out", str(out)], workers)
            frames, classified = count_frames(out)
            print(
                json.dumps(
                    {"bench": "london", "cameras": args.cameras, "frames": frames, "classified": classified, "workers": workers, **result}
                    | {"frames_a_second": round(frames / result["wall_s"]), "bare_frames_a_second": round(bare_rate)}
                    | {"share_of_bare_cpu": round(bare_cpu_s * classified / result["cpu_s"], 2)}
                    | {"bytes": frames_path(out, DAY).stat().st_size, "equal_to_the_space": compare(archive, out, model)}
                ),
                flush=True,
            )


def time_bare_network(archive: Path, model: Model, workers: int) -> tuple[float, float]:
    """The network alone, on as many threads, for pictures that are prepared: pictures a second, and CPU seconds for one."""
    frames = [judge_frame(path.read_bytes()).scene for path in sorted(archive.glob("Street_000*/*/*.jpg"))[:BARE_FRAMES]]
    pixels = np.stack([prepare(frame, model.config.input_size, model.config.scene_boxes) for frame in frames if frame])
    batches = [pixels[first : first + BATCH] for first in range(0, len(pixels), BATCH)]
    model.forward(batches[0])
    started, cpu_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(model.forward, batches))
    return len(pixels) / (time.perf_counter() - started), (time.process_time() - cpu_s) / len(pixels)


def run(flags: list[str], workers: int) -> dict[str, float]:
    """The command on as many cores as it has workers: wall and CPU seconds, and the most memory of all its processes together, MB."""
    command = [sys.executable, "-m", "traffic.measure", "--days", f"{DAY}", "--workers", f"{workers}", *flags]
    started, cpu_s, most_mb = time.monotonic(), dict[int, float](), 0.0
    cores = sorted(os.sched_getaffinity(0))[:workers]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores)) as process:
        while process.poll() is None:
            family = processes_below(process.pid)
            cpu_s |= {pid: seconds for pid, (seconds, _) in family.items()}
            most_mb = max(most_mb, sum(mb for _, mb in family.values()))
            time.sleep(1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {"wall_s": round(time.monotonic() - started, 1), "cpu_s": round(sum(cpu_s.values()), 1), "memory_mb": round(most_mb)}


def processes_below(root: int) -> dict[int, tuple[float, float]]:
    """A process and all that it started: CPU seconds and proportional memory (MB) of each."""
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        seconds[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    family, new = {root}, {root}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - family
        family |= new
    return {pid: (seconds[pid], proportional_mb(pid)) for pid in family if pid in seconds}


def proportional_mb(pid: int) -> float:
    """Memory of a process, with shared pages divided among those that share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def count_frames(out: Path) -> tuple[int, int]:
    """Frames that the archive had, and those of them that were classified."""
    rows = pq.ParquetFile(frames_path(out, DAY)).read(columns=["sha256", "p_full"]).to_pandas()
    return int((rows["sha256"].fillna("") != "").sum()), int(rows["p_full"].notna().sum())


def compare(archive: Path, out: Path, model: Model) -> str:
    """Of cameras at random, how many have the rows that the Space shows."""
    rows = pq.ParquetFile(frames_path(out, DAY)).read().to_pandas()
    source, equal = FolderArchive(archive), 0
    usable = [camera for camera in source.cameras() if (rows["folder"] == camera.folder).sum() > 1]
    chosen = np.random.default_rng(0).choice(len(usable), min(COMPARED, len(usable)), replace=False)
    for camera in (usable[number] for number in chosen):
        shown = camera_day(camera, DAY, archive=source, model=model)
        mine = rows[rows["folder"] == camera.folder].reset_index(drop=True)
        equal += all(
            mine[name].astype(object).where(mine[name].notna(), None).tolist()
            == shown[name].astype(object).where(shown[name].notna(), None).tolist()
            for name in shown
        )
    return f"{equal} of {len(chosen)} cameras"


if __name__ == "__main__":
    main()
