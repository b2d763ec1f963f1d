"""Write the clean folder: the raw photos after the decisions. The same photos and decisions give the same bytes."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from training.clean import shortcuts
from training.clean.decisions import Outcome
from training.clean.survey import StyleMeasures, Survey
from training.labels import LABELS, PARTIAL

MEASURED_COLUMNS = ("sha256", "phash", "width", "height")  # filled in where photos.csv has no value


def write_photos(survey: Survey, outcomes: Mapping[str, Outcome], csv: Path, out: Path) -> "Counter[str]":
    """Writes pictures, photos.csv and shortcuts.csv to `out`. Returns how many photos were kept, dropped, relabelled and so on.

    `csv` is the raw photos.csv, which may be absent. Each picture is written to the folder of its label.
    """
    counts: Counter[str] = Counter()
    table = _read_table(survey, csv)
    rows: list[dict[str, str]] = []
    styles: list[StyleMeasures | None] = []
    taken: set[str] = set()
    for number, record in enumerate(table.to_dict("records")):
        outcome = outcomes.get(record["file"], Outcome())
        if outcome.is_dropped:
            counts["dropped"] += 1
            continue
        if not survey.photos.path[number].is_file():
            counts["not there"] += 1
            continue
        label, scene = outcome.label or record["label"], outcome.scene or record["scene"]
        counts["kept"] += 1
        counts["relabelled"] += label != record["label"]
        counts["moved to the scene of a near-duplicate"] += scene != record["scene"]
        file = _name(record["file"], label, taken)
        (out / label).mkdir(exist_ok=True)
        shutil.copyfile(survey.photos.path[number], out / file)
        measured = {name: record.get(name) or survey.photos[name][number] for name in MEASURED_COLUMNS}
        told = {"file": file, "label": label, "scene": scene}
        if outcome.occupancy or label != record["label"]:  # a share that was known spoke for the earlier label
            told["occupancy"] = outcome.occupancy
        rows.append({str(name): value for name, value in record.items()} | measured | told)
        styles.append(survey.styles[number])
    has_share = any(outcome.occupancy for outcome in outcomes.values())
    columns = dict.fromkeys([*table.columns, *MEASURED_COLUMNS, *(["occupancy"] if has_share else [])])
    clean = pd.DataFrame(rows, columns=list(columns))
    clean.to_csv(out / "photos.csv", index=False, lineterminator="\n")
    shortcuts.find_shortcuts(clean, styles).to_csv(out / shortcuts.SHORTCUTS_FILE, index=False, lineterminator="\n")
    return counts


def _read_table(survey: Survey, csv: Path) -> pd.DataFrame:
    """The raw photos.csv as text, with the rows of the survey; without a photos.csv, file, label and scene."""
    if not csv.is_file():
        return survey.photos[["file", "label", "scene"]].astype(str)
    table = pd.read_csv(csv, dtype=str, keep_default_na=False)
    return table.assign(scene=survey.photos.scene.to_numpy())  # the survey has a scene for every photo


def _name(file: str, label: str, taken: set[str]) -> str:
    """The path of a file in the clean folder; unique, and added to `taken`."""
    parts = Path(file).parts
    inside = parts[1:] if len(parts) > 1 and parts[0] in (*LABELS, PARTIAL) else parts
    name = f"{label}/{'-'.join(inside)}"
    if name in taken:
        name = f"{label}/{'-'.join(parts)}"
    taken.add(name)
    return name
