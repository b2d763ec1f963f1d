"""The Space as a host may serve it: under a sub-path, behind a proxy that passes uploads on in chunks."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from gradio_client import handle_file

from tests.proxy import proxied
from tests.running_space import connect, running_space


@pytest.fixture(scope="module")
def address(tiny_model_folder: Path) -> Iterator[str]:
    settings = {"CARPARK_MODEL": tiny_model_folder, "CARPARK_BEHIND_PROXY": "1", "GRADIO_ROOT_PATH": "/carpark"}
    with running_space(settings) as space, proxied(urlsplit(space.url).port or 0, "/carpark") as address:
        yield address


def test_the_page_names_its_own_address(address: str) -> None:
    assert f'"root":"{address.removesuffix("/")}"' in requests.get(address, timeout=20).text


def test_an_upload_in_chunks_is_answered(address: str, sample_folder: Path) -> None:
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    assert connect(address).predict(handle_file(photo), api_name="/classify")["label"] in ("empty", "full")


def test_a_body_in_chunks_that_is_too_large_is_refused_in_one_line(address: str) -> None:
    refused = requests.post(f"{address}gradio_api/queue/join", data=bytes(1_100_000), timeout=20)
    assert refused.status_code == 413
    assert refused.json()["detail"].endswith("bytes; at most 1,000,000 are taken. Send fewer or smaller files.")
