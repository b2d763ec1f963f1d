"""Old days leave the folder, so that a recorder never fills its disk."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from traffic.record.manifest import FOLDER
from traffic.record.store import all_days, remove_day


def remove_old_days(out: Path, keep: timedelta, *, may_go: Callable[[date], bool]) -> int:
    """Removes UTC days that lie `keep` or more before the newest recorded day, where `may_go` allows it. Returns the count of frames.

    Counted from the newest frame, since a clock that is set wrong must not empty the folder. A day's manifest goes with it. Raises OSError.
    """
    removed = 0
    days = all_days(out)
    for day in days:
        if days[-1] - day >= keep and may_go(day):
            removed += sum(1 for _ in remove_day(out, day))
            (out / FOLDER / f"{day}.csv").unlink(missing_ok=True)
    return removed
