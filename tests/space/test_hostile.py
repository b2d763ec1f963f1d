"""Whatever is uploaded or asked for, the Space answers in one line, stays up, and keeps its memory; the list is in tests/hostile.py."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.hostile import Hostile, hostile_files
from tests.running_space import PATIENCE_S, RunningSpace, running_space

FILES = hostile_files()
MOST_MB_MORE = 600  # one picture of 50 megapixels takes about half of that while it is read


@pytest.fixture(scope="module")
def space(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSpace]:
    work = tmp_path_factory.mktemp("hostile")
    with running_space({"CARPARK_MODEL": tiny_model_folder, "CARPARK_VOTES": work / "votes"}) as running:
        yield running


def judge(space: RunningSpace, name: str, data: bytes) -> str:
    """What the API says about an uploaded file, as it came over the wire."""
    upload = requests.post(f"{space.url}gradio_api/upload", files={"files": (name, data)}, timeout=60)
    assert upload.status_code == 200, upload.text
    photo = {"path": upload.json()[0], "meta": {"_type": "gradio.FileData"}}
    asked = requests.post(f"{space.url}gradio_api/call/classify", json={"data": [photo]}, timeout=60).json()["event_id"]
    return requests.get(f"{space.url}gradio_api/call/classify/{asked}", timeout=120).text


@pytest.fixture(scope="module", autouse=True)
def mb_at_first(space: RunningSpace) -> float:
    """Memory of the Space when its learner, with torch, is loaded: what comes in addition after that is the visitors' doing."""
    name, photo = next((name, data) for name, data, expected in FILES if not expected)
    give_up_at = time.monotonic() + PATIENCE_S
    while '"engine": "learner"' not in (answer := judge(space, name, photo)):
        assert time.monotonic() < give_up_at, answer
        time.sleep(0.2)
    return resident_mb(space)


def test_there_are_at_least_sixty_of_them() -> None:
    assert len({name for name, _, _ in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file[0])
def test_a_hostile_file_is_answered_in_one_line(file: Hostile, space: RunningSpace) -> None:
    name, data, expected = file
    found = judge(space, name, data() if callable(data) else data)
    if expected:
        assert "event: error" in found and expected in found, found
    else:
        assert '"p_full"' in found, found
    assert "Traceback" not in found


ADDRESSES = [
    "gradio_api/file=/etc/passwd",
    "gradio_api/file=../../../../etc/passwd",
    "gradio_api/file=%2e%2e/%2e%2e/etc/passwd",
    "gradio_api/file=app.py",
    "gradio_api/file=tabs/gate.py",
    "gradio_api/file=/proc/self/environ",
    "gradio_api/file=http://127.0.0.1:9/x",
    "gradio_api/file=https://127.0.0.1:9/x",
    "gradio_api/file/http://127.0.0.1:9/x",
    "gradio_api/proxy=http://127.0.0.1:9/x",
    "gradio_api/proxy=https://a.hf.space/x",
    "monitoring/summary",
    "static/../../app.py",
    "assets/%2e%2e/%2e%2e/%2e%2e/app.py",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_file_of_the_machine_and_no_foreign_address_is_served(address: str, space: RunningSpace) -> None:
    request = requests.Request("GET", space.url).prepare()
    request.url = space.url + address  # as it is: requests would tidy up the dots
    answer = requests.Session().send(request, timeout=20, allow_redirects=False)
    assert answer.status_code in (400, 401, 403, 404, 405), answer.text[:200]
    assert b"root:" not in answer.content and b"def " not in answer.content


def test_votes_are_not_served(space: RunningSpace, tmp_path_factory: pytest.TempPathFactory) -> None:
    votes = next(tmp_path_factory.getbasetemp().glob("hostile*/votes"))
    (votes / "kept.jsonl").write_text("{}\n")
    assert requests.get(f"{space.url}gradio_api/file={votes / 'kept.jsonl'}", timeout=20).status_code == 403


NONSENSE = [[], [1], ["x"], [{}], [[]], [None, None], [{"path": 7}], [{"path": ["/etc/passwd"]}], {"a": 1}, "x", None]


@pytest.mark.parametrize("data", NONSENSE, ids=str)
def test_a_call_that_makes_no_sense_is_refused(data: object, space: RunningSpace) -> None:
    asked = requests.post(f"{space.url}gradio_api/call/classify", json={"data": data}, timeout=20)
    if asked.status_code == 200:
        found = requests.get(f"{space.url}gradio_api/call/classify/{asked.json()['event_id']}", timeout=60).text
        assert "event: error" in found and "/etc" not in found


def test_the_queue_is_not_passed_by(space: RunningSpace) -> None:
    answer = requests.post(f"{space.url}gradio_api/run/classify", json={"data": [None]}, timeout=20)
    assert answer.status_code == 404


def test_a_file_above_the_bound_is_refused(space: RunningSpace) -> None:
    answer = requests.post(f"{space.url}gradio_api/upload", files={"files": ("large.jpg", bytes(27_000_000))}, timeout=60)
    assert answer.status_code == 413


def test_after_all_that_the_space_is_up_and_its_memory_is_bounded(space: RunningSpace, mb_at_first: float) -> None:
    """Runs last."""
    assert requests.get(space.url, timeout=20).ok
    assert resident_mb(space) < mb_at_first + MOST_MB_MORE


def resident_mb(space: RunningSpace) -> float:
    """Memory of the process that serves the Space."""
    status = Path(f"/proc/{space.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
