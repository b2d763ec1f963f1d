"""Photos are cleaned by decisions that are written down, can be undone, and give the same folder again."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance, ImageOps
from sklearn.metrics import roc_auc_score

from benchmarks.bench_clean import measure
from benchmarks.planted_faults import plant
from tests.real_data import SHARED, needs_real_data
from training.clean import __main__ as clean
from training.clean.apply import write_photos
from training.clean.cleaning import run_passes
from training.clean.decisions import (
    CLEANING_FILE,
    DROP,
    LABEL_PASS,
    REVIEW,
    Decision,
    Outcome,
    cleaning_log,
    decide_outcomes,
    read_decisions,
    to_row,
)
from training.clean.embedding import Embedder
from training.clean.near_duplicates import MIN_LIKENESS, DuplicatePair, find_near_duplicates, merge_scenes
from training.clean.shortcuts import SHORTCUT_COLUMNS, fast_auroc, find_shortcuts
from training.clean.survey import survey_photos
from training.photos import read_photos

WEIGHTS = SHARED / "weights" / "mobilenet_v2_imagenet.pth"


@pytest.fixture(scope="module")
def raw(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 generated photos, a broken one, the same one twice, and one mirrored under another scene."""
    folder = tmp_path_factory.mktemp("clean") / "raw"
    photos = read_photos(sample_folder / "photos").head(28)
    rows = []
    for row in photos.itertuples():
        (folder / str(row.label)).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(row.path), folder / str(row.file))
        rows.append((row.file, row.label, row.scene, "CC, by"))
    full = next(row for row in rows if row[1] == "full")
    shutil.copyfile(folder / full[0], folder / "full" / "again.jpg")
    (folder / "full" / "broken.jpg").write_bytes(b"<html>")
    with Image.open(folder / full[0]) as image:
        ImageOps.mirror(image).save(folder / "full" / "mirrored.jpg", quality=60)
    rows += [(f"full/{name}.jpg", "full", name, "") for name in ("again", "broken", "mirrored")]
    pd.DataFrame(rows, columns=["file", "label", "scene", "title"]).to_csv(folder / "photos.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def cleaned(raw: Path) -> Path:
    out = raw.parent / "clean"
    clean.main(["--data", str(raw), "--out", str(out), "--auto", "--weights", "none"])
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def decide(folder: Path, file: str, decision: str) -> None:
    """As the review page does it."""
    row = next(row for row in read_decisions(folder / "cleaning.csv") if row.file == file)
    cleaning_log(folder).append([to_row(Decision(file, row.sha256, REVIEW, "", "", "", decision, "Kim", "2026-11-24T00:00:00+00:00"))])


def test_sure_proposals_are_applied_and_say_who_decided(raw: Path, cleaned: Path) -> None:
    photos = read_photos(cleaned).set_index("file")
    assert not {"full/broken.jpg", "full/again.jpg"} & set(photos.index)
    original = pd.read_csv(raw / "photos.csv").query("label == 'full'").iloc[0]
    assert photos.scene["full/mirrored.jpg"] == original.scene
    rows = read_decisions(cleaned / "cleaning.csv")
    decided = [row for row in rows if row.decision]
    assert decided and all(row.decided_by == "auto, score 0.95 or more" and float(row.score) >= 0.95 for row in decided)
    # It says of every photo why it is in; a photo that got another label lies in another folder.
    assert {Path(row.file).name for row in rows} >= {Path(file).name for file in photos.index}
    assert photos.phash.str.fullmatch("[0-9a-f]{16}").all() and (photos.width > 0).all()


def test_a_replay_gives_the_same_folder_byte_for_byte(raw: Path, cleaned: Path, tmp_path: Path) -> None:
    before = contents(raw)
    clean.main(["--data", str(raw), "--out", str(tmp_path / "again"), "--replay", str(cleaned / "cleaning.csv")])
    assert contents(tmp_path / "again") == contents(cleaned)
    assert contents(raw) == before


def test_without_auto_nothing_is_decided(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean.main(["--data", str(raw), "--out", str(tmp_path / "out"), "--weights", "none"])
    assert len(read_photos(tmp_path / "out")) == 31
    assert not any(row.decision for row in read_decisions(tmp_path / "out" / "cleaning.csv"))
    assert "31 photos kept; proposals for" in capsys.readouterr().out


def test_a_persons_word_beats_the_passes_outlives_the_next_run_and_can_be_undone(raw: Path, cleaned: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(cleaned, out)
    first, second = read_photos(cleaned).file[:2]
    for file, decision in (("full/again.jpg", "keep"), (first, "drop"), (second, "label partial"), (first, "")):
        decide(out, file, decision)
    clean.main(["--data", str(raw), "--out", str(out), "--auto", "--weights", "none"])
    photos = read_photos(out)
    assert "full/again.jpg" in photos.file.tolist() and first in photos.file.tolist()
    assert f"partial/{Path(second).name}" in photos.file.tolist() and second not in photos.file.tolist()
    assert sum(row.pass_name == REVIEW for row in read_decisions(out / "cleaning.csv")) == 4


def test_a_new_label_outlives_the_share_that_spoke_for_the_old_one(raw: Path, tmp_path: Path) -> None:
    shutil.copytree(raw / "full", tmp_path / "raw" / "full")
    first, second = (path.relative_to(tmp_path / "raw").as_posix() for path in sorted((tmp_path / "raw").glob("full/sample*"))[:2])
    table = pd.DataFrame({"file": [first, second], "label": "full", "scene": ["a", "b"], "occupancy": ["0.9", "0.8"]})
    table.to_csv(tmp_path / "raw" / "photos.csv", index=False)
    survey = survey_photos(read_photos(tmp_path / "raw"), None)
    (tmp_path / "out").mkdir()
    write_photos(survey, {first: Outcome(label="empty")}, tmp_path / "raw" / "photos.csv", tmp_path / "out")
    told = read_photos(tmp_path / "out").set_index("scene")
    assert told.label.to_dict() == {"a": "empty", "b": "full"} and told.occupancy.fillna(-1).to_dict() == {"a": -1, "b": 0.8}


def test_dropping_beats_relabelling_and_a_person_beats_both() -> None:
    auto = [Decision("a", "", "labels", "label full", "", "1", "label full"), Decision("a", "", "files", DROP, "", "1", DROP)]
    assert decide_outcomes(auto)["a"].is_dropped
    assert decide_outcomes([*auto, Decision("a", "", REVIEW, "", "", "", "label partial")])["a"].label == "partial"
    undone = [Decision("a", "", REVIEW, "", "", "", "keep"), Decision("a", "", REVIEW, "", "", "", "")]
    assert decide_outcomes([*auto, *undone])["a"].is_dropped


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda text: text.replace(',drop,"auto', ',dropp,"auto', 1),
            r"cleaning\.csv line \d+: decision 'dropp' is unknown; expected keep, drop, label empty, .* or scene NAME\.",
        ),
        (lambda text: text.replace("sha256", "sha265", 1), r"cleaning\.csv has no column 'sha256'"),
        (
            lambda text: text.replace("full/broken.jpg", "full/gone.jpg", 1),
            r"line 2 is about full/gone\.jpg, which is not in .*raw\. Put it back",
        ),
        (lambda text: text + "a,b\n", r"cleaning\.csv line \d+ has 2 values; expected 9"),
        (lambda text: text.replace(",files,", ",fils,", 1), r"line 2: pass 'fils' is unknown; expected files, labels or review"),
    ],
)
def test_a_spoilt_table_of_decisions_is_one_line_and_nothing_is_written(
    spoil: Callable[[str], str], message: str, raw: Path, cleaned: Path, tmp_path: Path
) -> None:
    text = (cleaned / "cleaning.csv").read_text()
    (tmp_path / "cleaning.csv").write_text(spoil(text))
    assert spoil(text) != text
    with pytest.raises(SystemExit, match=message):
        clean.main(["--data", str(raw), "--out", str(tmp_path / "out"), "--replay", str(tmp_path / "cleaning.csv")])
    assert not (tmp_path / "out").exists()


