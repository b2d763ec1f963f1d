"""How soon a Space that slept is awake: its first page beside a bare Gradio page, its first answer, its learner, and its memory.

    python -m benchmarks.bench_start [--model artifacts/model] [--dataset artifacts/dataset] [--archive artifacts/sample/archive]

Both pages are started in the same way, in turn, after one start of each that compiles the bytecode. Prints one JSON object a line.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradio_client import Client, handle_file

from benchmarks.bench_model import draw_frames
from tests.running_space import SPACE, RunningSpace, running_space

STARTS = 1
HELLO = """
import gradio as gr

gr.Interface(lambda name: f"Hello {name}", "text", "text").launch()
"""
IDLE_S = 5.0  # without a visitor, before memory is read


def main() -> None:
    """Print a line for each start, and one with the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_start")
    parser.add_argument("--model", type=Path, default=Path("artifacts/model"))
    parser.add_argument("--dataset", type=Path, default=Path("artifacts/dataset"))
    parser.add_argument("--archive", type=Path, default=Path("artifacts/sample/archive"))
    args = parser.parse_args()
    settings = {f"CARPARK_{name.upper()}": str(path.resolve()) for name, path in vars(args).items() if path.exists()}
    with tempfile.TemporaryDirectory() as work:
        hello = Path(work, "hello")
        hello.mkdir()
        (hello / "app.py").write_text(HELLO)
        (photo,) = draw_frames(Path(work), 1)
        runs = [start_both(hello, settings, photo) for _ in range(STARTS + 1)][1:]
        for run in runs:
            print(json.dumps({"benchmark": "one start"} | run), flush=True)
        medians = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
        print(json.dumps({"benchmark": "start, median", "starts": STARTS, "cpu_cores": os.cpu_count()} | medians), flush=True)
        with ThreadPoolExecutor() as pool:
            pages = pool.submit(time_hello, hello), pool.submit(time_space, settings, photo)
            hello_s, ours = (page.result() for page in pages)
        print(json.dumps({"benchmark": "both at the same time"} | compare(hello_s, ours)))


def start_both(hello: Path, settings: Mapping[str, str], photo: Path) -> dict[str, float]:
    """One start of each, one after the other."""
    return compare(time_hello(hello), time_space(settings, photo))


def compare(hello_page_s: float, ours: dict[str, float]) -> dict[str, float]:
    """The numbers of one start of each, with how many times as long our page takes."""
    return {"hello_page_s": round(hello_page_s, 2), **ours, "page_ratio": round(ours["page_s"] / hello_page_s, 2)}


def time_hello(folder: Path) -> float:
    """Seconds from the start of the process until a page that only says hello is served."""
    began = time.perf_counter()
    with running_space({}, folder):
        return time.perf_counter() - began


def time_space(settings: Mapping[str, str], photo: Path) -> dict[str, float]:
    """Seconds from the start of the process until our page is served; from the page until the first photo is answered, by a client that
    connects first, and until the learner answers; memory in MB when all is loaded and nobody asks.
    """
    began = time.perf_counter()
    with running_space(settings, SPACE) as space:
        page_s = time.perf_counter() - began
        client = Client(space.url, verbose=False)
        connected_s = time.perf_counter() - began
        engine = client.predict(handle_file(photo), api_name="/classify")["engine"]
        answer_s = time.perf_counter() - began
        while engine != "learner":
            time.sleep(0.2)
            engine = client.predict(handle_file(photo), api_name="/classify")["engine"]
        learner_s = time.perf_counter() - began
        time.sleep(IDLE_S)
        after = {"connected": connected_s, "first_answer": answer_s, "learner": learner_s}
        return {"page_s": round(page_s, 2)} | {f"{name}_after_page_s": round(at - page_s, 2) for name, at in after.items()} | memory(space)


def memory(space: RunningSpace) -> dict[str, float]:
    """The Space's resident memory now, and at its highest, MB."""
    lines = dict(line.split(":") for line in Path(f"/proc/{space.pid}/status").read_text().splitlines())
    return {name: int(lines[field].split()[0]) // 1024 for name, field in (("idle_mb", "VmRSS"), ("peak_mb", "VmHWM"))}


if __name__ == "__main__":
    main()
