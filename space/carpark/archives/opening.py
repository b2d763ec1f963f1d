"""Where the frames of a camera and a day come from: a local folder or a web server, both in the layout of the public archive.

archive = open_archive("../shared/data/archive")        # or "http://archive.tfljamcams.net/archive"
camera = archive.camera("UFPR05_Car_Park")
for fetched in archive.fetch(camera, archive.timetable(camera, day).slots): ...
"""

from pathlib import Path
from urllib.parse import urlsplit

from carpark.archives.archive import Archive
from carpark.archives.cached import CachedArchive
from carpark.archives.chain import ArchiveChain
from carpark.archives.folder import FolderArchive
from carpark.archives.http import HttpArchive
from carpark.archives.live import LiveArchive
from carpark.cache import Cache
from carpark.errors import BadSetting
from carpark.hub.source import REPO_ID, find_folder


def open_archive(setting: str, cache: Cache | None = None) -> Archive:
    """The archives that `setting` lists with commas between, as one, asked in that order.

    Each is a folder, an http(s) base, a Hub dataset repo (`owner/name` or `owner/name@revision`), or the word `live` for TfL's newest
    frames. Remote frames and finished days are cached in `cache`. Raises BadSetting for any other location. Nothing is requested yet.
    """
    setting = setting.strip()
    locations = [setting] if find_folder(setting) else [location.strip() for location in setting.split(",")]
    archives = tuple(_open_one(location, cache) for location in locations)
    return archives[0] if len(archives) == 1 else ArchiveChain(archives, cache)


def _open_one(location: str, cache: Cache | None) -> Archive:
    if location == "live":
        live = LiveArchive(cache)
        return CachedArchive(live, cache) if cache else live
    if "://" in location:
        parts = urlsplit(location)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadSetting(f"{location!r} is not an archive; expected a folder or a base such as https://host/archive.")
        remote = HttpArchive(location.rstrip("/"))
        return CachedArchive(remote, cache) if cache else remote
    if (named := REPO_ID.fullmatch(location)) and not Path(location).exists():
        from carpark.archives.hub import HubArchive  # brings Parquet, which the page is served without

        hub = HubArchive(named["repo"], named["revision"], cache)
        return CachedArchive(hub, cache) if cache else hub
    folder = find_folder(location)
    if not location or folder is None:
        raise BadSetting(
            f"{location!r} is not an archive: the folder does not exist. Set CARPARK_ARCHIVE to a folder or an http(s):// base."
        )
    return FolderArchive(folder, cache)
