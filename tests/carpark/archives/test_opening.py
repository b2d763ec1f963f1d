import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from carpark.archives import open_archive
from carpark.archives.http import CONCURRENCY, HttpArchive
from carpark.cameras.camera import Camera, camera_of_folder
from carpark.errors import BadSetting, UnknownCamera
from carpark.slots import frame_path, slots_of_day
from carpark.web.breaker import Patience
from tests.loopback import NOT_FOUND, Answer, Loopback

DAY = date(2020, 3, 9)
SLOTS = slots_of_day(DAY)
CAMERA = camera_of_folder("Baker_St_S_of_Park_Rd")
JPEG = b"\xff\xd8\xff\xe0 a frame as far as fetching is concerned"
HASTY = Patience(tries=3, first_answer_s=0.3, outage_s=20, backoff_s=0.01, longest_backoff_s=0.1)
HASTIER = replace(HASTY, read_s=1.5, frame_s=1.5)  # for tests in which the server stalls; a busy machine may seem to stall as well


def path_of(slot: datetime) -> str:
    return f"/{CAMERA.folder}/{frame_path(slot)}"


def fetch(server: Loopback, slots=SLOTS, patience=HASTY):
    """The answers by slot; each slot must be answered exactly once."""
    answers = list(HttpArchive(server.base, patience).fetch(CAMERA, slots))
    assert sorted(answer.slot for answer in answers) == sorted(slots)
    return {answer.slot: answer for answer in answers}


@pytest.fixture
def folder(tmp_path):
    for name in ("Baker_St_S_of_Park_Rd", "City_Rd"):
        for day in ("2020-03-08", "2020-03-09", "notes"):
            (tmp_path / name / day).mkdir(parents=True)
    (tmp_path / "no_days").mkdir()
    (tmp_path / "readme.txt").write_text("x")
    for slot in SLOTS[:3]:
        (tmp_path / CAMERA.folder / frame_path(slot)).write_bytes(JPEG)
    return tmp_path


def serve_folder(root):
    """Answers like a common web server: files, index pages with links, 404."""

    def answer(path: str, _: int) -> Answer:
        target = root / path.strip("/")
        if target.is_dir():
            links = "".join(f'<li><a href="{p.name}{"/" if p.is_dir() else ""}">{p.name}</a></li>' for p in sorted(target.iterdir()))
            page = f'<a href="../">Parent</a> <a href="?C=N;O=D">Name</a> <a href="/elsewhere/">x</a>{links}'
            return Answer(page.encode(), headers={"Content-Type": "text/html"})
        return Answer(target.read_bytes()) if target.is_file() else NOT_FOUND

    return Loopback(answer)


def test_folder_and_web_archive_answer_alike(folder):
    with serve_folder(folder) as server:
        answers = []
        for archive in (open_archive(str(folder)), open_archive(f"{server.base}/")):
            assert [camera.folder for camera in archive.cameras()][:2] == ["Baker_St_S_of_Park_Rd", "City_Rd"]
            camera = archive.camera("baker st s of park rd")
            assert camera == CAMERA
            assert archive.days(camera) == [date(2020, 3, 8), DAY]
            found = sorted(archive.fetch(camera, SLOTS), key=lambda answer: answer.slot)
            answers.append([(answer.slot, answer.data, answer.reason) for answer in found])
        assert answers[0] == answers[1]
        assert [data for _, data, _ in answers[0]] == [JPEG] * 3 + [None] * 285
        assert {reason for _, _, reason in answers[0][3:]} == {"the archive has no frame for this slot"}


@pytest.mark.parametrize(
    "location", ["", "  ", "no/such/folder", "ftp://host/archive", "http://", "https://host/archive?x=1", "http:///archive"]
)
def test_a_location_that_is_not_an_archive_is_refused(location):
    with pytest.raises(BadSetting, match="is not an archive"):
        open_archive(location)


def test_an_unknown_camera_of_a_folder_is_answered_with_close_names(folder):
    with pytest.raises(UnknownCamera, match=r"Camera 'City_Road' was not found among 2 cameras\. Did you mean City Rd"):
        open_archive(str(folder)).camera("City_Road")


