"""The question below an answer: was it right? One click keeps a vote; the photo is kept only if the visitor agrees."""

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
TRUE_LABELS: dict[str, TrueLabel] = {"Empty": "empty", "Full": "full", "In between": "partial", "Not a car park": "no car park"}


@dataclass(frozen=True, slots=True)
class OpenVote:
    """An answer that a visitor may vote on."""

    id: str
    answer: PhotoAnswer
    photo: Path  # the upload that it is about


@dataclass(frozen=True, slots=True)
class VoteForm:
    """The widgets; `outputs` are what an answer fills."""

    open_vote: gr.State
    yes: gr.Button
    no: gr.Button
    true_label: gr.Radio
    thanks: gr.HTML

    @property
    def outputs(self) -> list[gr.components.Component]:
        """In the order of `opened` and `closed`."""
        return [self.open_vote, self.yes, self.no, self.true_label, self.thanks]


def opened(open_vote: OpenVote) -> list[object]:
    """The widgets' values that ask for a vote on this answer."""
    return [open_vote, gr.Button(interactive=True), gr.Button(interactive=True), gr.Radio(value=None, visible=False), ""]


def closed() -> list[object]:
    """The widgets' values while there is nothing to vote on."""
    return [None, gr.Button(interactive=False), gr.Button(interactive=False), gr.Radio(value=None, visible=False), ""]


def build_vote_form(votes: Callable[[], VoteBox]) -> VoteForm:
    """The widgets and their wiring; `votes` opens the box when the first vote is cast."""

    def on_yes(open_vote: OpenVote | None, with_photo: bool) -> tuple[gr.Radio, str]:
        return gr.Radio(value=None, visible=False), cast_vote(votes, open_vote, with_photo, right=True)

    def on_no(open_vote: OpenVote | None, with_photo: bool) -> tuple[gr.Radio, str]:
        return gr.Radio(value=None, visible=open_vote is not None), cast_vote(votes, open_vote, with_photo, right=False)

    def on_correct(open_vote: OpenVote | None, with_photo: bool, name: str | None) -> str:
        return cast_vote(votes, open_vote, with_photo, right=False, true_label=TRUE_LABELS[name]) if name else ""

    with gr.Column(elem_id="ballot", min_width=0):
        gr.HTML('<p class="ballot-question">Was this right?</p>')
        with gr.Row():
            yes = gr.Button("Yes", size="sm", interactive=False, elem_id="vote-yes", min_width=90)
            no = gr.Button("No", size="sm", interactive=False, elem_id="vote-no", min_width=90)
        true_label = gr.Radio(list(TRUE_LABELS), label="What is it really?", visible=False, elem_id="vote-truth")
        consent = gr.Checkbox(False, label=CONSENT, elem_id="vote-consent", container=False)
        thanks = gr.HTML(elem_id="vote-thanks", js_on_load=READ_ALOUD)
    open_vote = gr.State(time_to_live=3600)
    quietly = {"api_visibility": "private", "show_progress": "hidden", "concurrency_id": "vote", "concurrency_limit": 4}
    yes.click(on_yes, [open_vote, consent], [true_label, thanks], **quietly)
    no.click(on_no, [open_vote, consent], [true_label, thanks], **quietly)
    true_label.input(on_correct, [open_vote, consent, true_label], thanks, **quietly)
    return VoteForm(open_vote, yes, no, true_label, thanks)


def cast_vote(
    votes: Callable[[], VoteBox], open_vote: OpenVote | None, with_photo: bool, *, right: bool, true_label: TrueLabel | None = None
) -> str:
    """Keeps the vote, and the photo where the visitor agrees; the thanks as HTML. Nothing happens without an answer to vote on."""
    if open_vote is None:
        return ""
    with errors_as_toast():
        box, answer = votes(), open_vote.answer
        vote = Vote(open_vote.id, answer.model, answer.label, round(answer.p_full, 4), right, true_label)
        box.cast(vote, open_image(open_vote.photo) if with_photo else None)
        return thanks_html(box.tally(answer.model), with_photo=with_photo)


def thanks_html(tally: Tally, *, with_photo: bool) -> str:
    """What the page says once a vote is on disk."""
    kept = "Thank you, your vote and your photo are kept." if with_photo else "Thank you, your vote is kept."
    return f'<p class="thanks">{html.escape(f"{kept} Visitors found this model right {times(tally)}.")}</p>'
