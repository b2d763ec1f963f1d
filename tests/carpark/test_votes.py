"""A vote that was confirmed is on disk, whatever happens next; the Hub gets it when it can."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from carpark.errors import BadSetting, NotKept
from carpark.votes import PICTURE_SIDE_PX, Tally, Vote, VoteBox, new_id, open_votes
from tests.hub_repos import Refused
from tests.mini_hub import MiniHub

MODEL = "a" * 64


def vote(*, right: bool = True, **found: Any) -> Vote:
    return Vote(**({"id": new_id(), "model": MODEL, "label": "full", "p_full": 0.9, "right": right} | found))


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("votes/*.jsonl")) for line in path.read_text().splitlines()]


def test_a_vote_is_a_line_with_what_was_answered_and_what_the_visitor_says(tmp_path: Path) -> None:
    found = vote(right=False, truth="partial")
    VoteBox(tmp_path).cast(found)
    (line,) = lines_in(tmp_path)
    assert line.pop("at").startswith("20")
    expected = {"id": found.id, "model": MODEL, "label": "full", "p_full": 0.9, "right": False, "truth": "partial", "picture": None}
    assert line == expected


def test_votes_are_counted_for_each_model_and_survive_a_restart(tmp_path: Path) -> None:
    box = VoteBox(tmp_path)
    for right in (True, True, False):
        box.cast(vote(right=right))
    box.cast(vote(model="another"))
    assert box.tally(MODEL) == VoteBox(tmp_path).tally(MODEL) == Tally(right=2, n=3)


def test_a_correction_replaces_the_vote_that_it_corrects(tmp_path: Path) -> None:
    box, first = VoteBox(tmp_path), vote(right=True)
    box.cast(first)
    box.cast(vote(id=first.id, right=False, truth="empty"))
    assert box.tally(MODEL) == VoteBox(tmp_path).tally(MODEL) == Tally(right=0, n=1)


def test_each_run_writes_a_file_of_its_own(tmp_path: Path) -> None:
    VoteBox(tmp_path).cast(vote())
    VoteBox(tmp_path).cast(vote())
    assert len(list(tmp_path.glob("votes/*.jsonl"))) == 2


def test_a_shared_picture_is_drawn_anew_small_and_without_metadata(tmp_path: Path) -> None:
    photo = Image.effect_noise((3000, 1500), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "51.5 N 0.1 W, my home"
    photo.save(tmp_path / "photo.jpg", exif=exif, comment=b"my comment", icc_profile=b"my profile")
    found = vote()
    with Image.open(tmp_path / "photo.jpg") as opened:
        VoteBox(tmp_path).cast(found, opened)
    kept = tmp_path / "pictures" / f"{found.id}.jpg"
    assert lines_in(tmp_path)[0]["picture"] == f"pictures/{found.id}.jpg"
    with Image.open(kept) as image:
        assert image.size == (PICTURE_SIDE_PX, PICTURE_SIDE_PX // 2)
        assert not image.getexif() and "icc_profile" not in image.info and "comment" not in image.info
    assert b"my " not in kept.read_bytes()


def test_a_picture_of_one_colour_band_is_kept_as_it_looks(tmp_path: Path) -> None:
    found = vote()
    VoteBox(tmp_path).cast(found, Image.new("L", (40, 40), 200))
    with Image.open(tmp_path / "pictures" / f"{found.id}.jpg") as image:
        assert np.asarray(image).mean() == pytest.approx(200, abs=2)


def test_pictures_are_let_go_when_there_are_too_many_and_votes_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carpark.votes.MAX_PICTURES_BYTES", 2_000)
    box = VoteBox(tmp_path)
    for _ in range(4):
        box.cast(vote(), Image.effect_noise((64, 64), 90))
    assert 1 <= len(list(tmp_path.glob("pictures/*"))) < 4
    assert box.tally(MODEL).n == 4


VOTER = """
import sys
from itertools import count
from pathlib import Path
from carpark.votes import Vote, VoteBox, new_id
box = VoteBox(Path(sys.argv[1]))
for number in count():
    vote = Vote(new_id(), "m", "full", 0.9, right=True)
    box.cast(vote)
    print(vote.id, flush=True)
