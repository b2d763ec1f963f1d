"""Files that only grow: a row is there whole or not at all, whatever a killed process or a failing disk left."""

import errno
import os
from pathlib import Path

import pytest

from carpark.files import append_line, drop_torn_line


@pytest.mark.parametrize("length", [1, 20_000])
def test_a_torn_last_line_goes_before_the_next_is_added_however_long_it_is(tmp_path: Path, length: int) -> None:
    path = tmp_path / "rows"
    path.write_text("first\n" + "x" * length)
    append_line(path, "second")
    assert path.read_text() == "first\nsecond\n"


def test_a_file_that_is_one_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_text("x" * 20_000)
    drop_torn_line(path)
    assert path.read_text() == ""


def test_a_line_that_did_not_reach_the_disk_is_not_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows"
    append_line(path, "first")

    def fail(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        append_line(path, "second")
    assert path.read_text() == "first\n"
