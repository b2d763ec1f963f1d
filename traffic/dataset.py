"""The folder, or Hub dataset repo, that `traffic.measure` writes and `traffic.index` reads.

    data/day=2026-11-25/frames.parquet     the rows of all cameras on that London day, by folder and time
    cameras.json                           the cameras: id, name, folder, position, view
    measured.json                          the model that measured, and the archive

`unfinished/` holds camera days of a run that has not ended; each moves into its day's file.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from carpark.files import write_file
from carpark.slots import read_day_folders

ABOUT_FILE, CAMERAS_FILE, FRAMES_FILE = "measured.json", "cameras.json", "frames.parquet"
PARTITION = "day="


@dataclass(frozen=True, slots=True)
class About:
    """What all rows of a dataset have in common."""

    model: str  # sha256 of its config.json
    model_name: str  # the folder or repo that it came from
    archive: str
    edition: int  # of the table


def frames_path(folder: Path, day: date) -> Path:
    """Where a day's rows are."""
    return folder / "data" / f"{PARTITION}{day}" / FRAMES_FILE


def list_days(folder: Path) -> list[date]:
    """The days that have rows, in order."""
    names = [path.parent.name.removeprefix(PARTITION) for path in (folder / "data").glob(f"{PARTITION}*/{FRAMES_FILE}")]
    return read_day_folders(names)


def read_frames(folder: Path, day: date, columns: Sequence[str]) -> pa.Table:
    """These columns of all cameras on a day. Raises BadSetting for a file that is not readable."""
    path = frames_path(folder, day)
    try:
        return pq.ParquetFile(path).read(columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise BadSetting(f"{path} cannot be read ({error}). Remove it and measure the day again.") from error


def read_about(folder: Path) -> About | None:
    """What measured.json says; None where it is missing. Raises BadSetting for a damaged one."""
    path = folder / ABOUT_FILE
    try:
        return About(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadSetting(f"{path} cannot be read ({error}). Choose another folder, or remove {folder} and measure again.") from error


def write_about(folder: Path, about: About) -> None:
    """The file that `read_about` reads."""
    replace_file(folder / ABOUT_FILE, json.dumps(asdict(about), indent=1).encode())


def read_cameras(folder: Path) -> list[Camera]:
    """The cameras, by folder. Raises BadSetting where the list is missing or damaged."""
    path = folder / CAMERAS_FILE
    try:
        return [Camera(**fields) for fields in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError) as error:
        raise BadSetting(f"{folder} has no readable {CAMERAS_FILE}; expected a folder that python -m traffic.measure wrote.") from error


def write_cameras(folder: Path, cameras: Sequence[Camera]) -> None:
    """Adds the cameras to the list, or replaces those with the same folder."""
    known = {camera.folder: camera for camera in (read_cameras(folder) if (folder / CAMERAS_FILE).exists() else [])}
    known |= {camera.folder: camera for camera in cameras}
    fields = [asdict(known[name]) for name in sorted(known)]
    replace_file(folder / CAMERAS_FILE, json.dumps(fields, ensure_ascii=False, indent=0).encode())


def replace_file(path: Path, data: bytes) -> None:
    """Makes `data` the content of the file, in one step. Raises BadSetting for a disk that is full or may not be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data, durable=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> BadSetting:
    """What to say when a file cannot be written."""
    return BadSetting(
        f"{path} cannot be written ({error.strerror or error}). What was written before is kept; run again when there is room."
    )
