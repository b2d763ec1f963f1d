import os
import subprocess
import sys
import time

import pytest

from carpark.cache import Cache
from carpark.files import HALF_WRITTEN


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def files(cache):
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def test_what_was_put_is_got_back(cache):
    cache.put("a key", b"bytes")
    cache.put("empty", b"")
    assert (cache.get("a key"), cache.get("empty"), cache.get("another")) == (b"bytes", b"", None)
    cache.put("a key", b"newer")
    assert cache.get("a key") == b"newer"


@pytest.mark.parametrize("damage", [lambda entry: entry[:-1], lambda entry: b"", lambda entry: entry[:40] + b"x" + entry[41:]])
def test_a_damaged_entry_is_gone_and_can_be_put_again(cache, damage):
    cache.put("key", bytes(100))
    (path,) = files(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("key") is None
    assert files(cache) == []
    cache.put("key", b"again")
    assert cache.get("key") == b"again"


def test_an_entry_under_another_key_is_not_believed(cache):
    cache.put("a", b"of a")
    (path,) = files(cache)
    cache.put("b", b"of b")
    (other,) = set(files(cache)) - {path}
    other.write_bytes(path.read_bytes())
    assert cache.get("b") is None


def test_the_entries_longest_unasked_for_make_room(tmp_path):
    cache = Cache(tmp_path, max_bytes=10_000)
    for i in range(9):
        cache.put(f"{i}", bytes(1000))
        os.utime(cache._path(f"{i}"), (i, i))
    assert cache.get("0") is not None  # asked for just now
    for i in range(9, 13):
        cache.put(f"{i}", bytes(1000))
    assert sum(path.stat().st_size for path in files(cache)) <= 10_000
    assert cache.get("0") is not None
    assert cache.get("1") is None
    assert cache.get("12") is not None


def test_what_a_killed_process_left_half_written_is_swept_away(tmp_path):
    left = tmp_path / "ab" / f"cd{HALF_WRITTEN}"
    left.parent.mkdir()
    left.write_bytes(bytes(10))
    long_ago = time.time() - 7200
    os.utime(left, (long_ago, long_ago))
    Cache(tmp_path).put("key", b"data")
    assert not left.exists()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_is_not_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file")
    cache.put("key", b"data")
    assert cache.get("key") is None


def test_processes_that_write_at_the_same_time_leave_whole_entries(cache):
    code = (
        "import sys; from pathlib import Path; from carpark.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]), max_bytes=400_000)\n"
        "for turn in range(150):\n"
        "    cache.put(f'{turn % 20}', sys.argv[2].encode() * 20_000)\n"
        "    found = cache.get(f'{turn % 20}')\n"
        "    assert found is None or found in (b'a' * 20_000, b'b' * 20_000, b'c' * 20_000)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(cache.folder), letter]) for letter in "abc"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert not [path for path in files(cache) if path.name.endswith(HALF_WRITTEN)]
    assert sum(path.stat().st_size for path in files(cache)) <= 500_000