def test_a_decision_about_a_photo_that_was_replaced_is_refused(raw: Path, cleaned: Path, tmp_path: Path) -> None:
    shutil.copytree(raw, tmp_path / "raw")
    (tmp_path / "raw" / "full" / "broken.jpg").write_bytes(b"something else")
    with pytest.raises(SystemExit, match=r"is about an earlier full/broken\.jpg: the file in .* has changed since"):
        clean.main(["--data", str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--replay", str(cleaned / "cleaning.csv")])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--confidence", "2"], r"--confidence is 2\.0; expected 0\.5 to 1"),
        (["--replay", "x", "--auto"], "Choose one of them"),
        (["--replay", "nowhere.csv"], r"--replay nowhere\.csv is not a file"),
        (["--arch", "resnet35"], "Architecture 'resnet35' is unknown"),
        (["--weights", "nowhere.pth"], r"--weights nowhere\.pth is not a file"),
    ],
)
def test_bad_flags_are_one_line(flags: list[str], message: str, raw: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=message):
        clean.main(["--data", str(raw), "--out", str(tmp_path / "out"), *flags])
    assert not (tmp_path / "out").exists()


def test_the_raw_folder_is_never_written_to(raw: Path) -> None:
    for out in (raw, raw / "inside"):
        with pytest.raises(SystemExit, match="which is only read"):
            clean.main(["--data", str(raw), "--out", str(out), "--weights", "none"])


