"""What a published Space was built for: model and dataset at one commit each, and the sha256 of every file that it loads.

`python -m training.publish` writes this as revisions.json beside app.py; a Space without that file pins nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from carpark.errors import BadModel, BadSetting

PINS_FILE = "revisions.json"


@dataclass(frozen=True, slots=True)
class Pin:
    """A repo at a commit."""

    repo: str  # owner/name
    revision: str  # commit id
    files: dict[str, str]  # of those that the Space loads: name in the repo -> sha256

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}"


def read_pins(path: Path) -> dict[str, Pin]:
    """The pins in a revisions.json by repo type, `model` and `dataset`; none where the file is missing. Raises BadSetting."""
    try:
        return {repo_type: Pin(**pin) for repo_type, pin in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadSetting(f"{path} does not pin repos ({error}). Publish the Space again: python -m training.publish.") from error


def write_pins(path: Path, pins: Mapping[str, Pin]) -> None:
    """The file that `read_pins` reads."""
    path.write_text(json.dumps({repo_type: asdict(pin) for repo_type, pin in pins.items()}, indent=2) + "\n")


def check_files(folder: Path, pin: Pin) -> None:
    """Raises BadModel unless each pinned file in `folder` has the bytes that were published; call it before anything is unpickled."""
    for name, expected in pin.files.items():
        path = folder / name
        found = digest_file(path) if path.is_file() else "no such file"
        if found != expected:
            raise BadModel(
                f"{name} of {pin} is not the file that this Space was published with: expected sha256 {expected}, found {found}. "
                "Nothing of it was loaded. Publish again with python -m training.publish, or clear the cache that holds it."
            )


def digest_file(path: Path) -> str:
    """The file's sha256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
