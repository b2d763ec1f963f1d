"""No file ends the cleaning: odd names, photos that are not there, and tables that were edited by hand are read as they are written."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.photo_sources import picture
from training.clean import __main__ as clean
from training.clean.decisions import REVIEW, Decision, cleaning_log, read_decisions, to_row
from training.clean.page.queue import EVERYTHING, ReviewQueue
from training.photos import read_photos

ODD_NAMES = ("car  park.jpg", " leading.jpg", 'a "quoted", name.jpg', "line\u2028separator.jpg", "tab\tname.jpg", "new\nline.jpg")


def run(raw: Path, out: Path, *flags: str) -> None:
    clean.main(["--data", str(raw), "--out", str(out), "--weights", "none", *flags])


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A photo under each odd name, in no table; each one is proposed to be dropped, since it is small."""
    folder = tmp_path / "raw" / "full"
    folder.mkdir(parents=True)
    for number, name in enumerate(ODD_NAMES):
        (folder / name).write_bytes(picture(number, (300, 200)))
    return folder.parent


def test_an_odd_name_is_the_same_in_each_run_the_review_and_a_replay(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(raw, out)
    names = {f"full/{name}" for name in ODD_NAMES}
    assert {row.file for row in read_decisions(out / "cleaning.csv")} == names
    queue = ReviewQueue(read_photos(raw), out, "Kim\u2028Lee")
    cards = queue.cards(EVERYTHING)
    assert {card.file for card in cards} == names
    for card in cards:
        queue.decide(card, "keep")
    assert queue.undo() == cards[-1].file
    run(raw, out, "--auto", "--confidence", "0.5")
    marks = [row for row in read_decisions(out / "cleaning.csv") if row.pass_name == REVIEW]
    assert [row.file for row in marks] == [*(card.file for card in cards), cards[-1].file]
    run(raw, tmp_path / "again", "--replay", str(out / "cleaning.csv"))
    assert set(read_photos(out).file) == set(read_photos(tmp_path / "again").file) == names - {cards[-1].file}


def test_rows_after_a_line_separator_are_read(raw: Path, tmp_path: Path) -> None:
    row = Decision("full/car  park.jpg", "0", REVIEW, "", "", "", "keep", "Kim")
    cleaning_log(tmp_path).append([to_row(row), to_row(row)])
    text = (tmp_path / "cleaning.csv").read_text(encoding="utf-8")
    (tmp_path / "cleaning.csv").write_text(text.replace("Kim", "Kim\u2028\u2029\x85\x0b\x0c\x1cLee"), encoding="utf-8")
    assert [found.decided_by for found in read_decisions(tmp_path / "cleaning.csv")] == ["Kim\u2028\u2029\x85\x0b\x0c\x1cLee"] * 2


def test_a_scene_name_may_hold_two_blanks(raw: Path, tmp_path: Path) -> None:
    shutil.copyfile(raw / "full" / "car  park.jpg", raw / "full" / "copy.jpg")
    files = ["full/car  park.jpg", "full/copy.jpg"]
    pd.DataFrame({"file": files, "label": "full", "scene": ["a  first", "b second"]}).to_csv(raw / "photos.csv", index=False)
    for _ in range(2):
        run(raw, tmp_path / "out")
    assert [row.proposal for row in read_decisions(tmp_path / "out" / "cleaning.csv") if row.proposal.startswith("scene")] == [
        "scene a  first"
    ]


def test_a_photo_that_is_not_there_or_is_a_folder_is_left_out(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (raw / "full" / "folder.jpg").mkdir()
    files = ["full/car  park.jpg", "full/gone.jpg", "full/folder.jpg"]
    pd.DataFrame({"file": files, "label": "full"}).to_csv(raw / "photos.csv", index=False)
    run(raw, tmp_path / "out")
    assert read_photos(tmp_path / "out").file.tolist() == files[:1]
    assert "1 photos kept, 2 not there" in capsys.readouterr().out
