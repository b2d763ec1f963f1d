"""Each claim, measured on one model: a row with what was asked, on how many pictures, and the result."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL.Image import Image

from carpark.errors import BadPhotos
from carpark.images import open_image
from carpark.intervals import wilson_interval
from carpark.model.engines import Model, Predictions
from carpark.quality.judging import judge_frame
from training.claims.negatives import draw_negatives
from training.evaluate.predictions import predict
from training.evaluate.scores import score
from training.labels import PARTIAL

DRAWN = 50  # pictures of each kind
CLAIMED_ERRORS, CLAIMED_PHOTOS = 0, 30


def count_car_parks(predictions: Predictions) -> str:
    """How many of these pictures the model takes for car parks, in words."""
    verdicts = predictions.are_car_parks
    return "no check for car parks in this model" if verdicts is None else f"{int(verdicts.sum())} taken for car parks"


def claim_no_errors() -> dict[str, Any]:
    """What the score of 2020 leaves open."""
    low, _ = wilson_interval(CLAIMED_PHOTOS - CLAIMED_ERRORS, CLAIMED_PHOTOS)
    return _row("what 0 errors in 30 mean", CLAIMED_PHOTOS, f"up to {1 - low:.1%} errors (95% interval), on photos of the same kind only")


def ask_negatives(model: Model) -> dict[str, Any]:
    """Which drawn pictures pass for car parks."""
    kinds = draw_negatives(DRAWN)
    counts = [f"{name}: {count_car_parks(model.predict(pictures))}" for name, pictures in kinds.items()]
    return _row("pictures that are not car parks", DRAWN * len(kinds), "; ".join(counts))


def ask_generated(model: Model, folder: Path) -> dict[str, Any]:
    """How it does on computer-generated car parks."""
    predictions = predict(model, folder)
    scores = score(predictions, model.config.thresholds)
    low, high = scores["accuracy_interval_95"]
    words = f"{scores['errors']} errors ({scores['empty_called_full']} empty called full), "
    words += f"{scores['accuracy']:.1%} right ({low:.1%} to {high:.1%})"
    if "occupancy" in predictions and predictions.occupancy.notna().sum() > 2:
        words += f"; {_rank_correlation(predictions.occupancy, predictions.p_full)} with the share of bays taken"
    some = model.predict(open_image(folder / file) for file in predictions.file[:: max(1, len(predictions) // 300)])
    partial = int((predictions.label == PARTIAL).sum())
    beside = f"; of {len(some.p_full)} asked, {count_car_parks(some)}" + (f"; {partial} partial beside" if partial else "")
    return _row("computer-generated car parks", scores["n"], words + beside)


def ask_camera(model: Model, folder: Path, counted: Path | None) -> list[dict[str, Any]]:
    """How it does on a day of one camera, and against counted bays."""
    frames = read_frames(folder)
    predictions = model.predict(frames.values())
    p_full = pd.Series(predictions.p_full, index=list(frames))
    rows = [
        _row(
            f"{folder.parent.name}, {folder.name}",
            len(p_full),
            f"{int((p_full >= 0.5).sum())} called full; {count_car_parks(predictions)}",
        )
    ]
    if counted:
        table = read_counted(counted)
        table = table[table.file.isin(p_full.index)].assign(p_full=lambda known: known.file.map(p_full))
        pairs = ", ".join(f"{taken}: {p:.2f}" for taken, p in zip(table.occupied, table.p_full, strict=True))
        rows.append(
            _row(
                "the same, bays counted: P(full)",
                len(table),
                f"{pairs}; {_rank_correlation(table.share, table.p_full)}",
            )
        )
    return rows


def ask_streets(model: Model, folder: Path) -> dict[str, Any]:
    """What it says of street cameras; nobody counted them, so this is not an accuracy."""
    predictions = model.predict(read_frames(folder).values())
    n = len(predictions.p_full)
    words = f"{int((predictions.p_full >= 0.5).sum())} called full, P(full) {predictions.p_full.mean():.2f} on average, nobody counted"
    return _row("street cameras", n, f"{words}; {count_car_parks(predictions)}")


def read_frames(folder: Path) -> dict[str, Image]:
    """The usable frames of a folder by file name, overlays cut away. Raises BadPhotos where the folder has none."""
    judged = {path.name: judge_frame(path.read_bytes()).scene for path in sorted(folder.glob("*.jpg"))}
    usable = {name: scene for name, scene in judged.items() if scene is not None}
    if not usable:
        raise BadPhotos(f"{folder} has no usable camera frame (*.jpg); expected a folder like archive/CAMERA/2026-01-31.")
    return usable


def read_counted(path: Path) -> pd.DataFrame:
    """`file`, `occupied` ("8/40") and `share`. Raises BadPhotos for another kind of file."""
    try:
        table = pd.read_csv(path, dtype=str)
        taken = table["occupied"].str.split("/", expand=True).astype(float)
        return table.assign(share=taken[0] / taken[1])[["file", "occupied", "share"]]
    except (OSError, ValueError, KeyError) as error:
        raise BadPhotos(f"{path} is not a table of counted bays ({error!r}); expected file,occupied with values like 8/40.") from error


def _rank_correlation(truth: pd.Series, predicted: pd.Series) -> str:
    """Spearman's, in words; there is none where one of the two never varies."""
    if truth.nunique() < 2 or predicted.nunique() < 2:
        return "no rank correlation, as the answer never varies"
    return f"rank correlation {np.corrcoef(truth.rank(), predicted.rank())[0, 1]:.2f}"


def _row(asked: str, n: int, measured: str) -> dict[str, Any]:
    return {"asked": asked, "n": n, "measured": measured}
