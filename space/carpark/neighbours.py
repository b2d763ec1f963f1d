"""The training photos most like a picture, and whether the picture is like them at all: a model answers for car parks only.

neighbours = load_neighbours(folder)                   # neighbours.parquet of a model folder
seen = model.look([image])
neighbours.nearest(seen.features[0], 3)                # file, sha256, label, scene, similarity; most similar first
neighbours.is_car_park(seen.features[0])               # True, False, or None: this model cannot tell
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from carpark.errors import BadModel
from carpark.model import CarPark, Features, check_file, read_config

FILE = "neighbours.parquet"
COLUMNS = ("file", "sha256", "label", "scene")  # of a training photo; `sha256` is the file's


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Training photos by what the model sees in them; none where a model was published without."""

    photos: pd.DataFrame  # COLUMNS, a row a photo
    features: Features  # a row a photo
    rule: CarPark | None

    def nearest(self, feature: npt.NDArray[np.float32], k: int) -> pd.DataFrame:
        """The `k` training photos most like a picture, most similar first: COLUMNS and `similarity`, the cosine, at most 1."""
        if self.photos.empty:
            return self.photos.assign(similarity=pd.Series(dtype=np.float32))
        similarity = self.features @ feature
        order = np.argsort(-similarity, kind="stable")[:k]
        return self.photos.iloc[order].assign(similarity=similarity[order]).reset_index(drop=True)

    def is_car_park(self, feature: npt.NDArray[np.float32]) -> bool | None:
        """Whether the picture is as much like the training photos as car parks of other places are; None where the model cannot tell."""
        if self.rule is None or len(self.photos) < self.rule.k:
            return None
        return bool(kth_similarity(self.features, feature[None], self.rule.k)[0] >= self.rule.similarity_at_least)


def kth_similarity(known: Features, features: Features, k: int) -> npt.NDArray[np.float32]:
    """(n,) cosine of each of n features to its k-th most similar known one."""
    similarities: npt.NDArray[np.float32] = np.partition(features @ known.T, -k, axis=1)[:, -k]
    return similarities


def load_neighbours(folder: Path) -> Neighbours:
    """The training photos of a model folder, checked against config.json. Raises BadModel for a file that is not the one named there."""
    config = read_config(folder)
    if FILE not in config.files:
        return Neighbours(pd.DataFrame(columns=list(COLUMNS)), np.empty((0, 0), np.float32), None)
    path = folder / FILE
    check_file(path, config)
    try:
        table = pq.read_table(path, columns=[*COLUMNS, "feature"])
        feature = table["feature"].combine_chunks()
        features = feature.flatten().to_numpy().astype(np.float32).reshape(len(table), -1)
    except (pa.ArrowException, ValueError) as error:
        raise BadModel(f"{path} does not hold training photos ({error}). Make the folder again.") from error
    return Neighbours(table.select(COLUMNS).to_pandas(), features, config.car_park)


def write_neighbours(folder: Path, photos: pd.DataFrame, features: Features) -> None:
    """The file that `load_neighbours` reads, from rows that have COLUMNS, in half precision: cosines keep three decimals."""
    table = pa.Table.from_pandas(photos[list(COLUMNS)], preserve_index=False)
    values = pa.array(features.astype(np.float16).ravel())
    pq.write_table(table.append_column("feature", pa.FixedSizeListArray.from_arrays(values, features.shape[1])), folder / FILE)
