"""A folder is either whole or absent, and nobody's own folder is replaced."""

from pathlib import Path

import pytest

from carpark.errors import BadSetting
from carpark.files import write_file
from training.staging import staged


def test_a_finished_folder_appears_whole(tmp_path: Path) -> None:
    with staged(tmp_path / "deep" / "out", marker="done.json") as folder:
        (folder / "done.json").write_text("{}")
        assert not (tmp_path / "deep" / "out").exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_a_failure_leaves_nothing_behind_and_the_old_folder_untouched(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "done.json").write_text("old")
    with pytest.raises(RuntimeError), staged(out, marker="done.json") as folder:
        (folder / "done.json").write_text("new")
        raise RuntimeError
    assert (out / "done.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with staged(tmp_path / "out", marker="done.json") as folder:
            (folder / "done.json").write_text(text)
    assert (tmp_path / "out" / "done.json").read_text() == "second"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_we_did_not_make_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(BadSetting, match=r"exists and has no done\.json, so it is not replaced"), staged(tmp_path, marker="done.json"):
        pass
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match=r"--out .*file/out cannot be written"), staged(tmp_path / "file" / "out", marker="done.json"):
        pass


def test_a_replaced_text_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("old")
    write_file(tmp_path / "README.md", "new, with é".encode())
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("README.md", "new, with é")]
