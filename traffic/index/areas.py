"""The fullness index of boroughs and of London: the mean of the usable cameras, with its coverage and an interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from carpark.cameras.boroughs import borough_of
from carpark.cameras.camera import Camera

LONDON_NAME = "London"
FEWEST_FOR_SPREAD = 2


def areas_of(cameras: Sequence[Camera]) -> pd.DataFrame:
    """`folder` and `area`: two rows for each camera, its borough and London; one for a camera whose position is unknown."""
    rows = [{"folder": camera.folder, "area": LONDON_NAME} for camera in cameras]
    rows += [{"folder": camera.folder, "area": area} for camera in cameras if (area := borough_of(camera))]
    return pd.DataFrame(rows)


def index_areas(quarters: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """For each area and quarter hour with a usable camera: `level`, `low`, `high` (0 to 1), `usable`, `cameras` and `coverage`.

    `level` is the mean of the usable cameras. The interval says where the mean of all the area's cameras lies with 95%, if those that are
    usable are a random part of them: Student's t with the correction for a finite population. It is 0 to 1 when only one of several
    cameras is usable. It does not contain the model's own error.
    """
    by_camera = quarters.groupby(["folder", "start"])["level"].mean().reset_index()  # a camera that turned counts once
    grouped = by_camera.merge(areas, on="folder").groupby(["area", "start"])["level"]
    index = grouped.agg(["mean", "std", "size"]).reset_index().rename(columns={"mean": "level", "size": "usable"})
    index["cameras"] = index["area"].map(areas.groupby("area").size())
    index["coverage"] = index["usable"] / index["cameras"]
    half = (
        t.ppf(0.975, np.maximum(index["usable"] - 1, 1))
        * index["std"].fillna(0)
        / np.sqrt(index["usable"])
        * np.sqrt(1 - index["coverage"])
    )
    half = np.where((index["usable"] < FEWEST_FOR_SPREAD) & (index["coverage"] < 1), 1.0, half)
    index["low"], index["high"] = (index["level"] - half).clip(0), (index["level"] + half).clip(upper=1)
    return index.drop(columns="std")
