"""The tab that says what the model is, how well it does, what is loaded, and how to use it from code."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from carpark.errors import CarparkError
from carpark.hub.source import REPO_ID
from carpark.intervals import wilson_interval
from carpark.model.config import read_config
from carpark.model.fullness import Fullness, scale_of
from carpark.votes import times
from serving.secrets import without_secrets
from tabs.credits import ATTRIBUTION, BOROUGHS
from tabs.sources import Sources

WHAT_IT_IS = """
## What it does
It looks at one picture of a car park, or of a street, and says how much of it is **taken**, in per cent with an interval: of the bays, or
of the road. From that it answers **full**, **empty** or **partly full**. When the picture is too close to call it says **unsure** instead
of guessing. Older models answer full or empty with a probability alone. Pointed at a traffic camera, it does so for every frame of a day,
and leaves a gap wherever the camera has no usable picture: out of use, frozen, damaged, late or missing.

## Where it fails
- Half full is neither class: expect *partly full* or *unsure*.
- Aerial pictures of very large empty lots, and dark pictures, are its hardest cases.
- A photo of something else gets a number too, and the number means nothing. Where the model was taught to tell, it says so.
- The heat map shows where in the picture the answer came from, not why; it is as coarse as the network's last maps.
- It says a share, not a number of bays. It does not read number plates or recognise people. What you upload is deleted after about a day,
  unless you share it with a vote.
"""

HOW_TO_USE = """
## Load the model and the photos
```python
from huggingface_hub import from_pretrained_fastai, snapshot_download
from datasets import load_dataset

learner = from_pretrained_fastai({model})        # unpickles: only from an owner whom you trust
folder = snapshot_download({model})              # or its weights as safetensors and ONNX, which run nothing
photos = load_dataset({dataset})                 # each with its source, author and licence
```

## Use it from code
Both tabs are endpoints of an API, and tools for assistants that speak MCP (at `gradio_api/mcp/` below this page's address).

```python
from gradio_client import Client, handle_file

space = Client("{address}")
space.predict(handle_file("photo.jpg"), api_name="/classify")           # {{"label": "full", "fullness": 0.9, "p_full": 0.97, ...}}
space.predict("00001.07389", "2026-03-09", api_name="/camera_day")      # {{"words": "...", "summary": {{...}}, "slots": [...]}}
```
"""

CREDITS = f"""
## Credits
- Street camera pictures: {ATTRIBUTION}
- Outlines of London's boroughs: {BOROUGHS}
- Map: Leaflet (BSD-2-Clause). Calendar: Cally (MIT).
- Code and model: Apache License 2.0. Photos of the dataset: each under the licence that its row names.
"""


def build_about_tab(page: gr.Blocks, sources: Sources) -> None:
    """The tab's widgets; what is loaded is looked up whenever `page` is opened."""

    def describe(request: gr.Request) -> tuple[str, str]:
        address = sources.name_of("SPACE_ID") or str(request.base_url)  # the Hub names a hosted Space so; gradio_client takes either
        model, dataset = (quoted_repo(sources.name_of(setting)) for setting in ("CARPARK_MODEL", "CARPARK_DATASET"))
        return describe_model(sources), HOW_TO_USE.format(address=address, model=model, dataset=dataset)

    with gr.Tab("About", id="about"), gr.Column(elem_id="about"):
        gr.Markdown(WHAT_IT_IS)
        gr.Markdown("## This model")
        model = gr.HTML()
        usage = gr.Markdown()
        gr.Markdown(CREDITS)
    page.load(describe, None, [model, usage], api_visibility="private", show_progress="hidden")


def quoted_repo(name: str) -> str:
    """The arguments that name a Hub repo at its revision in Python; a placeholder where a folder is in use."""
    found = REPO_ID.fullmatch(name)
    if not found or Path(name).is_dir():
        return '"owner/name"'
    return f'"{found["repo"]}"' + (f', revision="{found["revision"]}"' if found["revision"] else "")


def describe_model(sources: Sources) -> str:
    """The loaded model, its scores and what it learned from, as HTML, from the files beside it."""
    try:
        folder = sources.model_folder()
        config = read_config(folder)
    except CarparkError as error:
        return f'<p class="problem">{html.escape(without_secrets(str(error)))}</p>'
    trained, metrics = _read_json(folder / "config.json"), _read_json(folder / "metrics.json")
    (height, width), thresholds = config.input_size, config.thresholds
    facts = {
        "Network": f"{config.architecture}, sees {width} × {height} px",
        "On held-out photos": scores_in_words(metrics.get("validation", metrics)),
        "Learned from": training_in_words(trained.get("dataset", {})),
        "Visitors' votes": votes_in_words(sources, config.sha256),
        "Answers": f"full from {thresholds.full_at_least:.0%}, empty up to {thresholds.empty_at_most:.0%}, unsure in between",
        "Share taken": width_in_words(config.fullness),
        "Model": f"{sources.shown_name_of('CARPARK_MODEL')}{_revision(folder)}, config {config.sha256[:12]}",
        "Photos are judged by": form_in_words(sources),
        "Sample photos": sources.shown_name_of("CARPARK_DATASET") or "none",
        "Camera frames": sources.shown_name_of("CARPARK_ARCHIVE") or "none",
    }
    links = {"Model": link_to(sources, "CARPARK_MODEL", "models"), "Sample photos": link_to(sources, "CARPARK_DATASET", "datasets")}
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}{links.get(name, '')}</dd>" for name, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def form_in_words(sources: Sources) -> str:
    """Which form of the model answers photos now."""
    try:
        engine = sources.photo_model().engine
    except CarparkError as error:
        return without_secrets(str(error))
    return "the exported learner" if engine == "learner" else "the model's ONNX form, until the exported learner is loaded"


