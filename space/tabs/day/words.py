"""A camera day for people and programs: the summary in words, the answer as JSON, the table as files."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from carpark.day.styles import STATES
from carpark.day.table import CameraDay, DaySummary, summarize_day
from carpark.slots import LONDON


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    """One slot of the day: a frame of the source, or a hole in its rhythm."""

    slot: Annotated[datetime, Field(description="the source's own time of the frame, UTC")]
    captured_at: Annotated[datetime | None, Field(description="when the frame was taken, UTC, if it says so")]
    source: Annotated[str, Field(description="where the frame came from; empty when no source had one")]
    state: Annotated[str, Field(description="ok, in_use, corrupt, frozen, late or missing")]
    reason: Annotated[str, Field(description="why the state is not ok")]
    p_full: Annotated[float | None, Field(description="probability that the street is full, 0 to 1; only when ok")]
    fullness: Annotated[float | None, Field(description="share of the road, or of the bays, that is taken, 0 to 1; null: not known")]
    fullness_low: Annotated[float | None, Field(description="lower end of the 80% interval of fullness; wider for an unlike picture")]
    fullness_high: Annotated[float | None, Field(description="upper end of that interval")]
    is_car_park: Annotated[
        bool | None, Field(description="false: the picture is unlike every photo that the model learned from; null: not known")
    ]
    label: Annotated[str | None, Field(description="the likelier of empty and full; only when ok")]
    sure: Annotated[bool | None, Field(description="whether the model stands by the label; only when ok")]
    url: Annotated[str, Field(description="address of the frame")]
    sha256: Annotated[str, Field(description="of the frame's file; empty when no source had one")]
    time: Annotated[datetime, Field(description="when the picture was taken, UTC, as far as is known; the slot where it is not")]


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """What `/camera_day` answers."""

    camera_id: str
    camera: Annotated[str, Field(description="the camera's name")]
    day: Annotated[date, Field(description="the day in London")]
    words: Annotated[str, Field(description="the summary in words")]
    summary: Annotated[DaySummary, Field(description="the summary in numbers")]
    model: Annotated[str, Field(description="sha256 of the model's config.json: names the model that answered")]
    slots: Annotated[list[SlotAnswer], Field(description="the day slot by slot, at the source's own cadence: see summary.cadence")]


ADAPTER = TypeAdapter(DayAnswer)  # takes longer to make than a day's answer


def summary_in_words(summary: DaySummary) -> str:
    """The day in a few sentences; times are London times."""
    usable, begun = summary.states.get("ok", 0), sum(summary.states.values())
    if not usable or summary.full_share is None:
        return f"None of the {begun} slots, one every {_duration(summary.cadence)}, has a usable frame. {_faults(summary)}".strip()
    sentences = [f"{usable} of {begun} slots, one every {_duration(summary.cadence)}, have a usable frame."]
    if summary.mean_fullness is not None:
        busiest = f", busiest hour {_hour(summary.busiest_hour)}" if summary.busiest_hour else ""
        sentences.append(f"On average {_share(summary.mean_fullness)} taken{busiest}.")
    if summary.first_full and summary.last_full:
        first, last = _clock(summary.first_full), _clock(summary.last_full)
        sentences.append(f"Full in {_share(summary.full_share)} of them, first at {first}, last at {last}.")
    else:
        sentences.append("Surely full in none of them.")
    if summary.unsure_share:
        sentences.append(f"The model is not sure about {_share(summary.unsure_share)}.")
    if summary.unlike:
        sentences.append(f"{summary.unlike} pictures are unlike the photos that the model learned from, so their bands are wider.")
    if summary.busiest_hour and summary.quietest_hour and summary.busiest_hour != summary.quietest_hour:
        fullest = f"Fullest hour: {_hour(summary.busiest_hour)}; emptiest" if summary.mean_fullness is None else "Emptiest hour"
        sentences.append(f"{fullest}: {_hour(summary.quietest_hour)}.")
    if summary.longest_gap > summary.cadence:
        sentences.append(f"The longest gap lasts {_duration(summary.longest_gap)}.")
    return " ".join([*sentences, _faults(summary)]).strip()


def answer_of(shown: CameraDay) -> dict[str, Any]:
    """The whole day as the JSON that `DayAnswer` describes."""
    summary = summarize_day(shown.table)
    answer = ADAPTER.validate_python(
        {
            "camera_id": shown.camera.id,
            "camera": shown.camera.name,
            "day": shown.day,
            "words": summary_in_words(summary),
            "summary": summary,
            "model": shown.model,
            "slots": json.loads(shown.table.to_json(orient="records", date_format="iso")),
        }
    )
    fields: dict[str, Any] = ADAPTER.dump_python(answer, mode="json")
    return fields


def _faults(summary: DaySummary) -> str:
    faults = {state: look.label.lower() for state, look in STATES.items() if state != "ok"}
    counts = [f"{summary.states[state]} {words}" for state, words in faults.items() if summary.states.get(state)]
    return f"Left out: {', '.join(counts)}." if counts else ""


def _share(share: float) -> str:
    return "under 1%" if 0 < share < 0.005 else f"{share:.0%}"


def _clock(time: datetime) -> str:
    return f"{time.astimezone(LONDON):%H:%M}"


def _hour(start: datetime) -> str:
    return f"{_clock(start)} to {_clock(start + timedelta(hours=1))}"


def _duration(gap: timedelta) -> str:
    if gap % timedelta(minutes=1) and gap < timedelta(minutes=5):
        return f"{gap.total_seconds():.0f} s"
    hours, minutes = divmod(round(gap.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"
