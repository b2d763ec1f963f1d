"""Photos from a list of addresses, or from a folder of one's own, are taken in with the labels and licences that come with them."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.photo_sources import BOMB, OpenverseServer, picture
from training.collect import __main__ as collect
from training.photos import read_photos


@pytest.fixture
def pictures() -> Iterator[OpenverseServer]:
    with OpenverseServer(45) as server:
        yield server


def test_a_list_of_addresses_is_fetched_with_its_own_labels(pictures: OpenverseServer, tmp_path: Path) -> None:
    base = f"{pictures.base}/pictures"
    rows = [f"{base}/1.jpg,cc0,full,,,", f"{base}/2.jpg,by,empty,Ann,,Lidl", f"{base}/{BOMB}.jpg,by,empty,Ann,,"]
    (tmp_path / "list.csv").write_text("image_url,license,label,creator,title,scene\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out"
    collect.main(["--source", "csv", "--from", str(tmp_path / "list.csv"), "--out", str(out), "--pause", "0"])
    photos = read_photos(out)
    assert photos.label.tolist() == ["empty", "full"] and photos.source.unique().tolist() == ["csv"] and photos.scene[0] == "Lidl"
    with (tmp_path / "list.csv").open("a") as file:
        file.write(f"{base}/4.jpg,by,full,Ann,new,\n")
    collect.main(["--source", "csv", "--from", str(tmp_path / "list.csv"), "--out", str(out), "--pause", "0"])
    assert read_photos(out).label.tolist() == ["empty", "full", "full"]


def test_pictures_that_a_person_took_are_adopted_with_name_and_licence(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "full").mkdir(parents=True)
    (mine / "full" / "Lidl am Montag.png").write_bytes(picture(1, format_name="PNG"))
    (mine / "full" / "old.bmp").write_bytes(picture(2, format_name="BMP"))
    collect.main(["--source", "folder", "--from", str(mine), "--license", "by", "--creator", "Kim", "--out", str(tmp_path / "out")])
    photos = read_photos(tmp_path / "out")
    assert photos.title.tolist() == ["Lidl am Montag", "old"] and photos.label.unique().tolist() == ["full"]
    assert photos.edit.tolist()[1] == "saved as JPEG from BMP"
    assert photos.attribution[0].startswith('"Lidl am Montag" by Kim is licensed under CC BY 4.0. To view')


def adopt(mine: Path, out: Path) -> pd.DataFrame:
    """What photos.csv says of the pictures of a folder of one's own."""
    collect.main(["--source", "folder", "--from", str(mine), "--license", "by", "--creator", "Kim", "--out", str(out)])
    return read_photos(out)


def test_pictures_that_a_camera_numbered_are_each_a_place_of_their_own(tmp_path: Path) -> None:
    for number in range(4):
        file = tmp_path / "mine" / ("full", "empty")[number % 2] / f"IMG_{1234 + number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(number))
    assert adopt(tmp_path / "mine", tmp_path / "out").scene.nunique() == 4


def test_what_a_folder_s_table_says_of_its_pictures_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for number in range(4):
        (tmp_path / "mine" / f"{number}.jpg").write_bytes(picture(number))
    rows = ["0.jpg,full,Lidl,0.9,pole", "1.jpg,empty,Lidl,,", "2.jpg,partial,,0.5,"]  # 3.jpg is not named
    (tmp_path / "mine" / "photos.csv").write_text("file,label,scene,occupancy,view\n" + "\n".join(rows) + "\n")
    photos = adopt(tmp_path / "mine", tmp_path / "out").set_index("title")
    assert photos.label.to_dict() == {"0": "full", "1": "empty", "2": "partial"}
    assert photos.scene.to_dict() == {"0": "Lidl", "1": "Lidl", "2": "2.jpg"}
    assert photos.occupancy.fillna(-1).to_dict() == {"0": 0.9, "1": -1, "2": 0.5} and photos["view"]["0"] == "pole"
    (tmp_path / "mine" / "photos.csv").write_text("file,label\n0.jpg,fulll\n")
    with pytest.raises(SystemExit, match=r"photos\.csv line 2: 0\.jpg is labelled 'fulll'; expected one of empty, full, partial"):
        adopt(tmp_path / "mine", tmp_path / "out")


def test_a_folder_that_was_collected_before_goes_on_unless_a_share_would_be_lost(tmp_path: Path) -> None:
    mine, out = tmp_path / "mine", tmp_path / "out"
    (mine / "full").mkdir(parents=True)
    (mine / "full" / "0.jpg").write_bytes(picture(0))
    adopt(mine, out)
    table = pd.read_csv(out / "photos.csv", dtype=str, keep_default_na=False).drop(columns=["occupancy", "view"])
    table.to_csv(out / "photos.csv", index=False)
    (mine / "full" / "1.jpg").write_bytes(picture(1))
    assert len(adopt(mine, out)) == 2
    (mine / "full" / "2.jpg").write_bytes(picture(2))
    (mine / "photos.csv").write_text("file,label,occupancy\nfull/2.jpg,full,0.8\n")
    with pytest.raises(SystemExit, match=r"photos\.csv has no column 'occupancy', which a new row needs"):
        adopt(mine, out)
    assert len(read_photos(out)) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["image_url", "http://a/1.jpg"], r"list\.csv has no column license; expected image_url,license and, if known, label,"),
        (["image_url,license", "http://a/1.jpg,cc-by"], r"line 2: license 'cc-by' is not a licence id; expected one of cc0, pdm, by,"),
        (["image_url,license", "http://a/1.jpg,cc0", "http://a/1.jpg,cc0"], r"line 3 lists http://a/1\.jpg again, after line 2"),
        (["image_url,license", "ftp://a/1.jpg,cc0"], r"line 2: image_url 'ftp://a/1\.jpg' is not an address"),
        (["image_url,license,label", "http://a/1.jpg,cc0,fulll"], r"line 2: label 'fulll' is not a label; expected empty, full, partial"),
        (["image_url,license", "http://a/1.jpg,by"], r"line 2: CC BY requires credit; expected a creator or an attribution"),
        (["image_url,license,licence_url", "http://a/1.jpg,cc0,"], r"has an unknown column 'licence_url'"),
    ],
)
def test_a_bad_list_is_one_line_with_its_row(rows: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(SystemExit, match=message):
        collect.main(["--source", "csv", "--from", str(tmp_path / "list.csv"), "--label", "full", "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out" / "photos.csv").exists()
