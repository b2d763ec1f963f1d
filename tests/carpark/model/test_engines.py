"""A model folder answers alike in all its forms, and a folder that is not whole is refused before anything is unpickled."""

import json
import pickle
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest
from PIL import Image

from carpark.errors import BadModel
from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import Engine, Thresholds, read_config
from carpark.model.engines import BATCH, Features, Pixels, Probabilities
from training.export.int8 import check_weights
from training.export.proof import BOUNDS


@pytest.fixture(scope="module")
def photos(sample_folder: Path) -> list[Image.Image]:
    """Twelve photos of mixed labels."""
    return [open_image(path) for path in sorted((sample_folder / "photos").glob("*/*.jpg"))[::5]]


@pytest.fixture
def own_copy(tiny_model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model folder that a test may spoil."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


@pytest.mark.parametrize("engine", get_args(Engine))
def test_every_form_gives_the_learners_answer(engine: Engine, tiny_model_folder: Path, photos: list[Image.Image]) -> None:
    learner = load_model(tiny_model_folder, "learner").p_full(photos)
    found = load_model(tiny_model_folder, engine).p_full(photos)
    assert found.shape == (len(photos),) and found.dtype == np.float32
    assert np.abs(found - learner).max() <= BOUNDS.get(engine, 0.0)


def test_the_number_of_photos_at_a_time_does_not_change_an_answer(tiny_model_folder: Path, photos: list[Image.Image]) -> None:
    model = load_model(tiny_model_folder, "fp32")
    one_by_one = np.concatenate([model.p_full([photo]) for photo in photos])
    assert np.allclose(model.p_full(photos), one_by_one, atol=1e-5)
    assert model.p_full([]).shape == (0,)


def test_pictures_are_classified_while_others_are_still_decoded(tiny_model_folder: Path, photos: list[Image.Image]) -> None:
    model = load_model(tiny_model_folder)
    first_is_classified = threading.Event()

    def forward(pixels: Pixels) -> tuple[Probabilities, Features]:
        answer = model.forward(pixels)
        first_is_classified.set()
        return answer

    def decode() -> Iterator[Image.Image]:
        for number in range(3 * BATCH):
            if number == 2 * BATCH:
                assert first_is_classified.wait(60)
            yield photos[number % len(photos)]

    expected = model.p_full([photos[number % len(photos)] for number in range(3 * BATCH)])
    assert np.array_equal(replace(model, forward=forward).p_full(decode()), expected)


def test_between_the_thresholds_the_answer_is_unsure(tiny_model_folder: Path) -> None:
    model = load_model(tiny_model_folder)
    model = replace(model, config=replace(model.config, thresholds=Thresholds(0.2, 0.8)))
    assert [model.answer(p) for p in (0.0, 0.2, 0.4, 0.5, 0.8)] == [
        ("empty", True),
        ("empty", True),
        ("empty", False),
        ("full", False),
        ("full", True),
    ]


def test_no_folder_and_no_config_are_told_apart_from_a_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadModel, match=r"has no config\.json, so it is not a model folder"):
            read_config(folder)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"labels": 3}'])
def test_a_config_that_is_not_ours_is_refused(text: str, own_copy: Path) -> None:
    (own_copy / "config.json").write_text(text)
    with pytest.raises(BadModel, match=r"config\.json is not the config of a car park model"):
        load_model(own_copy)


def test_a_model_with_the_head_of_an_older_version_is_refused(own_copy: Path) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    (own_copy / "config.json").write_text(json.dumps(config | {"attention": [9, 9]}))
    with pytest.raises(BadModel, match=r"was made by an older version, .*\. Make the folder again\.$"):
        load_model(own_copy)


def test_a_half_written_model_is_refused(own_copy: Path) -> None:
    whole = (own_copy / "model.int8.onnx").read_bytes()
    (own_copy / "model.int8.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadModel, match=r"model\.int8\.onnx is not the file that config\.json names: expected sha256"):
        load_model(own_copy)
    (own_copy / "model.int8.onnx").unlink()
    with pytest.raises(BadModel, match=r"is incomplete: model\.int8\.onnx is missing"):
        load_model(own_copy)


class WritesWhenUnpickled:
    """A pickle of this touches the file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_swapped_pickle_is_refused_and_never_unpickled(own_copy: Path, tmp_path: Path) -> None:
    trace = tmp_path / "was-unpickled"
    (own_copy / "model.pkl").write_bytes(pickle.dumps(WritesWhenUnpickled(trace)))
    with pytest.raises(BadModel, match=r"model\.pkl is not the file that config\.json names"):
        load_model(own_copy, "learner")
    assert not trace.exists()
    pickle.loads((own_copy / "model.pkl").read_bytes())
    assert trace.exists()  # the trap works


@pytest.mark.parametrize("engine", get_args(Engine))
def test_a_form_that_answers_a_known_picture_otherwise_is_refused(engine: Engine, own_copy: Path) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    config["known_answers"][engine][1][0] += 0.06
    (own_copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModel, match=r"answers differently on this machine .* differs by 0\.06\d \(at most 0\.0\d+ is allowed\)"):
        load_model(own_copy, engine)


@pytest.mark.parametrize("answers", [[], [[0.5]], "none", {"a": 1}, [[0.1, "x"]]])
def test_known_answers_of_another_shape_are_one_line(answers: object, own_copy: Path) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    config["known_answers"]["int8"] = answers
    (own_copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModel):
        load_model(own_copy)


def test_a_folder_without_known_answers_loads(own_copy: Path) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    del config["known_answers"]
    (own_copy / "config.json").write_text(json.dumps(config))
    assert load_model(own_copy).config.known_answers == {}


def test_no_sum_of_the_int8_form_can_saturate(tiny_model_folder: Path, tmp_path: Path) -> None:
    path = tiny_model_folder / "model.int8.onnx"
    check_weights(path)
    network = onnx.load(path)
    weights = next(tensor for tensor in network.graph.initializer if tensor.data_type == onnx.TensorProto.INT8)
    values = onnx.numpy_helper.to_array(weights).copy()
    values.flat[0] = -65
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    onnx.save(network, tmp_path / "wide.onnx")
    with pytest.raises(BadModel, match=r"wide\.onnx has int8 weights of up to 65 \(at most 64 are allowed\)"):
        check_weights(tmp_path / "wide.onnx")


def test_an_unknown_engine_is_named(tiny_model_folder: Path) -> None:
    with pytest.raises(BadModel, match="Engine 'int4' is unknown; expected one of int8, fp32, safetensors, learner"):
        load_model(tiny_model_folder, "int4")


def test_labels_and_size_are_read_from_the_folder(own_copy: Path) -> None:
    config = json.loads((own_copy / "config.json").read_text())
    config["labels"] = ["full", "empty"]
    (own_copy / "config.json").write_text(json.dumps(config))
    photo = Image.new("RGB", (100, 80), "grey")
    p_full = load_model(own_copy).p_full([photo])[0]
    config["labels"] = ["empty", "full"]
    (own_copy / "config.json").write_text(json.dumps(config))
    assert p_full == pytest.approx(1 - load_model(own_copy).p_full([photo])[0], abs=1e-6)
