"""No offer ends a run: what cannot be fetched or read is a row of refused.csv with its reason, and the photos around it are collected."""

import io
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from carpark.web.breaker import Patience
from tests.loopback import Answer, Loopback
from tests.photo_sources import JSON, OpenverseServer, picture
from training.collect import __main__ as collect
from training.collect.gathering import Gathering
from training.collect.ledger import Ledger
from training.collect.paced import PacedClient, Terms, Unreachable, find_fault
from training.collect.sources import commons
from training.collect.sources.openverse import Openverse
from training.photos import read_photos
from training.provenance import LICENSES

HASTY = Terms(pause_s=0, longest_wait_s=5, patience=Patience(read_s=1, frame_s=1, tries=2, backoff_s=0.01))
UNFETCHABLE: dict[str, object] = {
    "bracket": "http://[bad",
    "high port": "http://127.0.0.1:99999/1.jpg",
    "port in letters": "http://127.0.0.1:port/1.jpg",
    "NFKC": "http://\u2100.example/1.jpg",
    "other scheme": "ftp://127.0.0.1/1.jpg",
    "no scheme": "//127.0.0.1/1.jpg",
    "no host": "http:///1.jpg",
    "null": None,
    "number": 5,
    "empty label": "http://a..b/1.jpg",
    "long label": f"http://{'ü' * 80}.example/1.jpg",
    "endless": f"http://127.0.0.1/{'1' * 9000}.jpg",
}
REDIRECTS = {"loop": "/redirect/loop", "bad target": "http://[bad", "bad port": "http://127.0.0.1:99999/", "nowhere": ""}


class OddServer(OpenverseServer):
    """An Openverse whose first results are odd, one of each kind, and the last one is good."""

    odd: tuple[dict[str, object], ...] = ()

    def search(self, asked: dict[str, str], nth: int) -> Answer:
        good = self._result(1)
        results = [good | {"id": f"odd-{n}", "title": f"odd {n}"} | odd for n, odd in enumerate(self.odd)] + [None, "text", good]
        return Answer(json.dumps({"page_count": "many", "results": results}).encode(), headers=JSON)

    def _answer(self, path: str, nth: int) -> Answer:
        if path.startswith("/redirect/"):
            return Answer(b"", 302, {"Location": REDIRECTS[path.removeprefix("/redirect/")]})
        return super()._answer(path, nth)


def gather(server: OpenverseServer, out: Path) -> Gathering:
    api, pictures = PacedClient("openverse", "test", HASTY), PacedClient("pictures", "test", HASTY)
    gathering = Gathering(Ledger.open(out, "openverse"), pictures, tuple(LICENSES), None)
    gathering.gather(Openverse(api, tuple(LICENSES), f"{server.base}/v1/images/"), "full", ["parking"], 100)
    return gathering


def refused(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "refused.csv", dtype=str, keep_default_na=False)


def test_an_address_that_cannot_be_fetched_is_refused_once_and_for_all(tmp_path: Path) -> None:
    with OddServer(1) as server:
        server.odd = tuple({"url": url} for url in UNFETCHABLE.values())
        gather(server, tmp_path)
        table = refused(tmp_path)
        assert table.source_id.tolist() == [f"odd-{n}" for n in range(len(UNFETCHABLE))]
        assert set(table.outcome) == {"dead link"} and all(table.reason)
        assert len(read_photos(tmp_path)) == 1
        server.asked.clear()
        gather(server, tmp_path)
        assert server.asked == [] and len(refused(tmp_path)) == len(UNFETCHABLE)


def test_a_redirect_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with OddServer(1) as server:
        server.odd = tuple({"url": f"{server.base}/redirect/{name.replace(' ', '%20')}"} for name in REDIRECTS)
        gather(server, tmp_path)
    table = refused(tmp_path)
    assert table.outcome.tolist() == ["dead link"] * len(REDIRECTS)
    assert "more than 2 redirects" in table.reason[0] and "http://[bad" in table.reason[1]
    assert len(read_photos(tmp_path)) == 1


def test_hosts_that_do_not_answer_are_rows_and_end_no_run(tmp_path: Path) -> None:
    with OddServer(1) as server:
        server.odd = tuple({"url": f"http://127.0.0.{n + 2}:1/1.jpg"} for n in range(12))
        gather(server, tmp_path)
        table = refused(tmp_path)
        assert set(table.outcome) == {"failed"} and len(table) == 12 and "connection refused" in table.reason[0]
        assert len(read_photos(tmp_path)) == 1
        gathering = gather(server, tmp_path)
        assert gathering.counts["failed"] == 12 and len(refused(tmp_path)) == 12  # tried again, told once


