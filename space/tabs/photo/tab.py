"""The tab where a visitor uploads a photo, reads how full the car park is, and sees why; the `/classify` endpoint beside it."""

import html
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr
import numpy as np
import numpy.typing as npt

from carpark.errors import CarparkError
from carpark.images import open_image
from carpark.model.config import read_config
from carpark.votes import new_id
from serving.edge import READ_ALOUD, errors_as_toast, errors_to_caller, typed_json
from serving.secrets import without_secrets
from tabs.day.tab import TAB as CAMERA_DAY
from tabs.photo import vote
from tabs.photo.answer import NOTHING_YET, PhotoAnswer, judge_photo, verdict_card
from tabs.photo.batch import build_batch
from tabs.photo.similar import TrainingPhotos, similar_view
from tabs.photo.uploads import never_fetching, uploaded_file
from tabs.photo.vote import OpenVote, VoteForm, build_vote_form
from tabs.photo.why import HEAT_FOLLOWS, heat_html, heat_view
from tabs.samples import Sample
from tabs.sources import Sources, once

PRIVACY = "Your photo is shown to nobody else, and is deleted from this server after about a day."
# docs/measured.md, "The demo", 2026-11-27: the demo's model on real photos
DRAWN_ALONE = "This model learnt from drawings alone. Try a photo all the same: one made in this way was right on 135 of 137 real ones."


@dataclass(frozen=True, slots=True)
class Widgets:
    """What the events of the tab read and write."""

    photo: gr.Image
    verdict: gr.HTML
    vote: VoteForm
    why: gr.Column
    with_heat: gr.Checkbox
    heat: gr.HTML
    similar: gr.HTML
    next_step: gr.Button

    @property
    def shown(self) -> list[Any]:
        """All that an answer fills, in the order of `nothing_shown`."""
        return [self.verdict, *self.vote.outputs, self.why, self.heat, self.similar]


def build_photo_tab(page: gr.Blocks, tabs: gr.Tabs, sources: Sources, samples: Callable[[], list[Sample]]) -> None:
    """The tab's widgets and wiring; `samples` are found when `page` is opened. The next step opens another of the `tabs`."""
    photos = once(lambda: TrainingPhotos(sources.dataset_folder()))

    def classify(photo: dict[str, Any] | None) -> dict[str, Any]:
        """Say whether the car park in a photo is full or empty, how much of it is taken, and whether the model is sure.

        Args:
            photo: A picture file (JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF) of a car park or a street with parking.
        """
        with errors_to_caller():
            answer, _ = judge_photo(sources.photo_model(), open_image(uploaded_file(photo)))
            return asdict(answer)

    def on_photo(photo: dict[str, Any] | None, with_heat: bool) -> Iterator[tuple[Any, ...]]:
        yield from show_answer(sources, photos, photo, with_heat=with_heat)

    def on_heat(photo: dict[str, Any] | None, with_heat: bool) -> str:
        return show_heat(sources, photo) if with_heat else ""

    with gr.Tab("Photo", id="photo"):
        ui = lay_out(page, sources, samples)
        answer = typed_json(PhotoAnswer)

    quiet: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "concurrency_id": "photo"}
    asked = ui.photo.change(on_photo, [ui.photo, ui.with_heat], ui.shown, concurrency_limit=2, show_progress_on=ui.verdict, **quiet)
    # A photo that cannot be judged makes room for the next one, and the answer to the photo before it goes.
    asked.failure(lambda: (None, *nothing_shown()), None, [ui.photo, *ui.shown], api_visibility="private", show_progress="hidden")
    ui.with_heat.input(on_heat, [ui.photo, ui.with_heat], ui.heat, **quiet)
    ui.next_step.click(lambda: gr.Tabs(selected=CAMERA_DAY), None, tabs, api_visibility="private", show_progress="hidden", queue=False)
    gr.on([], classify, ui.photo, answer, preprocess=False, api_name="classify", concurrency_id="photo")


def show_answer(
    sources: Sources, photos: Callable[[], TrainingPhotos], photo: dict[str, Any] | None, *, with_heat: bool
) -> Iterator[tuple[Any, ...]]:
    """Values for `Widgets.shown`: first the answer, then what explains it. A photo that cannot be judged raises gr.Error."""
    if photo is None:
        yield nothing_shown()
        return
    with errors_as_toast():
        model, path = sources.photo_model(), uploaded_file(photo)
        image = open_image(path)
        answer, features = judge_photo(model, image)
        form = vote.opened(OpenVote(new_id(), answer, path))
        shown = (verdict_card(answer, model), *form, gr.Column(visible=True))
        yield *shown, HEAT_FOLLOWS if with_heat else "", gr.skip()
        unchanged = [gr.skip()] * len(shown)
        yield *unchanged, gr.skip(), show_similar(sources, photos, features)
        yield *unchanged, heat_view(sources.heat_mapper(), image) if with_heat else "", gr.skip()  # waits for torch at first


