"""The tab where a visitor drops a photo and reads how full the car park is; the `/classify` endpoint beside it."""

import html
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from gradio.utils import get_upload_folder
from pydantic import Field

from carpark.errors import BadImage
from carpark.images import open_image
from carpark.model import Label, Model
from tabs.edge import READ_ALOUD, told_on_page, told_to_caller, typed_json
from tabs.sources import Sources

PRIVACY = "Your photo is shown to nobody else and is deleted from this server after about a day."
NOTHING_YET = '<div class="verdict verdict-none"><p>The answer will appear here.</p></div>'


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What the model says about one photo."""

    label: Annotated[Label, Field(description="the likelier of the two")]
    p_full: Annotated[float, Field(description="probability that the car park is full, 0 to 1")]
    sure: Annotated[bool, Field(description="whether the model stands by its label; false means: too close to call")]
    verdict: Annotated[str, Field(description="the answer in words, such as 'Full, 97% sure'")]
    model: Annotated[str, Field(description="sha256 of the model's config.json: names the model that answered")]


def build_photo_tab(sources: Sources, samples: Sequence[tuple[Path, str]]) -> None:
    """The tab's widgets and wiring; `samples` are picture files with their labels."""

    def classify(photo: dict[str, Any] | None) -> dict[str, Any]:
        """Say whether the car park in a photo is full or empty, with the probability and whether the model is sure.

        Args:
            photo: A picture file (JPEG, PNG, WebP, GIF, BMP or TIFF) of a car park or a street with parking.
        """
        with told_to_caller():
            return asdict(judge_photo(sources.photo_model(), uploaded_file(photo)))

    def show_answer(photo: dict[str, Any] | None) -> tuple[str, dict[str, float] | None]:
        if photo is None:
            return NOTHING_YET, None
        with told_on_page():
            model = sources.photo_model()
            answer = judge_photo(model, uploaded_file(photo))
        return verdict_card(answer, model), both_probabilities(answer.p_full, model)

    def pick_sample(event: gr.SelectData) -> str:
        return str(samples[event.index][0])

    with gr.Tab("Photo", id="photo"):
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                photo = photo_input()
            with gr.Column(scale=2, min_width=300):
                verdict = gr.HTML(NOTHING_YET, elem_id="verdict", js_on_load=READ_ALOUD)
                probabilities = gr.Label(label="Probabilities", show_heading=False, num_top_classes=2, elem_id="probabilities")
                gr.Markdown(PRIVACY, elem_classes="small-print")
        if samples:
            gr.Markdown("### Or try one of these")
            gallery = sample_gallery(samples)
            gallery.select(pick_sample, None, photo, api_visibility="private", show_progress="hidden")
        answer = typed_json(PhotoAnswer)

    shown = [verdict, probabilities]
    asked = photo.change(show_answer, photo, shown, preprocess=False, api_visibility="private", concurrency_id="photo", concurrency_limit=2)
    # A photo that cannot be judged makes room for the next one, and leaves no answer of the one before it standing.
    asked.failure(lambda: (None, NOTHING_YET, None), None, [photo, *shown], api_visibility="private", show_progress="hidden")
    gr.on([], classify, photo, answer, preprocess=False, api_name="classify", concurrency_id="photo")


def photo_input() -> gr.Image:
    """An image input that never downloads: Gradio's own fetches any web address that a caller of the API hands in."""
    photo = gr.Image(
        label="Photo",
        type="filepath",
        sources=["upload", "clipboard", "webcam"],
        height=380,
        placeholder="# Drop a photo of a car park here\nor click to choose one",
        buttons=["fullscreen"],
    )
    keep_in_cache = photo.async_move_resource_to_block_cache

    async def keep_uploads_only(path: str | None) -> str | None:
        if path and "://" in path:
            with told_to_caller():
                raise BadImage("A photo is not fetched from a web address; hand in the picture file itself.")
        kept: str | None = await keep_in_cache(path)
        return kept

    photo.async_move_resource_to_block_cache = keep_uploads_only
    return photo


def sample_gallery(samples: Sequence[tuple[Path, str]]) -> gr.Gallery:
    """The samples as thumbnails to click, each with its label."""
    return gr.Gallery(
        list(samples),
        label="Sample photos",
        show_label=False,
        columns=8,
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_id="samples",
    )


def uploaded_file(upload: dict[str, Any] | None) -> Path:
    """The visitor's own file, as it came: Gradio's `preprocess` would decode it, and answer a broken one with an error of its own.

    Raises BadImage when nothing was uploaded, and for any path that a caller of the API makes up.
    """
    if upload is None:
        raise BadImage("No photo was handed in; expected one picture file.")
    with suppress(OSError, ValueError):  # what a text raises that can be no path: too long, or with a zero byte in it
        path = Path(upload.get("path") or "").resolve()
        if path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file():
            return path
    raise BadImage("That is no uploaded file; hand in a picture file (in Python: gradio_client.handle_file).")


def judge_photo(model: Model, photo: Path) -> PhotoAnswer:
    """The model's answer for a picture file. Raises BadImage."""
    p_full = float(model.p_full([open_image(photo)])[0])
    label, sure = model.answer(p_full)
    chance = percent(p_full if label == "full" else 1 - p_full)
    verdict = f"{label.capitalize()}, {chance} sure" if sure else f"Unsure, leaning {label}"
    return PhotoAnswer(label, p_full, sure, verdict, model.config.sha256)


def percent(share: float) -> str:
    """A share in words that never claims certainty: "97%", "over 99%"."""
    return "over 99%" if share >= 0.995 else f"{share:.0%}"


def both_probabilities(p_full: float, model: Model) -> dict[str, float]:
    """The probability of each of the model's labels."""
    return {label: p_full if label == "full" else 1 - p_full for label in model.config.labels}


def verdict_card(answer: PhotoAnswer, model: Model) -> str:
    """The answer as HTML: the word large, how sure beside it, and where this model draws its lines."""
    word, _, rest = answer.verdict.partition(", ")
    look = answer.label if answer.sure else "unsure"
    thresholds = model.config.thresholds
    full, empty = f"{thresholds.full_at_least:.0%}", f"{thresholds.empty_at_most:.0%}"
    lines = f"Full means a probability of full of at least {full}, empty one of at most {empty}; anything between is unsure."
    return (
        f'<div class="verdict verdict-{look}"><p class="verdict-word">{html.escape(word)}</p>'
        f'<p class="verdict-rest">{html.escape(rest)}</p>'
        f'<p class="verdict-lines">{lines}</p></div>'
    )