@pytest.mark.parametrize("name", ["../secret", "..", "a/b", "a\\b", ""])
def test_a_camera_that_leads_out_of_the_archive_is_refused_by_both(folder, name):
    with Loopback(lambda path, nth: Answer(JPEG)) as server:
        for archive in (open_archive(str(folder)), open_archive(server.base)):
            with pytest.raises(UnknownCamera):
                list(archive.fetch(Camera(name, name, name), SLOTS))
        assert server.asked == []


def test_a_folder_that_cannot_be_read_is_one_line(folder):
    archive = open_archive(str(folder))
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    with pytest.raises(BadSetting, match=r"The archive folder .* cannot be read \(No such file or directory\)"):
        archive.cameras()


def test_odd_files_in_a_folder_are_slots_without_a_frame(folder):
    day = folder / CAMERA.folder
    (day / frame_path(SLOTS[0])).write_bytes(b"")
    (day / frame_path(SLOTS[1])).write_bytes(b"<html>")
    (day / frame_path(SLOTS[2])).unlink()
    (day / frame_path(SLOTS[2])).mkdir()
    with (day / frame_path(SLOTS[3])).open("wb") as huge:
        huge.truncate(5_000_000)
    answers = list(open_archive(str(folder)).fetch(CAMERA, SLOTS[:4]))
    assert [answer.data for answer in answers] == [None] * 4
    assert [answer.reason for answer in answers] == [
        "the source's file is empty",
        "the source answered with a web page",
        "its file cannot be read (Is a directory)",
        "its file of 5 MB is larger than any frame",
    ]


def test_names_are_quoted_in_urls():
    with Loopback(lambda path, nth: Answer(JPEG)) as server:
        camera = camera_of_folder("A41 St. John's_&_100%")
        list(HttpArchive(server.base, HASTY).fetch(camera, SLOTS[:1]))
        assert server.asked == ["/A41 St. John's_&_100%/2020-03-09/2020-03-09@00_00GMT.jpg"]


def test_a_web_archive_without_index_pages_takes_any_safe_folder_name():
    with Loopback(lambda path, nth: NOT_FOUND) as server:
        archive = HttpArchive(server.base, HASTY)
        assert archive.cameras() == archive.days(CAMERA) == []
        assert archive.camera(" Baker_St_S_of_Park_Rd ") == CAMERA
        with pytest.raises(UnknownCamera, match="cannot be a camera's folder"):
            archive.camera("../etc")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Answer(status=500), "HTTP 500"), (Answer(JPEG, drop_after=3), "the connection broke"), (Answer(delay_s=5), "no answer in time")],
)
def test_a_web_archive_that_is_down_is_one_line_when_listed(answer, reason):
    with Loopback(lambda path, nth: answer) as server, pytest.raises(BadSetting, match=rf"{server.base} does not answer \({reason}\)"):
        HttpArchive(server.base, HASTIER).cameras()


def test_connections_are_kept_alive_and_bounded():
    with Loopback(lambda path, nth: Answer(JPEG, delay_s=0.01)) as server:
        fetch(server)
        assert server.connections <= CONCURRENCY
        assert 4 <= server.busiest <= CONCURRENCY
        assert server.user_agents == {"carpark-classifier/0.1 (reads one camera day at a time)"}


def test_frames_arrive_while_others_are_still_on_their_way():
    with Loopback(lambda path, nth: Answer(JPEG, delay_s=0.02)) as server:
        frames = HttpArchive(server.base, HASTY).fetch(CAMERA, SLOTS)
        next(frames)
        assert len(server.asked) < 60
        frames.close()


def test_closing_the_iterator_stops_the_traffic():
    with Loopback(lambda path, nth: Answer(JPEG, delay_s=0.02)) as server:
        frames = HttpArchive(server.base, HASTY).fetch(CAMERA, SLOTS)
        next(frames)
        frames.close()
        time.sleep(0.5)
        assert len(server.asked) <= 3 * CONCURRENCY


