"""The frame of the chosen moment, and the day as a time-lapse: pictures travel inside an answer, not as files with an address."""

import io
from contextlib import closing
from pathlib import Path

import gradio as gr
from PIL import Image as PILImage

from carpark.archives.archive import Archive
from carpark.day.table import NOT_BEGUN, NOT_FETCHED, CameraDay
from carpark.images import METADATA_ERRORS, jpeg_data_uri
from carpark.model.heatmap import HeatMapper, overlay_heat
from carpark.quality.faults import crop_scene
from carpark.slots import Fetched

VIEWER, ON_LOAD = (Path(__file__).with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".html", ".js"))
LONGEST_SIDE_PX = 640  # a JamCam still has 352; other cameras' are scaled down for the page
MOST_FRAMES = 24  # in one answer: two seconds of time-lapse, some 400 kB
MAX_PIXELS = 16_000_000  # as carpark.quality judges them


def frame_viewer() -> gr.HTML:
    """The viewer, which asks for frames by its event `frames` and takes them as its value."""
    return gr.HTML(None, html_template=VIEWER, js_on_load=ON_LOAD, elem_id="day-frame", apply_default_css=False)


def asked_frames(event: gr.EventData) -> tuple[int, int, int]:
    """The request's number, first place and count, of what a page sent; (0, 0, 0) for what ours never sends."""
    try:
        return int(event.request), max(int(event.first), 0), min(max(int(event.count), 0), MOST_FRAMES)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return 0, 0, 0


def frames_for(shown: CameraDay, archive: Archive, wanted: range, heat: HeatMapper | None = None) -> dict[str, str]:
    """The pictures of the slots at the wanted places, as data URIs by place; "" where there is none.

    Slots whose frame may still come are left out. The frames come from the archive again, which has them in its folder or its cache.
    With `heat`, a frame that was classified is shown as the model saw it, under its heat map.
    """
    rows = shown.table.iloc[wanted.start : wanted.stop]
    places = {slot.to_pydatetime(): place for place, slot in enumerate(rows["slot"], start=wanted.start)}
    classified = {slot.to_pydatetime() for slot in rows["slot"][rows["p_full"].notna()]}
    is_known = ~rows["reason"].isin((NOT_FETCHED, NOT_BEGUN))
    pictures = {str(place): "" for place in rows.index[is_known]}
    has_file = [slot for slot, sha256 in zip(places, rows["sha256"], strict=True) if sha256]
    with closing(archive.fetch(shown.camera, has_file)) as answers:
        return pictures | {str(places[f.slot]): _picture_uri(f, heat if f.slot in classified else None) for f in answers}


def _picture_uri(fetched: Fetched, heat: HeatMapper | None) -> str:
    """The frame's picture as a data URI, without what its file says beside the picture; "" when it cannot be decoded."""
    if not fetched.data:
        return ""
    try:
        with PILImage.open(io.BytesIO(fetched.data), formats=["JPEG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                return ""
            picture = image.convert("RGB")
    except METADATA_ERRORS:
        return ""
    if heat:
        scene = crop_scene(picture)
        picture = overlay_heat(scene, heat.explain(scene).map)
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return jpeg_data_uri(picture, quality=88)
