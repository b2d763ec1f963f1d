"""The command itself, on a Ray of its own, and what kill -9 does to it."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from carpark.archives.folder import FolderArchive
from carpark.day import camera_day
from carpark.model import load_model
from tests.city import City, write_city
from traffic.dataset import frames_path

DAY = date(2020, 3, 9)
RAY_TRIES = 3
ROOT = Path(__file__).resolve().parents[3]


def start(archive: Path, model: Path, out: Path, workers: int) -> subprocess.Popen[str]:
    """The command, in a process of its own."""
    flags = ["--archive", archive, "--days", f"{DAY}", "--model", model, "--out", out, "--workers", f"{workers}"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'space'}", "OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
    command = [sys.executable, "-m", "traffic.measure", *map(str, flags)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_parts(out: Path, count: int) -> None:
    """Until so many camera days are stored."""
    deadline = time.monotonic() + 300
    while len(list(out.glob("unfinished/*/*.parquet"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_driver_and_killed_worker_lose_nothing_and_nothing_is_measured_twice(tiny_model_folder, tmp_path):
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_city(archive, City(24, DAY, slots=24))
    killed, _ = start_measuring(archive, tiny_model_folder, out, workers=1)
    with killed:
        wait_for_parts(out, 2)
        killed.kill()
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("unfinished/*/*.parquet")}
    assert 0 < len(before) < 24

    again, worker = start_measuring(archive, tiny_model_folder, out, workers=2)
    with again:
        os.kill(worker, signal.SIGKILL)
        printed, complaints = again.communicate(timeout=400)
    assert again.returncode == 0, complaints
    failed_before = sum("7_Mill" in name or "15_Mill" in name or "23_Mill" in name for name in before)
    last = printed.splitlines()[-1]  # before it, Ray may tell of the worker
    assert last.startswith(
        f"{24 - len(before) + failed_before} camera days measured, 3 of them failed, {len(before) - failed_before} were finished"
    )

    rows = pq.ParquetFile(frames_path(out, DAY)).read().to_pandas()
    assert rows["folder"].nunique() == 24 and not rows.duplicated(["folder", "slot"]).any()
    assert not list(out.glob("unfinished/*"))
    camera, model = FolderArchive(archive).camera("Street_002_Mill_Ln"), load_model(tiny_model_folder)
    shown = camera_day(camera, DAY, archive=FolderArchive(archive), model=model)
    mine = rows[rows["folder"] == camera.folder].reset_index(drop=True)
    assert (
        mine["p_full"].equals(shown["p_full"])
        and mine["fullness"].equals(shown["fullness"])
        and mine["state"].tolist() == shown["state"].tolist()
    )


def start_measuring(archive: Path, model: Path, out: Path, workers: int) -> tuple[subprocess.Popen[str], int]:
    """The command, and one of its Ray workers. On a busy machine Ray may need another try: its agent has 15 seconds to start."""
    for _ in range(RAY_TRIES):
        process = start(archive, model, out, workers)
        if worker := wait_for_worker(process):
            return process, worker
        _, complaint = process.communicate()
        assert "Ray did not start" in complaint
    raise AssertionError(complaint)


def wait_for_worker(driver: subprocess.Popen[str]) -> int:
    """The first of the driver's Ray workers that measures, once there is one; 0 when the driver ends before."""
    while driver.poll() is None:
        parents = dict(filter(None, map(read_parent, Path("/proc").glob("[0-9]*"))))
        for pid in parents:
            above = pid
            while above in parents and above != driver.pid:
                above = parents[above]
            if above == driver.pid and b"MapWorker" in read_file(Path(f"/proc/{pid}/cmdline")):
                return pid
        time.sleep(0.05)
    return 0


def read_parent(process: Path) -> tuple[int, int] | None:
    """The process and its parent; None for one that has ended."""
    fields = read_file(process / "stat").rpartition(b")")[2].split()
    return (int(process.name), int(fields[1])) if fields else None


def read_file(path: Path) -> bytes:
    """Empty for a process that has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_model_that_is_missing_is_one_line_and_no_ray_is_started(tmp_path):
    write_city(tmp_path / "archive", City(1, DAY, streets=1, slots=1))
    with start(tmp_path / "archive", tmp_path / "absent", tmp_path / "out", workers=1) as process:
        printed, complaint = process.communicate(timeout=120)
    assert (process.returncode, printed) == (1, "")
    assert complaint.count("\n") == 1 and "is neither a folder here nor a Hub model repo" in complaint
