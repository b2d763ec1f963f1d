"""The review page: the most doubtful photos first, one at a time or in a grid. A key marks a photo, and the mark is saved at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import serving.lean_gradio  # noqa: F401  # it acts when it is imported, which must be before Gradio

# isort: split
import gradio as gr

from carpark.errors import BadSetting
from serving.edge import LISTENING
from training.clean.page.drawing import draw_card, draw_grid, draw_nothing, draw_progress
from training.clean.page.queue import ANY, EVERYTHING, Card, Choice, ReviewQueue, count_decided
from training.labels import LABELS, PARTIAL

PAGE_CSS = Path(__file__).with_name("page.css")
KEYS_SCRIPT = f"<script>{Path(__file__).with_name('keys.js').read_text(encoding='utf-8')}</script>"
TILES_SCRIPT = Path(__file__).with_name("tiles.js").read_text(encoding="utf-8")
REVIEW_THEME = gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=["system-ui", "Segoe UI", "Roboto", "sans-serif"])
ONE, GRID = "one", "grid"
TILES_SHOWN = 12
ONE_AT_A_TIME = {"show_progress": "hidden", "concurrency_limit": 1, "concurrency_id": "marks"}

Shown = tuple[str, str, str, int, list[str]]  # HTML of the cards, HTML of the progress, file of the chosen card, turn, files of the grid


@dataclass(frozen=True, slots=True)
class PageState:
    """What a browser's page shows; the page sends it with each event."""

    file: str  # of the chosen card
    turn: int  # increases with each answer, so that a key pressed twice counts once
    tiles: list[str]  # files of the grid
    view: str  # one or grid
    choice: Choice


def build_page(queue: ReviewQueue, marks: Mapping[str, tuple[str, str]]) -> gr.Blocks:
    """The page of a review queue. `marks` maps a key to the text of its button and the decision."""
    with gr.Blocks(title="Review photos", analytics_enabled=False) as page:
        progress = gr.HTML()
        with gr.Row(elem_classes="choices"):
            view = gr.Radio([ONE, GRID], value=ONE, label="View", min_width=120)
            show = gr.Dropdown(["undecided", "proposed", "all"], value="undecided", label="Show", min_width=120)
            label = gr.Dropdown([ANY, *LABELS, PARTIAL], value=ANY, label="Label", min_width=120)
            reason = gr.Dropdown([ANY, "files", "labels"], value=ANY, label="Reason", min_width=120)
            prediction = gr.Dropdown([ANY, *LABELS], value=ANY, label="Model says", min_width=120)
        cards = gr.HTML(js_on_load=TILES_SCRIPT)
        file, turn, tiles = gr.State(""), gr.State(0), gr.State([])
        inputs = [file, turn, tiles, view, show, label, reason, prediction]
        outputs = [cards, progress, file, turn, tiles]
        with gr.Row(elem_classes="marks"):
            for key, (word, decision) in marks.items():
                button = gr.Button(f"{word} ({key})", elem_id=f"mark-{key}", min_width=90, variant="primary" if key == "k" else "secondary")
                act = partial(mark, decision=decision, reason="not a car park" if key == "n" else "")
                button.click(partial(answer, queue, act), inputs, outputs, **ONE_AT_A_TIME)
            skip = gr.Button("Skip (s)", elem_id="mark-s", min_width=90)
            undo = gr.Button("Undo (u)", elem_id="mark-u", min_width=90)
            other_view = gr.Button("Grid or one (g)", elem_id="mark-g", min_width=90)
        skip.click(partial(answer, queue, show_next), inputs, outputs, **ONE_AT_A_TIME)
        undo.click(partial(answer, queue, undo_last), inputs, outputs, **ONE_AT_A_TIME)
        other_view.click(switch_view, view, view, show_progress="hidden")
        view.change(partial(answer, queue, show_same), inputs, outputs, **ONE_AT_A_TIME)
        for component in (show, label, reason, prediction):
            component.change(partial(answer, queue, show_first), inputs, outputs, **ONE_AT_A_TIME)

        def choose(event: gr.EventData, *values: Any) -> Shown:  # Gradio finds the annotation of a function, not of a partial
            return choose_tile(queue, event, *values)

        cards.choose(choose, inputs, outputs, **ONE_AT_A_TIME)
        page.load(partial(answer, queue, show_first), inputs, outputs, show_progress="hidden")
    return page