def test_404_is_asked_once_and_500_again_until_it_passes():
    def answer(path: str, nth: int) -> Answer:
        if path == path_of(SLOTS[1]):
            return NOT_FOUND
        return Answer(status=500) if path == path_of(SLOTS[2]) and nth == 0 else Answer(JPEG)

    with Loopback(answer) as server:
        answers = fetch(server)
        assert (answers[SLOTS[1]].data, answers[SLOTS[1]].reason) == (None, "the archive has no frame for this slot")
        assert answers[SLOTS[2]].data == JPEG
        assert server.counts[path_of(SLOTS[1])] == 1
        assert server.counts[path_of(SLOTS[2])] == 2
        assert len(server.asked) == 289


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Answer(status=502), "HTTP 502 (3 tries)"),
        (Answer(JPEG, drop_after=7), "the connection broke (3 tries)"),
        (Answer(JPEG, delay_s=5), "no answer in time (2 tries)"),
        (Answer(b"<html>sorry</html>"), "the source answered with a web page"),
        (Answer(b""), "the source's file is empty"),
        (Answer(bytes(4_100_000)), "the answer is larger than 4 MB"),
        (Answer(status=403), "HTTP 403"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:9/x"}), "the server redirects to http://127.0.0.1:9/x"),
    ],
)
def test_one_bad_frame_does_not_hold_up_the_others(bad, reason):
    with Loopback(lambda path, nth: bad if path == path_of(SLOTS[5]) else Answer(JPEG)) as server:
        answers = fetch(server, SLOTS[:40], HASTIER if bad.delay_s else HASTY)
        assert (answers[SLOTS[5]].data, answers[SLOTS[5]].reason) == (None, reason)
        assert sum(answer.data == JPEG for answer in answers.values()) == 39


def test_an_answer_that_drips_is_given_up_in_time():
    with Loopback(lambda path, nth: Answer(bytes(1000), drip_s=0.1)) as server:
        answers = fetch(server, SLOTS[:1], HASTIER)
        assert answers[SLOTS[0]].reason == "no whole answer in time (2 tries)"


def test_a_source_that_refuses_connections_is_found_out_once():
    with Loopback(lambda path, nth: Answer(JPEG)) as server:
        pass
    started = time.monotonic()
    answers = fetch(server)
    assert time.monotonic() - started < 10
    assert {answer.reason for answer in answers.values()} == {"the source stopped answering: connection refused"}


def test_a_source_that_always_fails_is_given_up_after_few_requests():
    with Loopback(lambda path, nth: Answer(status=500)) as server:
        answers = fetch(server)
        assert not any(answer.data for answer in answers.values())
        assert len(server.asked) < 100


def test_a_source_that_asks_to_wait_is_left_in_peace_and_then_gives_all():
    opens_at = time.monotonic() + 1.0
    early: list[float] = []

    def answer(path: str, nth: int) -> Answer:
        if time.monotonic() < opens_at:
            early.append(time.monotonic())
            return Answer(status=429, headers={"Retry-After": "1"})
        return Answer(JPEG)

    with Loopback(answer) as server:
        answers = fetch(server)
        assert all(answer.data for answer in answers.values())
        assert len(early) <= CONCURRENCY + 2


def test_an_outage_in_the_middle_of_the_day_is_waited_out():
    fetched = threading.Event()
    with Loopback(lambda path, nth: Answer(JPEG, delay_s=0.01)) as server:

        def fail_for_a_while() -> None:
            fetched.wait()
            server.stop()
            time.sleep(0.7)
            server.start()

        trouble = threading.Thread(target=fail_for_a_while)
        trouble.start()
        answers = {}
        for answer in HttpArchive(server.base, HASTY).fetch(CAMERA, SLOTS):
            answers[answer.slot] = answer
            if len(answers) == 100:
                fetched.set()
        trouble.join()
        assert sum(answer.data == JPEG for answer in answers.values()) == 288


def test_retry_after_may_be_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=1)
    waits = Answer(status=503, headers={"Retry-After": soon.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    with Loopback(lambda path, nth: waits if nth == 0 else Answer(JPEG)) as server:
        assert fetch(server, SLOTS[:1])[SLOTS[0]].data == JPEG
