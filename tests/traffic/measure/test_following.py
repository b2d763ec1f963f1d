import threading
from datetime import UTC, date, datetime, timedelta

from carpark.errors import BadSetting, NoDay
from traffic.measure.following import days_that_grow, follow


def test_yesterday_grows_until_its_last_frames_are_final():
    assert days_that_grow(datetime(2026, 1, 6, 12, tzinfo=UTC)) == [date(2026, 1, 6)]
    assert days_that_grow(datetime(2026, 1, 6, 1, tzinfo=UTC)) == [date(2026, 1, 5), date(2026, 1, 6)]
    assert days_that_grow(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == [date(2026, 6, 30), date(2026, 7, 1)]  # after midnight in London


def test_rounds_go_on_without_frames_until_stopped_and_old_days_are_forgotten(tmp_path, capsys):
    stop, old = threading.Event(), tmp_path / "model" / "2020-01-01"
    old.mkdir(parents=True)
    rounds = []

    def measure(days):
        rounds.append(days)
        if len(rounds) == 1:
            raise NoDay("None of 2 cameras has a frame.")
        if len(rounds) == 2:
            raise BadSetting("The archive does not answer.")
        stop.set()
        return "2 camera days measured"

    assert follow(measure, timedelta(seconds=0.01), memory=tmp_path, stop=stop) == 3
    first, second, third = capsys.readouterr().out.splitlines()
    assert (
        "UTC: None of 2 cameras has a frame." in first
        and "UTC: The archive does not answer." in second
        and "2 camera days measured" in third
        and not old.exists()
    )
