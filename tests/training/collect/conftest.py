from collections.abc import Iterator

import pytest

from tests.photo_sources import OpenverseServer


@pytest.fixture
def openverse_server() -> Iterator[OpenverseServer]:
    with OpenverseServer(45) as server:
        yield server
