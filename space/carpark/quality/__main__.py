"""The state of a frame: can it be judged, and if not, why not. What the EXIF says counts first, then the pixels.

python -m carpark.quality FILE...        # one line a frame: file,state,captured_at,reason
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from carpark.quality.judging import judge_files


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the state of each file."""
    parser = argparse.ArgumentParser(prog="python -m carpark.quality", description="The state of camera frames, one CSV line each.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a camera's JPEG")
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(["file", "state", "captured_at", "reason"])
    files = parser.parse_args(argv).files
    for path, frame in zip(files, judge_files(files), strict=True):
        lines.writerow([path, frame.state, frame.captured_at.isoformat() if frame.captured_at else "", frame.reason])


if __name__ == "__main__":
    main()