def link_to(sources: Sources, setting: str, kind: str) -> str:
    """A link to the Hub's page of a repo at its revision, as HTML; "" for a folder."""
    found = REPO_ID.fullmatch(sources.name_of(setting))
    if not found or Path(sources.name_of(setting)).is_dir():
        return ""
    room = "" if kind == "models" else f"{kind}/"
    address = f"https://huggingface.co/{room}{found['repo']}/tree/{found['revision'] or 'main'}"
    return f' <a href="{address}" target="_blank" rel="noopener noreferrer">see it on the Hub</a>'


def scores_in_words(scores: dict[str, Any]) -> str:
    """How well the model did on photos of scenes it never saw; the interval is the 95% one."""
    if not scores.get("n"):
        return "not measured"
    low, high = scores["accuracy_interval_95"]
    right = scores["n"] - scores["errors"]
    share = f"{scores['accuracy']:.1%} (95% interval {low:.1%} to {high:.1%})"
    return f"{right} of {scores['n']} right, all of scenes it never saw: {share}"


def votes_in_words(sources: Sources, model: str) -> str:
    """How often visitors found this model right, as it stands now; the interval is the 95% one."""
    try:
        tally = sources.votes().tally(model)
    except CarparkError as error:
        return without_secrets(str(error))
    if not tally.n:
        return "none on this model yet; vote below an answer on the Photo tab"
    low, high = wilson_interval(tally.right, tally.n)
    share = f"{tally.right / tally.n:.0%} (95% interval {low:.0%} to {high:.0%})"
    return f"right {times(tally)}: {share}. Those who vote choose what to vote on, so this is not a test of the model"


def width_in_words(fullness: Fullness | None) -> str:
    """How far the share taken may be off, where half of the places are taken."""
    if fullness is None:
        return "not known to this model, which answers full or empty alone"
    half = fullness.quantile_80 * float(scale_of(0.5))
    return f"at half full, 80% of the truths lie within {100 * half:.0f} points of the answer, at places that it never saw"


def training_in_words(dataset: dict[str, Any]) -> str:
    """How many photos and drawings of what the model learned from."""
    if not dataset:
        return "not recorded"
    counts = ", ".join(f"{count:,} {label}" for label, count in dataset["labels"].items())
    drawn = dataset.get("drawn", 0)
    kinds = " and ".join(f"{count:,} {kind}" for count, kind in ((dataset["photos"] - drawn, "photos"), (drawn, "drawings")) if count)
    return f"{kinds} of {dataset['scenes']:,} scenes ({counts})"


def _revision(folder: Path) -> str:
    """The commit of a folder that came from the Hub, whose cache names it so."""
    return f" at revision {folder.name[:12]}" if folder.parent.name == "snapshots" else ""


def _read_json(path: Path) -> dict[str, Any]:
    """What the file says; nothing when the model came without it, or with a broken one."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content
