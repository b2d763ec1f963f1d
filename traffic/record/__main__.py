"""Record the newest frame of street cameras, every few minutes, into an archive that the Space can open.

    python -m traffic.record --cameras all --every 5m --out DIR
    python -m traffic.record --cameras 00001.07389,00001.04536 --every 5m --out DIR --push OWNER/NAME --keep 30d

Each camera is polled at most once per interval and sends a frame only when it has a new one. A run that was killed continues when the same
command is run again.
"""

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from carpark.archives.live import JAMCAM_BUCKET
from carpark.cameras.catalogue import TFL_CATALOGUE
from carpark.errors import one_line_errors
from traffic.record.camera_list import CameraList
from traffic.record.resume import sole_recorder
from traffic.record.rounds import parse_span
from traffic.record.session import Session, check_every, open_pusher, open_recorder, stop_on_signals


def main(argv: Sequence[str] | None = None) -> None:
    """Records until it is stopped."""
    args = parse(argv)
    with one_line_errors():
        every = check_every(args.every, args.bucket)
        keep = parse_span(args.keep) if args.keep else None
        length = timedelta(0) if args.once else parse_span(args.length) if args.length else None
        with sole_recorder(args.out):
            session = Session(
                open_recorder(args.out, args.bucket, args.contact),
                CameraList(args.out, args.catalogue),
                args.cameras,
                every,
                stop_on_signals(),
                keep=keep,
                pusher=open_pusher(args.out, args.push, is_private=args.private) if args.push else None,
            )
            print(session.run(length))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags, not checked yet."""
    parser = argparse.ArgumentParser(prog="python -m traffic.record", description="Records the newest frames of street cameras.")
    add = parser.add_argument
    add("--cameras", required=True, metavar="all|ID,...", help="ids of TfL's list with commas between, or all")
    add("--every", default="5m", metavar="SPAN", help="between two requests for a camera (default: 5m)")
    add("--out", required=True, type=Path, metavar="DIR", help="the archive: frames, manifest/ and cameras.json")
    add("--push", metavar="OWNER/NAME", help="append each finished quarter of a day to this dataset repo on the Hub")
    add("--private", action="store_true", help="make that repo private where it does not exist yet")
    add("--keep", metavar="SPAN", help="remove older days from DIR, such as 30d; never one that is still to be pushed")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--once", action="store_true", help="one round, then end")
    end.add_argument("--for", dest="length", metavar="SPAN", help="record this long, push all there is, then end; for a job without a disk")
    add("--contact", default="", metavar="TEXT", help="how to reach you, for the User-Agent: an address or a page")
    add("--bucket", default=JAMCAM_BUCKET, metavar="URL", help="where the newest {id}.jpg are (default: TfL's bucket)")
    add("--catalogue", default=TFL_CATALOGUE, metavar="URL", help="the list of cameras (default: TfL's)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
