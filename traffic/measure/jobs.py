"""What is to be measured: cameras and days, a job for each pair."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.errors import BadDay, BadSetting
from carpark.slots import parse_day


@dataclass(frozen=True, slots=True)
class Job:
    """One camera's day: what a worker measures at a time."""

    camera: Camera
    day: date  # in London


def parse_days(text: str) -> list[date]:
    """The days that `text` writes as A..B, both included, or as one day. Raises BadDay."""
    first, _, last = text.partition("..")
    start, end = parse_day(first), parse_day(last or first)
    if end < start:
        raise BadDay(f"--days {text} ends before it begins; expected the earlier day first, as in {end}..{start}.")
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def choose_cameras(archive: Archive, wanted: str) -> list[Camera]:
    """The cameras that `wanted` lists by id, name or folder with commas between, or "all" of the archive's, by folder.

    Raises UnknownCamera, and BadSetting for an archive that lists none.
    """
    if wanted == "all":
        cameras = archive.cameras()
        if not cameras:
            raise BadSetting(f"The archive {archive.location} lists no cameras. Name them: --cameras ID,ID.")
    else:
        cameras = [archive.camera(key) for key in wanted.split(",") if key.strip()]
        if not cameras:
            raise BadSetting(f"--cameras {wanted!r} names no camera; expected all, or ids with commas between.")
    return sorted({camera.folder: camera for camera in cameras}.values(), key=lambda camera: camera.folder)


def list_jobs(cameras: Sequence[Camera], days: Sequence[date]) -> Iterator[Job]:
    """Day by day, so that a day is complete before many of the next are begun."""
    return (Job(camera, day) for day in days for camera in cameras)
