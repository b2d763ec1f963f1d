import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from carpark.archives import open_archive
from carpark.archives.http import HttpArchive
from carpark.day import camera_day
from carpark.day.table import build_table, summarize_day, watch_day
from carpark.errors import BadSetting, NoDay
from carpark.model.fullness import share_of
from carpark.slots import LONDON, frame_path, slots_of_day
from tests.carpark.archives.test_opening import HASTY
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.real_data import ARCHIVE, needs_real_data
from tests.street import card, jpeg, with_overlays
from tests.toy_day import CAMERA, DAY, FULLNESS, SLOTS, ListedArchive, ToyModel, faulty_frames, moment

COLUMNS = [
    "slot",
    "captured_at",
    "source",
    "state",
    "reason",
    "p_full",
    "fullness",
    "fullness_low",
    "fullness_high",
    "is_car_park",
    "label",
    "sure",
    "url",
    "sha256",
    "is_nominal",
    "time",
]


@pytest.fixture(scope="module")
def faulty():
    return faulty_frames()


def day_of(frames, model=None, **options):
    return camera_day(CAMERA, DAY, archive=ListedArchive(frames), model=model or ToyModel(), **options)


@pytest.fixture(scope="module")
def table(faulty):
    return day_of(faulty)


def test_a_day_is_one_row_a_slot(table):
    assert list(table.columns) == COLUMNS
    assert table["slot"].tolist() == SLOTS
    assert str(table["slot"].dtype.tz) == str(table["captured_at"].dtype.tz) == "UTC"


@pytest.mark.parametrize("day", [date(2020, 3, 29), date(2020, 10, 25)])
def test_a_day_on_which_the_clocks_change_has_its_own_number_of_rows(day):
    slots = slots_of_day(day)
    table = camera_day(CAMERA, day, archive=ListedArchive({slots[-1]: moment(0)}), model=ToyModel())
    assert table["slot"].tolist() == slots
    assert summarize_day(table).busiest_hour is None


def test_every_frame_gets_its_state_and_reason(table):
    assert table["state"].iloc[:6].tolist() == ["ok", "frozen", "in_use", "corrupt", "ok", "late"]
    assert table["state"].iloc[100] == "frozen"
    assert table["reason"].iloc[100] == "identical to the picture at 00:00"
    assert set(table["state"].drop([0, 1, 2, 3, 4, 5, 100])) == {"missing"}
    assert set(table["reason"][table["state"] == "missing"]) == {"not listed"}


def test_only_usable_frames_carry_a_probability_and_a_label(table):
    usable = table["state"] == "ok"
    assert table["p_full"].notna().tolist() == usable.tolist()
    assert table["label"].notna().tolist() == table["sure"].notna().tolist() == usable.tolist()
    assert table.loc[[0, 4], "label"].tolist() == ["full", "empty"]
    assert set(table["label"][~usable]) == {None}


def test_usable_frames_carry_the_share_taken_with_its_interval(faulty, table):
    known = day_of(faulty, ToyModel(fullness=FULLNESS))
    usable = known[known["state"] == "ok"]
    assert known["fullness"].notna().tolist() == known["fullness_high"].notna().tolist() == (known["state"] == "ok").tolist()
    assert (usable["fullness_low"] < usable["fullness"]).all() and (usable["fullness"] < usable["fullness_high"]).all()
    assert usable["fullness"].to_numpy() == pytest.approx(share_of(usable["p_full"], FULLNESS))
    assert table[["fullness", "fullness_low", "fullness_high"]].isna().all(axis=None)  # a model that cannot tell it


class PickyModel(ToyModel):
    """Dark pictures are unlike what it learnt from."""

    def predict(self, images):
        seen = super().predict(images)
        return seen._replace(are_car_parks=seen.p_full > 0.45)


def test_a_picture_unlike_the_training_photos_has_a_wider_interval_and_no_sure_label(faulty):
    known, picky = (day_of(faulty, model(fullness=FULLNESS)) for model in (ToyModel, PickyModel))
    dark = (picky["p_full"] <= 0.45).to_numpy()
    assert dark.any() and known["is_car_park"].isna().all()
    assert picky["is_car_park"].notna().tolist() == picky["p_full"].notna().tolist()
    assert picky["is_car_park"].fillna(True).tolist() == (~dark).tolist()
    wider = (picky["fullness_high"] - picky["fullness_low"]) > (known["fullness_high"] - known["fullness_low"])
    assert wider.tolist() == dark.tolist()
    assert not picky.loc[dark, "sure"].any() and known.loc[dark, "sure"].any()
    assert (summarize_day(picky).unlike, summarize_day(known).unlike) == (dark.sum(), 0)


