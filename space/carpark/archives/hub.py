"""Our own archive: a Hub dataset repo. Range requests read one camera's day without the other cameras' frames.

`data/{YYYY-MM-DD}/*.parquet` hold the frames of a UTC date (`FRAME_COLUMNS`), sorted by folder and slot, a row group for each camera,
uncompressed (JPEGs already are), so that the statistics in a file's foot lead to the one row group that is wanted.
A `cameras.json`, TfL's answer to `/Place/Type/JamCam`, gives ids and positions.
"""

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import HfFileSystem
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

from carpark.cache import Cache
from carpark.cameras.camera import Camera, camera_of_folder, find_camera, is_safe_folder, parse_catalogue
from carpark.errors import BadSetting
from carpark.hub.errors import HUB_ERRORS, short_reason
from carpark.slots import NO_FRAME, Fetched, Timetable, bounds_of_day, dates_of_day, read_day_folders, why_no_frame

FRAME_COLUMNS = {"folder": pa.string(), "slot": pa.timestamp("us", tz="UTC"), "jpeg": pa.binary()}
DAY_COMPLETE_AFTER = timedelta(days=2)  # by then all of a day's frames were pushed


@dataclass(frozen=True, slots=True)
class HubArchive:
    """The dataset repo `repo`, `owner/name`, at `revision`."""

    repo: str
    revision: str | None = None
    cache: Cache | None = None
    endpoint: str | None = None  # of the Hub; None for the one that the environment names

    @property
    def location(self) -> str:
        """The repo, with its revision."""
        return f"{self.repo}@{self.revision}" if self.revision else self.repo

    def cameras(self) -> list[Camera]:
        """The cameras that have frames on the newest day, by folder. Raises BadSetting when the repo cannot be read."""
        try:
            files = HfFileSystem(endpoint=self.endpoint, skip_instance_cache=True)
            days = self._list_days(files)
            folders = {folder for path in self._list_files(files, days[-1]) for folder in _list_folders(files, path)} if days else set()
            known = {camera.folder: camera for camera in self._read_catalogue(files)}
        except (*HUB_ERRORS, pa.ArrowException) as error:
            raise self._explain(error) from error
        return [known.get(folder) or camera_of_folder(folder) for folder in sorted(folders) if is_safe_folder(folder)]

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder. Raises UnknownCamera."""
        return find_camera(self.cameras(), key)

    def days(self, camera: Camera) -> list[date]:
        """The days for which the repo has frames of any camera, in order. Raises BadSetting when the repo cannot be read."""
        try:
            return self._list_days(HfFileSystem(endpoint=self.endpoint, skip_instance_cache=True))
        except (*HUB_ERRORS, pa.ArrowException) as error:
            raise self._explain(error) from error

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The slots of the camera's rows. Raises BadSetting when the repo cannot be read."""
        files = HfFileSystem(endpoint=self.endpoint, skip_instance_cache=True)
        start, end = bounds_of_day(day)
        try:
            paths = [path for date in dates_of_day(day) for path in self._list_files(files, date)]
            found = {row["slot"] for path in paths for row in _read_rows(files, path, camera.folder, ["folder", "slot"])}
        except (*HUB_ERRORS, pa.ArrowException) as error:
            raise self._explain(error) from error
        return Timetable(tuple(sorted(slot for slot in found if start <= slot < end)))

    def edition(self, camera: Camera, day: date) -> str:
        """Always "": days are appended, not changed."""
        return ""

    def notes(self) -> list[str]:
        """None."""
        return []

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """The frames, date by date, then one answer for each slot without one."""
        lacking = dict.fromkeys(slots, NO_FRAME)
        files = HfFileSystem(endpoint=self.endpoint, skip_instance_cache=True)
        for day, wanted in groupby(sorted(slots), key=lambda slot: slot.astimezone(UTC).date()):
            wanted_slots = set(wanted)
            try:
                for path in self._list_files(files, day):
                    for row in _read_rows(files, path, camera.folder, list(FRAME_COLUMNS)):
                        slot, data = row["slot"], row["jpeg"]
                        if slot in wanted_slots & lacking.keys():
                            reason = why_no_frame(data)
                            yield Fetched(slot, path, None if reason else data, reason, "" if reason else self.location)
                            del lacking[slot]
            except (*HUB_ERRORS, pa.ArrowException) as error:
                lacking |= dict.fromkeys(wanted_slots & lacking.keys(), f"the Hub does not answer: {short_reason(error)}")
        for slot, reason in lacking.items():
            is_final = reason == NO_FRAME and datetime.now(UTC) - slot > DAY_COMPLETE_AFTER
            yield Fetched(slot, f"{self._root()}/data/{slot:%Y-%m-%d}", None, reason, is_final=is_final)

    def _root(self) -> str:
        return f"datasets/{self.location}"

    def _list_days(self, files: HfFileSystem) -> list[date]:
        return read_day_folders([path.rsplit("/", 1)[-1] for path in _list(files, f"{self._root()}/data")])

    def _list_files(self, files: HfFileSystem, day: date) -> list[str]:
        return [path for path in _list(files, f"{self._root()}/data/{day}") if path.endswith(".parquet")]

    def _read_catalogue(self, files: HfFileSystem) -> list[Camera]:
        try:
            return parse_catalogue(json.loads(files.cat_file(f"{self._root()}/cameras.json")))
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def _explain(self, error: Exception) -> BadSetting:
        if isinstance(error, FileNotFoundError):
            return BadSetting(f"{self.location} is neither a folder here nor a dataset repo on the Hub (a private one needs a token).")
        return BadSetting(f"The archive {self.location} on the Hub cannot be read ({short_reason(error)}). Try again later.")


def _list(files: HfFileSystem, folder: str) -> list[str]:
    """The paths in a folder, in order; none where the repo has no such folder. Raises the client's error where the repo is missing."""
    try:
        return sorted(str(path) for path in files.ls(folder, detail=False))
    except FileNotFoundError as error:
        if isinstance(error.__cause__, RepositoryNotFoundError | RevisionNotFoundError):
            raise
        return []


def _list_folders(files: HfFileSystem, path: str) -> set[str]:
    """The cameras of a file, from the statistics in its foot."""
    with files.open(path, cache_type="none") as file:
        foot = pq.ParquetFile(file).metadata
        return {end for group in range(foot.num_row_groups) for end in _folders_of(foot, group)}


def _read_rows(files: HfFileSystem, path: str, folder: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """These columns of each frame of the camera in a file. Of the file only its footer and the camera's row group are read."""
    with files.open(path, cache_type="none") as file:
        parquet = pq.ParquetFile(file)
        for group in range(parquet.metadata.num_row_groups):
            first, last = _folders_of(parquet.metadata, group)
            if first <= folder <= last:
                for row in parquet.read_row_group(group, columns).to_pylist():
                    if row["folder"] == folder:
                        yield row


def _folders_of(foot: pq.FileMetaData, group: int) -> tuple[str, str]:
    """The first and the last folder in a row group."""
    statistics = foot.row_group(group).column(foot.schema.names.index("folder")).statistics
    return statistics.min, statistics.max
