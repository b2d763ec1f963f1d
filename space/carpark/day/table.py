"""A camera day: frames fetched, judged and classified side by side, in one table with a row a slot.

table = camera_day(camera, parse_day("2013-04-15"), archive=open_archive("../shared/data/archive"), model=model)
summarize_day(table)
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.day.kept import day_key, keep_day, read_day, read_known
from carpark.day.pipeline import DayProgress, FullnessModel, Record, run
from carpark.errors import BadSetting, NoDay
from carpark.quality.frame import Frame, mark_frozen, note_moved_views
from carpark.quality.measures import longest_run
from carpark.slots import LONDON, SLOT, Fetched, slots_of_day
from carpark.slots import parse_day as parse_day  # part of what this module offers: a day comes in as text

NOT_BEGUN = "this slot has not begun"
NOT_FETCHED = "not fetched yet"
SLOTS_THAT_SPEAK = 6  # for their hour: half of it


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A day in a few numbers; times are London times, None where no usable frame speaks."""

    slots: int
    states: dict[str, int]  # state -> slots
    usable_share: float  # of the slots that have begun, 0 to 1
    full_share: float | None  # of the usable slots, those that the model is sure are full
    unsure_share: float | None  # of the usable slots, those on which the model does not commit itself
    busiest_hour: datetime | None  # start of the hour with the highest mean P(full), of hours that are half usable
    quietest_hour: datetime | None
    first_full: datetime | None
    last_full: datetime | None
    longest_gap: timedelta  # without a usable frame


def camera_day(
    camera: Camera,
    day: date,
    *,
    archive: Archive,
    model: FullnessModel,
    progress: Callable[[DayProgress], object] | None = None,
) -> pd.DataFrame:
    """The whole day's table: one row a slot of the London day, in order. Raises NoDay when no slot has a frame.

    `slot` (UTC), `captured_at` (UTC, NaT where the frame does not say), `source` ("" where none had a frame), `state`, `reason`, `p_full`
    (0 to 1, NaN unless ok), `label` (the likelier one, None unless ok), `sure` (whether the model stands by it, <NA> unless ok), `url` (or
    path), `sha256`, `is_nominal` (the frame does not say when it was taken, so that its slot stands for it).
    """
    for view in watch_day(camera, day, archive=archive, model=model):
        if progress:
            progress(view.progress)
    return view.table()


@dataclass(frozen=True, slots=True)
class DayView:
    """A day as far as it has come."""

    progress: DayProgress
    table: Callable[[], pd.DataFrame]  # makes the table of this moment; call it before the next view is asked for


def watch_day(camera: Camera, day: date, *, archive: Archive, model: FullnessModel) -> Generator[DayView]:
    """A view after every change, and now and then while nothing changes; the complete one last. Raises NoDay as `camera_day` does.

    Closing the iterator stops the traffic.
    """
    slots = slots_of_day(day)
    due = tuple(slot for slot in slots if slot <= datetime.now(UTC))
    key = day_key(camera, day, archive, model.config.sha256)
    kept, is_complete = read_day(archive, key)
    if kept is not None and is_complete:
        yield DayView(DayProgress(*(len(due),) * 4), lambda: kept)
        return
    record = Record(due, known={} if kept is None else read_known(kept))

    def table() -> pd.DataFrame:
        return build_table(slots, record, model)

    with closing(run(archive.fetch(camera, due), model, record)) as changes:
        for _ in changes:
            yield DayView(record.progress(), table)
    if not record.sha256:
        raise NoDay(_explain_no_day(camera, day, archive, record))
    keep_day(archive, key, table(), is_final=all(fetched.is_final for fetched in record.fetched.values()))


def build_table(slots: Sequence[datetime], record: Record, model: FullnessModel) -> pd.DataFrame:
    """The table that `camera_day` describes, of what the record knows."""
    frames = note_moved_views(mark_frozen(record.frames))
    rows = []
    for slot in slots:
        fetched = record.fetched.get(slot, Fetched(slot, ""))
        frame = frames.get(slot) or Frame("missing", NOT_FETCHED if slot in record.due else NOT_BEGUN)
        p_full = record.p_full.get(frame.digest) if frame.state == "ok" else None
        label, sure = (None, None) if p_full is None else model.answer(p_full)
        rows.append(
            {
                "slot": slot,
                "captured_at": frame.captured_at,
                "source": fetched.source,
                "state": frame.state,
                "reason": frame.reason,
                "p_full": p_full,
                "label": label,
                "sure": sure,
                "url": fetched.url,
                "sha256": record.sha256.get(slot, ""),
                "is_nominal": fetched.data is not None and frame.captured_at is None,
            }
        )
    table = pd.DataFrame(rows).astype({"p_full": "float64", "sure": "boolean"})
    table["label"] = pd.Series([row["label"] for row in rows], dtype="object")  # else pandas turns None into NaN
    for times in ("slot", "captured_at"):
        table[times] = pd.to_datetime(table[times], utc=True).astype("datetime64[us, UTC]")
    return table


def _explain_no_day(camera: Camera, day: date, archive: Archive, record: Record) -> str:
    if not record.fetched:
        return f"{day} has not begun in London. Choose an earlier day."
    reason, _ = Counter(fetched.reason for fetched in record.fetched.values()).most_common(1)[0]
    try:
        days = archive.days(camera)
    except BadSetting:
        days = []
    there = f"{len(days)} days of this camera, {days[0]} to {days[-1]}" if days[1:] else f"1 day of this camera: {days[0]}" if days else ""
    hint = f" It has {there}." if days else " Choose another camera or day."
    return f"No frame of {camera.name} on {day} in {archive.location}: {reason}.{hint}"


def summarize_day(table: pd.DataFrame) -> DaySummary:
    """The day's table in a few numbers."""
    begun = table[~table["reason"].isin((NOT_BEGUN, NOT_FETCHED))]
    usable = begun[begun["state"] == "ok"]
    full = usable.loc[usable["sure"].fillna(False) & (usable["label"] == "full"), "slot"].dt.tz_convert(LONDON)
    hours = usable.groupby(usable["slot"].dt.floor("h"))["p_full"].agg(["mean", "size"])  # London is whole hours from UTC
    means = hours.loc[hours["size"] >= SLOTS_THAT_SPEAK, "mean"].tz_convert(LONDON)
    return DaySummary(
        slots=len(table),
        states={str(state): int(count) for state, count in begun["state"].value_counts().items()},
        usable_share=len(usable) / max(len(begun), 1),
        full_share=len(full) / len(usable) if len(usable) else None,
        unsure_share=1 - float(usable["sure"].fillna(False).astype(bool).mean()) if len(usable) else None,
        busiest_hour=means.index[int(means.argmax())].to_pydatetime() if len(means) else None,
        quietest_hour=means.index[int(means.argmin())].to_pydatetime() if len(means) else None,
        first_full=full.iloc[0].to_pydatetime() if len(full) else None,
        last_full=full.iloc[-1].to_pydatetime() if len(full) else None,
        longest_gap=SLOT * longest_run((begun["state"] != "ok").to_numpy()),
    )
