"""The Space: one page with a tab for photos, one for camera days, one for London where its index is named, and one about the model.

    python space/app.py        # http://127.0.0.1:7860; GRADIO_SERVER_NAME and GRADIO_SERVER_PORT move it

CARPARK_MODEL, CARPARK_DATASET, CARPARK_ARCHIVE and others name what it works with; README.md beside this file lists them. A model or
dataset that is not named is the one that revisions.json pins, if the Space was published with one.
"""

import html
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import serving.lean_gradio  # before Gradio

# isort: split
import gradio as gr
from starlette.middleware import Middleware

import serving.zero_gpu  # noqa: F401  # before anything that imports torch
from carpark.errors import CarparkError, one_line_errors
from carpark.hub.revisions import PINS_FILE, read_pins
from serving.edge import LISTENING, READ_ALOUD, say_json
from serving.gate import Gate, Scope, expects_proxy, visitor_of
from serving.process import MOST_SESSIONS, forget_call, share_cores
from serving.secrets import without_secrets
from tabs.about import build_about_tab
from tabs.assets import ROUTES
from tabs.day.tab import build_camera_day_tab
from tabs.london.tab import build_london_tab
from tabs.photo.tab import build_photo_tab
from tabs.samples import Sample, write_samples
from tabs.sources import Sources, once
from tabs.theme import HEAD, HEADER, STYLES, THEME

MOST_WAITING, SIDE_BY_SIDE = 60, 8  # events in the queue; events of one kind at a time, where a tab does not say
HOURLY_AFTER_A_DAY_S = (3_600, 86_400)  # how often uploads and downloads are cleared away, and from what age


def build_page(sources: Sources, work: Path) -> gr.Blocks:
    """The whole page; sample photos are written to `work` when a visitor first opens it."""
    samples = once(lambda: samples_of(sources, work))

    def show_problems() -> str:
        lines = [*sources.problems(), *samples()[1], *sources.notes()]
        return "".join(f'<p class="problem">{html.escape(without_secrets(line))}</p>' for line in lines)

    with gr.Blocks(title="Car park classifier", analytics_enabled=False, delete_cache=HOURLY_AFTER_A_DAY_S) as page:
        gr.HTML(HEADER)
        problems = gr.HTML(elem_id="problems", js_on_load=READ_ALOUD)
        with gr.Tabs() as tabs:
            build_photo_tab(page, tabs, sources, lambda: samples()[0])
            build_camera_day_tab(page, tabs, sources)
            build_london_tab(page, tabs, sources)
            build_about_tab(page, sources)
        page.load(show_problems, None, problems, api_visibility="private", show_progress="hidden")
    return page


def samples_of(sources: Sources, work: Path) -> tuple[list[Sample], list[str]]:
    """Sample photos with their labels, or none, and the reason why the named dataset cannot be used."""
    if not sources.name_of("CARPARK_DATASET"):
        return [], []
    try:
        return write_samples(sources.dataset_folder(), work), []
    except CarparkError as error:
        return [], [str(error)]


def count_waiting(page: gr.Blocks, visitor_of: Callable[[Scope], str], visitor: str) -> int:
    """How many events of a visitor wait in the page's queue."""
    queues = page._queue.event_queue_per_concurrency_id.values()  # Gradio offers no public look at it
    return sum(visitor_of(event.request.scope) == visitor for queue in queues for event in queue.queue)


def main() -> None:
    """Serve the page until it is interrupted."""
    share_cores()
    who = partial(visitor_of, behind_proxy=expects_proxy(os.environ))
    with one_line_errors():
        sources = Sources(os.environ, read_pins(Path(__file__).with_name(PINS_FILE)))
    sources.open_quick()
    with tempfile.TemporaryDirectory(prefix="carpark-") as work:
        os.environ.setdefault("GRADIO_TEMP_DIR", str(Path(work, "uploads")))  # else it is /tmp/gradio, which may be another user's
        page = build_page(sources, Path(work))
        page.queue(max_size=MOST_WAITING, default_concurrency_limit=SIDE_BY_SIDE, api_open=False)
        page.launch(
            app_kwargs={
                "middleware": [Middleware(Gate, who, partial(count_waiting, page, who), partial(forget_call, page))],
                "routes": ROUTES,
            },
            state_session_capacity=MOST_SESSIONS,
            enable_monitoring=False,
            theme=THEME,
            css_paths=STYLES,
            head=HEAD + LISTENING,
            footer_links=["api"],
            max_file_size="25mb",
            mcp_server=True,
            ssr_mode=False,
            run_history=False,
            prevent_thread_lock=True,
        )
        say_json(page)
        sources.warm_up()  # not sooner: Gradio gives up when its first look at the page takes longer than 3 s
        page.block_thread()
    sys.stdout.flush()
    os._exit(0)  # a thread that is still importing torch would abort a Python that ends in its own way


if __name__ == "__main__":
    main()
