"""cleaning.csv: what each pass proposes for each photo, and what was decided.

One row for each proposal, and one more for each decision of a person, whose last row about a photo counts. A photo without a decision
stays as it is. Proposals and decisions are `keep`, `drop`, `label empty` (or full, partial), `share 0.6` (of bays taken), `level 3` (of a
street, 0 to 4) or `scene NAME`. An empty decision is open or undone.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from carpark.day.level import SHARES_OF_LEVELS
from carpark.errors import BadPhotos
from carpark.files import CsvLog
from training.labels import LABELS, PARTIAL, STREET_LABELS, label_of

CLEANING_FILE = "cleaning.csv"
FILE_PASS, LABEL_PASS, REVIEW = "files", "labels", "review"
KEEP, DROP, LABEL, SHARE, LEVEL, SCENE = "keep", "drop", "label ", "share ", "level ", "scene "
P_FULL = re.compile(r"P\(full\) ([01]\.\d\d)")  # as the label pass writes it in its reasons
RELABELS = tuple(LABEL + label for label in (*LABELS, PARTIAL))
MEASURED = re.compile(rf"{SHARE}(?P<share>0(?:\.\d+)?|1(?:\.0+)?)|{LEVEL}(?P<level>[0-{len(STREET_LABELS) - 1}])")


@dataclass(frozen=True, slots=True)
class Decision:
    """One row; all texts, as in the file."""

    file: str  # relative to the raw folder
    sha256: str  # of that file
    pass_name: str  # files, labels or review; the column is called `pass`
    proposal: str
    reason: str
    score: str  # how sure the pass is, 0 to 1; empty for a person
    decision: str = ""
    decided_by: str = ""
    decided_at: str = ""  # UTC, ISO 8601


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a photo."""

    is_dropped: bool = False
    label: str = ""  # "" for unchanged
    occupancy: str = ""  # share taken, 0 to 1; "" for unknown
    scene: str = ""  # "" for unchanged


DECISION_COLUMNS = tuple("pass" if field.name == "pass_name" else field.name for field in fields(Decision))


def cleaning_log(folder: Path) -> CsvLog:
    """The cleaning.csv of a folder."""
    return CsvLog(folder / CLEANING_FILE, DECISION_COLUMNS)


def to_row(decision: Decision) -> dict[str, str]:
    """The values by column, as `CsvLog` takes them."""
    return dict(zip(DECISION_COLUMNS, asdict(decision).values(), strict=True))


def read_decisions(path: Path) -> list[Decision]:
    """All rows of a cleaning.csv. Raises BadPhotos, which names the line, for an unknown pass, proposal or decision."""
    rows = []
    for line, values in CsvLog(path, DECISION_COLUMNS).read():
        row = Decision(*(values[column] for column in DECISION_COLUMNS))
        for name, value in (("proposal", row.proposal), ("decision", row.decision)):
            is_known = value in ("", KEEP, DROP, *RELABELS) or MEASURED.fullmatch(value) or (value.startswith(SCENE) and value != SCENE)
            if not is_known:
                expected = f"{KEEP}, {DROP}, {', '.join(RELABELS)}, {SHARE}0.6, {LEVEL}3 or {SCENE}NAME"
                raise BadPhotos(f"{path} line {line}: {name} {value!r} is unknown; expected {expected}.")
        if row.pass_name not in (FILE_PASS, LABEL_PASS, REVIEW):
            raise BadPhotos(f"{path} line {line}: pass {row.pass_name!r} is unknown; expected {FILE_PASS}, {LABEL_PASS} or {REVIEW}.")
        rows.append(row)
    return rows


def read_p_full(row: Decision) -> float | None:
    """P(full) from a row of the label pass; None for any other row."""
    found = P_FULL.search(row.reason) if row.pass_name == LABEL_PASS else None
    return float(found[1]) if found else None


def accept_sure(rows: Sequence[Decision], confidence: float) -> list[Decision]:
    """The rows, with each proposal of at least that score accepted. `keep` needs no decision."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    by = f"auto, score {confidence:g} or more"
    return [
        replace(row, decision=row.proposal, decided_by=by, decided_at=now)
        if row.proposal != KEEP and row.score and float(row.score) >= confidence
        else row
        for row in rows
    ]


def decide_outcomes(rows: Sequence[Decision]) -> dict[str, Outcome]:
    """The outcome of all decisions, by file. A person's last decision beats the passes; dropping beats relabelling."""
    by_pass: dict[str, list[str]] = {}
    by_person: dict[str, str] = {}
    scenes: dict[str, str] = {}
    for row in rows:
        if row.decision.startswith(SCENE):
            scenes[row.file] = row.decision.removeprefix(SCENE)
        elif row.pass_name == REVIEW:
            by_person[row.file] = row.decision
        else:
            by_pass.setdefault(row.file, []).append(row.decision)
    outcomes = {}
    for file in dict.fromkeys(row.file for row in rows):
        decided = [by_person[file]] if by_person.get(file) else by_pass.get(file, [])
        label, occupancy = next((read for text in decided if (read := _read_label(text))), ("", ""))
        outcomes[file] = Outcome(DROP in decided, label, occupancy, scenes.get(file, ""))
    return outcomes


def _read_label(decision: str) -> tuple[str, str] | None:
    """Label and share taken ("" where it is unknown) of a decision that gives a photo a label; None for any other."""
    if decision.startswith(LABEL):
        return decision.removeprefix(LABEL), ""
    if not (found := MEASURED.fullmatch(decision)):
        return None
    if found["share"]:
        return label_of(float(found["share"])), found["share"]
    level = int(found["level"])
    return STREET_LABELS[level], f"{SHARES_OF_LEVELS[level]}"


def check_decisions(path: Path, rows: Sequence[Decision], digests: dict[str, str], data: Path) -> None:
    """Raises BadPhotos for a decision about a photo that is gone or has changed (`digests`: sha256 by file).

    `rows` are all rows of the file, in order. Proposals without a decision are not checked.
    """
    for line, row in enumerate(rows, start=2):
        if not row.decision:
            continue
        if row.file not in digests:
            raise BadPhotos(f"{path} line {line} is about {row.file}, which is not in {data}. Put it back, or delete the line.")
        if row.sha256 != digests[row.file]:
            raise BadPhotos(f"{path} line {line} is about an earlier {row.file}: the file in {data} has changed since. Delete the line.")