def test_odd_texts_are_written_so_that_the_next_run_reads_them(tmp_path: Path) -> None:
    texts = ("lone \ud83d surrogate", "nul \0 byte", "line\u2028separator", "x" * 200_000, ["a", None], None)
    with OddServer(1) as server:
        odd = [{"title": text, "creator": text, "url": f"{server.base}/pictures/{n + 100}.jpg"} for n, text in enumerate(texts)]
        server.odd = (*odd, {"license": None, "foreign_landing_url": None})
        gather(server, tmp_path)
        assert len(read_photos(tmp_path)) == len(texts) + 1
        assert refused(tmp_path).outcome.tolist() == ["licence not wanted"]
        server.asked.clear()
        gather(server, tmp_path)
        assert server.asked == []


@pytest.mark.parametrize("source_id", ["../../x", "/etc/x", "..", "a/b", "a\\b", "a\0b", "x" * 300, "ü", "", None, {"a": 1}])
def test_an_id_never_leads_out_of_the_folder(source_id: object, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with OddServer(1) as server:
        server.odd = ({"id": source_id, "url": f"{server.base}/pictures/2.jpg"},)
        gather(server, out)
    photos = read_photos(out)
    assert len(photos) == 2
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.jpg")} == set(photos.file)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and out not in path.parents]
    assert all(file.isascii() and len(file) < 120 for file in photos.file)


def test_a_date_after_the_calendar_ends_is_not_a_date(tmp_path: Path) -> None:
    with OddServer(1) as server:
        answer = server.answer
        odd = Answer(picture(7), headers={"Last-Modified": "Fri, 31 Dec 9999 23:59:59 -0900", "Date": "never"})
        server.answer = lambda path, nth: odd if path == "/pictures/7.jpg" else answer(path, nth)
        server.odd = ({"url": f"{server.base}/pictures/7.jpg"},)
        gather(server, tmp_path)
    assert len(read_photos(tmp_path)) == 2


@pytest.mark.parametrize(
    "page",
    [
        {"pageid": 1, "title": None, "imageinfo": [{"mime": "image/jpeg", "thumburl": None, "descriptionurl": None, "extmetadata": None}]},
        {"pageid": None, "imageinfo": None},
        {"title": 5, "imageinfo": [None]},
        {"pageid": 1, "imageinfo": [{"mime": "image/jpeg", "thumburl": 3, "extmetadata": {"Artist": None, "License": "cc0"}}]},
        {"pageid": 1, "imageinfo": {}, "index": None},
    ],
)
def test_null_fields_of_commons_are_an_offer_without_what_they_lack(page: dict[str, object]) -> None:
    offer = commons.read_page(page)
    assert offer and offer.source_id and find_fault(offer.image_url)


def test_an_answer_of_commons_without_what_it_promises_is_an_empty_page() -> None:
    with Loopback(
        lambda path, nth: Answer(json.dumps({"query": None, "continue": {"gsroffset": "soon"}}).encode(), headers=JSON)
    ) as server:
        page = commons.Commons(PacedClient("commons", "test", HASTY), f"{server.base}/w/api.php").search("parking", "")
    assert page.offers == () and page.next == ""


@pytest.mark.parametrize(
    "url", ["http://münchen.example/1.jpg", "https://a.example:8443/x y.jpg", "http://[::1]:80/", "HTTP://a_b.example/ü"]
)
def test_an_unusual_address_may_still_be_fetched(url: str) -> None:
    assert find_fault(url) == ""


@pytest.mark.parametrize(("scheme", "variable"), [("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY")])
def test_the_proxy_of_the_environment_is_asked(scheme: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Loopback(lambda path, nth: Answer(b"by the proxy")) as proxy, Loopback(lambda path, nth: Answer(b"direct")) as server:
        monkeypatch.setenv(variable, proxy.base)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        client = PacedClient("pictures", "test", HASTY)
        if scheme == "http":
            assert client.get("http://pictures.invalid/1.jpg").body == b"by the proxy"
            assert proxy.asked == ["http://pictures.invalid/1.jpg"]
        else:
            with pytest.raises(Unreachable):  # this proxy does not know CONNECT
                client.get("https://pictures.invalid/1.jpg")
            assert proxy.connections > 0
        assert client.get(f"{server.base}/1.jpg").body == b"direct"
        client.close()


def test_pictures_that_cannot_be_read_end_no_run_over_a_folder(tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "full"
    mine.mkdir(parents=True)
    (mine / "good.png").write_bytes(picture(1, format_name="PNG"))
    (mine / "animation.gif").write_bytes(_broken_gif())
    (mine / os.fsdecode(b"latin-\xe9.png")).write_bytes(picture(3, format_name="PNG"))
    (mine / "car  park.png").write_bytes(picture(4, format_name="PNG"))
    command = ["--source", "folder", "--from", str(mine.parent), "--license", "by", "--creator", "Kim", "--out", str(tmp_path / "out")]
    for _ in range(2):
        collect.main(command)
        assert len(read_photos(tmp_path / "out")) >= 3


def _broken_gif() -> bytes:
    """Two frames, of which the second one ends early."""
    buffer = io.BytesIO()
    frames = [Image.new("P", (300, 300), n) for n in (1, 2)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()[:-40]
