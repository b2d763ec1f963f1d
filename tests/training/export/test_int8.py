"""The int8 form keeps as many layers in float as its agreement with the others asks for."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from carpark.images import open_image
from carpark.model.config import read_config
from carpark.model.engines import Pixels, load_engine, prepare
from training.export.int8 import write_int8
from training.export.proof import BOUNDS


@pytest.fixture(scope="module")
def pixels(tiny_model_folder: Path, sample_folder: Path) -> Pixels:
    config = read_config(tiny_model_folder)
    photos = sorted((sample_folder / "photos").glob("*/*.jpg"))[:16]
    return np.stack([prepare(open_image(photo), config.input_size, config.scene_boxes) for photo in photos])


@pytest.mark.parametrize(("bound", "quantised"), [(1.0, True), (0.0, False)])
def test_a_network_that_strays_stays_float_in_the_end(
    bound: float, quantised: bool, tiny_model_folder: Path, pixels: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BOUNDS, "int8", bound)
    path = tmp_path / "model.int8.onnx"
    write_int8(tiny_model_folder / "model.onnx", path, calibration=pixels, photos=pixels)
    nodes = onnx.load(path).graph.node
    dequantised = {output for node in nodes if node.op_type == "DequantizeLinear" for output in node.output}
    assert any(node.op_type == "Conv" and node.input[1] in dequantised for node in nodes) is quantised
    assert [file.name for file in tmp_path.iterdir()] == ["model.int8.onnx"]


def test_the_published_form_is_within_its_bound(tiny_model_folder: Path, pixels: Pixels) -> None:
    int8, exact = (load_engine(tiny_model_folder, engine).forward(pixels)[0] for engine in ("int8", "fp32"))
    assert np.abs(int8 - exact).max() <= BOUNDS["int8"]
