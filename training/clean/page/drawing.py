"""The HTML of the review page: one card, or a grid of tiles of which one is chosen. Pictures are embedded as data URIs."""

import html
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from carpark.errors import BadImage
from carpark.images import jpeg_data_uri, open_image
from training.clean.page.queue import Card

LARGE_PX, SMALL_PX = 900, 240
BLANK_PICTURE = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='4' height='3'/>"


def draw_nothing(turn: int) -> str:
    """The text that is shown when no card passes the filter."""
    return f'<div class="done" data-turn="{turn}">Nothing left to decide here. Show others, or stop the page with Ctrl-C.</div>'


def draw_progress(done: int, total: int) -> str:
    """A progress bar and its numbers."""
    words = f"<span>{done} of {total} decided</span>"
    return f'<div class="progress"><progress value="{done}" max="{max(total, 1)}" aria-label="decided"></progress>{words}</div>'


def draw_card(card: Card, turn: int) -> str:
    """One photo, what is known about it, and other photos of its scene."""
    return f"""
<div class="card" data-turn="{turn}" data-file="{html.escape(card.file)}">
  <figure class="photo">{_picture(card.file, card.path, LARGE_PX)}</figure>
  <div>{_draw_facts(card)}</div>
</div>"""


def draw_grid(cards: Sequence[Card], chosen: Card, turn: int) -> str:
    """The tiles in order, and what is known about the chosen one."""
    tiles = "".join(_tile(card, is_chosen=card.file == chosen.file) for card in cards)
    return f"""
<div class="grid" data-turn="{turn}" data-file="{html.escape(chosen.file)}">
  <div class="tiles" role="listbox" aria-label="Photos; arrow keys choose one" tabindex="0">{tiles}</div>
  <div class="reasons">{_draw_facts(chosen)}</div>
</div>"""


def _tile(card: Card, *, is_chosen: bool) -> str:
    decision = card.decision or ("decided" if card.is_decided else "")
    p_full = "" if card.p_full is None else f" · P(full) {card.p_full:.2f}"
    badge = f'<b class="badge">{html.escape(decision)}</b>' if decision else ""
    return f"""
<div class="tile{" decided" if decision else ""}" role="option" aria-selected="{str(is_chosen).lower()}"
  data-tile="{html.escape(card.file)}">
  {_picture(card.file, card.path, SMALL_PX)}{badge}<span class="{card.label}">{card.label or "no label yet"}{p_full}</span>
</div>"""


def _draw_facts(card: Card) -> str:
    p_full = "no prediction"
    if card.p_full is not None:
        p_full = f'P(full) {card.p_full:.2f} out of fold<div class="bar" style="--p: {card.p_full:.0%}"></div>'
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in card.reasons) or "<li>nothing is proposed</li>"
    same_scene = "".join(_picture(other, path, SMALL_PX) for other, path in card.same_scene)
    decided = f"<p>Decided: <b>{html.escape(card.decision)}</b></p>" if card.decision else ""
    proposal = f"<p>Proposed: <b>{html.escape(card.proposal)}</b>, score {card.score:.2f}</p>" if card.proposal else ""
    return f"""
    <h2 class="{card.label}">{f"labelled {card.label}" if card.label else "no label yet"}</h2>
    <p>{p_full}</p>{proposal}{decided}
    <ul>{reasons}</ul>
    <p class="quiet">{html.escape(card.license or "no licence stated")}{": " if card.credit else ""}{html.escape(card.credit)}</p>
    <p class="quiet">{html.escape(card.file)}</p>
    {'<p class="quiet">of the same scene:</p>' if same_scene else ""}<div class="same-scene">{same_scene}</div>"""


def _picture(file: str, path: Path, side_px: int) -> str:
    return f'<img src="{_data_uri(path, side_px)}" alt="{html.escape(file)}">'


@lru_cache(maxsize=256)  # a grid shows the same tiles again after each mark
def _data_uri(path: Path, side_px: int) -> str:
    """The photo as a data URI; a blank picture for one that cannot be read."""
    try:
        image = open_image(path)
    except BadImage:
        return BLANK_PICTURE
    image.thumbnail((side_px, side_px))
    return jpeg_data_uri(image, quality=85)
