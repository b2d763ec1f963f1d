"""Memory that a process keeps when it is freed, so that torch on a CPU does not fetch it again from the system for each layer."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
LARGEST_KEPT = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """Makes glibc keep freed blocks, for a process that does little but train. Nothing happens on systems without glibc.

    By itself glibc gives each large block back at once, and half of torch's time goes into page faults: EfficientNet-Lite0 at 384 px on
    2 cores takes 74 ms a picture in batches of 32, and 32 ms so (2026-11-26). Only the main thread gains: the memory of other threads has
    no room for large blocks.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_KEPT)
