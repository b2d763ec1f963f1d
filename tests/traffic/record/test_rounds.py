from datetime import UTC, datetime, timedelta

import pytest

from carpark.cameras.camera import Camera, parse_catalogue
from carpark.errors import BadSetting
from tests.carpark.cameras.test_camera import place
from traffic.record.manifest import Attempt, append_attempt, read_attempts
from traffic.record.rounds import floor_to_tick, parse_span, plan_round, seconds_to_next, spread_over
from traffic.record.store import plausible_time, store_frame

FIVE = timedelta(minutes=5)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CAMERAS = [Camera(f"00001.{number:05}", "", "") for number in range(900)]


@pytest.mark.parametrize(("text", "span"), [("300s", FIVE), ("5m", FIVE), ("1h", 12 * FIVE), ("30d", timedelta(days=30))])
def test_spans_are_a_number_and_a_unit(text, span):
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-5m", "1.5h", "5 m", "5w", "9999999d"])
def test_any_other_span_is_one_line(text):
    with pytest.raises(BadSetting, match="is not a span of time; expected a number above 0 and a unit"):
        parse_span(text)


def test_a_tick_is_a_whole_multiple_of_the_span():
    assert floor_to_tick(NOON + timedelta(minutes=4, seconds=59), FIVE) == NOON
    assert floor_to_tick(NOON, timedelta(hours=6)) == NOON


def wait_s(now, since_last_s):
    return seconds_to_next(now, since_last_s, FIVE)


def test_the_next_round_begins_just_past_the_next_tick():
    assert wait_s(NOON + timedelta(seconds=150), 147) == 153


def test_a_clock_set_forward_or_back_neither_stops_nor_hurries_the_rounds():
    for now in (NOON - timedelta(days=9), NOON, NOON + timedelta(seconds=299), NOON + timedelta(days=9)):
        for since_last_s in (0, 100, 150, 299, 10_000):
            assert 150 <= since_last_s + wait_s(now, since_last_s) <= max(303, since_last_s)


def test_requests_are_spread_and_every_camera_keeps_its_place():
    first, second = ({camera.id: at_s for at_s, camera in plan_round(CAMERAS, 150)} for _ in range(2))
    assert max(abs(first[camera] - second[camera]) for camera in first) <= 1.5
    in_10_s = [sum(start <= at_s < start + 10 for at_s in first.values()) for start in range(0, 150, 10)]
    assert min(in_10_s) > 30 and max(in_10_s) < 90  # 60 if they were all alike


def test_a_round_that_begins_late_in_its_tick_is_quicker():
    assert [spread_over(NOON + timedelta(seconds=s), FIVE) for s in (0, 100, 200, 299)] == [150, 150, 70, 30]


def test_of_the_times_that_a_frame_is_given_the_first_credible_one_counts():
    old, ahead, fine = NOON - timedelta(days=2), NOON + timedelta(hours=1), NOON - timedelta(minutes=3)
    assert plausible_time([fine, NOON], NOON) == fine
    assert plausible_time([ahead, fine], NOON) == plausible_time([old, fine], NOON) == plausible_time([None, fine], NOON) == fine
    assert plausible_time([ahead, None], NOON) is None


def test_nothing_is_written_over_and_nothing_kept_twice(tmp_path):
    paths = [store_frame(tmp_path, NOON, data) for data in (b"a", b"b", b"a", b"b", b"c")]
    assert [path and path.name[11:19] for path in paths] == ["12_00GMT", "12_00_01", None, None, "12_00_02"]
    assert sorted(path.read_bytes() for path in tmp_path.rglob("*.jpg")) == [b"a", b"b", b"c"]


def attempt(camera, status="stored"):
    return Attempt(NOON, camera, NOON, status, etag='"e"')


def test_a_row_that_was_cut_short_is_not_read_and_then_gone(tmp_path):
    append_attempt(tmp_path, attempt("1"))
    append_attempt(tmp_path, attempt("2", 'odd, "status"'))
    path = tmp_path / "manifest" / "2026-11-24.csv"
    whole = path.read_bytes()
    last = whole.splitlines()[-1]
    for torn in (1, 10, len(last)):
        path.write_bytes(whole + last[:torn])
        assert [row["camera"] for row in read_attempts(path)] == ["1", "2"]
        append_attempt(tmp_path, attempt("3"))
        assert [row["camera"] for row in read_attempts(path)] == ["1", "2", "3"]
    path.write_bytes(b"tick,cam")
    append_attempt(tmp_path, attempt("4"))
    assert [(row["camera"], row["etag"]) for row in read_attempts(path)] == [("4", '"e"')]


def test_cameras_of_one_name_have_folders_of_their_own():
    twins = parse_catalogue([place(id=f"JamCams_00001.0000{n}", commonName="A12/M11 Redbrdg") for n in (2, 1)])
    assert [camera.folder for camera in twins] == ["A12_M11_Redbrdg", "A12_M11_Redbrdg_00001.00002"]