def test_rows_say_where_a_frame_came_from_and_when_it_was_taken(table, faulty):
    assert table["source"].tolist() == ["a list" if slot in faulty else "" for slot in SLOTS]
    assert table["url"].iloc[2] == "list:00:10"
    assert table["captured_at"].iloc[5] == SLOTS[5] - timedelta(hours=1)
    assert table["captured_at"].drop(5).isna().all()
    assert table["is_nominal"].tolist() == [slot in faulty and slot != SLOTS[5] for slot in SLOTS]
    assert table["sha256"].iloc[0] == table["sha256"].iloc[1] != table["sha256"].iloc[4]
    assert (table["sha256"] == "").tolist() == [slot not in faulty for slot in SLOTS]


def test_an_in_use_card_is_never_called_empty():
    table = day_of({SLOTS[0]: moment(0), SLOTS[1]: jpeg(with_overlays(card("Camera 1 in use", "black")))})
    assert table["state"].iloc[1] == "in_use"
    assert pd.isna(table["p_full"].iloc[1])


def test_identical_frames_are_classified_once_and_faulty_ones_never(faulty):
    model = ToyModel()
    day_of(faulty, model)
    assert sum(model.batches) == 2


def test_progress_counts_up_to_the_whole_day(faulty):
    seen = []
    day_of(faulty, progress=seen.append)
    assert (seen[-1].fetched, seen[-1].judged, seen[-1].classified, seen[-1].total) == (288,) * 4
    for earlier, later in pairwise(seen):
        assert earlier.fetched <= later.fetched and earlier.judged <= later.judged


def test_a_running_day_can_be_looked_at():
    archive = ListedArchive({slot: moment(i) for i, slot in enumerate(SLOTS[-6:])})
    views = watch_day(CAMERA, DAY, archive=archive, model=ToyModel())
    early = build_table(next(views))
    assert len(early) == 288
    assert set(early["reason"]) >= {"not fetched yet"}
    last = build_table([*views][-1])
    assert (last["state"] == "ok").sum() == 6
    assert "not fetched yet" not in set(last["reason"])


def test_leaving_a_running_day_closes_its_source():
    archive = ListedArchive(dict.fromkeys(SLOTS, moment(0)))
    views = watch_day(CAMERA, DAY, archive=archive, model=ToyModel())
    next(views)
    views.close()
    deadline = time.monotonic() + 5
    while not archive.is_closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert archive.is_closed


def test_the_error_of_a_model_comes_out():
    class BrokenModel(ToyModel):
        def predict(self, images):
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        day_of({SLOTS[0]: moment(0)}, BrokenModel())


def test_slots_that_have_not_begun_are_not_asked_for():
    today = datetime.now(LONDON).date()
    slots = slots_of_day(today)
    table = camera_day(CAMERA, today, archive=ListedArchive({slots[0]: moment(0)}), model=ToyModel())
    begun = sum(slot <= datetime.now(UTC) for slot in slots)
    assert abs((table["reason"] != "this slot has not begun").sum() - begun) <= 1
    assert summarize_day(table).usable_share == pytest.approx(1 / begun, rel=0.5)


def test_a_day_without_any_frame_says_why_and_what_there_is():
    with pytest.raises(NoDay, match=r"Baker St on 2020-03-09 in a list: not listed\. It has 1 day of this camera: 2020-03-09\.$"):
        day_of({})


def test_a_day_that_has_not_begun_cannot_be_shown():
    with pytest.raises(NoDay, match=r"2999-01-01 has not begun in London\. Choose an earlier day\."):
        camera_day(CAMERA, date(2999, 1, 1), archive=ListedArchive({}), model=ToyModel())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NOT_FOUND, "the archive has no frame for this slot. Choose another camera or day."),
        (Answer(b"<!doctype html><p>Sorry</p>", headers={"Content-Type": "text/html"}), "the source answered with a web page"),
        (Answer(b""), "the source's file is empty"),
        (Answer(status=401), "HTTP 401"),
    ],
    ids=["404", "html", "nothing", "401"],
)
def test_a_web_archive_without_frames_is_one_line(answer, reason):
    with Loopback(lambda path, nth: answer) as server, pytest.raises(NoDay) as caught:
        camera_day(CAMERA, DAY, archive=HttpArchive(server.base, HASTY), model=ToyModel())
    assert str(caught.value).startswith(f"No frame of Baker St on 2020-03-09 in {server.base}: {reason}")
    assert "\n" not in str(caught.value)


