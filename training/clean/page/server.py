"""The review page: photos worst first, one at a time or in a grid, marked by keys, each mark on disk before the next photo shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr

from carpark.errors import BadSetting
from training.clean.page.drawing import draw_card, draw_grid, draw_nothing, draw_progress
from training.clean.page.queue import ANY, EVERYTHING, Card, Choice, ReviewQueue, count_decided
from training.labels import LABELS, PARTIAL

STYLE = Path(__file__).with_name("page.css")
KEYS = f"<script>{Path(__file__).with_name('keys.js').read_text(encoding='utf-8')}</script>"
CHOOSING = Path(__file__).with_name("tiles.js").read_text(encoding="utf-8")
THEME = gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=["system-ui", "Segoe UI", "Roboto", "sans-serif"])
ONE, GRID = "one", "grid"
TILES = 12
ONE_AT_A_TIME = {"show_progress": "hidden", "concurrency_limit": 1, "concurrency_id": "marks"}

Shown = tuple[str, str, str, int, list[str]]  # the cards, the progress, the file of the chosen card, the turn, the files of the grid


@dataclass(frozen=True, slots=True)
class Desk:
    """What a visitor sees at a moment, as the page sends it."""

    file: str
    turn: int  # goes up with each answer, so that a key that is pressed twice counts once
    spread: list[str]  # the files of the grid
    view: str
    choice: Choice


def build_page(queue: ReviewQueue, marks: Mapping[str, tuple[str, str]]) -> gr.Blocks:
    """The page of a review queue. `marks` are keys with what the button says and the decision."""
    with gr.Blocks(title="Review photos", analytics_enabled=False) as page:
        progress = gr.HTML()
        with gr.Row(elem_classes="choices"):
            view = gr.Radio([ONE, GRID], value=ONE, label="View", min_width=120)
            state = gr.Dropdown(["undecided", "proposed", "all"], value="undecided", label="Show", min_width=120)
            label = gr.Dropdown([ANY, *LABELS, PARTIAL], value=ANY, label="Label", min_width=120)
            reason = gr.Dropdown([ANY, "files", "labels"], value=ANY, label="Reason", min_width=120)
            prediction = gr.Dropdown([ANY, *LABELS], value=ANY, label="Model says", min_width=120)
        cards = gr.HTML(js_on_load=CHOOSING)
        file, turn, spread = gr.State(""), gr.State(0), gr.State([])
        asked = [file, turn, spread, view, state, label, reason, prediction]
        shown = [cards, progress, file, turn, spread]

        def answer(act: Callable[..., Shown]) -> Callable[..., Shown]:
            def answered(file: str, turn: int, spread: list[str], view: str, *choice: str) -> Shown:
                return act(queue, Desk(file, turn, spread, view, Choice(*choice)))

            return answered

        with gr.Row(elem_classes="marks"):
            for key, (word, decision) in marks.items():
                button = gr.Button(f"{word} ({key})", elem_id=f"mark-{key}", min_width=90, variant="primary" if key == "k" else "secondary")
                act = partial(mark, decision=decision, reason="not a car park" if key == "n" else "")
                button.click(answer(act), asked, shown, **ONE_AT_A_TIME)
            skip = gr.Button("Skip (s)", elem_id="mark-s", min_width=90)
            undo = gr.Button("Undo (u)", elem_id="mark-u", min_width=90)
            other_view = gr.Button("Grid or one (g)", elem_id="mark-g", min_width=90)
        skip.click(answer(step_over), asked, shown, **ONE_AT_A_TIME)
        undo.click(answer(take_back), asked, shown, **ONE_AT_A_TIME)
        other_view.click(lambda view: ONE if view == GRID else GRID, view, view, show_progress="hidden")
        view.change(answer(show_same), asked, shown, **ONE_AT_A_TIME)
        for component in (state, label, reason, prediction):
            component.change(answer(show_first), asked, shown, **ONE_AT_A_TIME)

        def choose(event: gr.EventData, *asked: object) -> Shown:
            """The tile that was clicked, or reached by arrow keys."""
            return answer(show_same)(str(getattr(event, "file", "")), *asked[1:])

        cards.choose(choose, asked, shown, **ONE_AT_A_TIME)
        page.load(answer(show_first), asked, shown, show_progress="hidden")
    return page


def mark(queue: ReviewQueue, desk: Desk, *, decision: str, reason: str) -> Shown:
    """Decides about the card that is chosen, even if another page has decided about it meanwhile, and chooses the next one."""
    after = _after(queue.cards(desk.choice), desk.file)
    if card := next((card for card in queue.cards(EVERYTHING) if card.file == desk.file), None):
        queue.decide(card, decision, reason)
    return _show(queue, desk, after)


def step_over(queue: ReviewQueue, desk: Desk) -> Shown:
    """Chooses the card after this one without deciding anything."""
    return _show(queue, desk, _after(queue.cards(desk.choice), desk.file))


def take_back(queue: ReviewQueue, desk: Desk) -> Shown:
    """Undoes the last mark and shows its photo again."""
    return _show(queue, desk, [queue.undo()])


def show_same(queue: ReviewQueue, desk: Desk) -> Shown:
    """The same card in another view, or the one that was chosen."""
    return _show(queue, desk, [desk.file])


def show_first(queue: ReviewQueue, desk: Desk) -> Shown:
    """The worst card of the choice."""
    return _show(queue, Desk("", desk.turn, [], desk.view, desk.choice), [])


def _after(cards: list[Card], file: str) -> list[str]:
    files = [card.file for card in cards]
    return files[files.index(file) + 1 :] if file in files else []


def _show(queue: ReviewQueue, desk: Desk, wanted: list[str]) -> Shown:
    """The first card of `wanted` that is still in the choice, else the first of all.

    A grid stays as it is, with what was decided on its tiles, until the card to show is not on it.
    """
    turn, everything = desk.turn + 1, {card.file: card for card in queue.cards(EVERYTHING)}
    files = [file for file, card in everything.items() if desk.choice.admits(card)]
    is_on_grid = desk.view == GRID and desk.file in desk.spread
    if is_on_grid and wanted[:1] == [desk.file] and desk.file in everything:
        chosen = desk.file  # a tile may be looked at again after it was decided
    else:
        chosen = next((file for file in wanted if file in files), files[0] if files else "")
    bar = draw_progress(*count_decided(list(everything.values())))
    if not chosen:
        return draw_nothing(turn), bar, "", turn, []
    if desk.view == ONE:
        return draw_card(everything[chosen], turn), bar, chosen, turn, []
    spread = desk.spread
    if chosen not in spread:
        first = files.index(chosen)
        spread = files[first : first + TILES]
    return draw_grid([everything[file] for file in spread], everything[chosen], turn), bar, chosen, turn, spread


def serve(queue: ReviewQueue, marks: Mapping[str, tuple[str, str]], port: int) -> None:
    """Serves the page on this machine alone until it is interrupted. Raises BadPhotos and BadSetting."""
    page = build_page(queue, marks)
    try:
        page.launch(
            theme=THEME,
            server_name="127.0.0.1",
            server_port=port,
            css_paths=[STYLE],
            head=KEYS,
            footer_links=[],
            ssr_mode=False,
            quiet=False,
        )
    except OSError as error:
        raise BadSetting(f"--port {port} cannot be used ({error}). Choose another one.") from error
