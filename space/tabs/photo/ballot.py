"""The question below an answer: was it right? One click keeps a vote; the photo only where the visitor says so."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from carpark.images import open_image
from carpark.votes import Tally, TrueLabel, Vote, VoteBox, times
from serving.edge import READ_ALOUD, errors_as_toast
from tabs.photo.answer import PhotoAnswer

CONSENT = "Keep my photo too: it is mine to give, and may be published (CC0) so that the model can learn from it"
TRUTHS: dict[str, TrueLabel] = {"Empty": "empty", "Full": "full", "In between": "partial", "No car park": "no car park"}


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that a visitor may vote on."""

    id: str
    answer: PhotoAnswer
    photo: Path  # the upload that it is about


@dataclass(frozen=True, slots=True)
class Ballot:
    """The widgets; `outputs` are what an answer makes ready, and what its going takes away."""

    judged: gr.State
    yes: gr.Button
    no: gr.Button
    truth: gr.Radio
    thanks_line: gr.HTML

    @property
    def outputs(self) -> list[gr.components.Component]:
        """In the order of `ready` and `closed`."""
        return [self.judged, self.yes, self.no, self.truth, self.thanks_line]


def ready(judged: Judged) -> list[object]:
    """Asks for a vote on this answer."""
    return [judged, gr.Button(interactive=True), gr.Button(interactive=True), gr.Radio(value=None, visible=False), ""]


def closed() -> list[object]:
    """Nothing to vote on."""
    return [None, gr.Button(interactive=False), gr.Button(interactive=False), gr.Radio(value=None, visible=False), ""]


def build_ballot(votes: Callable[[], VoteBox]) -> Ballot:
    """The widgets and their wiring; `votes` opens the box when the first vote is cast."""

    def cast(judged: Judged | None, with_photo: bool, *, right: bool, truth: TrueLabel | None = None) -> str:
        if judged is None:
            return ""
        with errors_as_toast():
            box, answer = votes(), judged.answer
            vote = Vote(judged.id, answer.model, answer.label, round(answer.p_full, 4), right, truth)
            box.cast(vote, open_image(judged.photo) if with_photo else None)
            return thanks(box.tally(answer.model), with_photo=with_photo)

    def say_yes(judged: Judged | None, with_photo: bool) -> tuple[gr.Radio, str]:
        return gr.Radio(value=None, visible=False), cast(judged, with_photo, right=True)

    def say_no(judged: Judged | None, with_photo: bool) -> tuple[gr.Radio, str]:
        return gr.Radio(value=None, visible=judged is not None), cast(judged, with_photo, right=False)

    def correct(judged: Judged | None, with_photo: bool, name: str | None) -> str:
        return cast(judged, with_photo, right=False, truth=TRUTHS[name]) if name else ""

    with gr.Column(elem_id="ballot", min_width=0):
        gr.HTML('<p class="ballot-question">Was this right?</p>')
        with gr.Row():
            yes = gr.Button("Yes", size="sm", interactive=False, elem_id="vote-yes", min_width=90)
            no = gr.Button("No", size="sm", interactive=False, elem_id="vote-no", min_width=90)
        truth = gr.Radio(list(TRUTHS), label="What is it really?", visible=False, elem_id="vote-truth")
        consent = gr.Checkbox(False, label=CONSENT, elem_id="vote-consent", container=False)
        thanks_line = gr.HTML(elem_id="vote-thanks", js_on_load=READ_ALOUD)
    judged = gr.State(time_to_live=3600)
    quietly = {"api_visibility": "private", "show_progress": "hidden", "concurrency_id": "vote", "concurrency_limit": 4}
    yes.click(say_yes, [judged, consent], [truth, thanks_line], **quietly)
    no.click(say_no, [judged, consent], [truth, thanks_line], **quietly)
    truth.input(correct, [judged, consent, truth], thanks_line, **quietly)
    return Ballot(judged, yes, no, truth, thanks_line)


def thanks(tally: Tally, *, with_photo: bool) -> str:
    """What the page says once a vote is on disk."""
    kept = "Thank you, your vote and your photo are kept." if with_photo else "Thank you, your vote is kept."
    return f'<p class="thanks">{html.escape(f"{kept} Visitors found this model right {times(tally)}.")}</p>'
