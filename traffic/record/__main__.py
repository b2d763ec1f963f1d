"""Record the newest frame of street cameras, every few minutes, into an archive that the Space can open.

    python -m traffic.record --cameras all --every 5m --out DIR
    python -m traffic.record --cameras 00001.07389,00001.04536 --every 5m --out DIR --push OWNER/NAME --keep 30d

Each camera is asked at most once a tick, and sends a frame only when it has a new one. A run that was killed goes on where it stopped.
"""

import argparse
import signal
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from carpark.archives.live import JAMCAM_BUCKET
from carpark.cameras.catalogue import TFL_CATALOGUE
from carpark.errors import BadSetting, one_line_errors
from carpark.web.breaker import Patience
from carpark.web.client import WebClient
from traffic.record.asking import CONCURRENCY, Recorder
from traffic.record.camera_list import CameraList
from traffic.record.resume import sole_recorder
from traffic.record.rounds import parse_span
from traffic.record.session import Session

if TYPE_CHECKING:
    from traffic.record.push import Pusher

SHORTEST = timedelta(minutes=1)  # between two requests for a camera of TfL's
USER_AGENT = "carpark-recorder/0.1 (one conditional request a camera every few minutes)"


def main(argv: Sequence[str] | None = None) -> None:
    """Records until it is stopped."""
    args = _make_parser().parse_args(argv)
    with one_line_errors():
        every = _check_every(args.every, args.bucket)
        keep = parse_span(args.keep) if args.keep else None
        length = timedelta(0) if args.once else parse_span(args.length) if args.length else None
        with sole_recorder(args.out):
            session = Session(_open_recorder(args), CameraList(args.out, args.catalogue), args.cameras, every, _stop_on_signals())
            session.keep, session.pusher = keep, _open_pusher(args)
            print(session.run(length))


def _make_parser() -> argparse.ArgumentParser:
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
    return parser


def _check_every(text: str, bucket: str) -> timedelta:
    """The span; TfL's host is not asked more often than is polite. Raises BadSetting."""
    every = parse_span(text)
    if every < SHORTEST and urlsplit(bucket).hostname == urlsplit(JAMCAM_BUCKET).hostname:
        raise BadSetting(f"--every {text} is too often for {urlsplit(bucket).hostname}; expected 1m or more. TfL's frames change every 5m.")
    return every


def _open_recorder(args: argparse.Namespace) -> Recorder:
    parts = urlsplit(args.bucket)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"--bucket {args.bucket} is no bucket; expected an http(s) base such as {JAMCAM_BUCKET}.")
    if not f"{args.contact} ".isprintable():
        raise BadSetting(f"--contact {args.contact!r} cannot stand in a User-Agent; expected an address or a page, in one line.")
    user_agent = f"{USER_AGENT} {args.contact}".rstrip()
    client = WebClient(args.bucket, Patience(), CONCURRENCY, user_agent=user_agent)
    return Recorder(args.out, args.bucket.rstrip("/"), client)


def _open_pusher(args: argparse.Namespace) -> "Pusher | None":
    if not args.push:
        return None
    # Only now: the Hub's client and Parquet take a second and 100 MB that recording alone does without.
    from traffic.record.push import open_pusher

    return open_pusher(args.out, args.push, is_private=args.private)


def _stop_on_signals() -> threading.Event:
    """Set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    stop = threading.Event()

    def stop_once(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_once)
    return stop


if __name__ == "__main__":
    main()
