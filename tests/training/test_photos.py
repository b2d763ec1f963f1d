"""A photos folder is read as people leave it: with or without a table, with strays among the pictures."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from carpark.errors import BadPhotos
from training.photos import check_trainable, load_photos, read_photos, split_by_scene

SIZE = (64, 64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos a class, flat colours, no photos.csv."""
    for label, colour in (("empty", "grey"), ("full", "black")):
        (tmp_path / label).mkdir()
        for number in range(6):
            Image.new("RGB", (80, 60), colour).save(tmp_path / label / f"{number}.jpg")
    return tmp_path


def write_csv(folder: Path, rows: list[str], header: str = "file,label,scene") -> None:
    (folder / "photos.csv").write_text("\n".join([header, *rows]) + "\n")


def test_without_a_table_folders_are_labels_and_every_photo_its_own_scene(folder: Path) -> None:
    photos = read_photos(folder)
    assert photos.label.value_counts().to_dict() == {"empty": 6, "full": 6}
    assert photos.scene.nunique() == 12


def test_with_a_table_only_its_rows_count_and_provenance_stays(folder: Path) -> None:
    write_csv(folder, ["empty/0.jpg,empty,yard,CC0", "full/1.jpg,full,yard,CC-BY"], header="file,label,scene,licence")
    photos = read_photos(folder)
    assert photos.licence.tolist() == ["CC0", "CC-BY"] and photos.scene.unique().tolist() == ["yard"]


def test_a_row_without_a_scene_is_its_own(folder: Path) -> None:
    write_csv(folder, ["empty/0.jpg,empty,", "full/1.jpg,full,yard"])
    assert read_photos(folder).scene.tolist() == ["empty/0.jpg", "yard"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["empty/0.jpg,crowded,a"], r"empty/0\.jpg is labelled 'crowded'; expected one of empty, full, partial"),
        (["empty/0.jpg,empty,a", "empty/0.jpg,full,a"], r"names empty/0\.jpg twice"),
        (["empty/0.jpg,,a"], r"line 2 lacks a file or a label"),
        (["../secret.jpg,empty,a"], r"names \.\./secret\.jpg, which lies outside"),
    ],
)
def test_a_bad_row_is_named(folder: Path, rows: list[str], message: str) -> None:
    write_csv(folder, rows)
    with pytest.raises(BadPhotos, match=message):
        read_photos(folder)


def test_a_table_without_its_columns_is_refused(folder: Path) -> None:
    write_csv(folder, ["a"], header="name")
    with pytest.raises(BadPhotos, match=r"photos\.csv has no column file or label"):
        read_photos(folder)


def test_strays_are_named_skipped_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "full" / "notes.txt").write_text("remember")
    (folder / "full" / "zero.jpg").write_bytes(b"")
    (folder / "full" / ".DS_Store").write_bytes(b"system")
    photos, pixels = load_photos(folder, SIZE)
    assert len(photos) == len(pixels) == 12 and pixels.shape[1:] == (64, 64, 3)
    answer = capsys.readouterr()
    assert "skipped: full/notes.txt is not a picture" in answer.out + answer.err
    assert "skipped: full/zero.jpg is not a picture" in answer.out + answer.err
    assert "2 of 14 photos skipped" in answer.out


def test_more_than_a_fifth_unreadable_is_an_error(folder: Path) -> None:
    for number in range(4):
        (folder / "full" / f"broken{number}.jpg").write_bytes(b"broken")
    with pytest.raises(BadPhotos, match=r"4 of the 16 photos in .* cannot be read"):
        load_photos(folder, SIZE)


def test_an_empty_folder_and_no_folder_say_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(BadPhotos, match=r"has no photos; expected image files in empty/ and full/"):
        read_photos(tmp_path)
    with pytest.raises(BadPhotos, match=r"nowhere is not a folder"):
        read_photos(tmp_path / "nowhere")


def test_one_class_cannot_be_trained(folder: Path) -> None:
    photos = read_photos(folder)
    with pytest.raises(BadPhotos, match=r"has 1 class \(full\); training needs 2: empty, full. Add photos to .*empty"):
        check_trainable(photos[photos.label == "full"], folder)


def test_one_scene_a_class_cannot_be_trained(folder: Path) -> None:
    photos = read_photos(folder).assign(scene=lambda table: table.label)
    with pytest.raises(BadPhotos, match=r"shows empty in 1 scene; training needs at least 2"):
        check_trainable(photos, folder)


