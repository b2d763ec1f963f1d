"""What the model says about one photo: the answer that the API gives, and the card that the page shows."""

import html
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from PIL.Image import Image
from pydantic import Field

from carpark.model.config import Label
from carpark.model.engines import Model
from carpark.model.neighbours import Neighbours

NOTHING_YET = '<div class="verdict verdict-none"><p>The answer will appear here.</p></div>'
NO_CAR_PARK = "This does not look like a car park"


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What the model says about one photo."""

    label: Annotated[Label, Field(description="the likelier of the two")]
    p_full: Annotated[float, Field(description="probability that the car park is full, 0 to 1")]
    sure: Annotated[bool, Field(description="whether the model stands by its label; false means: too close to call, or no car park")]
    is_car_park: Annotated[
        bool | None, Field(description="false: unlike every photo that the model learned from, so its label means nothing; null: not known")
    ]
    verdict: Annotated[str, Field(description="the answer in words, such as 'Full, 97% sure'")]
    model: Annotated[str, Field(description="sha256 of the model's config.json: names the model that answered")]


def judge_photo(model: Model, neighbours: Neighbours, image: Image) -> tuple[PhotoAnswer, npt.NDArray[np.float32]]:
    """The model's answer for a picture, and its features, (width,). `neighbours` tell whether it shows a car park at all."""
    predictions = model.predict([image])
    is_car_park = neighbours.is_car_park(predictions.features[0])
    return answer_of(model, float(predictions.p_full[0]), is_car_park=is_car_park), predictions.features[0]


def answer_of(model: Model, p_full: float, *, is_car_park: bool | None) -> PhotoAnswer:
    """The answer for one P(full)."""
    label, sure = model.answer(p_full)
    chance = percent(p_full if label == "full" else 1 - p_full)
    if is_car_park is False:
        verdict, sure = NO_CAR_PARK, False
    else:
        verdict = f"{label.capitalize()}, {chance} sure" if sure else f"Unsure, leaning {label}"
    return PhotoAnswer(label, p_full, sure, is_car_park, verdict, model.config.sha256)


def percent(share: float) -> str:
    """A share in words that never claims certainty: "97%", "over 99%"."""
    return "over 99%" if share >= 0.995 else f"{share:.0%}"


def short_percent(share: float) -> str:
    """As `percent`, where there is room for a number only: "<1%", "97%", ">99%"."""
    return ">99%" if share >= 0.995 else "<1%" if share < 0.005 else f"{share:.0%}"


def verdict_card(answer: PhotoAnswer, model: Model) -> str:
    """The answer as HTML: the word large, how sure beside it, both probabilities, and where this model draws its lines."""
    word, _, rest = answer.verdict.partition(", ")
    css = "no-car-park" if answer.is_car_park is False else answer.label if answer.sure else "unsure"
    thresholds = model.config.thresholds
    full, empty = f"{thresholds.full_at_least:.0%}", f"{thresholds.empty_at_most:.0%}"
    lines = f"Full means a probability of full of at least {full}, empty one of at most {empty}; anything between is unsure."
    if answer.is_car_park is False:
        rest = "so the numbers below mean little"
        lines = "Nothing that the model learned from resembles this picture. It knows car parks, and streets with parking, only."
    return (
        f'<div class="verdict verdict-{css}"><p class="verdict-word">{html.escape(word)}</p>'
        f'<p class="verdict-rest">{html.escape(rest)}</p>'
        f'{probability_bars(answer.p_full)}<p class="verdict-lines">{lines}</p></div>'
    )


def probability_bars(p_full: float) -> str:
    """Both probabilities as HTML: a bar each, with its number in words."""
    rows = "".join(
        f'<div class="bar bar-{label}"><dt>{label}</dt><dd><span class="bar-track" aria-hidden="true">'
        f'<span style="width: {share:.1%}"></span></span><span class="bar-number">{html.escape(short_percent(share))}</span></dd></div>'
        for label, share in (("full", p_full), ("empty", 1 - p_full))
    )
    return f'<dl class="bars" id="probabilities">{rows}</dl>'
