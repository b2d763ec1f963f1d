"""Where model and dataset come from: a folder, or a Hub repo at a revision, always answered as a local folder."""

import re
from pathlib import Path
from typing import Literal

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

from carpark.errors import BadSetting

REPO_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def local_folder(setting: str, *, repo_type: Literal["model", "dataset"]) -> Path:
    """The folder `setting` if there is one, else the Hub repo `owner/name[@revision]`, downloaded (or from the cache when offline).

    Raises BadSetting when it is neither, or when the Hub cannot be reached and the cache does not hold the repo.
    """
    folder = Path(setting).expanduser()
    if folder.is_dir():
        return folder
    named = REPO_ID.fullmatch(setting)
    if named is None:
        raise BadSetting(f"{setting!r} is neither a folder here nor a Hub {repo_type} repo (owner/name or owner/name@revision).")
    try:
        return Path(snapshot_download(named["repo"], repo_type=repo_type, revision=named["revision"]))
    except RevisionNotFoundError as error:
        raise BadSetting(f"The {repo_type} repo {named['repo']} has no revision {named['revision']!r} on the Hub.") from error
    except RepositoryNotFoundError as error:
        raise BadSetting(f"{setting} is neither a folder here nor a {repo_type} repo on the Hub (a private one needs a token).") from error
    except LocalEntryNotFoundError as error:
        raise BadSetting(f"{setting} is no folder here, and the Hub cannot be reached for a {repo_type} that is not cached.") from error
    except HfHubHTTPError as error:
        raise BadSetting(f"The Hub did not hand out the {repo_type} repo {setting} (HTTP {error.response.status_code}).") from error
