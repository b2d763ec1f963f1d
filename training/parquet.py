"""Photos as the Parquet files of a dataset repo, and back. The same photos give the same bytes, so a second push changes nothing."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, Features, Image, Value
from pyarrow.lib import ArrowException

from carpark.errors import BadPhotos
from training.labels import LABELS, PARTIAL
from training.provenance import PROVENANCE

MEASURED = {"view": "string", "light": "string", "occupancy": "float32"}  # further columns that photos.csv may have
NUMBERS = ("width", "height")
LISTED = ("sha256", "label", "scene", "source")  # what tells one state of a dataset from another
PHOTO_FILES = re.compile(rf"(?P<room>data|{PARTIAL})/(?P<split>\w+)-.*\.parquet$")  # in a dataset repo; generated photos are not part of it
SHARD_BYTES = 300_000_000  # the Hub advises files well below 5 GB; its viewer and range requests are faster on small ones


def write_parquet(photos: pd.DataFrame, folder: Path, stem: str) -> list[Path]:
    """`folder/{stem}-00000-of-00001.parquet` and so on: a row a photo, pictures as the bytes of their files, in the order of their hashes.

    `photos` has `path`, `file`, `label`, `scene` and the columns of `PROVENANCE`, and may have `map`, the path of a picture as well. Labels
    other than empty and full become null. The order mixes the classes, and does not depend on how the table was sorted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    features = features_of(photos)
    shards = list(_split_by_bytes(photos.sort_values(["sha256", "file"])))
    written = []
    for number, shard in enumerate(shards):
        path = folder / f"{stem}-{number:05}-of-{len(shards):05}.parquet"
        Dataset.from_list([_row(photo, features) for photo in shard.to_dict("records")], features=features).to_parquet(path)
        written.append(path)
    return written


def features_of(photos: pd.DataFrame) -> Features:
    """The columns of the dataset and their types."""
    known = {"image": Image(), "label": ClassLabel(names=list(LABELS)), "scene": Value("string"), "file": Value("string")}
    known |= {"map": Image()} if "map" in photos else {}
    provenance = {column: Value("int32" if column in NUMBERS else "string") for column in PROVENANCE}
    return Features(known | provenance | {column: Value(kind) for column, kind in MEASURED.items() if column in photos})


def read_parquet(folder: Path, splits: Sequence[str]) -> pd.DataFrame:
    """The photos of these splits of a dataset repo folder, partial ones included; `path` opens as a picture. Raises BadPhotos.

    Columns as photos.csv has them; label is empty, full or partial. Drawn photos may have `map` too, which opens as a picture.
    """
    files = [(label, file) for room, label in (("data", ""), (PARTIAL, PARTIAL)) for file in _list_files(folder / room, splits)]
    try:
        return pd.concat([_read_file(file, label) for label, file in files], ignore_index=True)
    except (ArrowException, KeyError, TypeError, ValueError) as error:
        found = f"{error!r}" if files else f"no data/{{{','.join(splits)}}}-*.parquet"
        raise BadPhotos(f"{folder} is not a dataset of car park photos ({found}). Make one: python -m training.dataset.") from error


def list_photos(files: Iterable[str], open_file: Callable[[str], BinaryIO]) -> pd.DataFrame:
    """The photos in files of a dataset repo, by their names there: `sha256`, `label`, `scene`, `source`, `split`. Raises BadPhotos.

    Only these columns are read, and no pictures; of files that do not hold photos for a split, nothing.
    """
    tables = [pd.DataFrame(columns=[*LISTED, "split"])]
    for name in sorted(files):
        if named := PHOTO_FILES.match(name):
            with open_file(name) as file:
                tables.append(_list_rows(name, file, PARTIAL if named["room"] == PARTIAL else "").assign(split=named["split"]))
    return pd.concat(tables, ignore_index=True)


def _list_rows(name: str, file: BinaryIO, label: str) -> pd.DataFrame:
    try:
        table = pq.read_table(file, columns=list(LISTED))
        names = Features.from_arrow_schema(table.schema)["label"].names
    except (ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadPhotos(f"{name} does not hold photos of a dataset ({error!r}). Make it again: python -m training.dataset.") from error
    rows: pd.DataFrame = table.to_pandas()
    return rows.assign(label=[label or names[int(number)] for number in rows.label])


def _row(photo: Mapping[Any, Any], features: Features) -> dict[str, Any]:
    label = photo["label"] if photo["label"] in LABELS else None
    pictures = {"image": {"path": photo["file"], "bytes": photo["path"].read_bytes()}}
    if "map" in features:
        pictures["map"] = {"path": photo["map"].name, "bytes": photo["map"].read_bytes()}
    return {column: photo[column] for column in features if column not in ("image", "map", "label")} | pictures | {"label": label}


def _split_by_bytes(photos: pd.DataFrame) -> Iterator[pd.DataFrame]:
    sizes = pd.Series([path.stat().st_size for path in photos.path], index=photos.index)
    for _, rows in photos.groupby((sizes.cumsum() - sizes) // SHARD_BYTES):
        yield rows


def _list_files(room: Path, splits: Sequence[str]) -> list[Path]:
    return [file for split in splits for file in sorted(room.glob(f"{split}-*.parquet"))]


def _read_file(file: Path, label: str) -> pd.DataFrame:
    table = pq.read_table(file)
    features = Features.from_arrow_schema(table.schema)
    rows: pd.DataFrame = table.to_pandas()
    names = [label] * len(rows) if label else [features["label"].names[int(number)] for number in rows.label]
    pictures = pd.Series([BytesIO(image["bytes"]) for image in rows.image], index=rows.index, dtype=object)
    maps = {"map": pd.Series([BytesIO(found["bytes"]) for found in rows["map"]], index=rows.index, dtype=object)} if "map" in rows else {}
    return rows.drop(columns="image").assign(label=names, path=pictures, **maps)