def answer(
    queue: ReviewQueue, act: Callable[[ReviewQueue, PageState], Shown], file: str, turn: int, tiles: list[str], view: str, *choice: str
) -> Shown:
    """Handles an event: calls `act` with what the page sent."""
    return act(queue, PageState(file, turn, tiles, view, Choice(*choice)))


def choose_tile(queue: ReviewQueue, event: gr.EventData, file: str, *values: Any) -> Shown:
    """Shows the tile that was clicked or reached by arrow keys."""
    return answer(queue, show_same, getattr(event, "file", file), *values)


def switch_view(view: str) -> str:
    """The other view."""
    return ONE if view == GRID else GRID


def mark(queue: ReviewQueue, page: PageState, *, decision: str, reason: str) -> Shown:
    """Records a decision about the chosen card, even if another page has just recorded one, and shows the next card."""
    following = _files_after(queue.cards(page.choice), page.file)
    if card := next((card for card in queue.cards(EVERYTHING) if card.file == page.file), None):
        queue.decide(card, decision, reason)
    return _show(queue, page, following)


def show_next(queue: ReviewQueue, page: PageState) -> Shown:
    """Shows the next card without recording a decision."""
    return _show(queue, page, _files_after(queue.cards(page.choice), page.file))


def undo_last(queue: ReviewQueue, page: PageState) -> Shown:
    """Undoes the last mark and shows its photo again."""
    return _show(queue, page, [queue.undo()])


def show_same(queue: ReviewQueue, page: PageState) -> Shown:
    """Shows the chosen card."""
    return _show(queue, page, [page.file])


def show_first(queue: ReviewQueue, page: PageState) -> Shown:
    """Shows the first card that passes the filter."""
    return _show(queue, replace(page, file="", tiles=[]), [])


def _files_after(cards: list[Card], file: str) -> list[str]:
    files = [card.file for card in cards]
    return files[files.index(file) + 1 :] if file in files else []


def _show(queue: ReviewQueue, page: PageState, wanted: list[str]) -> Shown:
    """Shows the first card of `wanted` that passes the filter, else the first card of all.

    A grid keeps its tiles, with their decisions, as long as the card to show is one of them.
    """
    turn, everything = page.turn + 1, {card.file: card for card in queue.cards(EVERYTHING)}
    files = [file for file, card in everything.items() if page.choice.admits(card)]
    is_on_grid = page.view == GRID and page.file in page.tiles
    if is_on_grid and wanted[:1] == [page.file] and page.file in everything:
        chosen = page.file  # a tile stays in the grid when it is decided, so it may be chosen again
    else:
        chosen = next((file for file in wanted if file in files), files[0] if files else "")
    progress = draw_progress(*count_decided(list(everything.values())))
    if not chosen:
        return draw_nothing(turn), progress, "", turn, []
    if page.view == ONE:
        return draw_card(everything[chosen], turn), progress, chosen, turn, []
    tiles = page.tiles
    if chosen not in tiles:
        first = files.index(chosen)
        tiles = files[first : first + TILES_SHOWN]
    return draw_grid([everything[file] for file in tiles], everything[chosen], turn), progress, chosen, turn, tiles


def serve(queue: ReviewQueue, marks: Mapping[str, tuple[str, str]], port: int) -> None:
    """Serves the page on 127.0.0.1 until it is interrupted. Raises BadPhotos and BadSetting."""
    page = build_page(queue, marks)
    try:
        page.launch(
            theme=REVIEW_THEME,
            server_name="127.0.0.1",
            server_port=port,
            css_paths=[PAGE_CSS],
            head=KEYS_SCRIPT + LISTENING,
            footer_links=[],
            ssr_mode=False,
            quiet=False,
        )
    except OSError as error:
        raise BadSetting(f"--port {port} cannot be used ({error}). Choose another one.") from error
