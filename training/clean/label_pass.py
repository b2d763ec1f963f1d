"""The label pass: checks each photo's label with a model that was fitted without the photo's scene.

The model is a logistic regression on embeddings and takes seconds to fit. Confident learning (Northcutt et al. 2021, in cleanlab) selects
the disagreements that are likely label errors. Photos that lie far from all photos of other scenes may not show a car park.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.filter import find_label_issues
from sklearn.linear_model import LogisticRegression

from training.clean.decisions import DROP, KEEP, LABEL, LABEL_PASS, Decision
from training.clean.survey import Floats, Survey
from training.labels import LABELS, PARTIAL
from training.splits import fewest_scenes, scene_folds

LABEL_FOLDS = 6
# Chosen on 137 real photos of which ten had the wrong label: 3 to 4 errors out of fold, and all ten among the 25 most doubtful photos.
INVERSE_REGULARISATION, PARTIAL_WEIGHT = 10.0, 0.25
NEAREST = 5  # photos of other scenes to which the distance is measured
# Robust standard deviations above the median distance from which a photo is proposed for dropping. Chosen on 208 photos of car parks, which
# had up to 3.3 (all but two had less than 2.7), and 30 pictures of other things, which had 1.6 to 8.
FAR = 2.75


def judge_labels(survey: Survey, scenes: pd.Series, seed: int) -> list[Decision]:
    """One row for each readable photo, and a second one if it does not look like a car park. `scenes` groups near-duplicates."""
    rows = np.flatnonzero(survey.is_readable)
    photos = survey.photos.iloc[rows]
    p_full = _cross_validate(survey.embeddings[rows], photos.label, scenes.iloc[rows], seed)
    is_wrong = find_wrong(photos.label.to_numpy(), p_full)
    judged = [
        _judge(file, sha256, label, p, wrong)
        for file, sha256, label, p, wrong in zip(photos.file, photos.sha256, photos.label, p_full, is_wrong, strict=True)
    ]
    far = distances_to_others(survey.embeddings[rows], scenes.iloc[rows])
    unlike = [
        Decision(
            file,
            sha256,
            LABEL_PASS,
            DROP,
            f"perhaps not a car park: {z:.1f} deviations further from the others than usual",
            f"{min(z / FAR / 2, 0.9):.3f}",
        )
        for file, sha256, z in zip(photos.file, photos.sha256, far, strict=True)
        if z >= FAR
    ]
    return judged + unlike


def _cross_validate(embeddings: npt.NDArray[np.float32], labels: pd.Series, scenes: pd.Series, seed: int) -> Floats:
    """(n,) P(full) of each photo by a model fitted without its scene. A partial photo is learnt as both labels, each with less weight."""
    inputs = _rotate(embeddings)
    kinds = labels.to_numpy()
    n_folds = max(min(LABEL_FOLDS, fewest_scenes(labels, scenes)), 2)
    p_full = np.full(len(labels), 0.5)
    for learn, judge in scene_folds(kinds, scenes, n_folds, seed=seed):
        whole, half = learn[kinds[learn] != PARTIAL], learn[kinds[learn] == PARTIAL]
        x = np.concatenate([inputs[whole], inputs[half], inputs[half]])
        y = np.concatenate([kinds[whole] == LABELS[1], np.zeros(len(half), bool), np.ones(len(half), bool)])
        weights = np.concatenate([np.ones(len(whole)), np.full(2 * len(half), PARTIAL_WEIGHT)])
        if len(np.unique(y)) == 2:
            model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=500).fit(x, y, sample_weight=weights)
            p_full[judge] = model.predict_proba(inputs[judge])[:, 1]
    return p_full


def find_wrong(labels: npt.NDArray[np.object_], p_full: Floats) -> npt.NDArray[np.bool_]:
    """(n,) True where a label is likely wrong.

    For empty and full photos: where confident learning says so, or the likelier label differs. For partial photos: where P(full) is below
    0.05 or above 0.95.
    """
    is_wrong = np.zeros(len(labels), dtype=bool)
    two = np.flatnonzero(labels != PARTIAL)
    given = (labels[two] == LABELS[1]).astype(int)
    probabilities = np.stack([1 - p_full[two], p_full[two]], axis=1)
    for way in ("confident_learning", "predicted_neq_given"):
        is_wrong[two] |= find_label_issues(given, probabilities, filter_by=way, n_jobs=1)
    return np.asarray(is_wrong | ((labels == PARTIAL) & (np.abs(p_full - 0.5) > 0.45)))


def distances_to_others(embeddings: npt.NDArray[np.float32], scenes: pd.Series) -> Floats:
    """(n,) the mean distance of each photo to the nearest photos of other scenes, in robust standard deviations above the median.

    All zeros if there are too few scenes to know the usual distance.
    """
    numbers = pd.factorize(scenes)[0]
    if len(np.unique(numbers)) <= 2 * NEAREST:
        return np.zeros(len(embeddings))
    distances = np.empty(len(embeddings))
    for row, own in enumerate(embeddings):  # row by row, so that memory stays small with many photos
        likeness = (embeddings @ own)[numbers != numbers[row]]
        distances[row] = 1 - float(np.sort(likeness)[-NEAREST:].mean())
    median = np.median(distances)
    return np.asarray((distances - median) / max(1.4826 * float(np.median(np.abs(distances - median))), 1e-9))


def _judge(file: str, sha256: str, label: str, p_full: float, is_wrong: bool) -> Decision:
    likelier = LABELS[int(p_full >= 0.5)]
    sureness = max(p_full, 1 - p_full)
    own = {LABELS[0]: 1 - p_full, LABELS[1]: p_full, PARTIAL: 2 * (1 - sureness)}[label]
    proposal, score = (LABEL + likelier, sureness) if is_wrong and likelier != label else (KEEP, own)
    return Decision(file, sha256, LABEL_PASS, proposal, f"P(full) {p_full:.2f} out of fold, labelled {label}", f"{score:.3f}")


def _rotate(embeddings: npt.NDArray[np.float32]) -> Floats:
    """(n, at most n) standardised features in the basis of their principal components: the same fit, in less time."""
    centred = (embeddings - embeddings.mean(axis=0)) / np.maximum(embeddings.std(axis=0), 1e-6)
    u, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    return np.asarray(u * s / np.sqrt(embeddings.shape[1]))
