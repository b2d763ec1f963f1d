"""Predict P(full) and the fullness of photos, for scoring."""

from pathlib import Path

import pandas as pd
from PIL import Image

from carpark.errors import BadPhotos
from carpark.model.engines import Model
from carpark.model.fullness import interval_of
from training.labels import LABELS
from training.photos import load_photos, without_pictures


def predict(model: Model, data: Path) -> pd.DataFrame:
    """One row for each readable photo of `data`: the columns of photos.csv, `p_full`, `fullness` and its interval. Raises BadPhotos."""
    photos, pixels = load_photos(data, model.config.input_size, ("test",), scene_boxes=model.config.scene_boxes)
    if not photos.label.isin(LABELS).any():
        raise BadPhotos(f"{data} has no photo labelled {' or '.join(LABELS)}, so there is nothing to score.")
    seen = model.predict(map(Image.fromarray, pixels))
    table = without_pictures(photos).assign(p_full=seen.p_full)
    if model.config.fullness is None:
        return table
    low, high = interval_of(seen.fullness, model.config.fullness)
    return table.assign(fullness=seen.fullness, fullness_low=low, fullness_high=high)
