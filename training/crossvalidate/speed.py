"""How large and how fast an architecture is in the form that is published for bulk work: int8 ONNX on this machine's cores."""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import onnxruntime
from fastai.vision.core import imagenet_stats
from torch import nn

from carpark.model.engines import BATCH, Pixels
from carpark.model.fullness import Fullness
from carpark.model.network import FromPixels, build_network
from training.export.forms import write_onnx
from training.export.int8 import write_int8
from training.labels import LABELS

RANGE_PHOTOS = 32  # that set the int8 ranges: enough for a speed
ROUNDS = 3


ANY_FULLNESS = Fullness(slope=1.0, shift=0.0, quantile_80=0.0, quantile_95=0.0)  # only speed is measured


def measure_int8(arch: str, start: nn.Module | None, pixels: Pixels) -> dict[str, Any]:
    """`int8_megabytes` of the file and `int8_frames_per_second` from prepared pixels; the body is `start`, or random."""
    network = build_network(arch, len(LABELS))
    if start is not None:
        network[0].load_state_dict(start.state_dict())
    with tempfile.TemporaryDirectory() as work:
        fp32, int8 = Path(work) / "model.onnx", Path(work) / "model.int8.onnx"
        mean, std = imagenet_stats
        write_onnx(FromPixels(network, mean, std, ANY_FULLNESS), fp32, list(pixels.shape[1:3]))
        write_int8(fp32, int8, calibration=pixels[:RANGE_PHOTOS], photos=pixels[:RANGE_PHOTOS])
        return {
            "int8_megabytes": round(int8.stat().st_size / 1e6, 1),
            "int8_frames_per_second": round(_frames_per_second(int8, pixels[: 16 * BATCH])),
            "cores": os.cpu_count(),
        }


def _frames_per_second(path: Path, pixels: Pixels) -> float:
    """The best of some rounds, batches on as many threads as there are cores, as `carpark.model` runs them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    batches = [pixels[first : first + BATCH] for first in range(0, len(pixels), BATCH)]
    fastest = float("inf")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in range(ROUNDS):
            started = time.monotonic()
            list(pool.map(lambda batch: session.run(["probabilities"], {"pixels": batch}), batches))
            fastest = min(fastest, time.monotonic() - started)
    return len(pixels) / fastest
