"""The claims of 2020 are measured by a command, and the card prints what it found."""

import json
import shutil
from pathlib import Path

import pytest

from carpark.errors import BadPhotos
from carpark.model import load_model
from training.claims import __main__ as claims
from training.claims.measures import ask_camera, claim_no_errors, read_counted, read_frames
from training.claims.negatives import draw_negatives


@pytest.fixture
def own_copy(tiny_model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model folder that a test may change."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


@pytest.fixture
def day(sample_folder: Path, tmp_path: Path) -> Path:
    """A tenth of the sample's camera day."""
    whole = next((sample_folder / "archive").glob("*/*"))
    folder = tmp_path / whole.parent.name / whole.name
    folder.mkdir(parents=True)
    for frame in sorted(whole.glob("*.jpg"))[::10]:
        (folder / frame.name).symlink_to(frame)
    return folder


def test_no_error_in_thirty_still_allows_eleven_in_a_hundred() -> None:
    row = claim_no_errors()
    assert row["n"] == 30 and row["measured"].startswith("up to 11.4% errors")


def test_the_card_prints_what_was_measured(own_copy: Path, sample_folder: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.claims.measures.DRAWN", 2)
    claims.main(["--model", str(own_copy), "--generated", str(sample_folder / "photos"), "--camera", str(day)])
    rows = json.loads((own_copy / "metrics.json").read_text())["claims"]["rows"]
    card = (own_copy / "README.md").read_text()
    assert [row["asked"] for row in rows][2] == "computer-generated car parks" and len(rows) == 4
    for row in rows:
        assert f"| {row['asked']} | {row['n']} | {row['measured']} |" in card


def test_counted_bays_are_set_beside_p_full(tiny_model_folder: Path, day: Path, tmp_path: Path) -> None:
    model = load_model(tiny_model_folder)
    files = list(read_frames(day))[:3]
    (tmp_path / "counted.csv").write_text("file,occupied\n" + "".join(f"{file},{n}/40\n" for n, file in enumerate(files)))
    counted = ask_camera(model, day, tmp_path / "counted.csv")[1]
    assert counted["n"] == 3 and counted["measured"].startswith("0/40: ") and "rank correlation" in counted["measured"]


def test_wrong_files_are_named(own_copy: Path, tmp_path: Path) -> None:
    (tmp_path / "bays.csv").write_text("file\na.jpg\n")
    with pytest.raises(BadPhotos, match="is not a table of counted bays"):
        read_counted(tmp_path / "bays.csv")
    with pytest.raises(SystemExit, match="has no usable camera frame"):
        claims.main(["--model", str(own_copy), "--streets", str(tmp_path)])
    with pytest.raises(SystemExit, match="needs --camera"):
        claims.main(["--model", str(own_copy), "--counted", "bays.csv"])


def test_drawn_pictures_are_the_same_each_time_and_of_six_kinds() -> None:
    first, again = draw_negatives(2), draw_negatives(2)
    assert len(first) == 6
    assert all(a.tobytes() == b.tobytes() for kind in first for a, b in zip(first[kind], again[kind], strict=True))
    assert all(pictures[0].tobytes() != pictures[1].tobytes() for pictures in first.values())
