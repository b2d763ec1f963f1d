"""Fill the card templates, model_card.md and dataset_card.md, with numbers that come from what was measured."""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

TEMPLATES = Path(__file__).resolve().parents[1]


def model_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The README.md of a model repo, from its config.json and metrics.json. A placeholder without a value raises KeyError."""
    scores, recipe, agreement = metrics["validation"], config["recipe"], metrics["agreement"]
    low, high = scores["accuracy_interval_95"]
    values = {
        **{name: scores[name] for name in ("n", "errors", "accuracy", "auroc", "ece", "answered_share", "errors_among_answered")},
        **config["thresholds"],
        "accuracy_low": low,
        "accuracy_high": high,
        "agreement_n": agreement["n"],
        "fp32_gap": agreement["fp32"]["max_abs_dp"],
        "int8_gap": agreement["int8"]["max_abs_dp"],
        "architecture": config["architecture"],
        "start": {"none": "from random weights", "imagenet": "from torchvision's ImageNet weights"}.get(
            recipe["weights"], f"from the weights in {recipe['weights']}"
        ),
        "epochs": recipe["epochs"],
        "seed": recipe["seed"],
        "dataset_name": config["dataset"]["name"],
        "photos": config["dataset"]["photos"],
        "scenes": config["dataset"]["scenes"],
        "label_counts": _in_words(config["dataset"]["labels"]),
        "height": config["input_size"][0],
        "width": config["input_size"][1],
    }
    return Template((TEMPLATES / "model_card.md").read_text()).substitute(values)


def dataset_card(photos: pd.DataFrame, seed: int) -> str:
    """The README.md of a folder of generated photos. A placeholder without a value raises KeyError."""
    values = {
        "photos": len(photos),
        "scenes": photos.scene.nunique(),
        "label_counts": _in_words(photos.label.value_counts().sort_index().to_dict()),
        "views": ", ".join(sorted(photos["view"].unique())),
        "lights": ", ".join(sorted(photos["light"].unique())),
        "seed": seed,
    }
    return Template((TEMPLATES / "dataset_card.md").read_text()).substitute(values)


def _in_words(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {label}" for label, count in counts.items())
