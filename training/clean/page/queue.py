"""The photos that a person decides about: one card for each, the most doubtful first.

Every call reads cleaning.csv again, so several open pages show the same state.
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
    LEVEL,
    REVIEW,
    SCENE,
    SHARE,
    Decision,
    cleaning_log,
    decide_outcomes,
    read_decisions,
    read_p_full,
    to_row,
)

UNDO = "undo"  # the reason in a row that undoes an earlier row
ANY = "any"


@dataclass(frozen=True, slots=True)
class Card:
    """One photo and what is known about it."""

    file: str
    sha256: str
    label: str  # "" for a photo without one
    p_full: float | None  # out of fold; None without a prediction
    proposal: str  # the one with the highest score; "" without a proposal
    reasons: tuple[str, ...]  # of all proposals
    score: float  # of the proposal; 0 without one
    license: str
    credit: str
    path: Path
    same_scene: tuple[tuple[str, Path], ...]  # file and path of other photos of the scene, at most four
    decision: str  # of a person; "" without one
    is_decided: bool  # by a person or by --auto

    @property
    def prediction(self) -> str:
        """`empty` or `full`; "" without a prediction."""
        return "" if self.p_full is None else "full" if self.p_full >= 0.5 else "empty"


@dataclass(frozen=True, slots=True)
class Choice:
    """The filter of the page: which cards are shown."""

    state: str = "undecided"  # undecided, proposed or all
    label: str = ANY
    reason: str = ANY  # the pass that made a proposal: files or labels
    prediction: str = ANY

    def admits(self, card: Card) -> bool:
        """Whether the card is shown."""
        needs_decision = bool(card.proposal) or not card.label
        return (
            (self.state == "all" or (needs_decision and (self.state == "proposed" or not card.is_decided)))
            and self.label in (ANY, card.label)
            and self.prediction in (ANY, card.prediction)
            and (self.reason == ANY or any(reason.startswith(self.reason) for reason in card.reasons))
        )


EVERYTHING = Choice("all")


def count_decided(cards: Sequence[Card]) -> tuple[int, int]:
    """Of the photos that need a decision: how many have one, and how many there are."""
    open_or_done = [card for card in cards if Choice("proposed").admits(card)]
    return sum(card.is_decided for card in open_or_done), len(open_or_done)


class ReviewQueue:
    """The cards of a table of `read_photos`. Decisions are written to the cleaning.csv of the folder `out`."""

    def __init__(self, photos: pd.DataFrame, out: Path, reviewer: str) -> None:
        self.out = out
        self.reviewer = reviewer
        self._photos = photos.set_index("file")
        self._paths: dict[str, Path] = dict(zip(photos.file, photos.path, strict=True))

    def cards(self, choice: Choice) -> list[Card]:
        """The cards that `choice` admits, the highest score first, then in the order of the table. Raises BadPhotos."""
        rows = read_decisions(self.out / CLEANING_FILE)
        by_file: dict[str, list[Decision]] = {}
        for row in rows:
            by_file.setdefault(row.file, []).append(row)
        outcomes = decide_outcomes(rows)
        scenes = {file: (outcomes[file].scene if file in outcomes else "") or str(scene) for file, scene in self._photos.scene.items()}
        members: dict[str, list[str]] = {}
        for file, scene in scenes.items():
            members.setdefault(scene, []).append(str(file))
        cards = [self._card(file, by_file[file], members[scenes[file]]) for file in map(str, self._photos.index) if file in by_file]
        return sorted(filter(choice.admits, cards), key=lambda card: -card.score)

    def decide(self, card: Card, decision: str, reason: str = "") -> None:
        """Records a decision, which is on disk when this returns. Raises OSError."""
        self._append(Decision(card.file, card.sha256, REVIEW, card.proposal, reason, "", decision))

    def undo(self) -> str:
        """Undoes the reviewer's last mark. Returns the photo's file, or "" if no mark is left. Raises OSError."""
        stack: list[Decision] = []
        for row in read_decisions(self.out / CLEANING_FILE):
            if row.pass_name == REVIEW and row.decided_by == self.reviewer:
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
        cleaning_log(self.out).append([to_row(replace(row, decided_by=self.reviewer, decided_at=now))])

    def _card(self, file: str, rows: list[Decision], scene: list[str]) -> Card:
        photo = self._photos.loc[file]
        proposed = sorted(
            (row for row in rows if row.pass_name in (FILE_PASS, LABEL_PASS) and row.proposal not in ("", KEEP)),
            key=lambda row: -float(row.score),
        )
        asking = [row for row in proposed if not row.proposal.startswith(SCENE)] or proposed
        mine = [row.decision for row in rows if row.pass_name == REVIEW]
        by_pass = [row for row in proposed if row.decision]
        p_full = next((p for row in rows if (p := read_p_full(row)) is not None), None)
        return Card(
            file,
            rows[0].sha256,
            str(photo.label),
            p_full,
            asking[0].proposal if asking else "",
            tuple(f"{row.pass_name}: {row.reason}" for row in proposed),
            float(asking[0].score) if asking else 0.0,
            _text(photo, "license"),
            _text(photo, "attribution"),
            self._paths[file],
            tuple((other, self._paths[other]) for other in scene if other != file and photo.label)[:4],
            mine[-1] if mine else "",
            bool(mine and mine[-1]) or bool(by_pass and len(by_pass) == len(proposed)),
        )


def _text(photo: "pd.Series[Any] | pd.DataFrame", column: str) -> str:
    value = photo.get(column, "")
    return "" if pd.isna(value) else str(value)


MARKS = {  # by key: what the button says, and the decision
    "k": ("Keep", KEEP),
    "e": ("Empty", f"{LABEL}empty"),
    "f": ("Full", f"{LABEL}full"),
    "p": ("Partial", f"{LABEL}partial"),
    "d": ("Drop", DROP),
    "n": ("No car park", DROP),
}
FRAME_MARKS = {  # of a camera's frames, which have no label to keep; by --marks
    "classes": {key: mark for key, mark in MARKS.items() if key in "efpd"},
    "shares": {f"{tenth}": (f"{tenth}0%", f"{SHARE}{tenth / 10}") for tenth in range(10)} | {"t": ("100%", f"{SHARE}1.0"), "d": MARKS["d"]},
    "levels": {
        **{f"{level}": (word, f"{LEVEL}{level}") for level, word in enumerate(("None", "Light", "Moderate", "Heavy", "Jam"))},
        "d": MARKS["d"],
    },
}
