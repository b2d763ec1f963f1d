"""What a person has to decide: one card a photo, worst first, and each mark on disk before the next card shows.

Nothing is kept in memory between two marks: cleaning.csv is read anew each time, so that pages side by side, and a page that was
loaded again, see the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from training.clean.decisions import (
    CLEANING_FILE,
    DROP,
    FILE_PASS,
    KEEP,
    LABEL,
    LABEL_PASS,
    REVIEW,
    SCENE,
    Decision,
    decide_fates,
    journal_of,
    read_p_full,
    read_rows,
    to_record,
)

UNDO = "undo"  # the reason of a row that takes another one back
ANY = "any"


@dataclass(frozen=True, slots=True)
class Card:
    """A photo to look at."""

    file: str
    sha256: str
    label: str  # "" for a photo that has none yet
    p_full: float | None  # out of fold; None where no model looked
    proposal: str  # the surest one, "" where nothing is proposed
    reasons: tuple[str, ...]
    score: float  # of the surest proposal; 0 without one
    license: str
    credit: str
    path: Path
    twins: tuple[tuple[str, Path], ...]  # files of the same scene, and where they lie
    decision: str  # a person's, "" while there is none
    is_decided: bool  # by a person or by --auto

    @property
    def prediction(self) -> str:
        """ "empty", "full" or "" where no model looked."""
        return "" if self.p_full is None else "full" if self.p_full >= 0.5 else "empty"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cards are shown."""

    state: str = "undecided"  # undecided, proposed or all
    label: str = ANY
    reason: str = ANY  # a pass: files or labels
    prediction: str = ANY

    def admits(self, card: Card) -> bool:
        """True for a card that is shown."""
        asks = bool(card.proposal) or not card.label
        return (
            (self.state == "all" or (asks and (self.state == "proposed" or not card.is_decided)))
            and self.label in (ANY, card.label)
            and self.prediction in (ANY, card.prediction)
            and (self.reason == ANY or any(reason.startswith(self.reason) for reason in card.reasons))
        )


EVERYTHING = Choice("all")


def count_decided(cards: Sequence[Card]) -> tuple[int, int]:
    """How many of the photos that ask for a decision have one, and how many there are."""
    asking = [card for card in cards if Choice("proposed").admits(card)]
    return sum(card.is_decided for card in asking), len(asking)


class ReviewQueue:
    """The cards of the photos in a table of `read_photos`, and the folder whose cleaning.csv is written to."""

    def __init__(self, photos: pd.DataFrame, out: Path, reviewer: str) -> None:
        self.out = out
        self.reviewer = reviewer
        self._photos = photos.set_index("file")
        self._paths: dict[str, Path] = dict(zip(photos.file, photos.path, strict=True))

    def cards(self, choice: Choice) -> list[Card]:
        """Worst first: by the score of the surest proposal, then as in the table. Raises BadPhotos."""
        rows = read_rows(self.out / CLEANING_FILE)
        by_file: dict[str, list[Decision]] = {}
        for row in rows:
            by_file.setdefault(row.file, []).append(row)
        fates = decide_fates(rows)
        scenes = {file: (fates[file].scene if file in fates else "") or str(scene) for file, scene in self._photos.scene.items()}
        members: dict[str, list[str]] = {}
        for file, scene in scenes.items():
            members.setdefault(scene, []).append(str(file))
        cards = [self._card(file, by_file[file], members[scenes[file]]) for file in map(str, self._photos.index) if file in by_file]
        return sorted(filter(choice.admits, cards), key=lambda card: -card.score)

    def decide(self, card: Card, decision: str, reason: str = "") -> None:
        """On disk when it returns. Raises OSError."""
        self._append(Decision(card.file, card.sha256, REVIEW, card.proposal, reason, "", decision))

    def undo(self) -> str:
        """Takes back the reviewer's last mark that stands; its file, "" when there is none. Raises OSError."""
        stack: list[Decision] = []
        for row in read_rows(self.out / CLEANING_FILE):
            if row.part == REVIEW and row.decided_by == self.reviewer:
                if row.reason == UNDO:
                    stack.pop()
                else:
                    stack.append(row)
        if not stack:
            return ""
        last = stack.pop()
        before = next((row.decision for row in reversed(stack) if row.file == last.file), "")
        self._append(replace(last, decision=before, reason=UNDO))
        return last.file

    def _append(self, row: Decision) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        journal_of(self.out).append([to_record(replace(row, decided_by=self.reviewer, decided_at=now))])

    def _card(self, file: str, rows: list[Decision], scene: list[str]) -> Card:
        photo = self._photos.loc[file]
        proposed = sorted(
            (row for row in rows if row.part in (FILE_PASS, LABEL_PASS) and row.proposal not in ("", KEEP)),
            key=lambda row: -float(row.score),
        )
        asking = [row for row in proposed if not row.proposal.startswith(SCENE)] or proposed
        mine = [row.decision for row in rows if row.part == REVIEW]
        by_pass = [row for row in proposed if row.decision]
        p_full = next((p for row in rows if (p := read_p_full(row)) is not None), None)
        return Card(
            file,
            rows[0].sha256,
            str(photo.label),
            p_full,
            asking[0].proposal if asking else "",
            tuple(f"{row.part}: {row.reason}" for row in proposed),
            float(asking[0].score) if asking else 0.0,
            _told(photo, "license"),
            _told(photo, "attribution"),
            self._paths[file],
            tuple((other, self._paths[other]) for other in scene if other != file and photo.label)[:4],
            mine[-1] if mine else "",
            bool(mine and mine[-1]) or bool(by_pass and len(by_pass) == len(proposed)),
        )


def _told(photo: "pd.Series[Any] | pd.DataFrame", column: str) -> str:
    value = photo.get(column, "")
    return "" if pd.isna(value) else str(value)


MARKS = {  # key -> what the button says, and the decision
    "k": ("Keep", KEEP),
    "e": ("Empty", f"{LABEL}empty"),
    "f": ("Full", f"{LABEL}full"),
    "p": ("Partial", f"{LABEL}partial"),
    "d": ("Drop", DROP),
    "n": ("No car park", DROP),
}
FRAME_MARKS = {key: mark for key, mark in MARKS.items() if key in "efpd"}  # a frame has no label yet that could be kept
