"""Compare the predictions of each format of a model with those of the learner."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.learner import load_learner
from fastai.vision.core import PILImage
from torch import nn

from carpark.errors import BadModel
from carpark.model.blocks import split_for_features
from carpark.model.config import MODEL_FILES, Engine, ModelConfig, read_config
from carpark.model.engines import BATCH, Answers, Features, Pixels, Shares, load_engine
from carpark.model.fullness import share_of
from carpark.model.neighbours import Neighbours, load_neighbours
from carpark.model.network import pool_features
from training.labels import LABELS

# The largest difference in P(full) on any photo: of three formats from fastai's own prediction with the learner, of int8 from fp32.
BOUNDS: dict[Engine, float] = {"learner": 1e-3, "safetensors": 1e-3, "fp32": 1e-3, "int8": 0.2}
# Three formats do the learner's arithmetic, so that they differ by rounding; some photos, evenly from first to last, show whether they do.
SAME_ARITHMETIC: tuple[Engine, ...] = ("learner", "safetensors", "fp32")
SOME_PHOTOS = 40


def prove_agreement(folder: Path, pixels: Pixels, labels: pd.Series) -> dict[str, Any]:
    """How far the formats differ on these photos. Raises BadModel if one exceeds its bound.

    Those that do the learner's arithmetic are compared with fastai's `get_preds` on `SOME_PHOTOS` of them, and int8 with fp32 on all. Empty
    and full photos must also keep their class, unless P(full) is within the bound of 0.5.
    """
    config, neighbours = read_config(folder), load_neighbours(folder)
    some = np.unique(np.linspace(0, len(pixels) - 1, SOME_PHOTOS).astype(int))
    by_fastai = _by_fastai(folder / MODEL_FILES["learner"], pixels[some], config.features_before_last)
    is_class = labels.isin(LABELS).to_numpy()
    proof: dict[str, Any] = {"n": len(pixels), "n_same_arithmetic": len(some)}
    exact = _answers(folder, "fp32", pixels)
    for engine in SAME_ARITHMETIC:
        found = tuple(part[some] for part in exact) if engine == "fp32" else _answers(folder, engine, pixels[some])
        proof[engine] = _compare(engine, found, by_fastai, is_class[some], (config, neighbours))
    proof["int8"] = _compare("int8", _answers(folder, "int8", pixels), exact, is_class, (config, neighbours))
    return proof


def _compare(
    engine: Engine, found: Answers, exact: Answers, is_class: npt.NDArray[np.bool_], model: tuple[ModelConfig, Neighbours]
) -> dict[str, Any]:
    """How far a format's answers are from exact ones. Raises BadModel where that is too far."""
    (config, neighbours), bound = model, BOUNDS[engine]
    full = config.labels.index("full")
    p_found, p_exact = found[0][:, full], exact[0][:, full]
    gap, other_class = float(np.abs(p_found - p_exact).max()), (p_found >= 0.5) != (p_exact >= 0.5)
    flips = other_class & is_class & (np.abs(p_exact - 0.5) > bound)
    if gap > bound or flips.any():
        other = MODEL_FILES["fp32"] if engine == "int8" else "the learner"
        raise BadModel(
            f"{MODEL_FILES[engine]} does not agree with {other}: |ΔP(full)| up to {gap:.4f} (at most {bound} is allowed) "
            f"and {int(flips.sum())} of {len(p_exact)} photos in another class. Nothing was written."
        )
    verdicts, exact_verdicts = neighbours.are_car_parks(found[1]), neighbours.are_car_parks(exact[1])
    return {
        "max_abs_dp": round(gap, 6),
        "bound": bound,
        "other_class": int(other_class.sum()),
        "min_similarity": round(float((found[1] * exact[1]).sum(axis=1).min()), 4),
        **({"max_abs_dfullness": _largest_gap(found[2], share_of(p_exact, config.fullness))} if config.fullness else {}),
        "other_car_park": 0 if verdicts is None or exact_verdicts is None else int((verdicts != exact_verdicts).sum()),
    }


def _by_fastai(path: Path, pixels: Pixels, features_before_last: int) -> Answers:
    """Answers by fastai alone, with its own loader, normalisation, callbacks and loss, as a user of the learner gets them; no shares."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of pickle; the file was written just now
        learner = load_learner(path)
    cast(Any, learner.model).to(memory_format=torch.channels_last)  # half the time on a CPU; torch's types leave the argument out
    pooled: list[Features] = []
    first, rest = split_for_features(learner.model[0], features_before_last)
    layer = first if isinstance(rest, nn.Identity) else list(first.children())[-1]
    layer.register_forward_hook(lambda layer, pictures, maps: pooled.append(pool_features(maps.detach()).cpu().numpy()))
    with learner.no_bar(), learner.no_logging():
        loader = learner.dls.test_dl([PILImage.create(image) for image in pixels], num_workers=0, bs=BATCH)
        probabilities, _ = learner.get_preds(dl=loader)
    return np.asarray(probabilities), np.concatenate(pooled), np.full(len(pixels), np.nan, np.float32)


def _largest_gap(some: Shares, others: Shares) -> float:
    return round(float(np.abs(some - others).max()), 6)


def _answers(folder: Path, engine: Engine, pixels: Pixels) -> Answers:
    model = load_engine(folder, engine)
    with ThreadPoolExecutor(model.workers) as pool:
        run = pool.map if model.workers > 1 else map  # torch uses all cores by itself
        seen = list(run(model.forward, [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]))
    probabilities, features, fullness = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    return probabilities, features, fullness
