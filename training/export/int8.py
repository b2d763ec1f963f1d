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

from carpark.model.engines import Pixels
from training.export.proof import BOUNDS


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Hands training pixels to the quantiser, eight photos at a time."""

    def __init__(self, pixels: Pixels) -> None:
        self.batches: Iterable[dict[str, Pixels]] = iter({"pixels": pixels[i : i + 8]} for i in range(0, len(pixels), 8))

    def get_next(self) -> dict[str, Pixels] | None:
        """The next batch, or None when all were seen."""
        return next(iter(self.batches), None)


def write_int8(onnx_path: Path, path: Path, calibration: Pixels) -> None:
    """Static quantisation to QDQ form, weights per channel: the form that ONNX Runtime runs fastest on CPUs.

    Networks with narrow layers lose the most in their first half; it stays float where all of int8 strays too far on `calibration`.
    """
    prepared = path.with_suffix(".prepared.onnx")
    with quiet_root_logger():
        quant_pre_process(onnx_path, prepared, skip_symbolic_shape=True)
    convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
    exact = _probabilities(onnx_path, calibration)
    for n_float in (0, len(convolutions) // 2):
        with quiet_root_logger():
            quantization.quantize_static(
                prepared,
                path,
                _Calibration(calibration),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,  # weights of 7 bits: sums of u8 x s8 saturate on processors without VNNI, and answers would differ there
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv", "Add", "MaxPool", "Relu", "Clip"],  # head, normalisation, softmax: cheap, so they stay exact
                nodes_to_exclude=convolutions[:n_float],
                extra_options={"CalibMovingAverage": True},  # ranges of usual photos rather than of the oddest one
            )
        if np.abs(_probabilities(path, calibration) - exact).max() <= 0.75 * BOUNDS["int8"]:  # leaves room for photos not seen here
            break
    prepared.unlink()


@contextmanager
def quiet_root_logger() -> Iterator[None]:
    """The quantiser logs advice, which was followed, through the root logger; that has its own level again afterwards."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


def _probabilities(path: Path, pixels: Pixels) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["probabilities"], {"pixels": pixels[i : i + 8]})[0] for i in range(0, len(pixels), 8)])
