"""Frames per second of the int8 engine, beside a `learn.predict` loop and the bare ONNX Runtime session, in one run.

    python -m benchmarks.bench_model [--frames 288] [--arch resnet34]

The network has random weights, since speed does not depend on them; the frames are 352 x 288 JPEGs of noise-textured shapes.
The `learn.predict` loop runs over fewer frames and says so. Prints one JSON object a line.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from fastai.vision.all import load_learner
from PIL import Image

from carpark.images import open_image
from carpark.model import load_model
from carpark.model.config import MODEL_FILES
from carpark.model.engines import BATCH, prepare
from training.labels import LABELS
from training.train.folder import train
from training.train.pretrained import Recipe

PREDICT_FRAMES = 48  # enough for a steady rate of the slow loop


def draw_frames(folder: Path, n: int) -> list[Path]:
    """`n` JPEGs of JamCam size that cost about as much to decode as real ones (20 to 30 kB)."""
    rng = np.random.default_rng(0)
    files = []
    for number in range(n):
        coarse = Image.fromarray(rng.integers(40, 215, (18, 22, 3), dtype=np.uint8)).resize((352, 288), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 6, (288, 352, 1))
        file = folder / f"{number:03}.jpg"
        Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(file, quality=85)
        files.append(file)
    return files


def train_anything(photos: Path, out: Path, arch: str) -> None:
    """A model folder for `arch`, fitted for one epoch on pictures that show nothing: enough to time it."""
    for label in LABELS:
        (photos / label).mkdir(parents=True)
        draw_frames(photos / label, 12)
    train(photos, out, Recipe(arch, "none", size=224, epochs=1, seed=0))


def frames_per_s(n: int, work: Callable[[], object]) -> float:
    """Rate of the better of two runs; the first also warms the caches up."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return n / min(seconds)


def bare_session(path: Path, pixels: np.ndarray, threads: int) -> Callable[[], object]:
    """Nothing but ONNX Runtime over prepared tensors: one session with all threads inside a call, or a call a core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    batches = [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]

    def run() -> object:
        with ThreadPoolExecutor((os.cpu_count() or 1) // threads) as pool:
            return list(pool.map(lambda batch: session.run(None, {"pixels": batch}), batches))

    return run


def main() -> None:
    """Print one line for each way to classify the frames, and one with the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_model")
    parser.add_argument("--frames", type=int, default=288)
    parser.add_argument("--arch", default="resnet34")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        train_anything(folder / "photos", folder / "model", args.arch)
        (folder / "frames").mkdir()
        files = draw_frames(folder / "frames", args.frames)
        model = load_model(folder / "model")
        pixels = np.stack([prepare(open_image(file), model.config.input_size, model.config.scene_boxes) for file in files])
        learner = load_learner(folder / "model" / MODEL_FILES["learner"])
        int8 = folder / "model" / MODEL_FILES["int8"]
        with learner.no_bar(), learner.no_logging():
            rates = {
                "learn.predict": frames_per_s(PREDICT_FRAMES, lambda: [learner.predict(file) for file in files[:PREDICT_FRAMES]]),
                "int8 engine, from JPEG": frames_per_s(len(files), lambda: model.p_full(map(open_image, files))),
                "bare session, one call on all cores": frames_per_s(len(files), bare_session(int8, pixels, os.cpu_count() or 1)),
                "bare session, one call a core": frames_per_s(len(files), bare_session(int8, pixels, 1)),
            }
    for name, rate in rates.items():
        print(json.dumps({"benchmark": "classify", "arch": args.arch, "frames": args.frames, "way": name, "frames_per_s": round(rate, 1)}))
    engine, bare = rates["int8 engine, from JPEG"], max(rate for name, rate in rates.items() if name.startswith("bare"))
    ratios = {"engine_vs_predict": round(engine / rates["learn.predict"], 2), "engine_vs_bare_session": round(engine / bare, 3)}
    print(json.dumps({"benchmark": "classify", "arch": args.arch, "cpu_cores": os.cpu_count()} | ratios))


if __name__ == "__main__":
    main()
