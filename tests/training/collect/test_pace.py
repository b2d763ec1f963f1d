"""A source is asked at the pace that it allows; one that is busy, refuses or fails ends the run with one line, and nothing is lost."""

import time
from pathlib import Path

import pytest

from carpark.errors import NoAnswer
from tests.collecting import HASTY, files, gather
from tests.loopback import Answer
from tests.photo_sources import FAULTS, OpenverseServer
from training.collect.paced import PacedClient, Terms
from training.collect.sources import openverse


def test_the_pace_and_the_page_size_are_kept(tmp_path: Path) -> None:
    began = time.monotonic()
    with OpenverseServer(100) as server:
        gather(server, tmp_path, terms=Terms(pause_s=0.2, longest_wait_s=5, patience=HASTY.patience), limit=90)
    took_s = time.monotonic() - began
    assert len(server.search_times) == 5
    assert took_s >= 4 * 0.2 and server.refused == []  # five requests have four pauses between them
    assert 60 / openverse.PAUSE_S <= 20 and openverse.PAGE_SIZE <= 20  # what Openverse allows anonymous callers


def test_two_requests_to_one_host_have_the_pause_between_them(openverse_server: OpenverseServer) -> None:
    client = PacedClient("test", "test", Terms(pause_s=0.3))
    began = time.monotonic()
    for number in range(4):
        client.get(f"{openverse_server.base}/pictures/{number}.jpg")
    assert time.monotonic() - began >= 0.9
    assert 0.3 <= client.closest_s <= time.monotonic() - began


def test_a_busy_api_is_waited_for_as_long_as_it_asks(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    openverse_server.fail_searches = lambda nth: Answer(b"{}", 429, {"Retry-After": "1"}) if nth == 0 else None
    gather(openverse_server, tmp_path, limit=5)
    assert openverse_server.search_times[1] - openverse_server.search_times[0] >= 0.99
    assert len(files(tmp_path)) == 5


def test_an_api_that_asks_for_hours_ends_the_run_and_the_next_one_goes_on(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    openverse_server.fail_searches = lambda nth: Answer(b"{}", 429, {"Retry-After": "7300"}) if nth == 1 else None
    with pytest.raises(NoAnswer, match=r"openverse asks to wait 2 h"):
        gather(openverse_server, tmp_path)
    there = len(files(tmp_path))
    assert there > 10
    gather(openverse_server, tmp_path)
    assert len(files(tmp_path)) > there


def test_the_days_allowance_is_remembered_over_runs(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match=r"allows 2 searches a day, and none is left\. Run the same command again after 20\d\d-"):
        gather(openverse_server, tmp_path, a_day=2)
    asked = len(openverse_server.search_times)
    with pytest.raises(NoAnswer, match="allows 2 searches a day"):
        gather(openverse_server, tmp_path, a_day=2)
    assert len(openverse_server.search_times) == asked == 2


def test_an_api_that_refuses_is_quoted(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    openverse_server.fail_searches = lambda nth: Answer(b"{}", 401)
    with pytest.raises(NoAnswer, match="openverse refuses: HTTP 401 from http"):
        gather(openverse_server, tmp_path)
    openverse_server.fail_searches = lambda nth: Answer(b"<html>down for maintenance")
    with pytest.raises(NoAnswer, match="openverse does not answer JSON: b'<html>down"):
        gather(openverse_server, tmp_path)
    openverse_server.fail_searches = lambda nth: Answer(b'{"detail": "new API"}')
    with pytest.raises(NoAnswer, match=r"answers without results .*Has the API changed\?"):
        gather(openverse_server, tmp_path)


def test_an_outage_of_the_pictures_ends_the_run_instead_of_burning_the_list(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    answer = openverse_server.answer
    openverse_server.answer = lambda path, nth: Answer(b"", 503) if path.startswith("/pictures") else answer(path, nth)
    with pytest.raises(NoAnswer, match="10 downloads in a row failed"):
        gather(openverse_server, tmp_path)
    openverse_server.answer = answer
    gather(openverse_server, tmp_path)
    assert len(files(tmp_path)) == 45 - len(FAULTS) - 1
