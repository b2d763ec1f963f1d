"""What the model says about one photo: the answer that the API gives, and the card that the page shows."""

import html
import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from PIL.Image import Image
from pydantic import Field

from carpark.model.config import Engine, Label
from carpark.model.engines import Model
from carpark.model.fullness import interval_of
from tabs.shares import range_in_words, share_in_words

NOTHING_YET = '<div class="verdict verdict-none"><p>The answer will appear here.</p></div>'
NO_CAR_PARK = "This does not look like a car park"
PARTLY_FULL = "Partly full"
BETWEEN = (0.1, 0.9)  # an interval within these speaks for neither class

Kind = Literal["full", "empty", "partial", "unsure", "no-car-park"]


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What the model says about one photo."""

    label: Annotated[Label, Field(description="the likelier of the two")]
    p_full: Annotated[float, Field(description="probability that the car park is full, 0 to 1")]
    sure: Annotated[
        bool, Field(description="whether the model stands by its label; false means: too close to call, partly full, or no car park")
    ]
    fullness: Annotated[float | None, Field(description="share of the bays, or of the road, that is taken, 0 to 1; null: not known")]
    fullness_low: Annotated[float | None, Field(description="lower end of the 80% interval of fullness; wider for an unlike picture")]
    fullness_high: Annotated[float | None, Field(description="upper end of that interval")]
    is_car_park: Annotated[
        bool | None, Field(description="false: unlike every photo that the model learned from, so its label means nothing; null: not known")
    ]
    verdict: Annotated[str, Field(description="the answer in words, such as 'Full, 97% sure'")]
    model: Annotated[str, Field(description="sha256 of the model's config.json: names the model that answered")]
    engine: Annotated[Engine, Field(description="the model's form that answered: fp32 until the learner is loaded, then learner")]


def judge_photo(model: Model, image: Image) -> tuple[PhotoAnswer, npt.NDArray[np.float32]]:
    """The model's answer for a picture, and its features, (width,)."""
    seen = model.predict([image])
    is_car_park = None if seen.are_car_parks is None else bool(seen.are_car_parks[0])
    return answer_of(model, float(seen.p_full[0]), fullness=float(seen.fullness[0]), is_car_park=is_car_park), seen.features[0]


def answer_of(model: Model, p_full: float, *, fullness: float, is_car_park: bool | None) -> PhotoAnswer:
    """The answer for one P(full) and one fullness, which is NaN where the model cannot tell."""
    label, sure = model.answer(p_full)
    share, low, high = None, None, None
    if model.config.fullness and not math.isnan(fullness):
        ends = interval_of(fullness, model.config.fullness, is_like_training=is_car_park is not False)
        share, (low, high) = fullness, map(float, ends)
    if is_car_park is False:
        verdict, sure = NO_CAR_PARK, False
    elif sure:
        verdict = f"{label.capitalize()}, {percent(p_full if label == 'full' else 1 - p_full)} sure"
    elif low is not None and high is not None and BETWEEN[0] <= low and high <= BETWEEN[1]:
        verdict = PARTLY_FULL
    else:
        verdict = f"Unsure, leaning {label}"
    return PhotoAnswer(label, p_full, sure, share, low, high, is_car_park, verdict, model.config.sha256, model.engine)


def kind_of(answer: PhotoAnswer) -> Kind:
    """What the answer is, and how it is coloured."""
    if answer.is_car_park is False:
        return "no-car-park"
    if answer.sure:
        return answer.label
    return "partial" if answer.verdict == PARTLY_FULL else "unsure"


def percent(share: float) -> str:
    """A share in words that never claims certainty: "97%", "over 99%"."""
    return "over 99%" if share >= 0.995 else f"{share:.0%}"


def short_percent(share: float) -> str:
    """As `percent`, where there is room for a number only: "<1%", "97%", ">99%"."""
    return ">99%" if share >= 0.995 else "<1%" if share < 0.005 else f"{share:.0%}"


def verdict_card(answer: PhotoAnswer, model: Model) -> str:
    """The answer as HTML: what to beware of, the share taken as a gauge, the word, and how sure the model is.

    A model that does not know the share has the word in large and a bar for each probability.
    """
    thresholds = model.config.thresholds
    full, empty = f"{thresholds.full_at_least:.0%}", f"{thresholds.empty_at_most:.0%}"
    between = "unsure or partly full" if answer.fullness is not None else "unsure"
    lines = f"Full means a probability of full of at least {full}, empty one of at most {empty}; anything between is {between}."
    word, _, rest = answer.verdict.partition(", ")
    is_unlike = answer.is_car_park is False
    if is_unlike:
        rest = "so the numbers below mean little"
        lines = "Nothing that the model learned from resembles this picture. It knows car parks, and streets with parking, only."
    head = f'<p class="verdict-word">{html.escape(word)}</p><p class="verdict-rest">{html.escape(rest)}</p>'
    gauge = share_gauge(answer)
    if not gauge:
        body = f'{head}{probability_bars(answer.p_full)}<p class="verdict-lines">{lines}</p>'
    elif is_unlike:
        warning = f'<p class="verdict-unlike">{html.escape(word)}, {rest}.</p>'
        body = f'{warning}{gauge}<p class="verdict-word">Unsure</p>{small_print(answer, lines)}'
    else:
        body = f"{gauge}{head}{small_print(answer, lines)}"
    return f'<div class="verdict verdict-{kind_of(answer)}{" with-share" if gauge else ""}">{body}</div>'


def share_gauge(answer: PhotoAnswer) -> str:
    """The share taken as HTML: in words, and as a bar from 0 to 100% with the interval as a band; "" where it is not known."""
    if answer.fullness is None or answer.fullness_low is None or answer.fullness_high is None:
        return ""
    low, high = answer.fullness_low, answer.fullness_high
    words = share_in_words(answer.fullness)
    return (
        f'<p class="share"><b>{words[0].upper()}{words[1:]}</b> ({range_in_words(low, high)})</p>'
        f'<div class="gauge" aria-hidden="true"><span class="gauge-band" style="left: {low:.1%}; width: {high - low:.1%}"></span>'
        f'<span class="gauge-tick" style="left: {answer.fullness:.1%}"></span></div>'
        '<p class="gauge-scale" aria-hidden="true"><i>0%</i><i>50%</i><i>100%</i></p>'
    )


def small_print(answer: PhotoAnswer, lines: str) -> str:
    """P(full), and what the band and the words mean, as HTML."""
    promise = "is wider than usual" if answer.is_car_park is False else "holds the truth in 4 of 5 pictures of places new to the model"
    return (
        f'<p class="verdict-lines">Probability of full: <b id="p-full">{html.escape(short_percent(answer.p_full))}</b>. {lines} '
        f"Taken is the share of the bays, or of the road; the band {promise}.</p>"
    )


def probability_bars(p_full: float) -> str:
    """Both probabilities as HTML: a bar each, with its number in words."""
    rows = "".join(
        f'<div class="bar bar-{label}"><dt>{label}</dt><dd><span class="bar-track" aria-hidden="true">'
        f'<span style="width: {share:.1%}"></span></span><span class="bar-number">{html.escape(short_percent(share))}</span></dd></div>'
        for label, share in (("full", p_full), ("empty", 1 - p_full))
    )
    return f'<dl class="bars" id="probabilities">{rows}</dl>'
