"""A judged frame, and the judgements that need the others of its day: the same picture again, and another view."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from carpark.quality.measures import equal_share, likeness
from carpark.quality.state import State
from carpark.slots import LONDON

SAME_VIEW = 0.6  # likeness to the frame before: the same view at least 0.76, a moved one at most 0.43
SAME_LIGHT = timedelta(minutes=20)
FROZEN_SHARE = 0.9  # of the blocks with texture; live neighbours at most 0.01, a clock that ticks on a frozen picture leaves 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A camera picture and what became of it."""

    state: State
    reason: str = ""  # for people, with the measure: "smeared: 135 rows repeat the row above"
    captured_at: datetime | None = None  # UTC, from EXIF; None when the picture does not say
    scene: Image | None = None  # RGB, overlays cut away; None unless it can be classified
    digest: str = ""  # of the scene's brightness, where no overlay touches it; "" unless it can be classified
    prints: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32), repr=False)  # of the scene's blocks
    outline: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32), repr=False)  # of the scene


@dataclass(slots=True)
class _Originals:
    """The pictures of one size that were shown first."""

    prints: npt.NDArray[np.int32]  # (room for all, blocks)
    slots: list[datetime] = field(default_factory=list)
    digests: dict[str, datetime] = field(default_factory=dict)

    def add(self, slot: datetime, frame: Frame) -> None:
        self.prints[len(self.slots)] = frame.prints
        self.slots.append(slot)
        self.digests[frame.digest] = slot

    def find(self, frame: Frame) -> tuple[datetime, float] | None:
        """The slot that shows the same picture, and the share of equal blocks, 1 when every pixel is equal."""
        if frame.digest in self.digests:
            return self.digests[frame.digest], 1.0
        shares = equal_share(frame.prints, self.prints[: len(self.slots)])
        best = int(shares.argmax()) if len(shares) else 0
        return (self.slots[best], float(shares[best])) if len(shares) and shares[best] >= FROZEN_SHARE else None


def mark_frozen(frames: dict[datetime, Frame]) -> dict[datetime, Frame]:
    """The frames of one camera by slot. One with the picture of an earlier slot becomes `frozen`, and its reason names that slot."""
    marked = dict(frames)
    originals: dict[int, _Originals] = {}  # by number of blocks: only pictures of one size are compared
    for slot in sorted(frames):
        frame = frames[slot]
        if not frame.digest:
            continue
        earlier_ones = originals.setdefault(frame.prints.size, _Originals(np.empty((len(frames), frame.prints.size), np.int32)))
        found = earlier_ones.find(frame)
        if found is None:
            earlier_ones.add(slot, frame)
        else:
            earlier, share = found
            clock = f"{earlier.astimezone(LONDON):%H:%M}"
            # With one capture time the source stored the picture twice; the camera did not freeze.
            if frame.captured_at and frame.captured_at == frames[earlier].captured_at:
                reason = f"stored twice: taken at {frame.captured_at.astimezone(LONDON):%H:%M:%S}, as the picture at {clock}"
            else:
                likeness = "identical to" if share == 1 else f"{share:.0%} of its blocks equal to"
                reason = f"{likeness} the picture at {clock}"
            marked[slot] = replace(frame, state="frozen", reason=reason, scene=None)
    return marked


def note_moved_views(frames: dict[datetime, Frame]) -> dict[datetime, Frame]:
    """The frames of one camera by slot. If an `ok` one shows another view than the one before, its reason says so.

    Only frames close in time are compared, since the light changes outlines too.
    """
    noted = dict(frames)
    usable = [slot for slot in sorted(frames) if frames[slot].state == "ok"]
    for earlier, slot in pairwise(usable):
        alike = likeness(frames[earlier].outline, frames[slot].outline) if slot - earlier <= SAME_LIGHT else 1.0
        if alike < SAME_VIEW:
            reason = f"the view has moved since {earlier.astimezone(LONDON):%H:%M} (likeness {alike:.2f})"
            noted[slot] = replace(frames[slot], reason=reason)
    return noted
