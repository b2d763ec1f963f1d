"""cleaning.csv: what each pass proposes for each photo, and what was decided, so that it can be checked, undone and done again.

One row a proposal, and one more row for each decision of a person. Of a person's rows for one photo the last one counts. A photo whose
rows decide nothing stays as it is. Proposals and decisions are `keep`, `drop`, `label empty` (or full, partial) or `scene NAME`. A decision
may also be empty: still open, or undone.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from carpark.errors import BadPhotos
from carpark.files import CsvLog
from training.labels import LABELS, PARTIAL

CLEANING_FILE = "cleaning.csv"
FILE_PASS, LABEL_PASS, REVIEW = "files", "labels", "review"
KEEP, DROP, LABEL, SCENE = "keep", "drop", "label ", "scene "
P_FULL = re.compile(r"P\(full\) ([01]\.\d\d)")  # as the pass over labels writes it in its reasons
RELABELS = tuple(LABEL + label for label in (*LABELS, PARTIAL))


@dataclass(frozen=True, slots=True)
class Decision:
    """One row; all texts, as in the file."""

    file: str  # below the raw folder
    sha256: str  # of that file
    part: str  # the pass: files, labels or review
    proposal: str
    reason: str
    score: str  # how sure the pass is, 0 to 1; empty for a person
    decision: str = ""
    decided_by: str = ""
    decided_at: str = ""  # UTC, ISO 8601


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a photo."""

    is_dropped: bool = False
    label: str = ""  # "" for as it was
    scene: str = ""  # "" for as it was


DECISION_COLUMNS = tuple("pass" if field.name == "part" else field.name for field in fields(Decision))


def journal_of(folder: Path) -> CsvLog:
    """The cleaning.csv of a folder."""
    return CsvLog(folder / CLEANING_FILE, DECISION_COLUMNS)


def to_record(row: Decision) -> dict[str, str]:
    """As `CsvLog` wants it."""
    record = asdict(row)
    return {"pass": record.pop("part")} | record


def read_rows(path: Path) -> list[Decision]:
    """All rows of a cleaning.csv. Raises BadPhotos, naming the line, for one that says something unknown."""
    rows = []
    for line, record in CsvLog(path, DECISION_COLUMNS).read():
        row = Decision(**{field.name: record["pass" if field.name == "part" else field.name] for field in fields(Decision)})
        for name, value in (("proposal", row.proposal), ("decision", row.decision)):
            if value and value not in (KEEP, DROP, *RELABELS) and not re.fullmatch(rf"{SCENE}\S.*", value):
                raise BadPhotos(
                    f"{path} line {line}: {name} {value!r} is none; expected {KEEP}, {DROP}, {', '.join(RELABELS)} or {SCENE}CLEANING_FILE."
                )
        if row.part not in (FILE_PASS, LABEL_PASS, REVIEW):
            raise BadPhotos(f"{path} line {line}: pass {row.part!r} is none; expected {FILE_PASS}, {LABEL_PASS} or {REVIEW}.")
        rows.append(row)
    return rows


def read_p_full(row: Decision) -> float | None:
    """P(full) as a row of the pass over labels tells it; None for any other row."""
    found = P_FULL.search(row.reason) if row.part == LABEL_PASS else None
    return float(found[1]) if found else None


def accept_sure(rows: Sequence[Decision], confidence: float) -> list[Decision]:
    """The rows with every proposal of at least that score decided as proposed; `keep` needs no decision."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    by = f"auto, score {confidence:g} or more"
    return [
        Decision(row.file, row.sha256, row.part, row.proposal, row.reason, row.score, row.proposal, by, now)
        if row.proposal != KEEP and row.score and float(row.score) >= confidence
        else row
        for row in rows
    ]


def decide_fates(rows: Sequence[Decision]) -> dict[str, Fate]:
    """What the decisions come to, by file: a person's last word beats the passes, and of those dropping beats relabelling."""
    by_pass: dict[str, list[str]] = {}
    by_person: dict[str, str] = {}
    scenes: dict[str, str] = {}
    for row in rows:
        if row.decision.startswith(SCENE):
            scenes[row.file] = row.decision.removeprefix(SCENE)
        elif row.part == REVIEW:
            by_person[row.file] = row.decision
        else:
            by_pass.setdefault(row.file, []).append(row.decision)
    fates = {}
    for file in dict.fromkeys(row.file for row in rows):
        decided = [by_person[file]] if by_person.get(file) else by_pass.get(file, [])
        label = next((text.removeprefix(LABEL) for text in decided if text.startswith(LABEL)), "")
        fates[file] = Fate(DROP in decided, label, scenes.get(file, ""))
    return fates


def check_rows(path: Path, rows: Sequence[Decision], digests: dict[str, str], data: Path) -> None:
    """Raises BadPhotos for a decision about a photo that is gone, or that is another one by now (`digests`: sha256 by file).

    `rows` are all of the file, in order. What was proposed and never decided does not matter any more.
    """
    for line, row in enumerate(rows, start=2):
        if not row.decision:
            continue
        if row.file not in digests:
            raise BadPhotos(f"{path} line {line} is about {row.file}, which is not in {data}. Put it back, or delete the line.")
        if row.sha256 != digests[row.file]:
            raise BadPhotos(f"{path} line {line} is about another {row.file}: the file in {data} has changed since. Delete the line.")
