"""The dataset repo folder: splits by scene, configs that hold what they say, credit for every photo, the same bytes every time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard
from PIL import Image

from carpark.errors import BadPhotos
from training.cards.attribution import credit
from training.cards.dataset import dataset_card
from training.dataset import __main__ as dataset
from training.dataset.writing import write_dataset
from training.photos import load_photos, read_photos
from training.provenance import PROVENANCE
from training.sample.scenery.truth import MAPS, map_of
from training.splits import hashed_split

LICENSES = [("by", "4.0"), ("by-sa", "3.0"), ("cc0", "1.0")]
HOSTILE = "<b>Eve</b> [x](javascript:alert(1)) | `rm`\n# Mine"
LOAD = """
import json, sys
from datasets import load_dataset
folder, *configs = sys.argv[1:]
print(json.dumps({
    config: {
        split: {"labels": rows["label"], "scenes": rows["scene"], "license": rows["license"], "mode": rows[0]["image"].mode,
                "names": rows.features["label"].names, "columns": rows.column_names}
        for split, rows in load_dataset(folder, config).items()
    }
    for config in configs
}, default=list))
"""
Splits = dict[str, dict[str, list[object]]]


@pytest.fixture(scope="module")
def photos(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's photos under three licences in turn, by an author who tests our Markdown."""
    folder: Path = shutil.copytree(sample_folder / "photos", tmp_path_factory.mktemp("dataset") / "photos")
    table = pd.read_csv(folder / "photos.csv", dtype=str)
    for column, part in (("license", 0), ("license_version", 1)):
        table[column] = [LICENSES[number % len(LICENSES)][part] for number in range(len(table))]
    table.assign(creator=HOSTILE, title="Car | park", source="folder").to_csv(folder / "photos.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def repo(photos: Path, sample_folder: Path) -> Path:
    """The dataset made of them, cleaning and generated config included."""
    (photos / "cleaning.csv").write_text(
        "file,sha256,pass,proposal,reason,score,decision,decided_by,decided_at\n"
        "empty/a.jpg,0,files,drop,blurry,0.9,drop,auto,2026-11-24T00:00:00Z\n"
        "empty/b.jpg,1,files,drop,blurry,0.8,drop,auto,2026-11-24T00:00:00Z\n"
    )
    (photos / "shortcuts.csv").write_text("trait,auroc,low,high,n,verdict\nbrightness,0.61,0.52,0.7,48,predicts the class\n")
    out = photos.with_name("repo")
    write_dataset(photos, out, generated=sample_folder / "photos")
    return out


def load(repo: Path, cache: Path, *configs: str) -> dict[str, Splits]:
    """Each config's splits as a fresh process loads them."""
    environment = os.environ | {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(repo), *configs]
    loaded: dict[str, Splits] = json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    return loaded


@pytest.fixture(scope="module")
def loaded(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Splits]:
    """All configs of the dataset."""
    return load(repo, tmp_path_factory.mktemp("loaded"), "default", "permissive", "partial", "generated")


def test_no_scene_is_on_two_sides_and_every_side_shows_both_classes(loaded: dict[str, Splits], photos: Path) -> None:
    splits = loaded["default"]
    sides = [set(rows["scenes"]) for rows in splits.values()]
    assert list(splits) == ["train", "validation", "test"]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert all(set(rows["labels"]) == {0, 1} and rows["names"] == ["empty", "full"] for rows in splits.values())
    assert {"image", "label", "scene", "file", *PROVENANCE} <= set(splits["train"]["columns"])
    table = pd.read_csv(photos / "photos.csv")
    assert sum(len(rows["labels"]) for rows in splits.values()) == table.label.isin(["empty", "full"]).sum()
    for split, rows in loaded["partial"].items():
        assert set(rows["labels"]) == {None}
        assert not set(rows["scenes"]) & set.union(*(set(other["scenes"]) for name, other in splits.items() if name != split))


def test_permissive_holds_only_what_it_says_and_is_stored_once(repo: Path, loaded: dict[str, Splits]) -> None:
    everything, permissive = loaded["default"], loaded["permissive"]
    assert {license_id for rows in permissive.values() for license_id in rows["license"]} == {"by", "cc0"}
    for split, rows in everything.items():
        free = [license_id for license_id in rows["license"] if license_id in ("by", "cc0")]
        assert sorted(free) == sorted(permissive[split]["license"])
    assert not list(repo.glob("permissive*"))


def test_generated_photos_are_a_config_of_their_own(loaded: dict[str, Splits]) -> None:
    (split,) = loaded["generated"].items()
    assert split[0] == "train" and len(split[1]["labels"]) == 60 and {"view", "light", "occupancy"} <= set(split[1]["columns"])


def test_maps_of_generated_photos_are_a_column(photos: Path, sample_folder: Path, tmp_path: Path) -> None:
    drawn = shutil.copytree(sample_folder / "photos", tmp_path / "drawn")
    (drawn / MAPS).mkdir()
    for number, file in enumerate(read_photos(drawn).path):
        Image.new("RGBA", (8, 6), (number, 0, 0, 255)).save(map_of(file))
    write_dataset(photos, tmp_path / "repo", generated=drawn)
    rows = pq.read_table(next((tmp_path / "repo" / "generated").glob("*.parquet"))).to_pylist()
    assert all(row["map"]["bytes"] == map_of(drawn / row["file"]).read_bytes() for row in rows) and len(rows) == 60
    (split,) = load(tmp_path / "repo", tmp_path, "generated")["generated"].values()
    assert "map" in split["columns"]


def test_the_same_photos_in_another_order_give_the_same_bytes(repo: Path, photos: Path, sample_folder: Path, tmp_path: Path) -> None:
    again = shutil.copytree(photos, tmp_path / "photos")
    pd.read_csv(again / "photos.csv", dtype=str).sample(frac=1, random_state=1).to_csv(again / "photos.csv", index=False)
    write_dataset(again, tmp_path / "repo", generated=sample_folder / "photos")
    assert contents(tmp_path / "repo") == contents(repo)
    write_dataset(again, tmp_path / "other", seed=1)
    assert contents(tmp_path / "other")["README.md"] != contents(repo)["README.md"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_training_never_sees_the_test_split_and_evaluation_sees_nothing_else(repo: Path) -> None:
    learnt, scored = read_photos(repo), read_photos(repo, splits=("test",))
    assert len(learnt) + len(scored) == 60 and not set(learnt.scene) & set(scored.scene)
    assert set(learnt.label) == {"empty", "full", "partial"}
    table, pixels = load_photos(repo, (32, 32))
    assert len(table) == len(pixels) == len(learnt)


def test_every_photo_is_credited_and_nobodys_name_is_markup(repo: Path, photos: Path) -> None:
    text = (repo / "ATTRIBUTION.md").read_text()
    assert all(f"`{file}`" in text for file in pd.read_csv(photos / "photos.csv").file)
    assert text.count("\n- ") == 60 and "<b>" not in text and "](javascript" not in text and "\n# Mine" not in text
    assert "## CC BY-SA: 20 photos" in text
    photo = dict.fromkeys(PROVENANCE, "") | {"file": "a.jpg", "license": "pdm", "license_url": "javascript:alert(1)"}
    assert credit(photo) == "- `a.jpg`, Public Domain Mark."


def test_the_card_counts_what_there_is(repo: Path) -> None:
    card = DatasetCard.load(repo / "README.md")
    assert card.data.license == ["cc-by-4.0", "cc-by-sa-3.0", "cc0-1.0"]
    assert [config["config_name"] for config in card.data.configs] == ["default", "permissive", "partial", "generated"]
    assert "| files | blurry | drop | 2 |" in card.text
    assert "| brightness | 0.61 (0.52 to 0.70) | 48 | predicts the class |" in card.text
    assert "| CC BY-SA 3.0 | 20 |" in card.text and "$" not in card.text


def test_the_card_says_what_is_drawn_who_labelled_and_how_scenes_were_split(repo: Path, dataset_folder: Path) -> None:
    found, drawn = (DatasetCard.load(folder / "README.md") for folder in (repo, dataset_folder))
    assert found.data.annotations_creators == ["found"] and "synthetic" not in found.data.tags and "drawn by a program" not in found.text
    assert drawn.data.annotations_creators == ["machine-generated"] and "synthetic" in drawn.data.tags
    assert "**All 60 pictures are drawn by a program" in drawn.text and drawn.data.source_datasets == ["original"]
    for card in (found, drawn):
        assert "sha256(`0:scene`), as a share of all values, are below 0.20 for test, below 0.35 for validation" in card.text
    assert (repo / "LICENSE").read_text().startswith("Each photo has the licence that its row names")


def test_the_snippet_of_the_card_runs(repo: Path, tmp_path: Path) -> None:
    snippet = (repo / "README.md").read_text().split("```python\n")[1].split("```")[0].replace("owner/name", str(repo))
    # To the end: a process that leaves a stream half read may abort while it exits ("terminate called without an active exception").
    script = f"{snippet}\nprint(*{{photo['license'] for photo in stream}})"
    environment = os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert set(result.stdout.splitlines()[-1].split()) <= {"by", "cc0"}


def test_a_placeholder_without_a_value_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("$nothing_of_that_name")
    monkeypatch.setattr("training.cards.dataset.TEMPLATE", tmp_path / "card.md")
    table = pd.DataFrame([dict.fromkeys(PROVENANCE, "") | {"label": "full", "scene": "a", "split": "test", "license": "by"}])
    with pytest.raises(KeyError, match="nothing_of_that_name"):
        dataset_card(table, tmp_path, configs={}, drawn=0, seed=0)


def test_the_card_counts_the_scenes_that_were_moved_to_another_side(tmp_path: Path) -> None:
    scenes = [f"place {number}" for number in range(9)]
    rows = [
        dict.fromkeys(PROVENANCE, "") | {"label": "full", "scene": scene, "split": hashed_split(scene, seed=0), "license": "by"}
        for scene in scenes
    ]
    moved = "scenes were moved from the side of their name"
    assert moved not in dataset_card(pd.DataFrame(rows), tmp_path, configs={}, drawn=0, seed=0)
    rows[3]["split"] = "test" if rows[3]["split"] == "train" else "train"
    assert f" 1 of the 9 {moved}" in dataset_card(pd.DataFrame(rows), tmp_path, configs={}, drawn=0, seed=0)


@pytest.mark.parametrize(
    ("license_id", "message"),
    [
        ("", r"photos: empty/\S+ has no license, .* python -m training\.collect --source folder\.$"),
        ("CC-BY", r"has the license 'CC-BY'; expected one of cc0, pdm, by, by-sa, "),
        ("by-nd", r"is under CC BY-ND, which forbids scaled copies\. Take its row out of photos\.csv\.$"),
    ],
)
def test_a_photo_that_may_not_be_passed_on_is_named(photos: Path, tmp_path: Path, license_id: str, message: str) -> None:
    copy = shutil.copytree(photos, tmp_path / "photos")
    table = pd.read_csv(copy / "photos.csv", dtype=str)
    table.loc[table.label == "empty", "license"] = license_id
    table.to_csv(copy / "photos.csv", index=False)
    with pytest.raises(BadPhotos, match=message):
        write_dataset(copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_the_one_in_the_table_or_no_picture_is_named(photos: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(photos, tmp_path / "photos")
    table = pd.read_csv(copy / "photos.csv", dtype=str)
    (copy / table.file[0]).write_bytes(b"no picture")
    with pytest.raises(BadPhotos, match=r"is not a picture .* Clean the photos first: python -m training\.clean --data "):
        write_dataset(copy, tmp_path / "out")
    table.assign(sha256="0" * 64).to_csv(copy / "photos.csv", index=False)
    with pytest.raises(BadPhotos, match=r"is not the file that photos\.csv names: expected sha256 000000000000…, found "):
        write_dataset(copy, tmp_path / "out")


def test_mistakes_at_the_command_line_are_one_line(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"repo is a dataset repo already; expected photos in empty/ and full/\.$"):
        dataset.main(["--data", str(repo), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=r"^--seed is -1; expected 0 to 4294967295\.$"):
        dataset.main(["--data", str(repo), "--out", str(tmp_path / "out"), "--seed", "-1"])
    (tmp_path / "broken" / "data").mkdir(parents=True)
    (tmp_path / "broken" / "data" / "train-0.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadPhotos, match=r"broken is not a dataset of car park photos .* Make one: python -m training\.dataset\.$"):
        read_photos(tmp_path / "broken")
