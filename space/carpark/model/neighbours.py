"""The training photos most like a picture, and whether the picture is like them at all: a model answers for car parks only.

neighbours = load_neighbours(folder)                   # neighbours.parquet of a model folder
seen = model.predict([image])
neighbours.nearest(seen.features[0], 3)                # file, sha256, label, scene, similarity; most similar first
neighbours.are_car_parks(seen.features)                # (1,) True or False, or None: this model cannot tell
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from carpark.errors import BadModel
from carpark.model.config import CarPark, check_file, read_config
from carpark.model.engines import Features

NEIGHBOURS_FILE = "neighbours.parquet"
NEIGHBOUR_COLUMNS = ("file", "sha256", "label", "scene")  # of a training photo; `sha256` is the file's
LEAST_VARIANCE = 1e-12  # a feature that is the same in all photos has none, and the covariance no inverse


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Where the features of some photos lie, and how widely in each direction."""

    mean: npt.NDArray[np.float64]  # (width,)
    precision: npt.NDArray[np.float64]  # (width, width), the inverse of the covariance

    @classmethod
    def of(cls, features: Features, shrinkage: float) -> "Crowd":
        """The crowd of these photos. Their covariance is shrunk towards a multiple of the identity by `shrinkage`, 0 to 1 (Ledoit and Wolf
        2004), since there are hardly more photos than features, or fewer.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        offsets = features - mean
        covariance = (1 - shrinkage) * (offsets.T @ offsets) / len(features)
        covariance += max(shrinkage * float((offsets**2).mean()), LEAST_VARIANCE) * np.eye(len(mean))
        return cls(mean, np.linalg.inv(covariance))

    def distances(self, features: Features) -> npt.NDArray[np.float64]:
        """(n,) how far pictures are from the crowd: the squared Mahalanobis distance, divided by the number of features; about 1 inside it.

        Cosines to single photos let gradients and drawn faces pass; a face is near some photo, but in hundreds of features off the crowd.
        """
        offsets = features - self.mean
        squares: npt.NDArray[np.float64] = ((offsets @ self.precision) * offsets).mean(axis=1)
        return squares


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Training photos by what the model sees in them; empty for a model without them."""

    photos: pd.DataFrame  # NEIGHBOUR_COLUMNS, a row a photo
    features: Features  # a row a photo
    rule: CarPark | None

    def nearest(self, feature: npt.NDArray[np.float32], k: int) -> pd.DataFrame:
        """The `k` training photos most like a picture, most similar first: NEIGHBOUR_COLUMNS and `similarity`, the cosine, at most 1."""
        if self.photos.empty:
            return self.photos.assign(similarity=pd.Series(dtype=np.float32))
        similarity = self.features @ feature
        order = np.argsort(-similarity, kind="stable")[:k]
        return self.photos.iloc[order].assign(similarity=similarity[order]).reset_index(drop=True)

    @cached_property
    def _crowd(self) -> Crowd | None:
        """The training photos as one; None where the model cannot tell."""
        return None if self.rule is None or len(self.photos) < 2 else Crowd.of(self.features, self.rule.shrinkage)

    def are_car_parks(self, features: Features) -> npt.NDArray[np.bool_] | None:
        """(n,) whether pictures are as near to the training photos as car parks of other sources are; None where the model cannot tell."""
        if self.rule is None or self._crowd is None:
            return None
        return np.array(self._crowd.distances(features) <= self.rule.distance_at_most)


def load_neighbours(folder: Path) -> Neighbours:
    """The training photos of a model folder, checked against config.json. Raises BadModel for a file that is not the one named there."""
    import pyarrow.parquet as pq  # behind the page, as all that is slow to import

    config = read_config(folder)
    if NEIGHBOURS_FILE not in config.files:
        return Neighbours(pd.DataFrame(columns=list(NEIGHBOUR_COLUMNS)), np.empty((0, 0), np.float32), None)
    path = folder / NEIGHBOURS_FILE
    check_file(path, config)
    try:
        table = pq.read_table(path, columns=[*NEIGHBOUR_COLUMNS, "feature"])
        feature = table["feature"].combine_chunks()
        features = feature.flatten().to_numpy().astype(np.float32).reshape(len(table), -1)
    except (pa.ArrowException, ValueError) as error:
        raise BadModel(f"{path} does not hold training photos ({error}). Make the folder again.") from error
    return Neighbours(table.select(NEIGHBOUR_COLUMNS).to_pandas(), features, config.car_park)


def write_neighbours(folder: Path, photos: pd.DataFrame, features: Features) -> None:
    """The file that `load_neighbours` reads, from rows that have NEIGHBOUR_COLUMNS, in half precision: cosines keep three decimals."""
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(photos[list(NEIGHBOUR_COLUMNS)], preserve_index=False)
    values = pa.array(features.astype(np.float16).ravel())
    pq.write_table(table.append_column("feature", pa.FixedSizeListArray.from_arrays(values, features.shape[1])), folder / NEIGHBOURS_FILE)
