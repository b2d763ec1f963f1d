"""The tab that says what the model is, how well it does, what is loaded, and how to use it from code."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from carpark.errors import CarparkError
from carpark.model import read_config
from tabs.camera_day import ATTRIBUTION
from tabs.sources import Sources

WHAT_IT_IS = """
## What it does
It looks at one picture of a car park, or of a street with parking, and answers **full** or **empty** with a probability. When the picture
is too close to call it says **unsure** instead of guessing. Pointed at a traffic camera, it does so for every five minutes of a day, and
leaves a gap wherever the camera has no usable picture: out of use, frozen, damaged, late or missing.

## Where it fails
- Half full is neither class: expect *unsure*.
- Aerial pictures of very large empty lots, and dark pictures, are its hardest cases.
- It always answers about a car park. A photo of something else gets a number too, and the number means nothing.
- It does not read number plates, count bays, or recognise people, and what you upload is deleted after about a day.
"""

HOW_TO_USE = """
## Use it from code
Both tabs are endpoints of an API, and tools for assistants that speak MCP (at `gradio_api/mcp/` below this page's address).

```python
from gradio_client import Client, handle_file

space = Client("{address}")
space.predict(handle_file("photo.jpg"), api_name="/classify")           # {{"label": "full", "p_full": 0.97, "sure": true, ...}}
space.predict("00001.07389", "2026-03-09", api_name="/camera_day")      # {{"words": "...", "summary": {{...}}, "slots": [...]}}
```
"""

CREDITS = f"""
## Credits
Street camera pictures: {ATTRIBUTION}
Code and model: Apache License 2.0. Photos of the dataset: each under the licence that its row names.
"""


def build_about_tab(page: gr.Blocks, sources: Sources) -> None:
    """The tab's widgets; what is loaded is looked up whenever `page` is opened."""

    def describe(request: gr.Request) -> tuple[str, str]:
        address = sources.name_of("SPACE_ID") or str(request.base_url)  # the Hub names a hosted Space so; gradio_client takes either
        return describe_model(sources), HOW_TO_USE.format(address=address)

    with gr.Tab("About", id="about"), gr.Column(elem_id="about"):
        gr.Markdown(WHAT_IT_IS)
        gr.Markdown("## This model")
        model = gr.HTML()
        usage = gr.Markdown()
        gr.Markdown(CREDITS)
    page.load(describe, None, [model, usage], api_visibility="private", show_progress="hidden")


def describe_model(sources: Sources) -> str:
    """The loaded model, its scores and what it learned from, as HTML, from the files beside it."""
    try:
        folder = sources.model_folder()
        config = read_config(folder)
    except CarparkError as error:
        return f'<p class="problem">{html.escape(str(error))}</p>'
    trained, metrics = _read_json(folder / "config.json"), _read_json(folder / "metrics.json")
    (height, width), thresholds = config.input_size, config.thresholds
    facts = {
        "Network": f"{config.architecture}, sees {width} × {height} px",
        "On held-out photos": scores_in_words(metrics.get("validation", metrics)),
        "Learned from": training_in_words(trained.get("dataset", {})),
        "Answers": f"full from {thresholds.full_at_least:.0%}, empty up to {thresholds.empty_at_most:.0%}, unsure in between",
        "Model": f"{sources.name_of('CARPARK_MODEL')}{_revision(folder)}, config {config.sha256[:12]}",
        "Sample photos": sources.name_of("CARPARK_DATASET") or "none",
        "Camera frames": sources.name_of("CARPARK_ARCHIVE") or "none",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def scores_in_words(scores: dict[str, Any]) -> str:
    """How well the model did on photos of scenes it never saw; the interval is the 95% one."""
    if not scores.get("n"):
        return "not measured"
    low, high = scores["accuracy_interval_95"]
    right = scores["n"] - scores["errors"]
    share = f"{scores['accuracy']:.1%} (95% interval {low:.1%} to {high:.1%})"
    return f"{right} of {scores['n']} right, all of scenes it never saw: {share}"


def training_in_words(dataset: dict[str, Any]) -> str:
    """How many photos of what the model learned from."""
    if not dataset:
        return "not recorded"
    counts = ", ".join(f"{count} {label}" for label, count in dataset["labels"].items())
    return f"{dataset['photos']:,} photos of {dataset['scenes']:,} scenes ({counts})"


def _revision(folder: Path) -> str:
    """The commit of a folder that came from the Hub, whose cache names it so."""
    return f" at revision {folder.name[:12]}" if folder.parent.name == "snapshots" else ""


def _read_json(path: Path) -> dict[str, Any]:
    """What the file says; nothing when the model came without it, or with a broken one."""
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return said
