"""Cameras by name: TfL's JamCam catalogue, the folder each camera has in an archive, and finding one by what a person types."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from carpark.errors import UnknownCamera

JAMCAM_ID = re.compile(r"\d{5}\.\d{5}")
LONGEST_FOLDER = 120  # characters; the longest of 909 folder names in the public archive has 42


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera, of TfL's catalogue or of an archive alone."""

    id: str  # "00001.07389" for a JamCam, else the folder's name
    name: str
    folder: str  # its folder in an archive
    lat: float | None = None  # degrees, WGS 84; None when unknown
    lon: float | None = None
    view: str = ""  # which way it looks, in TfL's words
    available: bool = True  # as the catalogue had it when it was read


def camera_of_folder(folder: str) -> Camera:
    """A camera that is known by its folder in an archive only. Raises UnknownCamera for a name that no folder can have."""
    if not is_safe_folder(folder):
        raise UnknownCamera(f"{folder!r} cannot be a camera's folder: expected one plain name, such as Baker_St_S_of_Park_Rd.")
    return Camera(id=folder, name=folder.replace("_", " "), folder=folder)


def folder_of_name(name: str) -> str:
    """The folder of the public archive for a camera's `commonName`; right for 907 of its 909 folders."""
    return re.sub("[ /]", "_", name)


def is_safe_folder(folder: str) -> bool:
    """Whether the name is a single path segment that leads nowhere else: printable, no slashes, not hidden, not too long."""
    return 0 < len(folder) <= LONGEST_FOLDER and folder.isprintable() and folder[0] not in ". " and not set(folder) & set("/\\")


def parse_catalogue(places: Iterable[Any]) -> list[Camera]:
    """The cameras in TfL's answer to `/Place/Type/JamCam`, by name; rows without a proper id, name or position are left out.

    Of cameras with one name (there are two such pairs) the first id has its folder, as in the public archive; the others' ends in their id.
    """
    cameras = sorted((camera for place in places if (camera := _parse_place(place))), key=lambda camera: (camera.name, camera.id))
    taken: set[str] = set()
    for i, camera in enumerate(cameras):
        if camera.folder in taken:
            cameras[i] = replace(camera, folder=f"{camera.folder}_{camera.id}")
        taken.add(camera.folder)
    return cameras


def _parse_place(place: Any) -> Camera | None:
    try:
        properties = {entry["key"]: entry["value"] for entry in place["additionalProperties"]}
        number = str(place["id"]).removeprefix("JamCams_")
        name = str(place["commonName"])
        if not JAMCAM_ID.fullmatch(number) or not is_safe_folder(folder_of_name(name)):
            return None
        return Camera(
            id=number,
            name=name,
            folder=folder_of_name(name),
            lat=float(place["lat"]),
            lon=float(place["lon"]),
            view=str(properties.get("view", "")),
            available=str(properties.get("available", "true")).lower() == "true",
        )
    except (KeyError, TypeError, ValueError):
        return None


def find_camera(cameras: Sequence[Camera], key: str) -> Camera:
    """The camera whose id (with or without "JamCams_"), name or folder is `key`, whatever the case. Raises UnknownCamera."""
    wanted = key.strip().casefold().removeprefix("jamcams_")
    for camera in cameras:
        if wanted in (camera.id.casefold(), camera.name.casefold(), camera.folder.casefold()):
            return camera
    names = {camera.name.casefold(): camera.name for camera in cameras}
    close = [names[match] for match in difflib.get_close_matches(wanted, names, n=3)]
    hint = f" Did you mean {' or '.join(close)}?" if close else " Choose one by its id or name from the list of cameras."
    raise UnknownCamera(f"Camera {key.strip()!r} was not found among {len(cameras):,} camera{'s' if len(cameras) != 1 else ''}.{hint}")