"""


def test_kill_minus_9_loses_no_vote_that_was_confirmed(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", VOTER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as voter:
            assert voter.stdout
            confirmed = [voter.stdout.readline().strip() for _ in range(40)]
            os.kill(voter.pid, signal.SIGKILL)
            confirmed += [line.strip() for line in voter.stdout if line.endswith("\n")]
        assert set(confirmed) <= {line["id"] for line in lines_in(tmp_path)}
    assert VoteBox(tmp_path).tally("m").n == len(lines_in(tmp_path))


def test_what_a_killed_process_left_unfinished_is_cut_off(tmp_path: Path) -> None:
    VoteBox(tmp_path).cast(vote())
    (path,) = tmp_path.glob("votes/*.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"id": "abc", "mod')
    assert VoteBox(tmp_path).tally(MODEL).n == 1
    assert path.read_bytes() == whole


def test_a_full_disk_is_told_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = VoteBox(tmp_path)
    box.cast(vote())
    write: Callable[[int, bytes], int] = os.write
    monkeypatch.setattr("carpark.files.os.write", lambda file, data: write(file, data[:20]))
    with pytest.raises(NotKept, match=r"^Your vote could not be kept \(No space left on device\); the answer stands\."):
        box.cast(vote())
    assert len(lines_in(tmp_path)) == box.tally(MODEL).n == 1


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match=r"file/votes cannot hold votes \(Not a directory\)\. Set CARPARK_VOTES to a folder"):
        open_votes(str(tmp_path / "file" / "votes"), tmp_path)


def test_without_a_setting_votes_lie_in_the_default_folder(tmp_path: Path) -> None:
    assert open_votes("", tmp_path / "votes").folder == tmp_path / "votes"
    assert open_votes(str(tmp_path / "mine"), tmp_path / "votes").folder == tmp_path / "mine"


PUSHER = """
import sys, time
from pathlib import Path
from carpark import votes
votes.RETRY_S = 0.2
box = votes.open_votes("alice/votes", Path(sys.argv[1]), every_min=0.005)
for number in range(3):
    box.cast(votes.Vote(votes.new_id(), "m", "full", 0.9, right=number > 0))
print("cast", flush=True)
for asked in sys.stdin:
    print(box.tally("m").n, flush=True)
"""


def pushed_lines(hub: MiniHub) -> list[str]:
    repo = hub.repos.get(("dataset", "alice/votes"))
    files = repo.head.files if repo else {}
    return [line for name, blob in files.items() if name.startswith("votes/") for line in blob.data.decode().splitlines()]


def wait_until(claim: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_hub_that_fails_delays_no_vote_and_gets_all_when_it_is_back(tmp_path: Path) -> None:
    with MiniHub({"hf_alice": "alice"}) as hub:
        is_down = True

        def fail(method: str, path: str) -> None:
            if is_down:
                raise Refused(503, "Service Unavailable")

        hub.before = fail
        environment = os.environ | hub.environment("hf_alice", home=tmp_path / "home")
        command = [sys.executable, "-W", "ignore", "-c", PUSHER, str(tmp_path / "votes")]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as voter:
            assert voter.stdin and voter.stdout
            assert voter.stdout.readline() == "cast\n"
            assert len(lines_in(tmp_path / "votes" / "alice--votes")) == 3 and not pushed_lines(hub)
            is_down = False
            wait_until(lambda: len(pushed_lines(hub)) == 3)
            voter.kill()
        assert hub.repos["dataset", "alice/votes"].is_private

        # A new machine, with an empty disk, still knows how the votes stand.
        command[-1] = str(tmp_path / "elsewhere")
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as voter:
            assert voter.stdin and voter.stdout
            assert voter.stdout.readline() == "cast\n"
            wait_until(lambda: len(pushed_lines(hub)) == 6)

            def counts_all() -> bool:
                assert voter.stdin and voter.stdout
                voter.stdin.write("?\n")
                voter.stdin.flush()
                return voter.stdout.readline() == "6\n"

            wait_until(counts_all)
            voter.kill()


ASK_FOR_SCHEDULERS = """
import sys, threading, time
from pathlib import Path
from carpark import votes
votes.RETRY_S = 0.01
votes.open_votes("alice/votes", Path(sys.argv[1]), every_min=60)
for asked in sys.stdin:
    print(sum(thread.name.endswith("(_run_scheduler)") for thread in threading.enumerate()), flush=True)
"""


def test_a_hub_that_refuses_what_was_pushed_before_gets_one_scheduler_all_the_same(tmp_path: Path) -> None:
    refused = 0

    def refuse_downloads(method: str, path: str) -> None:
        nonlocal refused
        if method == "GET":
            refused += 1
            raise Refused(503, "Service Unavailable")

    with MiniHub({"hf_alice": "alice"}) as hub:
        hub.before = refuse_downloads
        environment = os.environ | hub.environment("hf_alice", home=tmp_path / "home")
        command = [sys.executable, "-W", "ignore", "-c", ASK_FOR_SCHEDULERS, str(tmp_path / "votes")]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pusher:
            assert pusher.stdin and pusher.stdout
            wait_until(lambda: refused >= 5)
            pusher.stdin.write("?\n")
            pusher.stdin.flush()
            assert pusher.stdout.readline() == "1\n"
            pusher.kill()
