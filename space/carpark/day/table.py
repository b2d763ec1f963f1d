"""A camera day: frames fetched, judged and classified side by side, in one table that follows the source.

table = camera_day(camera, parse_day("2013-04-15"), archive=open_archive("../shared/data/archive"), model=model)
summarize_day(table)
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
import pandas as pd

from carpark.archives.archive import Archive
from carpark.cameras.camera import Camera
from carpark.day.kept import day_key, keep_day, read_day, read_known
from carpark.day.pipeline import DayProgress, Predictor, Record, run
from carpark.errors import BadSetting, NoDay
from carpark.model.fullness import interval_of
from carpark.quality.frame import Frame, mark_frozen, note_moved_views
from carpark.slots import LONDON, NO_FRAME, Fetched, bounds_of_day, find_cadence, find_holes
from carpark.slots import parse_day as parse_day  # re-exported: callers have days as text

NOT_BEGUN = "this slot has not begun"
NOT_FETCHED = "not fetched yet"
FEW_SLOTS, OTHER_DAYS = 6, 3  # with fewer slots than FEW_SLOTS, the cadence comes from OTHER_DAYS other days
FULLNESS_COLUMNS = ("fullness", "fullness_low", "fullness_high")
HALF = 0.5  # of an hour's slots have to be usable for its mean to count


@dataclass(frozen=True, slots=True)
class CameraDay:
    """One camera's day, as far as it is known."""

    camera: Camera
    day: date  # in London
    table: pd.DataFrame  # what `camera_day` returns
    model: str  # sha256 of the config of the model that answered


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A day in a few numbers; times are London times, None where no usable frame counts."""

    slots: int
    cadence: timedelta  # between two slots
    frames: int  # slots for which the source has a frame
    states: dict[str, int]  # state -> slots
    usable_share: float  # of the slots that have begun, 0 to 1
    mean_fullness: float | None  # of the usable slots, the share taken, 0 to 1; None also where the model cannot tell it
    full_share: float | None  # of the usable slots, those that the model is sure are full
    unsure_share: float | None  # of the usable slots, those on which the model is unsure
    unlike: int  # usable slots whose picture is unlike the photos that the model learnt from
    busiest_hour: datetime | None  # start of the hour with the highest mean fullness, else P(full), of hours that are half usable
    quietest_hour: datetime | None
    first_full: datetime | None
    last_full: datetime | None
    longest_gap: timedelta  # without a usable frame


def camera_day(
    camera: Camera,
    day: date,
    *,
    archive: Archive,
    model: Predictor,
    progress: Callable[[DayProgress], object] | None = None,
) -> pd.DataFrame:
    """The whole day's table, in order: a row for each frame that the source has, and one for each hole in its own rhythm.

    `slot` (UTC, the source's own time), `captured_at` (UTC, NaT where the frame does not say), `source` ("" where none had a frame),
    `state`, `reason`, `p_full` (0 to 1, NaN unless ok), `fullness` (the share taken, likewise; NaN also where the model cannot tell it),
    `fullness_low` and `fullness_high` (its 80% interval at places like the training photos, or the wider one of a picture that is unlike
    them), `is_car_park` (False for such a picture, <NA> unless ok or where the model cannot tell), `label` (the likelier one, None unless
    ok), `sure` (whether the model stands by it, never of an unlike picture, <NA> unless ok), `url` (or path), `sha256` ("" without a
    frame), `is_nominal` (the frame does not say when it was taken, so its slot stands for it), `time` (UTC, when the picture was taken as
    far as is known: where it is drawn).
    Raises NoDay when no source has a frame.
    """
    for record in watch_day(camera, day, archive=archive, model=model):
        if progress:
            progress(record.progress())
    return build_table(record)


def watch_day(camera: Camera, day: date, *, archive: Archive, model: Predictor) -> Generator[Record]:
    """The day's record, after every change, and now and then while nothing changes; complete at the end. Raises NoDay and BadSetting.

    `build_table` makes the table of the moment. Closing the iterator stops the traffic.
    """
    timetable = archive.timetable(camera, day)
    due = tuple(slot for slot in timetable.slots if slot <= datetime.now(UTC))
    key = day_key(camera, day, archive, model.config.sha256)
    kept, is_complete = read_day(archive, key)
    if kept is not None and is_complete:
        yield Record(day, timetable, model, due, kept=kept)
        return
    cadence = cadence_of_other_days(archive, camera, day) if len(timetable.slots) < FEW_SLOTS else None
    record = Record(day, timetable, model, due, cadence, known={} if kept is None else read_known(kept))
    with closing(run(archive.fetch(camera, due), record)) as changes:
        for _ in changes:
            yield record
    if not record.sha256:
        raise NoDay(_explain_no_day(camera, day, archive, record))
    keep_day(archive, key, build_table(record), is_final=all(fetched.is_final for fetched in record.fetched.values()))


def build_table(record: Record) -> pd.DataFrame:
    """The table that `camera_day` describes, from what the record holds."""
    if record.kept is not None:
        return record.kept
    frames = note_moved_views(mark_frozen(record.frames))
    due, now = set(record.due), datetime.now(UTC)
    rows = []
    for slot in list_slots(record):
        fetched = record.fetched.get(slot, Fetched(slot, ""))
        unknown = NOT_FETCHED if slot in due else NOT_BEGUN if slot > now else NO_FRAME
        frame = frames.get(slot) or Frame("missing", unknown)
        answer = record.answers.get(frame.digest) if frame.state == "ok" else None
        label, sure = record.model.answer(answer.p_full) if answer else (None, None)
        rows.append(
            {
                "slot": slot,
                "captured_at": frame.captured_at,
                "source": fetched.source,
                "state": frame.state,
                "reason": frame.reason,
                "p_full": answer.p_full if answer else None,
                "fullness": answer.fullness if answer else None,
                "fullness_low": None,
                "fullness_high": None,
                "is_car_park": answer.is_car_park if answer else None,
                "label": label,
                "sure": sure and answer.is_car_park is not False if answer else None,
                "url": fetched.url,
                "sha256": record.sha256.get(slot, ""),
                "is_nominal": fetched.data is not None and frame.captured_at is None,
            }
        )
    numbers, verdicts = dict.fromkeys(("p_full", *FULLNESS_COLUMNS), "float64"), dict.fromkeys(("sure", "is_car_park"), "boolean")
    table = pd.DataFrame(rows).astype(numbers | verdicts)
    if rule := record.model.config.fullness:
        ends = interval_of(table["fullness"], rule, is_like_training=table["is_car_park"].fillna(True).to_numpy(bool))
        table["fullness_low"], table["fullness_high"] = (end.astype(float) for end in ends)
    table["label"] = pd.Series([row["label"] for row in rows], dtype="object")  # else pandas turns None into NaN
    for times in ("slot", "captured_at"):
        table[times] = pd.to_datetime(table[times], utc=True).astype("datetime64[us, UTC]")
    return table.assign(time=place_in_time(table))


def list_slots(record: Record) -> list[datetime]:
    """The slots of the day's rows: those that the source offers, or may still offer, and the holes in its rhythm."""
    has_frame = sorted(slot for slot, fetched in record.fetched.items() if fetched.data is not None)
    failed = [slot for slot, fetched in record.fetched.items() if not fetched.is_final]
    is_open = len(record.fetched) < len(record.due)
    asked = record.timetable.slots if record.timetable.is_listed or is_open else ()
    slots = sorted({*has_frame, *failed, *asked})
    cadence = record.cadence or find_cadence(slots if is_open else has_frame or slots)
    return sorted({*slots, *find_holes(slots, cadence, record.day)})


def cadence_of_other_days(archive: Archive, camera: Camera, day: date) -> timedelta | None:
    """The cadence of the day with the most slots, of the nearest days that the archive lists; None where it lists too few slots."""
    try:
        others = sorted((other for other in archive.days(camera) if other != day), key=lambda other: abs(other - day))
        tables = [archive.timetable(camera, other) for other in others[:OTHER_DAYS]]
    except BadSetting:
        return None
    slots = max((table.slots for table in tables if table.is_listed), key=len, default=())
    return find_cadence(slots) if len(slots) >= FEW_SLOTS else None


def place_in_time(table: pd.DataFrame) -> pd.Series:
    """When each row's picture was taken, UTC, never before that of the row above.

    A name says when somebody fetched a frame; the frame's EXIF says when it was taken. Rows that do not say are placed between those that
    do, and rows without any such neighbour at their slot.
    """
    slots = table["slot"].astype("int64").to_numpy()
    captured = table["captured_at"].where(table["state"] == "ok")
    taken = captured.fillna(table["slot"]).astype("int64").to_numpy()
    known = captured.notna().to_numpy()
    known = known & (taken >= np.maximum.accumulate(np.where(known, taken, taken.min() if len(taken) else 0)))
    if not known.any():
        return table["slot"]
    x, y = slots[known], taken[known]
    times = np.interp(slots, x, y) + np.minimum(slots - x[0], 0) + np.maximum(slots - x[-1], 0)
    return pd.Series(pd.to_datetime(np.round(times).astype("int64"), unit="us", utc=True), index=table.index).astype("datetime64[us, UTC]")


def _explain_no_day(camera: Camera, day: date, archive: Archive, record: Record) -> str:
    if bounds_of_day(day)[0] > datetime.now(UTC):
        return f"{day} has not begun in London. Choose an earlier day."
    reasons = Counter(fetched.reason for fetched in record.fetched.values())
    reason = reasons.most_common(1)[0][0] if reasons else "the archive lists none"
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
    is_usable = begun["state"] == "ok"
    usable = begun[is_usable]
    full = usable.loc[usable["sure"].fillna(False) & (usable["label"] == "full"), "time"].dt.tz_convert(LONDON)
    hour = begun["time"].dt.floor("h")  # London is whole hours from UTC
    knows_fullness = bool(usable["fullness"].notna().any())
    means = usable.groupby(hour[is_usable])["fullness" if knows_fullness else "p_full"].mean()
    means = means[is_usable.groupby(hour).mean().reindex(means.index) >= HALF].tz_convert(LONDON)
    cadence = find_cadence(table["slot"].tolist())
    return DaySummary(
        slots=len(table),
        cadence=cadence,
        frames=int((table["sha256"] != "").sum()),
        states={str(state): int(count) for state, count in begun["state"].value_counts().items()},
        usable_share=len(usable) / max(len(begun), 1),
        mean_fullness=float(usable["fullness"].mean()) if knows_fullness else None,
        full_share=len(full) / len(usable) if len(usable) else None,
        unsure_share=1 - float(usable["sure"].fillna(False).astype(bool).mean()) if len(usable) else None,
        unlike=int((~usable["is_car_park"].fillna(True).astype(bool)).sum()),
        busiest_hour=means.index[int(means.argmax())].to_pydatetime() if len(means) else None,
        quietest_hour=means.index[int(means.argmin())].to_pydatetime() if len(means) else None,
        first_full=full.iloc[0].to_pydatetime() if len(full) else None,
        last_full=full.iloc[-1].to_pydatetime() if len(full) else None,
        longest_gap=_longest_gap(begun, cadence),
    )


def _longest_gap(begun: pd.DataFrame, cadence: timedelta) -> timedelta:
    """The longest time without a usable frame, by the times at which the frames around it were taken."""
    longest, place = timedelta(0), 0
    times = begun["time"].tolist()
    for is_usable, rows in groupby(begun["state"] == "ok"):
        count = len(list(rows))
        if not is_usable:
            is_inside = place > 0 and place + count < len(times)
            gap = times[place + count] - times[place - 1] - cadence if is_inside else cadence * count
            longest = max(longest, gap)
        place += count
    return longest
