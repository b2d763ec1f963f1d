"""The tables of a folder of collected photos. With them a run that was stopped continues, and no request is made twice.

photos.csv     a row for each photo in the folder: its label, and where it came from
refused.csv    a row for each offer that was not kept, with the reason; the next run tries those again whose outcome is `failed`, or whose
               row was deleted
searches.csv   a row for each search request, and one when every offer of its page is done
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carpark.errors import BadPhotos
from carpark.files import CsvLog, remove_half_written, write_file
from training.collect.intake import Picture
from training.collect.sources.offer import Offer, Page, file_stem, scene_of
from training.photos import read_photos
from training.provenance import PROVENANCE

PHOTOS_FILE, REFUSED_FILE, SEARCHES_FILE = "photos.csv", "refused.csv", "searches.csv"
OUTCOME_KEPT, OUTCOME_FAILED, OUTCOME_UNWANTED = "kept", "failed", "licence not wanted"


@dataclass(frozen=True, slots=True)
class Search:
    """A query with the label that it is for and the licences that are accepted; with others it is another search."""

    label: str
    query: str
    licenses: str  # separated by commas


@dataclass(slots=True)
class Ledger:
    """The three tables of `folder`, in memory and on disk."""

    folder: Path
    source: str
    kept: Counter[str] = field(default_factory=Counter)  # photos of this source, by label
    _seen: dict[str, str] = field(default_factory=dict)  # id at the source -> outcome
    _files: dict[str, str] = field(default_factory=dict)  # sha256 -> file
    _done: dict[tuple[Search, str], str] = field(default_factory=dict)  # search and cursor -> the next cursor
    _asked_at: list[datetime] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, source: str) -> "Ledger":
        """The ledger of a folder, which is created if needed. Raises BadPhotos for a damaged table."""
        folder.mkdir(parents=True, exist_ok=True)
        remove_half_written(folder)
        ledger = cls(folder, source)
        for _, row in ledger._refused.read():
            if row["source"] == source:
                ledger._seen[row["source_id"]] = row["outcome"]
        if (folder / PHOTOS_FILE).is_file() and (rows := list(ledger._photos.read())):
            read_photos(folder)  # raises BadPhotos for a wrong label or file in a table edited by hand
            for _, row in rows:
                ledger._note_photo(row)
        for line, row in ledger._searches.read():
            if row["source"] == source:
                ledger._note_search(row, line)
        return ledger

    @property
    def _photos(self) -> CsvLog:
        return CsvLog(self.folder / PHOTOS_FILE, ("file", "label", "scene", *PROVENANCE, "query"), more_columns=("occupancy", "view"))

    @property
    def _refused(self) -> CsvLog:
        return CsvLog(
            self.folder / REFUSED_FILE, ("source", "source_id", "outcome", "reason", "source_page", "image_url", "label", "query")
        )

    @property
    def _searches(self) -> CsvLog:
        return CsvLog(self.folder / SEARCHES_FILE, ("source", "label", "query", "licenses", "cursor", "state", "next", "at"))

    def outcome_of(self, offer: Offer) -> str:
        """The outcome of the offer so far: "kept", another one of refused.csv, or "" for a new offer."""
        return self._seen.get(offer.source_id, "")

    def file_with(self, sha256: str) -> str:
        """The photo with this sha256; "" for none."""
        return self._files.get(sha256, "")

    def keep(self, offer: Offer, picture: Picture, search: Search) -> None:
        """Writes a photo, then its row. After a kill in between, the next run writes the photo again."""
        file = f"{search.label}/{file_stem(offer)}{picture.suffix}"
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        write_file(path, picture.data)
        provenance = {name: str(getattr(offer, name)) for name in PROVENANCE if hasattr(offer, name)}
        measured = {name: str(getattr(picture, name)) for name in ("sha256", "phash", "width", "height", "edit")}
        row = {"file": file, "label": search.label, "scene": scene_of(offer), "query": search.query, "retrieved_at": _now()}
        row |= {"occupancy": offer.occupancy, "view": offer.view} | provenance | measured
        self._photos.append([row])
        self._note_photo(row)

    def refuse(self, offer: Offer, outcome: str, reason: str, search: Search) -> None:
        """Records why an offer was not kept."""
        row = {name: str(getattr(offer, name)) for name in ("source", "source_id", "source_page", "image_url")}
        self._refused.append([row | {"outcome": outcome, "reason": reason, "label": search.label, "query": search.query}])
        self._seen[offer.source_id] = outcome

    def next_cursor(self, search: Search) -> tuple[int, str | None]:
        """How many pages of the search are done, and the cursor of the next one; None after the last page."""
        pages, cursor = 0, ""
        while (search, cursor) in self._done:
            pages, cursor = pages + 1, self._done[search, cursor]
            if not cursor:
                return pages, None
        return pages, cursor

    def note_asked(self, search: Search, cursor: str) -> None:
        """Records a request before it is made; it counts towards the daily limit."""
        self._append_search(search, cursor, "asked", "")
        self._asked_at.append(datetime.now(UTC))

    def note_done(self, search: Search, cursor: str, page: Page, *, is_final: bool) -> None:
        """Records that a page is done; for this run only, unless `is_final`."""
        if is_final:
            self._append_search(search, cursor, "done", page.next)
        self._done[search, cursor] = page.next

    def searches_left(self, a_day: int) -> tuple[int, datetime]:
        """How many searches are left of the daily limit, and when the next one is allowed if none is left."""
        now = datetime.now(UTC)
        recent = sorted(at for at in self._asked_at if now - at < timedelta(days=1))
        return a_day - len(recent), (recent[-a_day] + timedelta(days=1) if len(recent) >= a_day else now)

    def _append_search(self, search: Search, cursor: str, state: str, next_cursor: str) -> None:
        row = {"source": self.source, "label": search.label, "query": search.query, "licenses": search.licenses}
        self._searches.append([row | {"cursor": cursor, "state": state, "next": next_cursor, "at": _now()}])

    def _note_photo(self, row: Mapping[str, str]) -> None:
        self._files[row["sha256"]] = row["file"]
        if row["source"] == self.source:
            self._seen[row["source_id"]] = OUTCOME_KEPT
            self.kept[row["label"]] += 1

    def _note_search(self, row: Mapping[str, str], line: int) -> None:
        if row["state"] == "asked":
            try:
                self._asked_at.append(datetime.fromisoformat(row["at"]).replace(tzinfo=UTC))
            except ValueError as error:
                raise BadPhotos(f"{self._searches.path} line {line}: at {row['at']!r} is not a time; expected {_now()}, say.") from error
        else:
            self._done[Search(row["label"], row["query"], row["licenses"]), row["cursor"]] = row["next"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
