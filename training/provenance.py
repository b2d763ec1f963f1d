"""What is known of a photo beside its label: where it came from, who made it, and under which licence it may be passed on.

These are columns of photos.csv beside the photos, and of every row of the dataset. A photo of which something is not known has the
empty text there.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

PROVENANCE: dict[str, str] = {  # column -> what it says
    "title": "what its author calls it",
    "source": "where it was found: openverse, commons, csv, folder or generated",
    "source_id": "its id there",
    "source_page": "address of the page that shows it with its licence",
    "image_url": "address of the picture file that was fetched",
    "creator": "who made it",
    "license": "licence id, as below",
    "license_version": "such as 4.0; empty where the licence has none",
    "license_url": "address of the licence's text",
    "attribution": "the line that credits title, creator and licence",
    "retrieved_at": "when it was fetched, UTC, ISO 8601",
    "sha256": "of the file as it lies here",
    "phash": "perceptual hash (DCT, 64 bits, 16 hexadecimal digits)",
    "width": "px",
    "height": "px",
    "edit": "what was changed after it was fetched, such as 'scaled from 4000 x 3000 px'",
}

LICENSES: dict[str, str] = {  # the ids that Openverse uses -> what people call them
    "cc0": "CC0",
    "pdm": "Public Domain Mark",
    "by": "CC BY",
    "by-sa": "CC BY-SA",
    "by-nc": "CC BY-NC",
    "by-nc-sa": "CC BY-NC-SA",
    "by-nd": "CC BY-ND",
    "by-nc-nd": "CC BY-NC-ND",
}
STREET = "street"  # the view of a photo whose road, not bays, is taken
DRAWN = "generated"  # the source of a car park that training.sample drew
PERMISSIVE = ("cc0", "pdm", "by")  # reuse for any purpose, at most with credit
NO_DERIVATIVES = ("by-nd", "by-nc-nd")  # a cropped, scaled or cleaned copy may not be passed on


def are_drawn(photos: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(n,) True for photos that `training.sample` drew."""
    return np.array(photos["source"] == DRAWN) if "source" in photos else np.zeros(len(photos), dtype=bool)


def are_streets(photos: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(n,) True for real photos of streets, if some of the real photos are of car parks; otherwise all False.

    They teach the last layer what a full street looks like, and are scored by themselves: P(full) and its bounds are those of car parks.
    """
    if "view" not in photos:
        return np.zeros(len(photos), dtype=bool)
    real = ~are_drawn(photos)
    streets: npt.NDArray[np.bool_] = real & np.array(photos["view"] == STREET)
    return streets & (real & ~streets).any()


def are_judged(photos: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(n,) True for the photos that are scored and remembered: the real ones, or the drawn ones if all are drawn."""
    drawn = are_drawn(photos)
    return ~drawn | drawn.all()
