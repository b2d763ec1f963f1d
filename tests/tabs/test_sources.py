"""Whatever the settings say, each opener works or says in one line what is wrong."""

from pathlib import Path

import pytest

from app import samples_of
from carpark.errors import CarparkError
from tabs.about import describe_model
from tabs.sources import Sources, problem

ODD = ["../absent", "./absent", "a/my--data", "a/b.git", "~nosuchuser/x", "x" * 5000, "\u00e4/b"]


@pytest.mark.parametrize("setting", ODD, ids=lambda setting: setting[:20])
def test_a_setting_that_names_nothing_is_one_line_on_the_page(setting: str, tmp_path: Path) -> None:
    sources = Sources(dict.fromkeys(("CARPARK_MODEL", "CARPARK_DATASET", "CARPARK_ARCHIVE"), setting) | {"CARPARK_CACHE": str(tmp_path)})
    samples, lines = samples_of(sources, tmp_path)
    assert samples == [] and len(lines) == 1
    lines += sources.problems()
    assert len(lines) == 3
    assert all(setting in line and "\n" not in line for line in lines)
    assert "is neither a folder here nor a Hub model repo" in describe_model(sources)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("o/v@main", "CARPARK_VOTES is o/v@main, but votes go to the newest state of a dataset repo. Set it to o/v."),
        (
            "~nosuchuser/x",
            "~nosuchuser/x cannot hold votes (Could not determine home directory.). Set CARPARK_VOTES to a folder or a dataset repo.",
        ),
        ("/dev/null/x", "/dev/null/x cannot hold votes (Not a directory). Set CARPARK_VOTES to a folder or a dataset repo."),
    ],
)
def test_votes_that_can_go_nowhere_are_one_line(setting: str, line: str, tmp_path: Path) -> None:
    assert problem(Sources({"CARPARK_VOTES": setting, "CARPARK_CACHE": str(tmp_path)}).votes) == line


def test_a_cache_in_a_home_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    sources = Sources({"CARPARK_ARCHIVE": str(tmp_path), "CARPARK_CACHE": "~nosuchuser/x"})
    with pytest.raises(CarparkError, match=r"CARPARK_CACHE is ~nosuchuser/x, but that home does not exist\. Set it to a folder\."):
        sources.archive()


@pytest.mark.parametrize(
    "table", [b"\xff\xfef\x00i\x00", b"file,label\n" + b"x" * 200_000 + b",full\n"], ids=["utf-16", "a cell beyond csv's limit"]
)
def test_a_table_of_photos_that_cannot_be_read_is_one_line(table: bytes, tmp_path: Path) -> None:
    (tmp_path / "photos.csv").write_bytes(table)
    samples, lines = samples_of(Sources({"CARPARK_DATASET": str(tmp_path)}), tmp_path)
    assert samples == [] and "is not a dataset of car park photos" in lines[0]


def test_a_label_is_never_a_path(tmp_path: Path, sample_folder: Path) -> None:
    photo = next((sample_folder / "photos").glob("*/*.jpg"))
    (tmp_path / "a.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "photos.csv").write_text("file,label\na.jpg,half/full\n")
    (tmp_path / "out").mkdir()
    samples, lines = samples_of(Sources({"CARPARK_DATASET": str(tmp_path)}), tmp_path / "out")
    assert [(path.parent, label) for path, label in samples] == [(tmp_path / "out", "half/full")] and not lines
