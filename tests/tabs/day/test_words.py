from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from carpark.cameras.camera import camera_of_folder
from carpark.day.table import CameraDay, DaySummary
from carpark.slots import LONDON, day_in_words, slots_of_day
from tabs.day.chart import title_of
from tabs.day.results import write_tables
from tabs.day.words import answer_of, summary_in_words

DAY = date(2026, 7, 6)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, 6, hour, minute, tzinfo=LONDON)


@pytest.fixture
def summary() -> DaySummary:
    return DaySummary(
        slots=288,
        cadence=timedelta(minutes=5),
        frames=282,
        states={"ok": 270, "frozen": 12, "missing": 6},
        usable_share=270 / 288,
        mean_fullness=None,
        full_share=0.4,
        unsure_share=0.05,
        unlike=0,
        busiest_hour=at(9),
        quietest_hour=at(3),
        first_full=at(7, 35),
        last_full=at(18, 5),
        longest_gap=timedelta(hours=1, minutes=5),
    )


@pytest.fixture
def shown() -> CameraDay:
    """A day whose first slot has a frame and whose other slots have none."""
    slots = slots_of_day(DAY)
    others = len(slots) - 1
    table = pd.DataFrame(
        {
            "slot": slots,
            "time": slots,
            "captured_at": pd.to_datetime([slots[0], *[None] * others], utc=True),
            "source": ["archive", *[""] * others],
            "state": ["ok", *["missing"] * others],
            "reason": "",
            "p_full": [0.9, *[float("nan")] * others],
            "fullness": [0.8, *[float("nan")] * others],
            "fullness_low": [0.6, *[float("nan")] * others],
            "fullness_high": [0.9, *[float("nan")] * others],
            "is_car_park": [True, *[None] * others],
            "label": ["full", *[None] * others],
            "sure": [True, *[None] * others],
            "url": "",
            "sha256": ["ab12", *[""] * others],
        }
    )
    return CameraDay(camera_of_folder("Baker_St"), DAY, table, "abc")


def test_a_day_is_told_in_sentences(summary: DaySummary) -> None:
    assert summary_in_words(summary) == (
        "270 of 288 slots, one every 5 min, have a usable frame. Full in 40% of them, first at 07:35, last at 18:05. "
        "The model is not sure about 5%. Fullest hour: 09:00 to 10:00; emptiest: 03:00 to 04:00. The longest gap lasts 1 h 5 min. "
        "Left out: 12 frozen, 6 missing."
    )


def test_a_day_whose_share_taken_is_known_says_it_first(summary: DaySummary) -> None:
    words = summary_in_words(replace(summary, mean_fullness=0.45))
    assert "have a usable frame. On average 45% taken, busiest hour 09:00 to 10:00. Full in 40% of them" in words
    assert "Emptiest hour: 03:00 to 04:00." in words and "Fullest" not in words


def test_a_day_with_unlike_pictures_says_that_their_bands_are_wider(summary: DaySummary) -> None:
    words = summary_in_words(replace(summary, unlike=3))
    assert "3 pictures are unlike the photos that the model learned from, so their bands are wider." in words


def test_a_day_that_was_never_full_says_so(summary: DaySummary) -> None:
    quiet = replace(summary, full_share=0.0, unsure_share=0.0, first_full=None, last_full=None)
    assert "have a usable frame. Surely full in none of them. Fullest hour" in summary_in_words(quiet)


def test_a_day_without_a_usable_frame_makes_no_claim(summary: DaySummary) -> None:
    blind = replace(summary, states={"in_use": 288}, full_share=None, unsure_share=None)
    assert summary_in_words(blind) == "None of the 288 slots, one every 5 min, has a usable frame. Left out: 288 camera in use."


def test_slots_that_have_not_begun_are_not_counted_as_faults(summary: DaySummary) -> None:
    morning = replace(summary, states={"ok": 100}, longest_gap=timedelta(0))
    assert summary_in_words(morning).startswith("100 of 100 slots, one every 5 min, have a usable frame.")


def test_a_day_has_its_weekday_in_its_title(shown: CameraDay) -> None:
    assert title_of(shown) == "Baker St, Monday 6 July 2026"
    assert day_in_words(date(2013, 4, 15)) == "Monday 15 April 2013"


def test_the_answer_is_plain_json(shown: CameraDay) -> None:
    answer = answer_of(shown)
    assert (answer["camera_id"], answer["day"], answer["model"]) == ("Baker_St", "2026-07-06", "abc")
    first, second = answer["slots"][:2]
    assert (first["slot"], first["p_full"], first["label"], first["sure"]) == ("2026-07-05T23:00:00Z", 0.9, "full", True)
    assert (second["p_full"], second["label"], second["captured_at"]) == (None, None, None)
    assert [first[f"fullness{end}"] for end in ("", "_low", "_high")] == [0.8, 0.6, 0.9]
    assert second["fullness"] is None and answer["summary"]["mean_fullness"] == pytest.approx(0.8)
    assert answer["summary"]["states"] == {"ok": 1, "missing": 287}


def test_the_downloads_hold_the_whole_table(shown: CameraDay, tmp_path: Path) -> None:
    csv, parquet = write_tables(shown, tmp_path)
    assert csv.name == "Baker_St_2026-07-06.csv"
    assert len(pd.read_csv(csv)) == len(pd.read_parquet(parquet)) == 288
    assert list(pd.read_parquet(parquet).columns) == list(shown.table.columns)
