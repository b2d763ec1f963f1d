"""What is finished, and how it gets into the dataset: whole files only, each camera day once.

A camera's day first becomes a file below `unfinished/`, and once its day has all cameras, they move into the day's one file. A process that
is killed in between leaves both, and the next run brings them together: rows in `unfinished/` count, rows of the same camera in the day's
file are replaced.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from carpark.errors import BadSetting
from carpark.files import HALF_WRITTEN, exclusive_lock, remove_half_written
from carpark.slots import read_day_folders
from traffic.dataset import About, cannot_write, frames_path, read_about, replace_file, write_about
from traffic.measure.judging import Measured
from traffic.measure.table import FAILED, SCHEMA

LOCK, UNFINISHED = ".measuring", "unfinished"
CAMERAS_PER_GROUP = 16  # in a row group: small enough to read one camera's day from afar, large enough for a short foot
Finished = dict[str, str]  # a camera's folder -> "final", or the edition that was measured of a day that still grows


def sole_writer(out: Path) -> AbstractContextManager[None]:
    """Makes the folder, and keeps other runs out of it until the block, or this process, ends. Raises BadSetting."""
    return exclusive_lock(
        out / LOCK, busy=f"--out {out} is being measured into by another process. Stop that one, or choose another folder."
    )


def begin(out: Path, about: About) -> None:
    """Clears away what a killed run left half written. Raises BadSetting for a dataset that another model made."""
    earlier = read_about(out)
    check_model(earlier, about, where=f"{out}", otherwise=f"Choose another --out, or remove {out} to measure all days again.")
    for folder in (out / UNFINISHED, out / "data"):
        remove_half_written(folder)
    if earlier is None:
        write_about(out, about)


def check_model(earlier: About | None, about: About, *, where: str, otherwise: str) -> None:
    """Raises BadSetting if the rows that are there were made by another model, or as another table; `otherwise` says what to do."""
    if earlier and (earlier.model, earlier.edition) != (about.model, about.edition):
        what = f"model {earlier.model[:12]} ({earlier.model_name})" if earlier.model != about.model else "an older version of the table"
        raise BadSetting(f"{where} was measured with {what}, and this run has model {about.model[:12]} ({about.model_name}). {otherwise}")


def list_unfinished_days(out: Path) -> list[date]:
    """The days that have files which are not in the day's file yet, in order."""
    folder = out / UNFINISHED
    return read_day_folders([path.name for path in folder.iterdir()]) if folder.is_dir() else []


def read_finished(out: Path, day: date) -> Finished:
    """The cameras that need no measuring again, as they are in the day's file and in `unfinished/`; failed ones are not among them."""
    tables = [_read_keys(path) for path in (frames_path(out, day), *_list_parts(out, day)) if path.exists()]
    finished: Finished = {}
    for table in tables:
        for row in table.group_by(["folder", "state", "is_final", "edition"]).aggregate([]).to_pylist():
            if row["state"] != FAILED:
                finished[row["folder"]] = "final" if row["is_final"] else row["edition"]
    return finished


def store(out: Path, measured: Measured) -> None:
    """Writes the camera's day, whole or not at all. Raises BadSetting for a disk that is full or may not be written."""
    replace_file(out / UNFINISHED / f"{measured.job.day}" / f"{measured.job.camera.folder}.parquet", measured.parquet)


def finish_day(out: Path, day: date) -> int:
    """Moves what is in `unfinished/` into the day's one file, and returns its rows. Raises BadSetting."""
    parts = {path.stem: path for path in _list_parts(out, day)}
    path = frames_path(out, day)
    half_written = path.with_name(path.name + HALF_WRITTEN)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = _write_groups(half_written, _merge(path, parts))
        half_written.replace(path)
    except OSError as error:
        with suppress(OSError):
            half_written.unlink()
        raise cannot_write(path, error) from error
    shutil.rmtree(out / UNFINISHED / f"{day}", ignore_errors=True)
    return rows


def _merge(path: Path, parts: dict[str, Path]) -> Iterator[pa.Table]:
    """The rows of each camera by folder: its part's, else those that the day's file has."""
    waiting = sorted(parts)
    for table in _read_cameras(path):
        folder = table["folder"][0].as_py()
        while waiting and waiting[0] < folder:
            yield pq.read_table(parts[waiting.pop(0)], partitioning=None)
        if folder in parts:
            waiting.remove(folder)
            table = pq.read_table(parts[folder], partitioning=None)
        yield table
    for folder in waiting:
        yield pq.read_table(parts[folder], partitioning=None)


def _read_cameras(path: Path) -> Iterator[pa.Table]:
    """The rows of each camera of a day's file, in the file's order; nothing where it is missing."""
    if not path.exists():
        return
    file = pq.ParquetFile(path)
    for number in range(file.num_row_groups):
        group = file.read_row_group(number)
        folders = group["folder"].to_pylist()
        starts = [row for row, folder in enumerate(folders) if row == 0 or folder != folders[row - 1]]
        for start, end in zip(starts, [*starts[1:], len(folders)], strict=True):
            yield group.slice(start, end - start)


def _write_groups(path: Path, cameras: Iterator[pa.Table]) -> int:
    """Writes a row group for every few cameras, so that a day of any size passes through little memory."""
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        group: list[pa.Table] = []
        for table in cameras:
            group.append(table)
            rows += table.num_rows
            if len(group) == CAMERAS_PER_GROUP:
                writer.write_table(pa.concat_tables(group))
                group = []
        if group:
            writer.write_table(pa.concat_tables(group))
    return rows


def _read_keys(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read(columns=["folder", "state", "is_final", "edition"])
    except (OSError, pa.ArrowException) as error:
        raise BadSetting(f"{path} cannot be read ({error}). Remove it and run the same command again.") from error


def _list_parts(out: Path, day: date) -> Sequence[Path]:
    return sorted((out / UNFINISHED / f"{day}").glob("*.parquet"))