def test_a_web_archive_that_is_down_is_one_line():
    with Loopback(lambda path, nth: Answer(status=500)) as server, pytest.raises(BadSetting, match=r"does not answer \(HTTP 500\)"):
        camera_day(CAMERA, DAY, archive=HttpArchive(server.base, HASTY), model=ToyModel())


def test_a_day_from_the_web_equals_the_day_from_the_folder(tmp_path, faulty):
    for slot, data in faulty.items():
        path = tmp_path / CAMERA.folder / frame_path(slot)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def answer(path, nth):
        file = tmp_path / path.strip("/")
        return Answer(file.read_bytes()) if file.is_file() else NOT_FOUND

    local = camera_day(CAMERA, DAY, archive=open_archive(str(tmp_path)), model=ToyModel())
    with Loopback(answer) as server:
        remote = camera_day(CAMERA, DAY, archive=HttpArchive(server.base, HASTY), model=ToyModel())
    same = [column for column in COLUMNS if column not in ("source", "url")]
    pd.testing.assert_frame_equal(local[same], remote[same])


def made_up(states, p_full):
    """A table of the first slots of the day."""
    values = [p if state == "ok" else None for state, p in zip(states, p_full, strict=True)]
    labels, sure = zip(*[(None, None) if p is None else ToyModel().answer(p) for p in values], strict=True)
    slots = SLOTS[: len(states)]
    columns = {
        "slot": slots,
        "time": slots,
        "sha256": "",
        "state": states,
        "reason": "",
        "p_full": values,
        "label": labels,
        "sure": sure,
        "is_car_park": None,
    }
    return pd.DataFrame(columns).astype({"p_full": "float64"}).assign(fullness=float("nan"))


def test_a_summary_names_the_hours_and_the_gap():
    states = ["ok"] * 12 + ["ok"] * 12 + ["in_use"] * 7 + ["ok"] * 5 + ["missing"] * 9 + ["ok"] * 3
    p_full = [0.1] * 12 + [0.4] * 6 + [0.9] * 6 + [0.0] * 24
    summary = summarize_day(made_up(states, p_full))
    midnight = datetime(2020, 3, 9, tzinfo=LONDON)
    assert summary.states == {"ok": 32, "in_use": 7, "missing": 9}
    assert summary.usable_share == 32 / 48
    assert summary.full_share == 6 / 32
    assert summary.unsure_share == 6 / 32  # 0.4 is too close to the toy's 0.45
    assert (summary.busiest_hour, summary.quietest_hour) == (midnight + timedelta(hours=1), midnight)  # the third hour has too few frames
    assert summary.first_full == midnight + timedelta(minutes=90)
    assert summary.last_full == midnight + timedelta(minutes=115)
    assert summary.longest_gap == timedelta(minutes=45)


def test_where_the_share_taken_is_known_the_busiest_hour_is_the_one_with_most_of_it():
    table = made_up(["ok"] * 24, [0.9] * 12 + [0.1] * 12).assign(fullness=[0.2] * 12 + [0.6] * 12)
    summary = summarize_day(table)
    assert summary.mean_fullness == pytest.approx(0.4)
    assert summary.busiest_hour == datetime(2020, 3, 9, 1, tzinfo=LONDON)
    assert summarize_day(table.assign(fullness=float("nan"))).mean_fullness is None


def test_a_summary_without_usable_frames_names_none():
    summary = summarize_day(made_up(["missing"] * 12, [0] * 12))
    assert (summary.usable_share, summary.full_share, summary.busiest_hour, summary.first_full) == (0, None, None, None)
    assert summary.longest_gap == timedelta(hours=1)


@needs_real_data
def test_the_real_day_is_judged_whole():
    archive = open_archive(str(ARCHIVE))
    table = camera_day(archive.camera("ufpr05_car_park"), date(2013, 4, 15), archive=archive, model=ToyModel())
    assert table["state"].value_counts().to_dict() == {"missing": 156, "ok": 132}
    usable = table[table["state"] == "ok"]["slot"].dt.tz_convert(LONDON)
    assert (str(usable.iloc[0].time()), str(usable.iloc[-1].time())) == ("08:00:00", "19:10:00")  # the nominal GMT of its names
