"""Recorded frames as Parquet files, four a UTC day, in the layout that `carpark.archives.hub` reads by range requests."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from carpark.archives.hub import FRAME_COLUMNS
from carpark.slots import read_slot
from traffic.record.store import all_days, list_cameras, list_frames

HOURS = 6  # in a part
QUARTER_COMPLETE_AFTER = timedelta(hours=1)  # after its end; if a frame comes later, the part is pushed again


@dataclass(frozen=True, slots=True)
class DayQuarter:
    """The slots of a quarter of a UTC day."""

    day: date
    hour: int  # its first

    @property
    def end(self) -> datetime:
        """When its last slot ends, UTC."""
        return datetime.combine(self.day, time(), UTC) + timedelta(hours=self.hour + HOURS)

    def name(self, number: int) -> str:
        """Its file in the repo; a number above 1 stands beside files that others pushed."""
        return f"data/{self.day}/{self.hour:02}{f'-{number}' if number > 1 else ''}.parquet"


def list_parts(out: Path) -> list[DayQuarter]:
    """The parts of all days that any camera has a folder for, in order; some may have no frames."""
    return [DayQuarter(day, hour) for day in all_days(out) for hour in range(0, 24, HOURS)]


def iter_cameras(out: Path, part: DayQuarter) -> Iterator[tuple[str, list[tuple[datetime, Path]]]]:
    """Each camera's folder that has frames in the part, in order, and its frames by slot, in order."""
    for camera_folder in list_cameras(out):
        slots = [(slot, path) for path in list_frames(camera_folder, part.day) if (slot := read_slot(path.name))]
        if frames := [(slot, path) for slot, path in slots if slot.hour // HOURS * HOURS == part.hour]:
            yield camera_folder.name, frames


def digest_part(out: Path, part: DayQuarter) -> str:
    """Changes when the part's frames do, by their names and sizes, since a frame is never written over; "" for a part without frames."""
    digest, is_empty = hashlib.sha256(), True
    for folder, frames in iter_cameras(out, part):
        is_empty = False
        digest.update("\n".join([folder, *(f"{path.name} {path.stat().st_size}" for _, path in frames), ""]).encode())
    return "" if is_empty else digest.hexdigest()


def write_part(out: Path, part: DayQuarter, target: Path) -> int:
    """Frames written to `target`: a row group a camera, one camera in memory at a time. The same frames give the same bytes."""
    schema = pa.schema(FRAME_COLUMNS)
    written = 0
    with pq.ParquetWriter(target, schema, compression="none", use_dictionary=False, write_statistics=["folder", "slot"]) as writer:
        for folder, frames in iter_cameras(out, part):
            slots = [slot for slot, _ in frames]
            jpegs = [path.read_bytes() for _, path in frames]
            writer.write_table(pa.table([[folder] * len(frames), slots, jpegs], schema=schema))
            written += len(frames)
    return written
