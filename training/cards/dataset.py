"""Fill dataset_card.md: every number from the photos and from what cleaning wrote beside them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd
from huggingface_hub import DatasetCard

from training.cards.attribution import license_name
from training.cards.names import PLACEHOLDERS
from training.cards.tables import markdown_table
from training.labels import LABELS, PARTIAL
from training.provenance import DRAWN, LICENSES, PERMISSIVE, PROVENANCE
from training.splits import SPLIT_SHARES, SPLITS, hashed_split

TEMPLATE = Path(__file__).resolve().parents[2] / "dataset_card.md"
# Versions that the Hub has a name for.
HUB_VERSIONS = {"by": "2.0 2.5 3.0 4.0", "by-sa": "3.0 4.0", "by-nc": "2.0 3.0 4.0", "by-nc-sa": "2.0 3.0 4.0"}
SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
NO_CLEANING = "No cleaning was recorded: the photos are as they were found."
NO_SHORTCUTS = "Whether style predicts the class was not measured."
SPLIT_RULE = (
    "A scene's side follows from its name alone: the first 8 bytes of sha256(`{seed}:scene`), as a share of all values, "
    "are below {test:.2f} for test, below {validation:.2f} for validation, and above for train. "
    "So a new photo or a mended label moves no other scene, and scores on two versions of this dataset can be compared."
)
MOVED = " {n} of the {all} scenes were moved from the side of their name, since each side must show both classes."


def dataset_card(photos: pd.DataFrame, folder: Path, *, configs: Mapping[str, Mapping[str, str]], drawn: int, seed: int) -> str:
    """The README.md of a dataset repo, with `PLACEHOLDERS` for the names of repos. A template name without a value raises KeyError.

    `photos` has a `split` column; `folder` holds cleaning.csv and shortcuts.csv if there are any; `drawn` counts the generated config.
    """
    two = photos[photos.label.isin(LABELS)]
    values = {
        "repo": PLACEHOLDERS["repo"],
        "code": PLACEHOLDERS["code"],
        "drawn": _drawn_in_words(photos),
        "split_rule": _split_rule_in_words(photos, seed),
        "labelling": _labelling_in_words(photos, folder / "cleaning.csv"),
        "photos": f"{len(two):,}",
        "scenes": f"{two.scene.nunique():,}",
        "splits": markdown_table(("split", "photos", *LABELS, "scenes"), (_split_row(two, split) for split in SPLITS)),
        "configs": "\n".join(f"- `{name}`: {_config_in_words(name, photos, drawn)}" for name in configs),
        "config": "permissive" if "permissive" in configs else "default",
        "provenance": "\n".join(f"| `{column}` | {meaning} |" for column, meaning in PROVENANCE.items()),
        "licenses": markdown_table(("licence", "photos"), _counts(photos.apply(lambda photo: license_name(photo.to_dict()), axis=1))),
        "sources": markdown_table(("found at", "photos"), _counts(photos.source)),
        "cleaning": _cleaning_in_words(folder / "cleaning.csv"),
        "shortcuts": _shortcuts_in_words(folder / "shortcuts.csv"),
    }
    card = DatasetCard(Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values))
    front: Any = card.data
    front.license = _hub_licenses(photos)
    front.annotations_creators = _annotations_creators(photos, folder / "cleaning.csv")
    front.tags = [*front.tags, *(["synthetic"] if (photos.source == DRAWN).any() else [])]
    front.size_categories = [next((name for most, name in SIZES.items() if len(photos) + drawn < most), "n>1M")]
    front.configs = [
        {"config_name": name, "data_files": [{"split": split, "path": path} for split, path in files.items()]}
        | ({"default": True} if name == "default" else {})
        for name, files in configs.items()
    ]
    return str(card)


def _drawn_in_words(photos: pd.DataFrame) -> str:
    """A paragraph that says how many pictures are drawn, between line breaks; nothing where all are photographs."""
    n = int((photos.source == DRAWN).sum())
    if not n:
        return ""
    which = f"**All {n:,} pictures" if n == len(photos) else f"**{n:,} of the {len(photos):,} pictures"
    return f"\n{which} are drawn by a program (`python -m training.sample`); they are not photographs.** Their `source` is `{DRAWN}`.\n"


def _split_rule_in_words(photos: pd.DataFrame, seed: int) -> str:
    scenes = photos.drop_duplicates("scene")
    moved = sum(split != hashed_split(scene, seed) for scene, split in zip(scenes.scene, scenes.split, strict=True))
    rule = SPLIT_RULE.format(seed=seed, test=SPLIT_SHARES["test"], validation=SPLIT_SHARES["test"] + SPLIT_SHARES["validation"])
    return rule + (MOVED.format(n=moved, all=len(scenes)) if moved else "")


def _annotations_creators(photos: pd.DataFrame, cleaning: Path) -> list[str]:
    """The Hub's words for who gave the labels."""
    drawn = photos.source == DRAWN
    known = {
        "machine-generated": drawn.any(),
        "found": not drawn.all(),  # the search query that found a photo, or the folder in which its owner keeps it
        "expert-generated": _reviewed(cleaning) > 0,
    }
    return [name for name, is_true in known.items() if is_true]


