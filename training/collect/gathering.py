"""Collect the photos of one label from one source. Searches take turns, page by page; every offer ends as a photo or with a reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from tqdm import tqdm

from carpark.errors import BadImage, NoAnswer
from training.collect.intake import TooSmall, take_in
from training.collect.ledger import OUTCOME_FAILED, OUTCOME_KEPT, OUTCOME_UNWANTED, Ledger, Search
from training.collect.paced import PacedClient, Unreachable, find_host
from training.collect.sources.offer import Offer, OfferSource, Page

MOST_FAILURES = 10  # failed downloads from one host, without a success between them, that end a run


@dataclass(slots=True)
class Gathering:
    """A run over one folder."""

    ledger: Ledger
    pictures: PacedClient
    licenses: Sequence[str]
    searches_a_day: int | None = None  # None without such a limit
    counts: Counter[str] = field(default_factory=Counter)  # offers by outcome
    searches: int = 0
    _failures: Counter[str] = field(default_factory=Counter)  # in a row, by host

    def gather(self, source: OfferSource, label: str, queries: Sequence[str], limit: int) -> None:
        """Collects until the folder has `limit` photos of the label, or the searches are exhausted. Raises NoAnswer, OSError."""
        open_searches = [Search(label, query, ",".join(self.licenses)) for query in queries]
        with tqdm(total=limit, initial=min(self.ledger.kept[label], limit), desc=f"{source.name} {label}", unit="photo") as bar:
            while self.ledger.kept[label] < limit:
                turns = [(pages, cursor, search) for search in open_searches for pages, cursor in [self.ledger.next_cursor(search)]]
                waiting = [turn for turn in turns if turn[1] is not None]
                if not waiting:
                    return
                _, cursor, search = min(waiting, key=lambda turn: turn[0])  # of the searches with the fewest pages, the first
                page = self._ask(source, search, cursor or "")
                is_done = all([self._handle(offer, search, limit, bar) for offer in page.offers])
                if self.ledger.kept[label] < limit:
                    is_final = is_done and bool(search.query)  # a list or folder may grow until the next run
                    self.ledger.note_done(search, cursor or "", page, is_final=is_final)

    def _ask(self, source: OfferSource, search: Search, cursor: str) -> Page:
        """A page of results, within the daily limit. Raises NoAnswer."""
        if self.searches_a_day is None:
            return source.search(search.query, cursor)
        left, again_at = self.ledger.searches_left(self.searches_a_day)
        if left <= 0:
            raise NoAnswer(
                f"{source.name} allows {self.searches_a_day} searches a day, and none is left. "
                f"Run the same command again after {again_at:%Y-%m-%d %H:%M} UTC to continue."
            )
        self.ledger.note_asked(search, cursor)
        self.searches += 1
        return source.search(search.query, cursor)

    def _handle(self, offer: Offer, search: Search, limit: int, bar: "tqdm[NoReturn]") -> bool:
        """True if the offer is done; False if the next run has to try it again. Raises NoAnswer for a host that keeps failing."""
        before = self.ledger.outcome_of(offer)
        if before not in ("", OUTCOME_FAILED, OUTCOME_UNWANTED) or (before == OUTCOME_UNWANTED and offer.license not in self.licenses):
            return True
        if self.ledger.kept[search.label] >= limit:
            return False
        outcome, reason = self._judge(offer, search)
        self.counts[outcome] += 1
        if outcome == OUTCOME_KEPT:
            bar.update()
        elif outcome != before:
            self.ledger.refuse(offer, outcome, reason, search)
        if outcome == OUTCOME_FAILED:
            bar.write(f"failed, the next run tries again: {offer.image_url} ({reason})")
            if self._failures[find_host(offer.image_url)] >= MOST_FAILURES:
                raise NoAnswer(
                    f"{MOST_FAILURES} downloads in a row failed, at last {offer.image_url} ({reason}). Run the same command again later."
                )
        return outcome != OUTCOME_FAILED

    def _judge(self, offer: Offer, search: Search) -> tuple[str, str]:
        """The outcome of the offer, and the reason if it is not kept. Writes the photo if it is."""
        if offer.license not in self.licenses:
            return OUTCOME_UNWANTED, offer.license or "none stated"
        try:
            data, outcome, reason = self._fetch(offer)
            if outcome:
                return outcome, reason
            picture = take_in(data, offer.image_url or str(offer.path))
        except TooSmall as error:
            return "too small", str(error)
        except BadImage as error:
            return "no picture", str(error)
        if twin := self.ledger.file_with(picture.sha256):
            return "duplicate", f"the same as {twin}"
        self.ledger.keep(offer, picture, search)
        return OUTCOME_KEPT, ""

    def _fetch(self, offer: Offer) -> tuple[bytes, str, str]:
        """The bytes, or an outcome and its reason."""
        host = find_host(offer.image_url)
        try:
            if offer.path:
                return offer.path.read_bytes(), "", ""
            reply = self.pictures.get(offer.image_url)
        except (Unreachable, NoAnswer) as error:
            self._failures[host] += 1
            return b"", OUTCOME_FAILED, str(error)
        except OSError as error:
            return b"", "unreadable file", str(error)
        self._failures[host] = 0
        if reply.moved_to:
            return b"", "moved to another host", reply.refusal
        return reply.body, "dead link" if reply.refusal else "", reply.refusal
