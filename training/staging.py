"""Write a folder or a text beside its place and rename it when it is complete, so that nobody ever meets half of one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carpark.errors import BadSetting


@contextmanager
def staged(out: Path, *, marker: str) -> Iterator[Path]:
    """A temporary folder that becomes `out` if the block succeeds and vanishes if it fails.

    An `out` that exists is replaced only when it is empty or holds `marker`, the file that shows an earlier run made it;
    anything else raises BadSetting before work begins.
    """
    if out.exists() and not (out.is_dir() and ((out / marker).exists() or not any(out.iterdir()))):
        raise BadSetting(f"--out {out} exists and has no {marker}, so it is not replaced. Choose another folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise BadSetting(f"--out {out} cannot be written ({error.strerror}). Choose another folder.") from error
    beside.chmod(0o755)  # mkdtemp makes it private; what is published is for everyone
    try:
        yield beside
        if out.exists():
            old = beside.with_name(f"{beside.name}-old")
            out.rename(old)
            beside.rename(out)
            shutil.rmtree(old)
        else:
            beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
