"""One process on two cores with many visitors: how its threads take turns, and what it remembers of a visitor who has gone."""

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

MOST_SESSIONS = 1_000  # visitors whose shown day is remembered; Gradio would keep 10,000, each with a copy of the page's settings
TURN_S = 0.001  # Python's own 0.005 is waited for at each of a network's hundred layers, whenever a camera day computes
M_ARENA_MAX = -8  # of glibc's mallopt
MADV_DONTNEED = 4
SMAPS = Path("/proc/self/smaps")
MAPPING = re.compile(r"^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) r-[x-]p \S+ \S+ \d+ +/.*\n(?P<fields>(?:\w+:.*\n)+)", re.MULTILINE)


def share_cores() -> None:
    """Photos are judged side by side with one thread each: a network's own threads would wait for each other on cores that others use."""
    os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it when it is loaded, behind the page
    sys.setswitchinterval(TURN_S)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)  # else each thread keeps the memory of the largest photo that it ever had


def give_back_memory() -> None:
    """Once all is loaded: what was freed goes back to the system, and so do pages of library files that were read on the way.

    torch comes with CUDA's libraries and a compiler, 300 MB of pages that a processor does not need. Any page that is needed after all is
    mapped again from the system's file cache.
    """
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        return
    libc.malloc_trim(0)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in unchanged_file_mappings(SMAPS.read_text()) if SMAPS.is_file() else ():
        libc.madvise(start, end - start, MADV_DONTNEED)


def unchanged_file_mappings(smaps: str) -> Iterator[tuple[int, int]]:
    """Start and end address of each read-only mapping of a file that holds no page of its own, from the text of /proc/self/smaps."""
    for mapping in MAPPING.finditer(smaps):
        if "Anonymous:             0 kB" in mapping["fields"]:
            yield int(mapping["start"], 16), int(mapping["end"], 16)


def forget_call(page: "gr.Blocks", event: str) -> None:
    """Drops what Gradio would keep for good of an answered API call: its settings and its answer, under the event's name."""
    sessions = page.state_holder
    with sessions.lock:
        sessions.session_data.pop(event, None)
        sessions.time_last_used.pop(event, None)
