"""The review page: one photo at a time, worst first, marked by keys, each mark on disk before the next photo shows.

    python -m training.clean --data data/raw --out data/clean --review

k keep, e empty, f full, p partial, d drop, n not a car park, u undo, s skip. Stop it with Ctrl-C: the marks are then applied.
"""

import base64
import html
import io
from functools import partial
from pathlib import Path

import gradio as gr

from carpark.errors import BadImage, BadSetting
from carpark.images import open_image
from training.cleaning.docket import ANY, MARKS, Card, Choice, Docket
from training.photos import LABELS, PARTIAL

STYLE = Path(__file__).with_name("review.css")
THEME = gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=["system-ui", "Segoe UI", "Roboto", "sans-serif"])
LARGE_PX, SMALL_PX = 900, 240
# A key presses its button, unless something is being typed, or the answer to the last key has not come yet.
KEYS = """
<script>
let answered = null;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, textarea, [role=listbox]")) return;
  const button = document.getElementById("mark-" + event.key.toLowerCase());
  const card = document.querySelector("[data-turn]");
  if (!button || !card || card.dataset.turn === answered) return;
  event.preventDefault();
  answered = card.dataset.turn;
  button.click();
});
</script>
"""

Shown = tuple[str, str, str, int]  # the card, the progress, the file of the card, the turn


def build_page(docket: Docket) -> gr.Blocks:
    """The page over a docket."""
    with gr.Blocks(title="Review photos", analytics_enabled=False) as page:
        progress = gr.HTML()
        with gr.Row():
            state = gr.Dropdown(["undecided", "proposed", "all"], value="undecided", label="Show", min_width=120)
            label = gr.Dropdown([ANY, *LABELS, PARTIAL], value=ANY, label="Label", min_width=120)
            reason = gr.Dropdown([ANY, "files", "labels"], value=ANY, label="Reason", min_width=120)
            prediction = gr.Dropdown([ANY, *LABELS], value=ANY, label="Model says", min_width=120)
        card = gr.HTML()
        file, turn = gr.State(""), gr.State(0)
        filters, shown = [state, label, reason, prediction], [card, progress, file, turn]
        with gr.Row(elem_classes="marks"):
            for key, (word, decision) in MARKS.items():
                button = gr.Button(f"{word} ({key})", elem_id=f"mark-{key}", min_width=90, variant="primary" if key == "k" else "secondary")
                reason_given = "not a car park" if key == "n" else ""
                act = partial(mark, docket, decision, reason_given)
                button.click(act, [file, turn, *filters], shown, show_progress="hidden", concurrency_limit=1, concurrency_id="marks")
            skip = gr.Button("Skip (s)", elem_id="mark-s", min_width=90)
            undo = gr.Button("Undo (u)", elem_id="mark-u", min_width=90)
        skip.click(partial(step_over, docket), [file, turn, *filters], shown, show_progress="hidden")
        undo.click(partial(take_back, docket), [turn, *filters], shown, show_progress="hidden", concurrency_limit=1, concurrency_id="marks")
        for component in filters:
            component.change(partial(show_first, docket), [turn, *filters], shown, show_progress="hidden")
        page.load(partial(show_first, docket), [turn, *filters], shown, show_progress="hidden")
    return page


def mark(docket: Docket, decision: str, reason: str, file: str, turn: int, *filters: str) -> Shown:
    """Decides about the card that is shown, even if another page has decided about it meanwhile, and shows the next one."""
    cards = docket.cards(Choice(*filters))
    number = _position(cards, file)
    after = [card.file for card in cards[number + 1 :]] if number is not None else []
    if card := next((card for card in docket.cards(Choice("all")) if card.file == file), None):
        docket.decide(card, decision, reason)
    return _show(docket, Choice(*filters), turn, after)


def step_over(docket: Docket, file: str, turn: int, *filters: str) -> Shown:
    """Shows the card after this one without deciding anything."""
    cards = docket.cards(Choice(*filters))
    return _show(docket, Choice(*filters), turn, [card.file for card in cards[(_position(cards, file) or 0) + 1 :]])


def take_back(docket: Docket, turn: int, *filters: str) -> Shown:
    """Undoes the last mark and shows its photo again."""
    return _show(docket, Choice(*filters), turn, [docket.undo()])


def show_first(docket: Docket, turn: int, *filters: str) -> Shown:
    """The worst card of the choice."""
    return _show(docket, Choice(*filters), turn, [])


def _show(docket: Docket, choice: Choice, turn: int, wanted: list[str]) -> Shown:
    """The first card of `wanted` that is still in the choice, else the first of all."""
    cards = docket.cards(choice)
    by_file = {card.file: card for card in cards}
    card = next((by_file[file] for file in wanted if file in by_file), cards[0] if cards else None)
    done, total = docket.progress()
    words = f"<span>{done} of {total} proposals decided</span>"
    bar = f'<div class="progress"><progress value="{done}" max="{max(total, 1)}"></progress>{words}</div>'
    return _draw(docket, card, turn + 1), bar, card.file if card else "", turn + 1


def _position(cards: list[Card], file: str) -> int | None:
    return next((number for number, card in enumerate(cards) if card.file == file), None)


def _draw(docket: Docket, card: Card | None, turn: int) -> str:
    if card is None:
        return f'<div class="done" data-turn="{turn}">Nothing left to decide here. Show others, or stop the page with Ctrl-C.</div>'
    p_full = "no model looked at it"
    if card.p_full is not None:
        p_full = f'P(full) {card.p_full:.2f} out of fold<div class="bar" style="--p: {card.p_full:.0%}"></div>'
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in card.reasons) or "<li>nothing is proposed</li>"
    twins = "".join(f'<img src="{_picture(docket.data / other, SMALL_PX)}" alt="{html.escape(other)}">' for other in card.twins)
    decided = f"<p>Decided: <b>{html.escape(card.decision)}</b></p>" if card.decision else ""
    proposal = f"<p>Proposed: <b>{html.escape(card.proposal)}</b>, score {card.score:.2f}</p>" if card.proposal else ""
    return f"""
<div class="card" data-turn="{turn}" data-file="{html.escape(card.file)}">
  <figure class="photo"><img src="{_picture(docket.data / card.file, LARGE_PX)}" alt="{html.escape(card.file)}"></figure>
  <div>
    <h2 class="{card.label}">labelled {card.label}</h2>
    <p>{p_full}</p>{proposal}{decided}
    <ul>{reasons}</ul>
    <p class="quiet">{html.escape(card.license or "no licence stated")}{": " if card.credit else ""}{html.escape(card.credit)}</p>
    <p class="quiet">{html.escape(card.file)}</p>
    {'<p class="quiet">of the same scene:</p>' if twins else ""}<div class="twins">{twins}</div>
  </div>
</div>"""


def _picture(path: Path, side_px: int) -> str:
    """The photo as an address that holds it; an empty picture for one that cannot be read."""
    try:
        image = open_image(path)
    except BadImage:
        return "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='4' height='3'/>"
    image.thumbnail((side_px, side_px))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def serve(data: Path, out: Path, port: int, reviewer: str) -> None:
    """Serves the page on this machine alone until it is interrupted. Raises BadPhotos and BadSetting."""
    page = build_page(Docket(data, out, reviewer))
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
