"""A camera's day, judged by the Space's own code, in a worker that keeps archive and model open."""

import io
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from carpark.archives import open_archive
from carpark.archives.archive import Archive
from carpark.archives.cached import FINAL_AFTER
from carpark.day.pipeline import Predictor, Record, run
from carpark.day.table import FEW_SLOTS, build_table, cadence_of_other_days, watch_day
from carpark.errors import BadModel, CarparkError, NoDay
from carpark.hub.source import open_source
from carpark.model import load_model
from carpark.slots import bounds_of_day
from traffic.measure.jobs import Job
from traffic.measure.memory import recall_frames, remember_frames
from traffic.measure.table import Provenance, complete_table, failed_table


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker has to open; the same on each machine of a cluster."""

    archive: str  # as `open_archive` takes it
    model: str  # a folder or a Hub repo
    model_sha256: str  # of its config.json, as the driver found it
    code: str  # version and commit of this project
    memory: Path | None = None  # where frames of days that still grow are remembered; None to judge each day as a whole


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a job."""

    job: Job
    parquet: bytes  # a file with the rows of `traffic.measure.table`
    frames: int  # that the source had
    failed: str = ""  # why the day could not be measured
    has_no_frames: bool = False  # the reason is that the source has none


def open_judge(settings: WorkerSettings) -> Callable[[Job], Measured]:
    """What measures one job after the other, with archive and model kept open. Raises BadModel and BadSetting."""
    model = load_model(open_source(settings.model, repo_type="model").folder)
    if model.config.sha256 != settings.model_sha256:
        raise BadModel(
            f"The model {settings.model} here is {model.config.sha256[:12]}, but the run began with {settings.model_sha256[:12]}."
        )
    archive = open_archive(settings.archive)
    one_thread = replace(model, workers=1)  # there is a worker for each core
    return lambda job: judge_job(job, archive, one_thread, settings)


def judge_job(job: Job, archive: Archive, model: Predictor, settings: WorkerSettings) -> Measured:
    """The camera's day as `carpark.day.camera_day` has it; a day that cannot be measured becomes one row that says why."""
    provenance = Provenance(settings.model_sha256, settings.code)
    try:
        edition = archive.edition(job.camera, job.day)
        record = _judge_new(job, archive, model, settings.memory) if settings.memory else _judge_all(job, archive, model)
    except CarparkError as error:
        is_empty = isinstance(error, NoDay)
        return Measured(job, encode(failed_table(job, str(error), provenance)), 0, str(error), has_no_frames=is_empty)
    is_over = datetime.now(UTC) > bounds_of_day(job.day)[1] + FINAL_AFTER
    is_final = is_over and all(fetched.is_final for fetched in record.fetched.values())
    table = complete_table(job, build_table(record), record.fetched, replace(provenance, is_final=is_final, edition=edition))
    return Measured(job, encode(table), len(record.sha256))


def encode(table: pa.Table) -> bytes:
    """The table as a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _judge_all(job: Job, archive: Archive, model: Predictor) -> Record:
    """The complete record of the day. Raises NoDay and BadSetting."""
    *_, record = watch_day(job.camera, job.day, archive=archive, model=model)
    return record


def _judge_new(job: Job, archive: Archive, model: Predictor, memory: Path) -> Record:
    """The same, but only frames that are not remembered are fetched, judged and classified."""
    timetable = archive.timetable(job.camera, job.day)
    due = tuple(slot for slot in timetable.slots if slot <= datetime.now(UTC))
    cadence = cadence_of_other_days(archive, job.camera, job.day) if len(timetable.slots) < FEW_SLOTS else None
    record = Record(job.day, timetable, model, due, cadence)
    recall_frames(memory, job, record)
    known = set(record.sha256)
    with closing(run(archive.fetch(job.camera, [slot for slot in due if slot not in known]), record)) as changes:
        for _ in changes:
            pass
    if not record.sha256:
        raise NoDay(f"No frame of {job.camera.name} on {job.day} in {archive.location} so far.")
    remember_frames(memory, job, record, known)
    return record
