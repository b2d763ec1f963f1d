"""Fill model_card.md with numbers that come from what was measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from huggingface_hub import EvalResult, ModelCard

from carpark.errors import BadModel
from carpark.files import write_file
from carpark.model.config import MODEL_FILES
from training.cards.building import builder_code, counting_code, needs_in_words, network_code, weights_in_words
from training.cards.names import PLACEHOLDERS
from training.cards.tables import architecture_table, breakdown_table, claims_table, comma_separated, fullness_table

PRINTED = ("auroc", "ece", "brier", "empty_called_full", "full_called_empty", "answered_share", "errors_among_answered")
TEMPLATES = Path(__file__).resolve().parents[2]
# torchvision's newest ImageNet weights, which training starts from, as they are on the Hub.
BASE_MODELS = {
    "resnet18": "timm/resnet18.tv_in1k",
    "resnet34": "timm/resnet34.tv_in1k",
    "resnet50": "timm/resnet50.tv2_in1k",
    "resnet101": "timm/resnet101.tv2_in1k",
    "densenet121": "timm/densenet121.tv_in1k",
}


def model_card(config: dict[str, Any], metrics: dict[str, Any], *, repo: str = PLACEHOLDERS["repo"]) -> str:
    """The README.md of the model repo `repo`, from its config.json and metrics.json. A template name without a value raises KeyError.

    The names of its sibling repos are `PLACEHOLDERS`, which publication fills in.
    """
    text = Template((TEMPLATES / "model_card.md").read_text()).substitute(_card_values(config, metrics), repo=repo)
    dataset, card = config["dataset"], ModelCard(text)
    front: Any = card.data
    front.model_name = repo.split("/")[1]
    front.eval_results = _eval_results(metrics["validation"], dataset)
    front.datasets = [dataset["repo"]] if "repo" in dataset else None
    front.base_model = BASE_MODELS.get(config["architecture"]) if config["recipe"]["weights"] == "imagenet" else None
    return str(card)


def _card_values(config: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """The value of each name in the template, but for `repo`."""
    scores, recipe, agreement, dataset = metrics["validation"], config["recipe"], metrics["agreement"], config["dataset"]
    low, high = scores["accuracy_interval_95"]
    architecture = config["architecture"]
    return {
        **{name: scores[name] for name in ("n", "errors", "accuracy", *PRINTED)},
        "repeats": _repeats_row(scores.get("repeats")),
        "partial": _partial_row(scores.get("partial")),
        **config["thresholds"],
        "accuracy_low": low,
        "accuracy_high": high,
        "agreement_n": agreement["n"],
        "exact_n": agreement.get("n_same_arithmetic", agreement["n"]),
        "fp32_gap": agreement["fp32"]["max_abs_dp"],
        "int8_other_class": agreement["int8"]["other_class"],
        "int8_gap": agreement["int8"]["max_abs_dp"],
        "architecture": architecture,
        "builder": builder_code(architecture),
        "network": network_code(architecture),
        "counting": counting_code(config.get("counts", False)),
        "needs": needs_in_words(architecture, config["versions"]),
        "code": PLACEHOLDERS["code"],
        "drawn": _drawn_in_words(dataset),
        "parameters": _parameters_in_words(config.get("files", {})),
        "machine": _machine_in_words(config.get("machine", {})),
        "start": _start_in_words(recipe, architecture),
        "fitted": _fit_in_words(recipe, dataset, counts=config.get("counts", False)),
        "scored_by": metrics["scored_by"],
        "temperature": config["temperature"],
        "seed": recipe["seed"],
        "photos": dataset["photos"],
        "scenes": dataset["scenes"],
        "label_counts": _in_words(dataset["labels"]),
        "dataset": _dataset_link(dataset),
        "height": config["input_size"][0],
        "width": config["input_size"][1],
        "training_seconds": metrics["training_seconds"],
        "command": config["command"],
        "revision": f"revision `{dataset['sha256'][:16]}`",
        "environment": ", ".join(f"{name} {version}" for name, version in config["versions"].items()),
        "breakdown": breakdown_table(scores),
        "fullness": fullness_table(scores),
        "architectures": architecture_table(metrics.get("architectures")),
        "claims": claims_table(metrics.get("claims")),
    }


def add_to_card(folder: Path, key: str, measured: Any) -> None:
    """Writes `measured` into metrics.json of a model folder, and its card anew. Raises BadModel for a folder that training has not made."""
    try:
        config, metrics = (json.loads((folder / name).read_text()) for name in ("config.json", "metrics.json"))
        metrics[key] = measured
        card = model_card(config, metrics)
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise BadModel(f"{folder} lacks what its card is made of ({error!r}). Make it again with `python -m training.train`.") from error
    write_file(folder / "metrics.json", (json.dumps(metrics, indent=2, ensure_ascii=False) + "\n").encode())
    write_file(folder / "README.md", card.encode())


def _repeats_row(repeats: dict[str, list[float]] | None) -> str:
    """A row of the card's table, after a line break; nothing where the folds were drawn once."""
    if not repeats:
        return ""
    errors, ece = comma_separated(repeats["errors"]), comma_separated(repeats["ece"])
    return f"\n| errors; ECE, each time that the folds were drawn | {errors}; {ece} |"