def test_copies_in_disguise_are_found_and_other_places_are_not(raw: Path, tmp_path: Path) -> None:
    photos = read_photos(raw)
    chosen = photos[photos.title == "CC, by"].drop_duplicates("scene").head(6)
    disguises = (
        lambda image: ImageOps.mirror(image),
        lambda image: ImageEnhance.Brightness(image).enhance(0.6),
        lambda image: image.crop((0, 0, image.width * 3 // 4, image.height * 3 // 4)),
        lambda image: image.resize((image.width // 2, image.height // 2)),
    )
    files = []
    for number, path in enumerate(chosen.path):
        shutil.copyfile(path, tmp_path / f"{number}.jpg")
        files.append(f"{number}.jpg")
    for number, disguise in enumerate(disguises):
        with Image.open(tmp_path / f"{number}.jpg") as image:
            disguise(image).save(tmp_path / f"copy{number}.jpg", quality=60)
        files.append(f"copy{number}.jpg")
    pd.DataFrame({"file": files, "label": "full"}).to_csv(tmp_path / "photos.csv", index=False)
    pairs = find_near_duplicates(survey_photos(read_photos(tmp_path), Embedder.open("resnet18", "none")))
    assert {(pair.one, pair.other) for pair in pairs} == {(0, 6), (1, 7), (2, 8), (3, 9)}
    assert all(pair.likeness >= MIN_LIKENESS and pair.is_mirrored == (pair.one == 0) for pair in pairs)


def test_scenes_with_twins_become_one_with_all_their_photos() -> None:
    pairs = [DuplicatePair(2, 3, 1.0, False), DuplicatePair(0, 3, 0.9, False)]
    merged = merge_scenes(["a", "b", "b", "c", "d"], pairs)
    assert merged == {"a": "a", "b": "a", "c": "a", "d": "d"}
    assert merge_scenes(["b", "a"], [DuplicatePair(0, 1, 1.0, False)]) == {"b": "b", "a": "b"}
    assert merge_scenes(["a"], []) == {"a": "a"}


def test_the_same_file_under_two_labels_is_in_neither_class(raw: Path, tmp_path: Path) -> None:
    shutil.copytree(raw, tmp_path / "raw")
    table = pd.read_csv(tmp_path / "raw" / "photos.csv", keep_default_na=False)
    table.loc[table.file == "full/again.jpg", "label"] = "empty"
    table.to_csv(tmp_path / "raw" / "photos.csv", index=False)
    clean.main(["--data", str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--auto", "--weights", "none"])
    dropped = {row.file: row.reason for row in read_decisions(tmp_path / "out" / "cleaning.csv") if row.decision == DROP}
    assert sum(reason == "the same file is labelled empty and full" for reason in dropped.values()) == 2


def test_a_trait_that_gives_the_class_away_is_named_with_its_strength() -> None:
    rng = np.random.default_rng(0)
    photos = pd.DataFrame({"label": ["empty", "full"] * 40, "scene": [f"s{n // 2}" for n in range(80)], "source": ["x", "y"] * 40})
    styles = [{"brightness": rng.normal(100 if label == "empty" else 140, 20), "contrast": rng.normal(50, 10)} for label in photos.label]
    table = find_shortcuts(photos, styles)
    assert tuple(table.columns) == SHORTCUT_COLUMNS
    found = table.set_index("trait")
    assert found.verdict["brightness"] == "predicts the class" and found.auroc["brightness"] > 0.8
    assert found.verdict["contrast"] == "no sign" and found.low["contrast"] < 0.5 < found.high["contrast"]
    assert found.auroc["source y"] == 1.0 and (table.n == 80).all()
    assert find_shortcuts(photos, styles).equals(table)


def test_auroc_counts_pairs_and_ties_half() -> None:
    assert fast_auroc(np.array([1.0, 2.0, 3.0, 3.0]), np.array([False, False, True, True])) == 1.0
    assert fast_auroc(np.array([1.0, 1.0]), np.array([False, True])) == 0.5
    rng = np.random.default_rng(0)
    for number in range(50):
        values, is_full = rng.normal(size=40).round(number % 3), np.arange(40) % 3 == 0
        assert fast_auroc(values, is_full) == pytest.approx(roc_auc_score(is_full, values), abs=1e-12)


def test_one_class_alone_is_cleaned_without_the_pass_over_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "raw" / "full").mkdir(parents=True)
    for number in range(3):
        buffer = io.BytesIO()
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (300, 300, 3), dtype=np.uint8)).save(buffer, "JPEG")
        (tmp_path / "raw" / "full" / f"{number}.jpg").write_bytes(buffer.getvalue())
    clean.main(["--data", str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--auto", "--weights", "none"])
    answer = capsys.readouterr().out
    assert "the labels of 3 photos are not judged:" in answer and "has 1 class (full)" in answer and "3 photos kept" in answer
    judged = [row for row in read_decisions(tmp_path / "out" / CLEANING_FILE) if row.pass_name == LABEL_PASS]
    assert [(row.file, row.reason.partition(":")[0]) for row in judged] == [(f"full/{n}.jpg", "label full not judged") for n in range(3)]
    assert (tmp_path / "out" / "shortcuts.csv").read_text() == ",".join(SHORTCUT_COLUMNS) + "\n"


@needs_real_data
def test_faults_planted_in_real_photos_are_found(tmp_path: Path) -> None:
    truth = plant(SHARED / "photos", tmp_path / "planted", seed=0)
    rows = run_passes(survey_photos(read_photos(tmp_path / "planted"), Embedder.open("mobilenet_v2", str(WEIGHTS))), tmp_path, 0)
    table = {str(line["kind"]): line for line in measure(truth, rows)}
    assert table["broken files"]["found"] == 5 and table["broken files"]["precision"] == 1.0
    assert int(str(table["near-duplicates"]["found"])) >= 7
    assert int(str(table["flipped labels"]["found_in_first_25"])) >= 8
