"""A run: what is not finished yet is measured, stored as it comes, and brought together day by day."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.errors import NoDay
from traffic.dataset import write_cameras
from traffic.measure.jobs import Job, choose_cameras, list_jobs
from traffic.measure.judging import Measured
from traffic.measure.output import finish_day, list_unfinished_days, read_finished, store

MOST_JOBS = 4096  # that the engine knows of at a time, so that memory does not grow with the archive
MOST_REASONS = 3  # of failures, that are printed
Engine = Callable[[Iterator[Job]], Iterable[Measured]]  # measures jobs, in any order


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did."""

    measured: int = 0  # camera days
    failed: int = 0
    skipped: int = 0  # finished before
    frames: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        rate = f" ({self.frames / self.seconds:.0f} a second)" if self.frames and self.seconds else ""
        return f"{self.measured:,} camera days measured{failed}, {self.skipped:,} were finished; {self.frames:,} frames{rate}"


def measure(archive: Archive, cameras: Sequence[Camera], days: Sequence[date], *, out: Path, engine: Engine) -> RunSummary:
    """Measures the camera days that are not finished in `out`. Raises NoDay when no camera has a frame on any of the days.

    The result does not depend on the engine's workers, nor on the order of their answers.
    """
    started = time.monotonic()
    write_cameras(out, cameras)
    for day in list_unfinished_days(out):  # of a run that was killed
        finish_day(out, day)
    counts, reasons = Counter[str](), Counter[str]()
    with tqdm(total=len(cameras) * len(days), desc="measure", unit="camera day", disable=None, smoothing=0.05) as bar:
        for some in _in_groups(days, max(MOST_JOBS // len(cameras), 1)):
            jobs = [job for day in some for job in _list_open_jobs(archive, cameras, day, out)]
            bar.total = (bar.total or 0) - len(some) * len(cameras) + len(jobs)  # the others are finished
            left = Counter(job.day for job in jobs)
            for measured in engine(iter(jobs)) if jobs else ():
                store(out, measured)
                counts.update(days=1, frames=measured.frames, empty=measured.has_no_frames)
                reasons.update([measured.failed] if measured.failed else [])
                left[measured.job.day] -= 1
                if not left[measured.job.day]:
                    finish_day(out, measured.job.day)
                bar.set_postfix_str(f"{counts['frames'] / (time.monotonic() - started):.0f} frames/s", refresh=False)
                bar.update()
    if counts["empty"] == len(cameras) * len(days):
        raise NoDay(
            f"None of {len(cameras):,} cameras has a frame from {days[0]} to {days[-1]} in {archive.location}. Choose other --days."
        )
    for reason, often in reasons.most_common(MOST_REASONS):
        print(f"{often} failed: {reason}", file=sys.stderr, flush=True)
    skipped = len(cameras) * len(days) - counts["days"]
    return RunSummary(counts["days"], reasons.total(), skipped, counts["frames"], time.monotonic() - started)


def measure_listed(archive: Archive, wanted: str, days: Sequence[date], *, out: Path, engine: Engine) -> RunSummary:
    """`measure`, of the wanted cameras that the archive lists now: one that a recorder has only begun to store is among them."""
    return measure(archive, choose_cameras(archive, wanted), days, out=out, engine=engine)


def describe_code() -> str:
    """The version of this project, and the commit where it runs from a clone."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        commit = ""
    return "+".join(filter(None, [version("carpark-classifier"), commit]))


def _list_open_jobs(archive: Archive, cameras: Sequence[Camera], day: date, out: Path) -> Iterator[Job]:
    """The jobs of a day that are not finished: never measured, failed, or of a day that has grown since."""
    finished = read_finished(out, day)
    for job in list_jobs(cameras, [day]):
        known = finished.get(job.camera.folder)
        if known is None or (known != "final" and (not known or known != archive.edition(job.camera, day))):
            yield job


def _in_groups(days: Sequence[date], size: int) -> Iterator[Sequence[date]]:
    return (days[first : first + size] for first in range(0, len(days), size))