def _partial_row(partial: dict[str, Any] | None) -> str:
    """Likewise for partial photos; nothing where there were none."""
    if not partial:
        return ""
    pair = f"{partial['auroc_empty_partial']}; {partial['auroc_partial_full']}"
    return f"\n| AUROC of empty below partial; partial below full ({partial['n']} partial photos) | {pair} |"


def _eval_results(scores: dict[str, Any], dataset: dict[str, Any]) -> list[EvalResult]:
    """The scores as the Hub's model index has them."""
    return [
        EvalResult(
            task_type="image-classification",
            dataset_type=dataset.get("repo", dataset["name"]),
            dataset_name=f"{dataset['name']}, places held out of training",
            dataset_revision=dataset.get("revision"),
            metric_type=metric,
            metric_value=scores[score],
            metric_name=score,
        )
        for metric, score in (("accuracy", "accuracy"), ("roc_auc", "auroc"))
    ]


def _start_in_words(recipe: Mapping[str, Any], architecture: str) -> str:
    """What the weights started from."""
    if recipe.get("start_from"):
        return f"fine-tuned from the model {recipe['start_from']} (last layer only)"
    return weights_in_words(architecture, recipe["weights"])


def _dataset_link(dataset: Mapping[str, Any]) -> str:
    """The dataset in Markdown: a link to its repo and the commit, or its folder's name before it is published."""
    if "repo" not in dataset:
        return f"`{dataset['name']}`"
    return f"[{dataset['repo']}](https://huggingface.co/datasets/{dataset['repo']}) at `{dataset['revision']}`"


def _fit_in_words(recipe: Mapping[str, Any], dataset: Mapping[str, Any], *, counts: bool) -> str:
    """How the network was fitted to the photos."""
    if recipe["weights"] == "none":
        return f"{recipe['epochs']} epochs"
    counting = ", which also taught it to count the free and the taken bays in each cell of its last maps" if counts else ""
    drawn = dataset.get("drawn", 0)
    taught = "those of four fifths of the scenes" if drawn == dataset["photos"] else f"{drawn:,} drawn photos"
    streets = f" ({n:,} of the photos show streets, and are scored by themselves)" if (n := dataset.get("streets")) else ""
    if recipe.get("tuned"):
        further = "" if drawn == dataset["photos"] else ", then on the real photos beside those"
        return f"its later blocks fine-tuned on {taught}{counting}{further}{streets}"
    return f"frozen, under one layer fitted to its features{streets}"


def _drawn_in_words(dataset: Mapping[str, Any]) -> str:
    """A paragraph that says how many of the photos are drawings, between line breaks; nothing where none is known to be one."""
    drawn, photos = dataset.get("drawn", 0), dataset["photos"]
    if not drawn:
        return ""
    program = "car parks drawn by a program (`python -m training.sample`), not photographs"
    if drawn < photos:
        return f"\n**{drawn:,} of the {photos:,} pictures that it learnt from are {program}.**\n"
    scores = "The scores below say how well it does on drawings; how well it does on photographs was not measured."
    return f"\n**All {photos:,} pictures that it learnt from, and those that it was scored on, are {program}.** {scores}\n"


def _parameters_in_words(files: Mapping[str, Any]) -> str:
    """Such as "0.7 M parameters", from the size of the float32 weights."""
    weights = files.get(MODEL_FILES["safetensors"])
    return f"{weights['bytes'] / 4e6:.1f} M parameters" if weights else "parameters not counted"


def _machine_in_words(machine: Mapping[str, Any]) -> str:
    if not machine:
        return "a machine that was not recorded"
    return f"{machine['threads']} threads of {machine['processor']} {'with' if machine['gpu'] else 'without'} a GPU"


def _in_words(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {label}" for label, count in counts.items())
