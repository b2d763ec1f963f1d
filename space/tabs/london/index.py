"""The index that `python -m traffic.index` wrote, in a folder or in a Hub dataset repo: of each file, only what is shown is read.

index = open_index("artifacts/london-index")        # or "owner/name", "owner/name@revision"
read_quarters(index, read_about(index).days[-1])
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from fsspec import AbstractFileSystem, filesystem
from huggingface_hub import HfFileSystem

from carpark.errors import BadSetting, UnknownCamera
from carpark.hub.errors import HUB_ERRORS, short_reason
from carpark.hub.source import REPO_ID, find_folder
from carpark.slots import bounds_of_day

SETTING = "CARPARK_LONDON"
DAYS_A_WEEK = 7
READ_ERRORS = (*HUB_ERRORS, pa.ArrowException, ValueError, LookupError)


@dataclass(frozen=True, slots=True)
class LondonIndex:
    """Where the files are."""

    files: AbstractFileSystem
    root: str
    name: str  # as the setting says


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What the index was made of."""

    measure: str  # "fullness", the share taken, or "p_full"
    days: tuple[date, ...]
    cameras: int
    season: str  # why levels are not adjusted for the season; "" where they are


@dataclass(frozen=True, slots=True)
class CameraWeek:
    """A camera's quarter hours of Monday to Sunday, and what is usual for it."""

    camera: dict[str, Any]  # its row of cameras.parquet
    monday: date
    quarters: pd.DataFrame  # start, series, level, usual, deviation
    usual: pd.DataFrame  # series, quarter (of the week), median, low, high, days
    agreement: pd.DataFrame  # a row for each kind of comparison, as `read_agreement` gives them; none for a camera without labels


def open_index(setting: str) -> LondonIndex:
    """The index in a folder or a Hub repo. Raises BadSetting for anything else. Nothing is requested yet."""
    if folder := find_folder(setting):
        return LondonIndex(filesystem("file"), str(folder.resolve()), setting)
    if REPO_ID.fullmatch(setting):
        return LondonIndex(HfFileSystem(), f"datasets/{setting}", setting)
    raise BadSetting(f"{SETTING} is {setting!r}, neither a folder here nor a Hub dataset repo. Make one with python -m traffic.index.")


def read_about(index: LondonIndex) -> IndexFacts:
    """What index.json says. Raises BadSetting."""
    try:
        fields = json.loads(index.files.cat_file(f"{index.root}/index.json"))
        return IndexFacts(fields["measure"], tuple(map(date.fromisoformat, fields["days"])), int(fields["cameras"]), fields["season"])
    except READ_ERRORS as error:
        raise _explain(index, error) from error


def read_cameras(index: LondonIndex) -> pd.DataFrame:
    """A row for each camera, by folder: `camera` (id), `name`, `folder`, `lat`, `lon`, `area`, `series` (its view). Raises BadSetting."""
    return _read(index, "cameras.parquet")


def read_quarters(index: LondonIndex, day: date) -> pd.DataFrame:
    """Each camera's quarter hours with a usable frame on a day: `folder`, `start`, `level`, `usual`, `deviation`. Raises BadSetting."""
    return _read(index, _quarters_file(day), columns=["folder", "start", "level", "usual", "deviation"])


def read_area(index: LondonIndex, area: str) -> pd.DataFrame:
    """The fullness index of a borough, or of London: `start`, `level`, `low`, `high`, `coverage`, `usual` and more. Raises BadSetting."""
    return _read(index, "areas.parquet", [("area", "==", area)])


def read_areas(index: LondonIndex) -> pd.DataFrame:
    """The fullness index of all areas. Raises BadSetting."""
    return _read(index, "areas.parquet")


def list_areas(index: LondonIndex) -> list[str]:
    """London, then its boroughs with cameras. Raises BadSetting."""
    names = sorted(set(read_cameras(index)["area"]) - {""})
    return ["London", *names]


def read_week(index: LondonIndex, camera: str, day: date) -> CameraWeek:
    """The week, Monday to Sunday, that a day lies in. `camera` is an id, a name or a folder. Raises UnknownCamera and BadSetting."""
    cameras, key = read_cameras(index), camera.strip().casefold().removeprefix("jamcams_")
    is_it = pd.concat([cameras[name].str.casefold() == key for name in ("camera", "name", "folder")], axis=1).any(axis=1)
    if not is_it.any():
        raise UnknownCamera(f"Camera {camera.strip()!r} was not found among {len(cameras):,} cameras of {index.name}.")
    found = {str(name): value for name, value in cameras[is_it].iloc[0].to_dict().items()}
    monday, here = day - timedelta(days=day.weekday()), [("folder", "==", found["folder"])]
    days = [other for other in read_about(index).days if monday <= other < monday + timedelta(days=DAYS_A_WEEK)]
    columns = ["series", "start", "level", "usual", "deviation"]
    quarters = [_read(index, _quarters_file(other), here, columns) for other in days]
    empty = pd.DataFrame(columns=columns).astype({"start": "datetime64[us, UTC]"})
    return CameraWeek(
        found,
        monday,
        pd.concat(quarters) if quarters else empty,
        _read(index, "usual.parquet", here),
        read_agreement(index, str(found["folder"])),
    )


def read_agreement(index: LondonIndex, folder: str = "") -> pd.DataFrame:
    """How far levels agree with labels: `against` (people, or a detector), `hour`, `n`, `spearman`, `low`, `high`, `bias` and more.

    Of one camera, or of all together, and then for each hour of the day too; `hour` is NaN in the other rows. Raises BadSetting.
    """
    columns = ["against", "hour", "n", "spearman", "low", "high", "bias", "bias_low", "bias_high"]
    return _read(index, "agreement.parquet", [("folder", "==", folder)], columns)


def rows_of_day(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    """The rows whose `start` lies in a London day."""
    start, end = (pd.Timestamp(moment) for moment in bounds_of_day(day))
    return rows[(rows["start"] >= start) & (rows["start"] < end)]


def _quarters_file(day: date) -> str:
    return f"quarters/day={day}/quarters.parquet"


def _read(
    index: LondonIndex, name: str, filters: list[tuple[str, str, str]] | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    import pyarrow.parquet as pq  # behind the page, as all that is slow to import

    try:
        with index.files.open(f"{index.root}/{name}") as file:
            table: pd.DataFrame = pq.read_table(file, filters=filters, columns=list(columns) if columns else None).to_pandas()
        return table
    except READ_ERRORS as error:
        raise _explain(index, error) from error


def _explain(index: LondonIndex, error: Exception) -> BadSetting:
    reason = "it has no such file" if isinstance(error, FileNotFoundError) else short_reason(error)
    return BadSetting(f"{SETTING} {index.name} cannot be read ({reason}). Make it again with python -m traffic.index, or try later.")