def _reviewed(cleaning: Path) -> int:
    """How many decisions of cleaning.csv a person made."""
    if not cleaning.is_file():
        return 0
    decided_by = pd.read_csv(cleaning, dtype=str).decided_by.fillna("")
    return int((~decided_by.str.startswith("auto") & (decided_by != "")).sum())


def _labelling_in_words(photos: pd.DataFrame, cleaning: Path) -> str:
    drawn, reviewed = int((photos.source == DRAWN).sum()), _reviewed(cleaning)
    parts = []
    if drawn:
        parts.append(f"{drawn:,} labels follow from the share of bays that the program filled.")
    if drawn < len(photos):
        parts.append("The first label of a photo is the search query that found it, or the folder in which its owner keeps it.")
    if reviewed:
        parts.append(f"People then looked at photos and made {reviewed:,} decisions, which are rows of `cleaning.csv`.")
    return " ".join(parts)


def _split_row(photos: pd.DataFrame, split: str) -> tuple[Any, ...]:
    rows = photos[photos.split == split]
    return (split, len(rows), *((rows.label == label).sum() for label in LABELS), rows.scene.nunique())


def _config_in_words(name: str, photos: pd.DataFrame, drawn: int) -> str:
    two = photos[photos.label.isin(LABELS)]
    return {
        "default": f"all {len(two):,} photos of the two classes",
        "permissive": f"{two.license.isin(PERMISSIVE).sum():,} of them: only {', '.join(LICENSES[name] for name in PERMISSIVE)}",
        PARTIAL: f"{(photos.label == PARTIAL).sum():,} photos between the classes; their `label` is null",
        "generated": f"{drawn:,} car parks drawn by `python -m training.sample`, CC0; where `label` is null, `occupancy` tells",
    }[name]


def _hub_licenses(photos: pd.DataFrame) -> list[str]:
    """The Hub's names of the licences, commonest first; "other" for those that it has no name for."""
    names = []
    for license_id, version in photos[["license", "license_version"]].value_counts().index:
        has_name = str(version) in HUB_VERSIONS.get(license_id, "").split()
        names.append("cc0-1.0" if license_id == "cc0" else f"cc-{license_id}-{version}" if has_name else "other")
    return list(dict.fromkeys(names))


def _cleaning_in_words(csv: Path) -> str:
    if not csv.is_file():
        return NO_CLEANING
    decisions = pd.read_csv(csv, dtype=str)
    counts = decisions.groupby(["pass", "reason", "decision"]).size().reset_index(name="photos")
    table = markdown_table(("pass", "reason", "decision", "photos"), counts.itertuples(index=False))
    return f"Each decision is a row of `cleaning.csv`.\n\n{table}"


def _shortcuts_in_words(csv: Path) -> str:
    if not csv.is_file():
        return NO_SHORTCUTS
    traits = pd.read_csv(csv)
    rows = ((row.trait, f"{row.auroc:.2f} ({row.low:.2f} to {row.high:.2f})", row.n, row.verdict) for row in traits.itertuples())
    return markdown_table(("trait", "AUROC for full (95% interval)", "photos", "verdict"), rows)


def _counts(values: pd.Series) -> Iterable[tuple[str, int]]:
    counts = values.replace("", "not recorded").value_counts()
    return sorted(((str(value), count) for value, count in counts.items()), key=lambda item: (-item[1], item[0]))
