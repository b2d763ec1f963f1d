"""What publication costs: bytes pushed by a first and a repeated one, the Space's cold start from a warm cache, and its peak memory.

    python -m benchmarks.bench_publish [--model artifacts/model] [--dataset artifacts/dataset]

Everything goes to a Hub on loopback, by the real command and the real clients. Prints one JSON object a line.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from gradio_client import handle_file

from tests.mini_hub import MiniHub
from tests.running_space import RunningSpace, connect, running_space

STARTS = 5
FETCH = "import sys; from huggingface_hub import snapshot_download as get; get(sys.argv[1], repo_type='space', local_dir=sys.argv[2])"
# The parts of a start one after another; the Space itself loads the model while it builds the page.
PARTS = """
import json, sys, time
from pathlib import Path
parts, now = {}, time.perf_counter()
def done(part):
    global now
    parts[part], now = round(time.perf_counter() - now, 2), time.perf_counter()
import app
from carpark.images import open_image
from carpark.hub.revisions import PINS_FILE, read_pins
from tabs.sources import Sources
done("import")
sources = Sources({}, read_pins(Path(PINS_FILE)))
sources.model_folder(), sources.dataset_folder()
done("ask the Hub, verify")
app.build_page(sources, Path(sys.argv[2]))
done("build the page")
model = sources.photo_model()
done("load the ONNX form")
model.p_full([open_image(Path(sys.argv[1]))])
done("first answer")
sources.learner()
done("wait for a pause, load the learner")
print(json.dumps(parts))
"""


def publish(hub: MiniHub, home: Path, model: Path, dataset: Path) -> dict[str, float]:
    """One run of the command: its seconds, and the bytes that the Hub received."""
    before, started = hub.received_bytes, time.perf_counter()
    command = [sys.executable, "-m", "training.publish", "--namespace", "alice", "--model", str(model), "--dataset", str(dataset)]
    subprocess.run(command, env=os.environ | hub.environment("hf_alice", home=home), check=True, stdout=subprocess.DEVNULL)
    return {"bytes": hub.received_bytes - before, "seconds": round(time.perf_counter() - started, 2)}


def start_once(folder: Path, settings: Mapping[str, str], photo: Path) -> tuple[dict[str, float], int]:
    """Seconds from the start of the process to the first page and to the first answer; the process's peak memory in MB."""
    started = time.perf_counter()
    with running_space(settings, folder) as space:
        page_s = time.perf_counter() - started
        connect(space.url).predict(handle_file(photo), api_name="/classify")
        answer_s = time.perf_counter() - started
        return {"page_s": page_s, "answer_s": answer_s}, peak_mb(space)


def peak_mb(space: RunningSpace) -> int:
    """The largest resident size that the Space has had, MB."""
    status = Path(f"/proc/{space.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def main() -> None:
    """Publish twice, then start what was published."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_publish")
    parser.add_argument("--model", type=Path, default=Path("artifacts/model"))
    parser.add_argument("--dataset", type=Path, default=Path("artifacts/dataset"))
    args = parser.parse_args()
    with TemporaryDirectory() as work, MiniHub({"hf_alice": "alice"}) as hub:
        home, space = Path(work, "home"), Path(work, "space")
        for which in ("first", "repeated"):
            print(json.dumps({"benchmark": "publish", "which": which} | publish(hub, home, args.model, args.dataset)), flush=True)
        network = hub.environment(None, home=home)
        subprocess.run([sys.executable, "-c", FETCH, "alice/carpark-demo", str(space)], env=os.environ | network, check=True)
        photo = Path(work, "photo.jpg")
        photo.write_bytes(pq.read_table(next((args.dataset / "data").glob("test-*")))["image"][0]["bytes"].as_py())
        start_once(space, network, photo)  # fills the cache, and compiles the bytecode
        starts = [start_once(space, network, photo) for _ in range(STARTS)]
        medians = {name: round(statistics.median(start[name] for start, _ in starts), 2) for name in ("page_s", "answer_s")}
        print(json.dumps({"benchmark": "cold start, warm cache", "starts": STARTS} | medians | {"peak_mb": max(mb for _, mb in starts)}))
        command = [sys.executable, "-W", "ignore", "-c", PARTS, str(photo), work]
        parts = subprocess.run(command, cwd=space, env=os.environ | network, capture_output=True, check=True)
        print(json.dumps({"benchmark": "parts of a start, seconds"} | json.loads(parts.stdout.splitlines()[-1])))


if __name__ == "__main__":
    main()