def test_no_scene_is_on_both_sides_and_the_split_is_seeded() -> None:
    photos = pd.DataFrame({"label": ["empty", "full"] * 60, "scene": [f"s{number // 3}" for number in range(120)]})
    first, again, other = (split_by_scene(photos, validation=0.2, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)
    assert set(photos.scene[first]).isdisjoint(photos.scene[~first])
    assert 0.15 <= first.mean() <= 0.25
    assert 0.4 <= (photos.label[first] == "full").mean() <= 0.6


def test_two_scenes_a_class_are_enough_to_split() -> None:
    photos = pd.DataFrame({"label": ["empty", "empty", "full", "full"], "scene": list("abcd")})
    chosen = split_by_scene(photos, validation=0.2, seed=0)
    assert set(photos.label[chosen]) == set(photos.label[~chosen]) == {"empty", "full"}


def test_light_and_resolution_are_measured_where_the_table_does_not_say_them(tmp_path: Path) -> None:
    for name, side, brightness in (("night", 300, 10), ("noon", 900, 200)):
        Image.new("RGB", (side, 200), (brightness,) * 3).save(tmp_path / f"{name}.png")
    csv = tmp_path / "photos.csv"
    csv.write_text("file,label\nnight.png,empty\nnoon.png,full\n")
    photos, _ = load_photos(tmp_path, SIZE)
    assert photos.light.tolist() == ["dark", "bright"] and photos.resolution.tolist() == ["up to 320 px", "larger"]
    csv.write_text("file,label,light\nnight.png,empty,lamps\nnoon.png,full,sun\n")
    assert load_photos(tmp_path, SIZE)[0].light.tolist() == ["lamps", "sun"]


def photos_folder(tmp_path: Path, table: bytes) -> Path:
    """Two photos, and this photos.csv beside them."""
    for name in ("empty/a.jpg", "full/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (80, 60)).save(tmp_path / name)
    (tmp_path / "photos.csv").write_bytes(table)
    return tmp_path


AS_SPREADSHEETS_WRITE = {
    "semicolons": b"file;label;scene\nempty/a.jpg;empty;NA\nfull/b.jpg;full;None\n",
    "tabs": b"file\tlabel\tscene\nempty/a.jpg\tempty\tNA\nfull/b.jpg\tfull\tNone\n",
    "UTF-16": "file,label,scene\nempty/a.jpg,empty,NA\nfull/b.jpg,full,None\n".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbffile,label,scene\nempty/a.jpg,empty,NA\nfull/b.jpg,full,None\n",
    "capitals": b"File,Label,Scene\nempty/a.jpg,empty,NA\nfull/b.jpg,full,None\n",
    "blanks after commas": b"file, label, scene\nempty/a.jpg, empty, NA\nfull/b.jpg, full, None\n",
    "empty last rows": b"file,label,scene\nempty/a.jpg,empty,NA\nfull/b.jpg,full,None\n,,\n,,\n",
    "backslashes": b"file,label,scene\nempty\\a.jpg,empty,NA\nfull\\b.jpg,full,None\n",
    "carriage returns": b"file,label,scene\r\nempty/a.jpg,empty,NA\r\nfull/b.jpg,full,None\r\n",
}


@pytest.mark.parametrize("table", AS_SPREADSHEETS_WRITE.values(), ids=AS_SPREADSHEETS_WRITE)
def test_a_table_is_read_as_spreadsheets_write_it(table: bytes, tmp_path: Path) -> None:
    photos = read_photos(photos_folder(tmp_path, table))
    assert photos[["file", "label", "scene"]].to_numpy().tolist() == [["empty/a.jpg", "empty", "NA"], ["full/b.jpg", "full", "None"]]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("file,label\nempty/a.jpg,empty\nfull/caf\u00e9.jpg,full\n".encode("cp1252"), r"line 3 is not UTF-8 text \(byte 0xe9\), as when"),
        (b"file|label|scene\nempty/a.jpg|empty|x\n", r"has the header 'file\|label\|scene'; expected file,label,scene with commas"),
        (b"file,label,occupancy\nempty/a.jpg,empty,5%\n", r"line 2: empty/a\.jpg has the occupancy 5%; expected 0 to 1"),
        (
            b"file,label,occupancy\nempty/a.jpg,empty,0\nfull/b.jpg,full,40\n",
            r"line 3: full/b\.jpg has the occupancy 40(\.0)?; expected 0 to 1",
        ),
        (b"file,label\nempty/a.jpg,empty,x\nfull/b.jpg,full,y\n", r"has rows with more values than its header has columns\. Remove"),
        (b"File,file,label\nempty/a.jpg,empty/a.jpg,empty\n", r"has the column file twice\. Remove or rename"),
        (b"file,label\nempty/a.jpg,empty\n\n\nfull/b.jpg,\n", r"line 5 lacks a file or a label"),
    ],
    ids=["cp1252", "bars", "per cent", "a count", "a value too many", "a column twice", "after blank lines"],
)
def test_a_table_that_is_ambiguous_is_refused_in_one_line(table: bytes, line: str, tmp_path: Path) -> None:
    with pytest.raises(BadPhotos, match=line):
        read_photos(photos_folder(tmp_path, table))
