"""Clean a folder of photos: run the passes, or replay earlier decisions, and write the clean folder."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

from carpark.errors import BadPhotos, BadSetting
from training.clean.apply import write_photos
from training.clean.decisions import (
    CLEANING_FILE,
    KEEP,
    LABEL_PASS,
    REVIEW,
    Decision,
    accept_sure,
    check_decisions,
    cleaning_log,
    decide_outcomes,
    read_decisions,
    to_row,
)
from training.clean.embedding import Embedder
from training.clean.survey import Survey, survey_photos
from training.photos import check_trainable, read_photos
from training.staging import staged


def clean(data: Path, out: Path, embedder: Embedder, *, confidence: float | None, seed: int) -> tuple[list[Decision], "Counter[str]"]:
    """Runs the passes over `data` and writes the clean folder `out`. Returns the decisions, and counts of photos by outcome.

    Proposals with a score of at least `confidence` are accepted; None accepts none. A person's decisions of an earlier run stay.
    Writes nothing when it raises a CarparkError.
    """
    photos = read_photos(data)
    earlier = read_decisions(out / CLEANING_FILE) if (out / CLEANING_FILE).is_file() else []
    survey = survey_photos(photos, embedder)
    check_decisions(out / CLEANING_FILE, [row if row.pass_name == REVIEW else _undecided(row) for row in earlier], _digests(survey), data)
    proposals = run_passes(survey, data, seed)
    if confidence is not None:
        proposals = accept_sure(proposals, confidence)
    rows = [*proposals, *(row for row in earlier if row.pass_name == REVIEW)]
    with staged(out, marker=CLEANING_FILE) as folder:
        cleaning_log(folder).append([to_row(row) for row in rows])
        counts = write_photos(survey, decide_outcomes(rows), data / "photos.csv", folder)
    return rows, counts


def replay(data: Path, path: Path, out: Path) -> tuple[list[Decision], "Counter[str]"]:
    """Applies the decisions of the cleaning.csv at `path` to `data` and writes the clean folder `out`. Returns the same as `clean`.

    Writes nothing when it raises a CarparkError.
    """
    if not path.is_file():
        raise BadSetting(f"--replay {path} is not a file; expected a cleaning.csv.")
    rows = read_decisions(path)
    survey = survey_photos(read_photos(data), None)
    check_decisions(path, rows, _digests(survey), data)
    with staged(out, marker=CLEANING_FILE) as folder:
        shutil.copyfile(path, folder / CLEANING_FILE)
        counts = write_photos(survey, decide_outcomes(rows), data / "photos.csv", folder)
    return rows, counts


def run_passes(survey: Survey, data: Path, seed: int) -> list[Decision]:
    """The proposals of both passes. The label pass has a row for every readable photo.

    If a class is too small to train on, those rows say that the label was not judged.
    """
    from training.clean.file_pass import judge_files  # imported here: their libraries take seconds to load, and a replay needs none
    from training.clean.label_pass import judge_labels
    from training.clean.near_duplicates import find_near_duplicates, merge_scenes

    pairs = find_near_duplicates(survey)
    merged = merge_scenes(survey.photos.scene, pairs)
    rows = judge_files(survey, pairs, merged)
    readable = survey.photos[survey.is_readable]
    try:
        check_trainable(readable.assign(scene=readable.scene.map(merged)), data)
    except BadPhotos as error:
        print(f"the labels of {len(readable)} photos are not judged: {error}")
        unjudged = zip(readable.file, readable.sha256, readable.label, strict=True)
        why = "not judged: a class is too small to learn from"
        return rows + [Decision(file, sha256, LABEL_PASS, KEEP, f"label {label} {why}", "") for file, sha256, label in unjudged]
    return rows + judge_labels(survey, survey.photos.scene.map(merged), seed)


def _digests(survey: Survey) -> dict[str, str]:
    return dict(zip(survey.photos.file, survey.photos.sha256, strict=True))


def _undecided(row: Decision) -> Decision:
    return replace(row, decision="", decided_by="", decided_at="")
