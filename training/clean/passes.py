"""All passes over the photos of a raw folder, in order."""

from pathlib import Path

from carpark.errors import BadPhotos
from training.clean.decisions import (
    KEEP,
    LABEL_PASS,
    Decision,
)
from training.clean.survey import Survey
from training.photos import check_trainable


def judge(survey: Survey, data: Path, seed: int) -> list[Decision]:
    """The proposals of both passes, with a row of the pass over labels for every readable photo.

    Where one class is too small to learn from, those rows say that nobody judged the label.
    """
    from training.clean.file_pass import judge_files  # only now: their libraries take seconds to load, and a replay needs none
    from training.clean.label_pass import judge_labels
    from training.clean.twins import find_twins, merge_scenes

    twins = find_twins(survey)
    merged = merge_scenes(survey.photos.scene, twins)
    rows = judge_files(survey, twins, merged)
    readable = survey.photos[survey.is_readable]
    try:
        check_trainable(readable.assign(scene=readable.scene.map(merged)), data)
    except BadPhotos as error:
        print(f"labels of {len(readable)} photos are not judged: {error}")
        unjudged = zip(readable.file, readable.sha256, readable.label, strict=True)
        why = "not judged: a class is too small to learn from"
        return rows + [Decision(file, sha256, LABEL_PASS, KEEP, f"label {label} {why}", "") for file, sha256, label in unjudged]
    return rows + judge_labels(survey, survey.photos.scene.map(merged), seed)
