"""The rows that are stored for a camera's day: the Space's own table, and what says where it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
import pyarrow as pa

from carpark.quality.exif import read_exif
from carpark.quality.jpeg import read_jpeg
from carpark.slots import Fetched
from traffic.measure.jobs import Job

FAILED = "failed"  # in the column `state`: the one row of a camera's day that could not be measured; its `reason` says why
TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    {
        "camera": pa.string(),  # its id
        "folder": pa.string(),
        "slot": TIME,
        "captured_at": TIME,
        "source": pa.string(),
        "state": pa.string(),
        "reason": pa.string(),
        "p_full": pa.float64(),
        "fullness": pa.float64(),
        "fullness_low": pa.float64(),
        "fullness_high": pa.float64(),
        "is_car_park": pa.bool_(),
        "label": pa.string(),
        "sure": pa.bool_(),
        "url": pa.string(),
        "sha256": pa.string(),
        "is_nominal": pa.bool_(),
        "time": TIME,
        "view": pa.string(),  # which way the camera looks, as the frame's EXIF says; "" where it does not
        "is_final": pa.bool_(),  # of the camera's day: it is over, and the source answered for each slot
        "edition": pa.string(),  # of the camera's day in the archive; tells whether frames came or went
        "model": pa.string(),  # sha256 of its config.json
        "code": pa.string(),  # version and commit of this project
    }
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the rows of a camera's day have in common."""

    model: str
    code: str
    is_final: bool = False
    edition: str = ""


def complete_table(job: Job, table: pd.DataFrame, fetched: Mapping[datetime, Fetched], provenance: Provenance) -> pa.Table:
    """The rows of `SCHEMA`, from the table of `carpark.day` and the frames that it was made of."""
    table = table.assign(view=[_view_of(fetched.get(slot)) for slot in table["slot"]])
    for name, value in _constants(job, provenance).items():
        table[name] = value
    return pa.Table.from_pandas(table[SCHEMA.names], schema=SCHEMA, preserve_index=False).replace_schema_metadata(None)


def failed_table(job: Job, reason: str, provenance: Provenance) -> pa.Table:
    """The one row of a camera's day that could not be measured."""
    return pa.Table.from_pylist([{"state": FAILED, "reason": reason, **_constants(job, provenance)}], schema=SCHEMA)


def _constants(job: Job, provenance: Provenance) -> dict[str, str | bool]:
    return {"camera": job.camera.id, "folder": job.camera.folder, **asdict(provenance)}


def _view_of(fetched: Fetched | None) -> str:
    return read_exif(read_jpeg(fetched.data).exif).view if fetched and fetched.data else ""
