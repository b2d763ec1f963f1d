"""When cameras are asked: the tick of a round, each camera's place in it, and the wait for the next.

Waits use the monotonic clock; the wall clock only names a round and the next tick. So setting the wall clock neither stops the recorder
nor makes it poll more often.
"""

import hashlib
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from carpark.cameras.camera import Camera
from carpark.errors import BadSetting

SPAN = re.compile(r"(\d{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SPREAD = 0.5  # of the time between two ticks, over which a round's requests are spread
QUICKEST = 0.1  # the same for a round that begins late in its tick, as after a restart
JITTER = 0.01
PAST_THE_TICK = 0.01  # a clock that is being corrected runs up to this much slower: a wait never ends in the tick that it began in


def parse_span(text: str) -> timedelta:
    """The time that `text` writes as a number and a unit: 300s, 5m, 1h, 30d. Raises BadSetting."""
    found = SPAN.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise BadSetting(f"{text!r} is not a span of time; expected a number above 0 and a unit, such as 300s, 5m, 1h or 30d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def floor_to_tick(now: datetime, every: timedelta) -> datetime:
    """The tick that `now` lies in: the last whole multiple of `every` since midnight of 2000-01-01, UTC."""
    now = now.astimezone(UTC)
    return now - (now - datetime(2000, 1, 1, tzinfo=UTC)) % every


def seconds_to_next(now: datetime, since_last_s: float, every: timedelta) -> float:
    """Seconds to wait until the next round: to just past the next tick, but 0.5 to 1 times `every` from the start of the last round.

    `since_last_s` is how long ago that was. Where the two disagree, as at the start or after the clock was set, the last bound wins.
    """
    every_s = every.total_seconds()
    to_tick_s = (floor_to_tick(now, every) + every * (1 + PAST_THE_TICK) - now).total_seconds()
    return min(max(to_tick_s, every_s / 2 - since_last_s, 0.0), max(every_s * (1 + PAST_THE_TICK) - since_last_s, 0.0))


def spread_over(now: datetime, every: timedelta) -> float:
    """Seconds over which to spread a round that begins at `now`: half of `every`, less where the tick is nearly over."""
    left = floor_to_tick(now, every) + every * 0.9 - now
    return max(min(every * SPREAD, left), every * QUICKEST).total_seconds()


def plan_round(cameras: Iterable[Camera], spread_s: float) -> list[tuple[float, Camera]]:
    """Each camera with the seconds from the start at which it is asked, in that order.

    A camera keeps its place from round to round but for a little jitter, so that it is asked at steady intervals.
    """
    places = [((_place_of(camera.id) + random.uniform(0, JITTER)) * spread_s, camera) for camera in cameras]
    return sorted(places, key=lambda place: place[0])


def _place_of(camera_id: str) -> float:
    """0 to 1, always the same for a camera and evenly spread over many."""
    return int.from_bytes(hashlib.sha256(camera_id.encode()).digest()[:4]) / 2**32
