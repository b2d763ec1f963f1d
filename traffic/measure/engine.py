"""Jobs spread over workers by Ray Data: a pool of actors with a core each, on this machine or on a cluster.

`RAY_ADDRESS` names a cluster; each of its machines needs this environment, the archive and the model under the same names. Workers send
their rows to the driver, which alone writes, so that a worker or a machine may die at any moment: Ray gives its jobs to another.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from traffic.measure.jobs import Job
from traffic.measure.judging import Measured, WorkerSettings, open_judge

OBJECT_STORE_BYTES = 200_000_000  # of a local Ray; a camera's day has 30 kB


class Judge:
    """A worker: opens archive and model once, and measures what it is handed."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.judge = open_judge(settings)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A job as a row -> what became of it as a row."""
        measured = self.judge(Job(Camera(**row["camera"]), date.fromisoformat(row["day"])))
        return {**row, "parquet": measured.parquet, "frames": measured.frames, "failed": measured.failed, "empty": measured.has_no_frames}


@contextmanager
def running_ray(workers: int) -> Iterator[int]:
    """Connects to the cluster of RAY_ADDRESS, or starts Ray on this machine with `workers` cores (0 for all); yields the workers.

    Raises BadSetting where Ray is not installed, or its cluster does not answer.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns of a change to come
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BadSetting("Ray is not installed; install it with: pip install -r traffic/requirements.txt") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells of each start and end
    address = os.environ.get("RAY_ADDRESS")
    here = {"num_cpus": workers or os.cpu_count(), "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address or "local", logging_level="ERROR", log_to_driver=False, **({} if address else here))
    finally:
        if not ray.is_initialized():  # Ray raises what it likes
            where = f"RAY_ADDRESS={address} does not answer" if address else "its logs are in /tmp/ray/session_latest/logs"
            raise BadSetting(f"Ray did not start: {where}. On a busy machine it may take too long; try again.")
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield workers or max(int(ray.cluster_resources().get("CPU", 1)), 1)
    finally:
        ray.shutdown()


def measure_on_ray(jobs: Iterator[Job], settings: WorkerSettings, workers: int) -> Iterator[Measured]:
    """What became of each job, in the order in which they are done. Needs `running_ray`."""
    import ray.data

    by_name = {(job.camera.folder, f"{job.day}"): job for job in jobs}
    rows = [{"camera": asdict(job.camera), "day": day} for (_, day), job in by_name.items()]
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        Judge,
        fn_constructor_args=(settings,),
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows))),
        num_cpus=1,
    )
    for row in done.iter_rows():
        job = by_name[row["camera"]["folder"], row["day"]]
        yield Measured(job, row["parquet"], row["frames"], row["failed"], has_no_frames=row["empty"])
