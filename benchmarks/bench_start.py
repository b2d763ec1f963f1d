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

from gradio_client import handle_file

from benchmarks.bench_model import draw_frames
from tests.running_space import SPACE, RunningSpace, connect, running_space

STARTS = 5
HELLO = """
import gradio as gr

gr.Interface(lambda name: f"Hello {name}", "text", "text").launch()
"""
ASK_EVERY_S = 3.0  # for the learner, which waits for a pause of visitors
IDLE_S = 5.0  # without a visitor, before memory is read


def main() -> None:
    """Print a line for each start, one with the medians, and one for both pages started at the same moment."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_start")
    parser.add_argument("--model", type=Path, default=Path("artifacts/model"))
    parser.add_argument("--dataset", type=Path, default=Path("artifacts/dataset"))
    parser.add_argument("--archive", type=Path, default=Path("artifacts/sample/archive"))
    args = parser.parse_args()
    settings = {f"CARPARK_{name.upper()}": str(path.resolve()) for name, path in vars(args).items() if path.exists()}
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor() as pool:
        hello = Path(work, "hello")
        hello.mkdir()
        (hello / "app.py").write_text(HELLO)
        (photo,) = draw_frames(Path(work), 1)
        runs = []
        for number in range(STARTS + 1):
            run = with_ratios(time_hello(hello) | time_space(settings, photo))
            if number:  # the first one compiles
                runs.append(run)
                print(json.dumps({"benchmark": "one start of each, in turn"} | run), flush=True)
        medians = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
        print(json.dumps({"benchmark": "start, median", "starts": STARTS, "cpu_cores": os.cpu_count()} | medians), flush=True)
        side_by_side = [pool.submit(time_hello, hello), pool.submit(time_space, settings, photo)]
        hello_times, our_times = (page.result() for page in side_by_side)
        print(json.dumps({"benchmark": "one start of each, side by side"} | with_ratios(hello_times | our_times)))


def with_ratios(times: dict[str, float]) -> dict[str, float]:
    """The times, rounded, with how many times as long our page takes as a bare one, by the clock and in seconds of work."""
    ratios = {f"page_{kind}_ratio": times[f"page_{kind}"] / times[f"hello_{kind}"] for kind in ("s", "cpu_s")}
    return {name: round(value, 2) for name, value in (times | ratios).items()}


def time_hello(folder: Path) -> dict[str, float]:
    """Seconds from the start of the process until a page that only says hello is served, and seconds of work."""
    began = time.perf_counter()
    with running_space({}, folder) as space:
        return {"hello_s": time.perf_counter() - began, "hello_cpu_s": cpu_seconds(space)}


def time_space(settings: Mapping[str, str], photo: Path) -> dict[str, float]:
    """Seconds from the start of the process until our page is served; from then until a client has connected, until it has its first
    answer, and until the learner answers; memory in MB when all is loaded and nobody asks.
    """
    began = time.perf_counter()
    with running_space(settings, SPACE) as space:
        times = {"page_s": time.perf_counter() - began, "page_cpu_s": cpu_seconds(space)}
        page = time.perf_counter()
        client = connect(space.url)
        times["connected_after_s"] = time.perf_counter() - page
        engine = client.predict(handle_file(photo), api_name="/classify")["engine"]
        times["answer_after_s"] = time.perf_counter() - page
        while engine != "learner":
            time.sleep(ASK_EVERY_S)
            engine = client.predict(handle_file(photo), api_name="/classify")["engine"]
        times["learner_after_s"] = time.perf_counter() - page
        time.sleep(IDLE_S)
        return times | memory(space)


def cpu_seconds(space: RunningSpace) -> float:
    """The work that the process has done so far, in seconds of one core: steadier than the clock where others work beside it."""
    fields = Path(f"/proc/{space.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(space: RunningSpace) -> dict[str, float]:
    """The Space's resident memory now, and at its highest, MB."""
    lines = dict(line.split(":") for line in Path(f"/proc/{space.pid}/status").read_text().splitlines())
    return {name: int(lines[field].split()[0]) // 1024 for name, field in (("idle_mb", "VmRSS"), ("peak_mb", "VmHWM"))}


if __name__ == "__main__":
    main()
