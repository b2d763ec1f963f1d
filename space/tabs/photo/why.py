"""The heat map of a photo, as HTML: where in the picture the answer came from.

A range input wipes between the picture and the heat map. Unlike `gr.ImageSlider`, it works by keyboard and has a name for screen readers.
Both pictures travel inside the HTML, so that no copy of a visitor's photo is left on the disk.
"""

import gradio as gr
from PIL.Image import Image

from carpark.images import jpeg_data_uri
from carpark.model.heatmap import HeatMap, HeatMapper, overlay_heat

SHOWN_SIDE_PX = 800
# The handle and the edge follow the range input, without asking the server.
FOLLOW_THE_HANDLE = """
element.addEventListener('input', event => event.target.closest('.wipe').style.setProperty('--at', event.target.value + '%'));
"""
HEAT_FOLLOWS = '<p class="small-print">The heat map follows; just after a start that takes some seconds.</p>'


def heat_html() -> gr.HTML:
    """Where `heat_view` is shown."""
    return gr.HTML(elem_id="heat", js_on_load=FOLLOW_THE_HANDLE)


def heat_view(mapper: HeatMapper, image: Image) -> str:
    """The picture, shrunk, under its heat map, with a handle to wipe between the two, and a caption."""
    shown = image.copy()
    shown.thumbnail((SHOWN_SIDE_PX, SHOWN_SIDE_PX))
    heat = mapper.explain(shown)
    if not heat.map.any():
        return f'<p class="small-print">No place in this picture speaks for {heat.label} more than the rest.</p>'
    width, height = shown.size
    return (
        f'<figure class="wipe" style="--at: 50%; --shape: {width} / {height}"><div class="wipe-pictures">'
        f'<img src="{jpeg_data_uri(shown)}" alt="Your photo" width="{width}" height="{height}">'
        f'<img class="wipe-over" src="{jpeg_data_uri(overlay_heat(shown, heat.map))}" alt="Your photo under the heat map">'
        '<span class="wipe-edge" aria-hidden="true"></span>'
        '<input type="range" min="0" max="100" value="50" aria-label="Wipe from the heat map, 0, to the photo, 100"></div>'
        f"<figcaption>Right of the handle: the brighter a place, {_evidence_in_words(heat)}</figcaption></figure>"
    )


def _evidence_in_words(heat: HeatMap) -> str:
    if heat.is_count:
        return f"the more <b>{'taken' if heat.label == 'full' else 'free'}</b> bays the model counted there."
    return f"the more it spoke for <b>{heat.label}</b>. Pale places made no difference."
