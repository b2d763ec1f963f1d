"""The int8 form of a network: static quantisation, proved against the float form on training pixels."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import onnxruntime.quantization as quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from carpark.errors import BadModel
from carpark.model.engines import Pixels
from training.export.proof import BOUNDS


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Hands training pixels to the quantiser, eight photos at a time."""

    def __init__(self, pixels: Pixels) -> None:
        self.batches: Iterable[dict[str, Pixels]] = iter({"pixels": pixels[i : i + 8]} for i in range(0, len(pixels), 8))

    def get_next(self) -> dict[str, Pixels] | None:
        """The next batch, or None when all were seen."""
        return next(iter(self.batches), None)


def write_int8(onnx_path: Path, path: Path, *, calibration: Pixels, photos: Pixels) -> None:
    """Static quantisation to QDQ form, weights per channel: the form that ONNX Runtime runs fastest on CPUs.

    `calibration` sets the ranges. Few layers stay float at first; more, where the network strays on `photos` by more than `prove_agreement`
    allows. The last attempt keeps all of them float, so that no trained network is lost to its fast form.
    """
    prepared = path.with_suffix(".prepared.onnx")
    with only_errors(logging.getLogger()):
        quant_pre_process(onnx_path, prepared, skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    exact_nodes = _nodes_after_convolutions(graph)
    exact = _probabilities(onnx_path, photos)
    for kept_float in _attempts(graph):
        with only_errors(logging.getLogger()):
            quantization.quantize_static(
                prepared,
                path,
                _Calibration(calibration),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,  # weights of 7 bits: see `check_weights`
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv", "Add", "MaxPool", "Relu", "Clip"],  # head, normalisation, softmax: cheap, so they stay exact
                nodes_to_exclude=[*kept_float, *exact_nodes],
                extra_options={"CalibMovingAverage": True},  # ranges of usual photos rather than of the oddest one
            )
        check_weights(path)
        if np.abs(_probabilities(path, photos) - exact).max() <= BOUNDS["int8"]:
            break
    prepared.unlink()


def _attempts(graph: onnx.GraphProto) -> list[list[str]]:
    """The nodes that stay float, from the fewest on: none; the first three convolutions and the last; the first half of them; all nodes.

    A network with depthwise convolutions, whose 7-bit weights lose the most in its wide and shallow first layers, has no use for the first.
    EfficientNet-Lite0, one layer taught by drawings, 224 px: log-odds stray by 0.66 (rms) at 212 frames a second, 0.44 at 203, 0.31 at 125.
    """
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    names = [node.name for node in convolutions]
    is_depthwise = any(part.name == "group" and part.i > 1 for node in convolutions for part in node.attribute)
    return [*([] if is_depthwise else [[]]), [*names[:3], names[-1]], names[: len(names) // 2], [node.name for node in graph.node]]


def _nodes_after_convolutions(graph: onnx.GraphProto) -> list[str]:
    """The names of the nodes behind the last convolution, the head among them, which stay float: they are few, and answer."""
    last = max(number for number, node in enumerate(graph.node) if node.op_type == "Conv")
    return [node.name for node in graph.node[last + 1 :]]


def check_weights(path: Path) -> None:
    """Raises BadModel where a weight goes beyond -64 to 64, since answers would then depend on the processor.

    Without VNNI, an x86 processor adds two products of u8 and s8 in 16 bits, which saturate at 32,767; 2 x 255 x 64 is 32,640.
    """
    weights = [
        onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer if tensor.data_type == onnx.TensorProto.INT8
    ]
    largest = max((int(np.abs(values.astype(np.int16)).max(initial=0)) for values in weights), default=0)
    if largest > 64:
        raise BadModel(
            f"{path.name} has int8 weights of up to {largest} (at most 64 are allowed): its sums would saturate on some processors."
        )


@contextmanager
def only_errors(logger: logging.Logger) -> Iterator[None]:
    """The logger drops what is less than an error; it has its own level again afterwards."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _probabilities(path: Path, pixels: Pixels) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["probabilities"], {"pixels": pixels[i : i + 8]})[0] for i in range(0, len(pixels), 8)])
