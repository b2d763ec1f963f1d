"""Cache of day tables: a finished day is never fetched or classified twice; of an unfinished day only new frames are."""

import io
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from carpark.archives.archive import Archive
from carpark.archives.cached import FINAL_AFTER
from carpark.cameras.camera import Camera
from carpark.day.pipeline import SceneAnswer

HOUR = timedelta(hours=1)  # no known source has a longer cadence
EDITION = 5  # of the table and of the judgement; add 1 when either changes, and cached days are made again


def day_key(camera: Camera, day: date, archive: Archive, model_sha256: str) -> str:
    """Names a day as this model sees it in this archive; "" where the archive keeps nothing."""
    if archive.cache is None:
        return ""
    return f"day {EDITION} {archive.location} {camera.folder} {day} {archive.edition(camera, day)} {model_sha256}"


def read_day(archive: Archive, key: str) -> tuple[pd.DataFrame | None, bool]:
    """The table kept under the key, and whether it is complete; None where none is kept."""
    for prefix, is_complete in (("complete", True), ("so far", False)):
        if archive.cache and (entry := archive.cache.get(f"{prefix} {key}")):
            table = pd.read_parquet(io.BytesIO(entry))
            table["label"] = table["label"].astype("object").where(table["label"].notna(), None)
            return table, is_complete
    return None, False


def keep_day(archive: Archive, key: str, table: pd.DataFrame, *, is_final: bool) -> None:
    """Keeps the table; as complete when the day is over and no answer of the sources may yet change (`is_final`)."""
    if archive.cache:
        is_over = datetime.now(UTC) > table["slot"].iloc[-1] + HOUR + FINAL_AFTER
        prefix = "complete" if is_over and is_final else "so far"
        archive.cache.put(f"{prefix} {key}", table.to_parquet(index=False))


def read_known(table: pd.DataFrame) -> dict[str, SceneAnswer]:
    """The answers of the model, by the sha256 of the frame's file, of a table kept from an earlier visit."""
    usable = table[table["p_full"].notna()]
    return dict(zip(usable["sha256"], map(SceneAnswer, usable["p_full"], usable["fullness"]), strict=True))
