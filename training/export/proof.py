"""Compare the predictions of each format of a model with those of the learner."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from fastai.learner import load_learner
from fastai.vision.core import PILImage
from torch import nn

from carpark.errors import BadModel
from carpark.model.attention import split_for_features
from carpark.model.config import MODEL_FILES, Engine, read_config
from carpark.model.engines import BATCH, Answers, Features, Pixels, Probabilities, Shares, load_model
from carpark.model.fullness import share_of
from carpark.model.neighbours import load_neighbours
from carpark.model.network import pool_features
from training.labels import LABELS

# The largest difference in P(full) from fastai's own prediction with the learner that a format may show on any photo.
BOUNDS: dict[Engine, float] = {"learner": 1e-3, "safetensors": 1e-3, "fp32": 1e-3, "int8": 0.2}


def prove_agreement(folder: Path, pixels: Pixels, labels: pd.Series) -> dict[str, Any]:
    """The differences of each format from fastai's `get_preds` with the learner on these photos. Raises BadModel if one exceeds its bound.

    Empty and full photos must also keep their class, unless the learner's P(full) is within the bound of 0.5.
    """
    config, neighbours = read_config(folder), load_neighbours(folder)
    full = config.labels.index("full")
    learner, seen_by_learner = _by_fastai(folder / MODEL_FILES["learner"], pixels)
    p_learner = learner[:, full]
    verdicts = [neighbours.is_car_park(feature) for feature in seen_by_learner]
    is_class = labels.isin(LABELS).to_numpy()
    proof: dict[str, Any] = {"n": len(pixels)}
    for engine, bound in BOUNDS.items():
        probabilities, features, fullness = _answers(folder, engine, pixels)
        p_full = probabilities[:, full]
        gap, other_class = float(np.abs(p_full - p_learner).max()), (p_full >= 0.5) != (p_learner >= 0.5)
        flips = other_class & is_class & (np.abs(p_learner - 0.5) > bound)
        if gap > bound or flips.any():
            raise BadModel(
                f"{MODEL_FILES[engine]} does not agree with the learner: |ΔP(full)| up to {gap:.4f} (at most {bound} is allowed) "
                f"and {int(flips.sum())} of {len(pixels)} photos in another class. Nothing was written."
            )
        proof[engine] = {
            "max_abs_dp": round(gap, 6),
            "bound": bound,
            "other_class": int(other_class.sum()),
            "min_similarity": round(float((features * seen_by_learner).sum(axis=1).min()), 4),
            **({"max_abs_dfullness": _largest_gap(fullness, share_of(p_learner, config.fullness))} if config.fullness else {}),
            "other_car_park": sum(neighbours.is_car_park(f) != verdict for f, verdict in zip(features, verdicts, strict=True)),
        }
    return proof


def _by_fastai(path: Path, pixels: Pixels) -> tuple[Probabilities, Features]:
    """Predictions by fastai alone, with its own loader, normalisation, callbacks and loss, as a user of the learner gets them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of pickle; the file was written just now
        learner = load_learner(path)
    cast(Any, learner.model).to(memory_format=torch.channels_last)  # half the time on a CPU; torch's types leave the argument out
    pooled: list[Features] = []
    first, rest = split_for_features(learner.model[0])
    layer = first if isinstance(rest, nn.Identity) else list(first.children())[-1]
    layer.register_forward_hook(lambda layer, pictures, maps: pooled.append(pool_features(maps.detach()).cpu().numpy()))
    with learner.no_bar(), learner.no_logging():
        loader = learner.dls.test_dl([PILImage.create(image) for image in pixels], num_workers=0, bs=BATCH)
        probabilities, _ = learner.get_preds(dl=loader)
    return np.asarray(probabilities), np.concatenate(pooled)


def _largest_gap(some: Shares, others: Shares) -> float:
    return round(float(np.abs(some - others).max()), 6)


def _answers(folder: Path, engine: Engine, pixels: Pixels) -> Answers:
    model = load_model(folder, engine)
    with ThreadPoolExecutor(model.workers) as pool:
        run = pool.map if model.workers > 1 else map  # torch uses all cores by itself
        seen = list(run(model.forward, [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]))
    probabilities, features, fullness = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    return probabilities, features, fullness
