"""The index as a folder of Parquet files, small enough that the Space reads only what it shows.

index.json                                 what it was made of
cameras.parquet                            a row for each camera: id, name, folder, position, area, view
quarters/day=2026-11-25/quarters.parquet   level and deviation of each camera and quarter hour
agreement.parquet                          how far levels agree with people's labels and with detectors
usual.parquet                              median and quartiles of each camera and quarter hour of the week
days.parquet                               each camera's days, and which are out of the ordinary
areas.parquet                              the fullness index of boroughs and London
"""

import io
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from carpark.cameras.boroughs import borough_of
from carpark.cameras.camera import Camera
from carpark.errors import BadSetting
from carpark.slots import LONDON
from traffic.dataset import PARTITION, list_days, read_about, read_cameras, replace_file
from traffic.index.agreement import compare_with_labels, read_counts, read_labels
from traffic.index.areas import areas_of, index_areas
from traffic.index.quarters import find_measure, read_quarters
from traffic.index.season import adjust_season
from traffic.index.usual import WEEKS, compare_with_usual, sum_up_days

ABOUT_FILE, QUARTERS = "index.json", "quarters"
ROWS_PER_GROUP = 20_000  # so that one camera can be read without the others
SERIES, AREA = ("folder", "series"), ("area",)


@dataclass(frozen=True, slots=True)
class IndexAbout:
    """What an index was made of."""

    measure: str  # "fullness" or "p_full"
    model: str  # sha256 of its config.json
    archive: str
    days: list[str]
    cameras: int
    season: str  # why levels are not adjusted for the season; "" where they are


def write_index(data: Path, out: Path, *, labels: Sequence[Path] = (), counts: Sequence[Path] = ()) -> IndexAbout:
    """Makes the index of the newest eight weeks of a dataset, and compares it with labels and counts. Raises BadSetting."""
    expected = pd.concat([read_labels(labels), read_counts(counts)], ignore_index=True)
    about, days = read_about(data), list_days(data)[-7 * WEEKS :]
    if about is None or not days:
        raise BadSetting(f"{data} has no measured days; expected a folder that python -m traffic.measure wrote.")
    cameras, measure = read_cameras(data), find_measure(data, days)
    quarters, usable = _gather(read_quarters(data, days, measure))
    if quarters.empty:
        raise BadSetting(f"No camera of {data} has a usable frame from {days[0]} to {days[-1]}, so there is nothing to index.")
    quarters, usual = compare_with_usual(quarters, SERIES)
    areas, season = _index_areas(quarters, cameras)
    _write_quarters(out, quarters)
    _write(out / "usual.parquet", usual.sort_values([*SERIES, "quarter"]))
    _write(
        out / "days.parquet", usable.merge(sum_up_days(quarters, SERIES), how="left", on=["folder", "day"]).sort_values(["folder", "day"])
    )
    _write(out / "areas.parquet", areas.sort_values(["area", "start"]))
    _write(out / "cameras.parquet", _describe_cameras(cameras, quarters))
    _write(out / "agreement.parquet", compare_with_labels(data, measure, expected))
    indexed = [f"{day}" for day in sorted(set(quarters["day"]))]  # a day without a usable frame has no file
    made = IndexAbout(measure, about.model, about.archive, indexed, len(cameras), season)
    replace_file(out / ABOUT_FILE, json.dumps(asdict(made), indent=1).encode())
    return made


def _gather(days: Iterator[tuple[date, pd.DataFrame, pd.DataFrame]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The quarter hours and the counts of all days, each with its `day`."""
    quarters, counts = [], []
    for day, some, cameras in days:
        quarters.append(some.assign(day=day))
        counts.append(cameras.assign(day=day))
    return pd.concat(quarters, ignore_index=True), pd.concat(counts, ignore_index=True)


def _index_areas(quarters: pd.DataFrame, cameras: Sequence[Camera]) -> tuple[pd.DataFrame, str]:
    """The index of each area, compared with what is usual there and adjusted for the season; and why it is not adjusted, or ""."""
    index, _ = compare_with_usual(index_areas(quarters, areas_of(cameras)), AREA)
    index["day"] = index["start"].dt.tz_convert(LONDON).dt.date
    reason, adjusted = "", []
    for _, levels in index.set_index("start").groupby("area")["level"]:
        found, why = adjust_season(levels)
        adjusted.append(found)
        reason = reason or why
    return index.sort_values(["area", "start"]).assign(adjusted=pd.concat(adjusted).to_numpy()), reason


def _describe_cameras(cameras: Sequence[Camera], quarters: pd.DataFrame) -> pd.DataFrame:
    """A row for each camera, with the view that it had last."""
    table = pd.DataFrame([asdict(camera) for camera in cameras]).rename(columns={"id": "camera", "view": "listed_view"})
    series = quarters.sort_values("start").groupby("folder")["series"].last()
    areas = [borough_of(camera) for camera in cameras]
    return table.assign(area=areas, series=table["folder"].map(series)).astype({"lat": float, "lon": float}).sort_values("folder")


def _write_quarters(out: Path, quarters: pd.DataFrame) -> None:
    """A file for each day; the files of days that are not in the index any more are removed."""
    names = set()
    for day, some in quarters.groupby("day"):
        names.add(f"{PARTITION}{day}")
        _write(out / QUARTERS / f"{PARTITION}{day}" / "quarters.parquet", some.drop(columns="day").sort_values(["folder", "start"]))
    for folder in _subfolders(out / QUARTERS):
        if folder.name not in names:
            shutil.rmtree(folder, ignore_errors=True)


def _subfolders(folder: Path) -> Iterable[Path]:
    with suppress(OSError):
        yield from list(folder.glob(f"{PARTITION}*"))


def _write(path: Path, table: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    small = {name: "float32" for name in table.select_dtypes("float64").columns if name not in ("lat", "lon")}
    pq.write_table(
        pa.Table.from_pandas(table.astype(small), preserve_index=False), buffer, compression="zstd", row_group_size=ROWS_PER_GROUP
    )
    replace_file(path, buffer.getvalue())
