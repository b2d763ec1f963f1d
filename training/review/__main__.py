"""Label the usable frames of a camera's day on the review page. Each mark is on disk before the next frame shows.

    python -m training.review --frames frames --camera 00001.07389 --date 2026-03-02 --out data/labelled [--marks levels]

The labelled frames, cropped to what the model sees, become the photos of `data/labelled`; their scene is the camera and day. Run it again
for other days and cameras. `python -m training.train --data data/labelled` trains on all of them.
`python -m training.clean --review` opens the same page for photos.

Keys: e empty, f full, p partial, d drop, u undo, s skip, g grid or one, arrows another tile of the grid. With `--marks shares` the keys 0
to 9 say how many tenths of the bays are taken, t all of them; with `--marks levels` the keys 0 to 4 say how full a street is, from no
vehicle to a jam. `python -m traffic.index` compares measured levels with such marks: its `--labels` takes data/labelled/photos.csv.
Stop the page with Ctrl-C to apply the marks.
"""

import argparse
from pathlib import Path

from carpark.archives import open_archive
from carpark.errors import one_line_errors
from carpark.files import exclusive_lock
from carpark.slots import parse_day
from training.clean.page.queue import FRAME_MARKS, ReviewQueue

PORT = 7861
REVIEWER = "reviewer"


def main(argv: list[str] | None = None) -> None:
    """Fetch the frames, show them, and write the labelled ones."""
    args = parse(argv)
    with one_line_errors():
        from training.clean.page.server import serve
        from training.review.frames import read_frames, take_day, write_labelled  # imported here: Gradio and SciPy take seconds to load

        archive, day = open_archive(args.frames), parse_day(args.date)
        camera = archive.camera(args.camera)
        busy = f"--out {args.out} is being worked on by another process. Wait for it, or choose another folder."
        with exclusive_lock(args.out.parent / f".{args.out.name}.lock", busy=busy):
            states = take_day(archive, camera, day, args.out)
            left_out = ", ".join(f"{count} {state}" for state, count in sorted(states.items()) if state != "ok")
            print(f"{camera.name}, {day}: {states['ok']} frames to label; left out: {left_out or 'none'}")
            serve(ReviewQueue(read_frames(args.out), args.out, args.reviewer), FRAME_MARKS[args.marks], args.port)
            counts = write_labelled(args.out)
    summary = ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))
    print(f"labelled: {summary or 'none yet'} -> {args.out}")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Parse the flags, without checking them."""
    parser = argparse.ArgumentParser(prog="python -m training.review", description="Label a camera's frames by hand.")
    add = parser.add_argument
    add(
        "--frames",
        required=True,
        metavar="ARCHIVE",
        help="archive of the frames: a folder, an http(s) base or a Hub repo, as in CARPARK_ARCHIVE",
    )
    add("--camera", required=True, metavar="NAME", help="id, name or folder of the camera")
    add("--date", required=True, metavar="YYYY-MM-DD", help="a day in London")
    add("--out", required=True, type=Path, metavar="DIR", help="photos folder to write; earlier labels stay")
    add("--marks", choices=sorted(FRAME_MARKS), default="classes", help="what a key says of a frame (default: classes)")
    add("--reviewer", default=REVIEWER, metavar="NAME", help=f"who decides on the page (default: {REVIEWER})")
    add("--port", type=int, default=PORT, help=f"port of the page (default: {PORT})")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
