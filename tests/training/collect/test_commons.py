"""Wikimedia Commons is searched page by page, and its licences become our ids."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.collecting import flags
from tests.loopback import Answer
from tests.photo_sources import CommonsServer
from training.collect import __main__ as collect
from training.collect.collecting import COLLECT_USER_AGENT
from training.collect.sources import commons
from training.photos import read_photos


def test_commons_is_searched_with_its_continuation_and_only_usable_licences_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with CommonsServer(120) as server:
        lag = Answer(json.dumps({"error": {"code": "maxlag", "info": "Waiting for db1: 6 s lagged", "lag": 6}}).encode())
        server.fail_searches = lambda nth: lag if nth == 0 else None
        collect.main(flags(server, tmp_path, "--query", "parking", "--label", "empty", "--contact", "me@example.org"))
        assert server.user_agents == {COLLECT_USER_AGENT.format(contact="; me@example.org")}
        assert len(server.search_times) == 4  # one that was told to wait, and three pages of 50
        assert not any(path.startswith("/originals") for path in server.asked)
    photos = read_photos(tmp_path).set_index("source_id")
    assert set(photos.license) == {"pdm", "by-sa"}
    assert "4" not in photos.index  # a PDF
    row = photos.loc["1"]
    assert row.creator == "Jo & 1" and row.license_url == "https://creativecommons.org/licenses/by-sa/3.0"
    assert row.attribution == (
        '"Car park 1" by Jo & 1 is licensed under CC BY-SA 3.0. '
        "To view a copy of this license, visit https://creativecommons.org/licenses/by-sa/3.0."
    )
    refused = pd.read_csv(tmp_path / "refused.csv")
    assert set(refused.reason[refused.outcome == "licence not wanted"]) == {"GFDL"}
    found = capsys.readouterr().out.splitlines()[-1]
    assert "licence not wanted" in found
    assert re.search(r"; \d+ requests, \d+ of them to commons, never less than \d+\.\d s apart; ", found)


@pytest.mark.parametrize(
    ("found", "license_id"),
    [
        ({"License": "cc-by-2.0-kr"}, ("by", "2.0")),
        ({"License": "cc0", "LicenseUrl": "http://creativecommons.org/publicdomain/zero/1.0/deed.en"}, ("cc0", "1.0")),
        ({"License": "pd", "LicenseShortName": "Public domain"}, ("pdm", "")),
        ({"LicenseUrl": "https://creativecommons.org/licenses/by-nc-nd/4.0/"}, ("by-nc-nd", "4.0")),
        ({"LicenseShortName": "FAL"}, ("FAL", "")),
        ({}, ("none stated", "")),
    ],
)
def test_what_commons_says_of_a_licence_becomes_an_id(found: dict[str, str], license_id: tuple[str, str]) -> None:
    assert commons.read_license(found) == license_id
