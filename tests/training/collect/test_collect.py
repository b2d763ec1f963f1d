"""Photos are collected politely from servers that behave as the real ones do, and a run that was killed loses nothing."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from carpark.errors import BadPhotos
from carpark.files import exclusive_lock
from tests.collecting import files, flags, gather
from tests.photo_sources import (
    BROKEN_ONCE,
    BUSY_ONCE,
    ELSEWHERE,
    ERROR_ONCE,
    FAULTS,
    LARGE,
    MOVED,
    SLOW,
    OpenverseServer,
    picture,
)
from training.collect import __main__ as collect
from training.collect.collecting import QUERIES
from training.photos import read_photos
from training.provenance import PROVENANCE


def table(folder: Path) -> pd.DataFrame:
    """photos.csv without the time at which each photo was fetched."""
    return pd.read_csv(folder / "photos.csv", dtype=str, keep_default_na=False).drop(columns="retrieved_at")


def test_every_offer_ends_as_a_photo_or_as_a_reason(tmp_path: Path) -> None:
    with OpenverseServer(45, is_slow=True) as server:
        gathering = gather(server, tmp_path)
    refused = pd.read_csv(tmp_path / "refused.csv", dtype=str)
    outcomes = {int(row.source_id[-12:]): row.outcome for row in refused.itertuples()}
    assert outcomes == FAULTS | {ELSEWHERE: "moved to another host", SLOW: "failed"}
    kept = {int(Path(file).stem[-12:]) for file in table(tmp_path).file}
    assert kept == set(range(45)) - set(outcomes)
    assert {BROKEN_ONCE, ERROR_ONCE, BUSY_ONCE, MOVED, LARGE} <= kept
    assert gathering.counts["failed"] == 1 and sum(gathering.counts.values()) == 45
    assert server.refused == []


def test_what_failed_is_tried_again_by_the_next_run_and_nothing_else_is(tmp_path: Path) -> None:
    with OpenverseServer(45, is_slow=True) as server:
        gather(server, tmp_path)
        server.asked.clear()
        server.is_slow = False
        gather(server, tmp_path)
        assert [path for path in server.asked if path.startswith("/pictures")] == [f"/pictures/{SLOW}.jpg"]
        server.asked.clear()
        gather(server, tmp_path)
        assert server.asked == []


def test_a_photo_carries_where_it_came_from_and_what_was_changed(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    gather(openverse_server, tmp_path)
    photos = read_photos(tmp_path).set_index("source_id")
    assert set(PROVENANCE) - {"source_id"} <= set(photos.columns)
    large = photos.loc[f"4bc43a04-ef46-4544-a0c1-{LARGE:012d}"]
    assert large.edit == "scaled from 2400 x 1600 px" and (large.width, large.height) == (1024, 683)
    with Image.open(large.path) as image:
        assert image.size == (1024, 683)
    plain = photos.loc["4bc43a04-ef46-4544-a0c1-000000000001"]
    assert plain.path.read_bytes() == picture(1) and pd.isna(plain.edit)
    assert plain.title == "Car park b 1" and plain.creator == "Ann, Bob & “Çelik” B"
    assert (plain.license, str(plain.license_version)) == ("cc0", "1.0")
    assert plain.source_page.endswith("/photos/1") and plain.image_url.endswith("/pictures/1.jpg")


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(tmp_path: Path) -> None:
    with OpenverseServer(45) as server:
        collect.main(flags(server, tmp_path / "whole", "--query", "parking", "--query", "car park", "--label", "full"))
        asked = server.counts
    with OpenverseServer(45) as server:
        killed = tmp_path / "killed"
        command = [
            sys.executable,
            "-m",
            "training.collect",
            *flags(server, killed, "--query", "parking", "--query", "car park", "--label", "full"),
        ]
        root = Path(__file__).resolve().parents[3]
        for wanted in (5, 25):
            process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": f"{root}:{root / 'space'}"}, stderr=subprocess.DEVNULL)
            while len(files(killed)) < wanted and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        collect.main(command[3:])
        again = server.counts
    assert files(killed) == files(tmp_path / "whole")
    one, other = table(tmp_path / "whole"), table(killed)
    urls = ["source_page", "image_url"]  # of two servers on two ports
    assert one.drop(columns=urls).equals(other.drop(columns=urls))
    assert list(killed.rglob("*.half-written")) == []
    more = {path: again[path] - asked[path] for path in again if again[path] > asked[path]}
    assert sum(more.values()) <= 4, more  # at most the picture and the page that each kill interrupted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "commons"], r"--source commons needs --contact \(or CARPARK_CONTACT\)"),
        (["--source", "openverse", "--license", "cc-by"], r"--license 'cc-by' is not a licence id; expected some of cc0,pdm,by,"),
        (["--source", "openverse", "--limit", "0"], r"--limit is 0; expected 1 or more"),
        (["--source", "openverse", "--label", "partial"], r"The shipped queries have none for partial\. Give some with --query"),
        (["--source", "openverse", "--pause", "0"], r"--pause 0\.0 is too short for api\.openverse\.org; expected 3\.1 s or more"),
        (["--source", "openverse", "--api", "nowhere"], r"--api nowhere is not an address"),
        (["--source", "csv"], r"--source csv needs --from: a CSV with image_url,license"),
        (["--source", "folder", "--from", "x"], r"--source folder needs --creator NAME and --license with one id"),
        (["--source", "openverse", "--contact", "a\nb"], r"--contact 'a\\nb' cannot stand in a User-Agent"),
        (["--source", "openverse", "--contact", "连络"], r"--contact '连络' cannot stand in a User-Agent; .* of Latin-1"),
    ],
)
def test_bad_flags_are_one_line(arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARPARK_CONTACT", raising=False)
    with pytest.raises(SystemExit, match=message):
        collect.main([*arguments, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_hand_edited_table_with_a_typo_is_named_and_left_as_it_is(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    gather(openverse_server, tmp_path, limit=3)
    csv = tmp_path / "photos.csv"
    good = csv.read_text()
    for spoilt, message in (
        (good.replace(",full,", ",fulll,", 1), r"photos\.csv line 2: full/.*jpg is labelled 'fulll'; expected one of empty, full, partial"),
        (good.replace("sha256", "sha265"), r"photos\.csv has no column 'sha256'"),
        (good + good.splitlines()[1] + "\n", r"photos\.csv line 5 names full/.*jpg twice"),
        (good + "full/x.jpg,full\n", r"photos\.csv line 5 has 2 values; expected 22"),
    ):
        csv.write_text(spoilt)
        with pytest.raises(BadPhotos, match=message):
            gather(openverse_server, tmp_path, limit=9)
        assert csv.read_text() == spoilt and len(files(tmp_path)) == 3


def test_a_time_that_a_hand_has_spoilt_is_named(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    gather(openverse_server, tmp_path, limit=3)
    csv = tmp_path / "searches.csv"
    csv.write_text(re.sub(r"20\d\d-[^\n]*", "yesterday", csv.read_text(), count=1))
    with pytest.raises(BadPhotos, match=r"searches\.csv line 2: at 'yesterday' is not a time; expected 20\d\d-"):
        gather(openverse_server, tmp_path)


def test_two_runs_do_not_share_a_folder(openverse_server: OpenverseServer, tmp_path: Path) -> None:
    with (
        exclusive_lock(tmp_path / ".collecting", busy="busy"),
        pytest.raises(SystemExit, match="is being collected into by another process"),
    ):
        collect.main(flags(openverse_server, tmp_path))


def test_the_plan_is_told_first_and_a_dry_run_asks_nobody(
    openverse_server: OpenverseServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect.main(flags(openverse_server, tmp_path, "--dry-run", "--limit", "90"))
    found = capsys.readouterr().out
    assert found == "openverse: 180 photos wanted (0 empty, 0 full there): about 15 searches and 300 downloads, some 8 minutes\n"
    assert openverse_server.asked == []


def test_shipped_queries_serve_both_classes_in_several_languages() -> None:
    queries = pd.read_csv(QUERIES)
    for _, mine in queries.groupby("label"):
        assert mine.language.nunique() >= 8 and set(mine["view"]) == {"ground", "aerial", "indoor"}
    assert not queries["query"].duplicated().any()
