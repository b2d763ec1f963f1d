"""Runs of `training.collect` against servers on loopback, hasty enough for tests."""

from pathlib import Path

from carpark.web.breaker import Patience
from tests.photo_sources import OpenverseServer, PhotoSource
from training.collect.gathering import Gathering
from training.collect.ledger import Ledger
from training.collect.paced import PacedClient, Terms
from training.collect.sources.openverse import Openverse
from training.provenance import LICENSES, NO_DERIVATIVES

HASTY = Terms(pause_s=0.01, longest_wait_s=5, patience=Patience(read_s=1, frame_s=1, tries=3, backoff_s=0.01))
ALL = tuple(name for name in LICENSES if name not in NO_DERIVATIVES)


def gather(server: PhotoSource, out: Path, *, limit: int = 100, terms: Terms = HASTY, a_day: int = 200) -> Gathering:
    """One label from a loopback Openverse, in this process."""
    api, pictures = PacedClient("openverse", "test", terms), PacedClient("pictures", "test", HASTY)
    gathering = Gathering(Ledger.open(out, "openverse"), pictures, ALL, a_day)
    gathering.gather(Openverse(api, ALL, f"{server.base}/v1/images/"), "full", ["parking"], limit)
    return gathering


def flags(server: PhotoSource, out: Path, *more: str) -> list[str]:
    """The arguments of a run against the server."""
    api = f"{server.base}/v1/images/" if isinstance(server, OpenverseServer) else f"{server.base}/w/api.php"
    source = "openverse" if isinstance(server, OpenverseServer) else "commons"
    return ["--source", source, "--api", api, "--pause", "0.01", "--out", str(out), *more]


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of each photo below the folder, by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}
