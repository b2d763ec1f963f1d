"""Cache of day tables: a finished day is never fetched or classified twice; for an unfinished day only new frames are."""

import io
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from carpark.archives.archive import Archive
from carpark.archives.cached import FINAL_AFTER
from carpark.cameras.camera import Camera
from carpark.day.pipeline import SceneAnswer

HOUR = timedelta(hours=1)  # no known source has a longer cadence
EDITION = 6  # of the table and of the judgement; add 1 when either changes, and cached days are made again


def day_key(camera: Camera, day: date, archive: Archive, model_sha256: str) -> str:
    """The cache key of a day for this archive and model; "" for an archive without a cache."""
    if archive.cache is None:
        return ""
    return f"day {EDITION} {archive.location} {camera.folder} {day} {archive.edition(camera, day)} {model_sha256}"


def read_day(archive: Archive, key: str) -> tuple[pd.DataFrame | None, bool]:
    """The cached table, and whether it is complete; None without one."""
    for prefix, is_complete in (("complete", True), ("so far", False)):
        if archive.cache and (entry := archive.cache.get(f"{prefix} {key}")):
            table = pd.read_parquet(io.BytesIO(entry))
            table["label"] = table["label"].astype("object").where(table["label"].notna(), None)
            return table, is_complete
    return None, False


def keep_day(archive: Archive, key: str, table: pd.DataFrame, *, is_final: bool) -> None:
    """Caches the table: as complete if the day is over and every answer is final (`is_final`), else as the day so far."""
    if archive.cache:
        is_over = datetime.now(UTC) > table["slot"].iloc[-1] + HOUR + FINAL_AFTER
        prefix = "complete" if is_over and is_final else "so far"
        archive.cache.put(f"{prefix} {key}", table.to_parquet(index=False))


def read_known(table: pd.DataFrame) -> dict[str, SceneAnswer]:
    """The model's answers in a cached table, by the sha256 of each frame's file."""
    usable = table[table["p_full"].notna()]
    are_car_parks = [None if pd.isna(value) else bool(value) for value in usable["is_car_park"]]
    return dict(zip(usable["sha256"], map(SceneAnswer, usable["p_full"], usable["fullness"], are_car_parks), strict=True))
