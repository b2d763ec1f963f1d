"""One process on two cores with many visitors: how its threads take turns, and what it remembers of a visitor who has gone."""

import ctypes
import sys

import gradio as gr
import torch

MOST_SESSIONS = 1_000  # visitors whose shown day is remembered; Gradio would keep 10,000, each with a copy of the page's settings
TURN_S = 0.001  # Python's own 0.005 is waited for at each of a network's hundred layers, whenever a camera day computes
M_ARENA_MAX = -8  # of glibc's mallopt


def share_cores() -> None:
    """Photos are judged side by side with one thread each: a network's own threads would wait for each other on cores that others use."""
    torch.set_num_threads(1)
    sys.setswitchinterval(TURN_S)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)  # else each thread keeps the memory of the largest photo that it ever had


def forget_call(page: gr.Blocks, event: str) -> None:
    """Drops what Gradio would keep for good of an answered API call: its settings and its answer, under the event's name."""
    sessions = page.state_holder
    with sessions.lock:
        sessions.session_data.pop(event, None)
        sessions.time_last_used.pop(event, None)
