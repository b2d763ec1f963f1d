"""The file pass: finds files that are unreadable, too small, duplicated or not photos, and near-duplicates, which must share a scene."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cleanvision import Imagelab

from training.clean.decisions import DROP, FILE_PASS, SCENE, Decision
from training.clean.near_duplicates import CERTAIN_LIKENESS, DuplicatePair
from training.clean.survey import Survey, count_colours
from training.collect.intake import MIN_PHOTO_SIDE_PX

# The issues that cleanvision finds with its own thresholds, and our words for them. A person decides whether such a photo is still useful.
QUALITY_ISSUES = {
    "dark": "dark",
    "light": "overexposed",
    "blurry": "blurry",
    "low_information": "little to see",
    "odd_aspect_ratio": "odd shape",
}
FEW_COLOURS = 10  # of 4096: 208 real photos have 12 or more, line drawings and pages of text a handful
UNSURE = 0.9  # the highest score of a quality issue


def judge_files(survey: Survey, pairs: list[DuplicatePair], merged: dict[str, str]) -> list[Decision]:
    """The proposals, sorted by kind, then by photo."""
    found = [
        *_unreadable(survey),
        *_small(survey),
        *_copies(survey),
        *_scenes(survey, pairs, merged),
        *_quality(survey),
        *_drawings(survey),
    ]
    return [
        Decision(survey.photos.file[n], survey.photos.sha256[n], FILE_PASS, proposal, reason, f"{score:.3f}")
        for n, proposal, reason, score in found
    ]


Finding = tuple[int, str, str, float]  # row number, proposal, reason, score


def _unreadable(survey: Survey) -> Iterator[Finding]:
    for number, reason in enumerate(survey.unreadable):
        if reason:
            yield number, DROP, reason, 1.0


def _small(survey: Survey) -> Iterator[Finding]:
    for number in np.flatnonzero(survey.is_readable):
        width, height = survey.photos.width[number], survey.photos.height[number]
        if min(int(width), int(height)) < MIN_PHOTO_SIDE_PX:
            yield int(number), DROP, f"too small: {width} x {height} px; expected {MIN_PHOTO_SIDE_PX} or more on each side", UNSURE


def _copies(survey: Survey) -> Iterator[Finding]:
    """All but the first of the files with the same bytes; all of them if their labels differ."""
    photos = survey.photos[survey.is_readable]
    for _, same in photos.groupby("sha256", sort=False):
        if len(same) == 1:
            continue
        if same.label.nunique() > 1:
            labels = " and ".join(sorted(same.label.unique()))
            yield from ((int(number), DROP, f"the same file is labelled {labels}", 1.0) for number in same.index)
        else:
            yield from ((int(number), DROP, f"the same file as {same.file.iloc[0]}", 1.0) for number in same.index[1:])


def _scenes(survey: Survey, pairs: list[DuplicatePair], merged: dict[str, str]) -> Iterator[Finding]:
    """Every photo of a scene that merges with an earlier scene; the reason names the most similar pair."""
    reasons: dict[str, DuplicatePair] = {}
    scenes = survey.photos.scene.tolist()
    for pair in pairs:  # the highest likeness first
        if scenes[pair.one] != scenes[pair.other]:
            for number in (pair.one, pair.other):
                reasons.setdefault(scenes[number], pair)
    for number, scene in enumerate(scenes):
        if merged[scene] != scene:
            pair = reasons[scene]
            other = survey.photos.file[pair.other if scenes[pair.one] == scene else pair.one]
            reason = f"{'mirrored ' if pair.is_mirrored else ''}near-duplicate of {other}, likeness {pair.likeness:.2f}"
            yield number, SCENE + merged[scene], reason, 0.95 + 0.05 * (pair.likeness - CERTAIN_LIKENESS) / (1 - CERTAIN_LIKENESS)


def _quality(survey: Survey) -> Iterator[Finding]:
    """What cleanvision finds. It takes paths, and fails on files that cannot be read."""
    readable = survey.photos[survey.is_readable]
    if readable.empty:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cleanvision's own, about its use of pandas
        lab = Imagelab(filepaths=[str(Path(path).resolve()) for path in readable.path], verbose=False)
        lab.find_issues({kind: {} for kind in QUALITY_ISSUES}, n_jobs=1, verbose=False)
    issues = lab.issues.to_dict("index")
    for number, path in zip(readable.index, readable.path, strict=True):
        row = issues[str(Path(path).resolve())]
        for kind, word in QUALITY_ISSUES.items():
            if row[f"is_{kind}_issue"]:
                yield int(number), DROP, word, min(1 - float(row[f"{kind}_score"]), UNSURE)


def _drawings(survey: Survey) -> Iterator[Finding]:
    for number in np.flatnonzero(survey.is_readable):
        colours = count_colours(survey.photos.path[number])
        if colours < FEW_COLOURS:
            yield int(number), DROP, f"a drawing, a map or text: {colours} colours cover 90% of it", UNSURE