def show_heat(sources: Sources, photo: dict[str, Any] | None) -> str:
    """The heat map over the picture, as HTML; nothing without a photo."""
    if photo is None:
        return ""
    with errors_as_toast():
        return heat_view(sources.heat_mapper(), open_image(uploaded_file(photo)))


def lay_out(page: gr.Blocks, sources: Sources, samples: Callable[[], list[Sample]]) -> Widgets:
    """The photo and its answer, samples to click, and below them what explains the answer, hidden until there is one."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            photo = photo_input()
            note = gr.HTML(upload_notes(), elem_id="small-print")
            page.load(lambda: upload_notes(sources), None, note, api_visibility="private", show_progress="hidden")
        with gr.Column(scale=2, min_width=300):
            verdict = gr.HTML(NOTHING_YET, elem_id="verdict", js_on_load=READ_ALOUD)
            next_step = gr.Button(
                "Try your own street: Camera day", elem_id="next-step"
            )  # the style sheet hides it until there is an answer
            form = build_vote_form(sources.votes)
    build_samples(page, photo, samples)
    with gr.Column(visible=False, elem_id="why") as why:
        gr.HTML("<h2>Why?</h2>")
        with_heat = gr.Checkbox(True, label="Show what spoke for the answer, as a heat map", container=False, elem_id="with-heat")
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                heat = heat_html()
            with gr.Column(scale=2, min_width=300):
                similar = gr.HTML(elem_id="similar")
    build_batch(sources.photo_model)
    return Widgets(photo, verdict, form, why, with_heat, heat, similar, next_step)


def upload_notes(sources: Sources | None = None) -> str:
    """What happens to a photo and, of a model that learnt from drawings alone, that photos may be tried; as HTML."""
    words = [PRIVACY]
    if sources:
        try:
            folder = sources.model_folder()
            read_config(folder)
        except CarparkError:
            return upload_notes()  # the answer to a photo says what is wrong
        dataset = json.loads((folder / "config.json").read_text()).get("dataset", {})
        words += [DRAWN_ALONE] if dataset.get("drawn") and dataset["drawn"] == dataset["photos"] else []
    return "".join(f'<p class="small-print">{line}</p>' for line in words)


def nothing_shown() -> tuple[Any, ...]:
    """Values for `Widgets.shown` before a photo is given."""
    return NOTHING_YET, *vote.closed(), gr.Column(visible=False), "", ""


def show_similar(sources: Sources, photos: Callable[[], TrainingPhotos], features: npt.NDArray[np.float32]) -> str:
    """The training photos most similar to a picture with these features, as HTML; nothing without a dataset."""
    if not sources.name_of("CARPARK_DATASET"):
        return ""
    try:
        return similar_view(sources.neighbours(), photos(), features)
    except CarparkError as error:  # a dataset that cannot be used does not take the answer away
        return f'<p class="small-print">{html.escape(without_secrets(str(error)))}</p>'


def photo_input() -> gr.Image:
    """Drop, choose, paste or take a photo."""
    return never_fetching(
        gr.Image(
            label="Photo",
            type="filepath",
            sources=["upload", "clipboard", "webcam"],
            height=380,
            placeholder="# Drop a photo of a car park here\nor click to choose one",
            buttons=["fullscreen"],
        )
    )


def build_samples(page: gr.Blocks, photo: gr.Image, samples: Callable[[], list[Sample]]) -> None:
    """The samples as thumbnails to click, each with its label: found when `page` is opened, since a dataset may have to be fetched."""
    with gr.Column(visible=False) as offer:
        gr.HTML("<h2>Or try one of these</h2>")
        gallery = gr.Gallery(
            label="Sample photos",
            show_label=False,
            columns=8,
            allow_preview=False,
            interactive=False,
            buttons=[],
            elem_id="samples",
        )

    def show_samples() -> tuple[gr.Column, list[Sample]]:
        return gr.Column(visible=bool(samples())), samples()

    def pick_sample(event: gr.SelectData) -> str:
        return str(samples()[event.index][0])

    page.load(show_samples, None, [offer, gallery], api_visibility="private", show_progress="hidden")
    gallery.select(pick_sample, None, photo, api_visibility="private", show_progress="hidden")
