"""P(full) of photos by a model, for scoring."""

from pathlib import Path

import pandas as pd
from PIL import Image

from carpark.errors import BadPhotos
from carpark.model.engines import Model
from training.labels import LABELS
from training.photos import load_photos


def predict(model: Model, data: Path) -> pd.DataFrame:
    """The photos of `data` that can be read, a row each: what photos.csv says of them, and `p_full`. Raises BadPhotos."""
    photos, pixels = load_photos(data, model.config.input_size, ("test",), scene_boxes=model.config.scene_boxes)
    if not photos.label.isin(LABELS).any():
        raise BadPhotos(f"{data} has no photo labelled {' or '.join(LABELS)}, so there is nothing to score.")
    return photos.drop(columns="path").assign(p_full=model.p_full(map(Image.fromarray, pixels)))
