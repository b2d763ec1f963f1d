"""The training photos most similar to a picture, from the dataset: each with its label, author and licence, as HTML."""

import csv
import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyarrow.lib import ArrowException

from carpark.errors import BadImage, BadPhotos
from carpark.images import IMAGE_SUFFIXES, jpeg_data_uri, open_image
from carpark.model.neighbours import Neighbours

MOST = 6
SIDE_PX = 240
PROVENANCE = (
    "source",
    "creator",
    "license",
    "license_version",
    "license_url",
    "source_page",
)  # what a row of the dataset says beside the picture
FOLDERS = ("empty", "full", "partial")  # of photos, where no photos.csv names them
LEARNT_FROM = [f"{config}/{split}-*.parquet" for config in ("data", "partial") for split in ("train", "validation")]  # not the test split
LICENCES = {"cc0": "CC0", "pdm": "Public Domain"}  # the others are CC and their letters


@dataclass(frozen=True, slots=True)
class TrainingPhoto:
    """A photo of the dataset: how to read it, and its credit."""

    read: Callable[[], bytes]
    provenance: dict[str, str]  # of PROVENANCE, what is known


class TrainingPhotos:
    """The photos of a dataset folder that training learns from, by what the model folder calls them."""

    def __init__(self, dataset: Path) -> None:
        """`dataset` is a dataset repo folder or a photos folder. Raises BadPhotos for files of something else."""
        self._dataset = dataset
        self._photos: dict[str, TrainingPhoto] = {}  # by sha256, and by name
        parts = [part for pattern in LEARNT_FROM for part in sorted(dataset.glob(pattern))]
        try:
            for part in parts:
                self._add_parquet(part)
            if not parts:
                self._add_folder()
        except (ArrowException, csv.Error, OSError, KeyError, ValueError) as error:
            raise BadPhotos(f"{dataset} is not a dataset of car park photos ({error!r}); expected what `training` writes.") from error
        self._thumbnail = lru_cache(maxsize=512)(self._draw_thumbnail)

    def card_of(self, row: pd.Series) -> str:
        """The HTML of one training photo, a row of `Neighbours.nearest`; "" where the dataset does not hold it."""
        key = next((key for key in (row.sha256, row.file) if key and key in self._photos), "")
        thumbnail = self._thumbnail(key) if key else ""
        if not thumbnail:
            return ""
        label = {"partial": "in between"}.get(str(row.label), str(row.label))
        credit = credit_of(self._photos[key].provenance)
        return (
            f'<li class="similar-{html.escape(str(row.label))}"><img src="{thumbnail}" alt="A training photo: {html.escape(label)}">'
            f'<p><b>{html.escape(label)}</b></p><p class="credit">{credit}</p></li>'
        )

    def _draw_thumbnail(self, key: str) -> str:
        try:
            image = open_image(BytesIO(self._photos[key].read()))
        except (BadImage, OSError, ArrowException, TypeError, ValueError):
            return ""
        image.thumbnail((SIDE_PX, SIDE_PX))
        return jpeg_data_uri(image)

    def _add_parquet(self, path: Path) -> None:
        import pyarrow.parquet as pq

        file = pq.ParquetFile(path, memory_map=True)
        there = [column for column in ("sha256", "file", *PROVENANCE) if column in file.schema_arrow.names]
        for group in range(file.num_row_groups):
            for number, row in enumerate(file.read_row_group(group, columns=there).to_pylist()):
                self._add(row, _picture_reader(path, group, number))

    def _add_folder(self) -> None:
        for row in self._list_folder():
            self._add(row, (self._dataset / row["file"]).read_bytes)
            # As a model names it that learnt from several folders.
            self._photos[f"{self._dataset.stem}/{row['file']}"] = self._photos[row["file"]]

    def _list_folder(self) -> list[dict[str, str]]:
        """The rows of photos.csv; without one, the files in the folders of labels."""
        if (self._dataset / "photos.csv").is_file():
            with (self._dataset / "photos.csv").open(newline="", encoding="utf-8") as file:
                return [row for row in csv.DictReader(file) if row.get("file")]
        files = (path for folder in FOLDERS for path in (self._dataset / folder).rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
        return [{"file": path.relative_to(self._dataset).as_posix()} for path in files]

    def _add(self, row: dict[str, str], read: Callable[[], bytes]) -> None:
        photo = TrainingPhoto(read, {column: str(row[column]) for column in PROVENANCE if row.get(column)})
        self._photos |= {str(row[key]): photo for key in ("sha256", "file") if row.get(key)}


def similar_view(neighbours: Neighbours, photos: TrainingPhotos, feature: npt.NDArray[np.float32]) -> str:
    """The most similar training photos as an HTML list, most similar first; "" where none can be shown."""
    nearest = neighbours.nearest(feature, MOST)
    cards = "".join(photos.card_of(row) for _, row in nearest.iterrows())
    return f'<h3>The training photos most like yours</h3><ul class="similar">{cards}</ul>' if cards else ""


def credit_of(provenance: dict[str, str]) -> str:
    """Author and licence as HTML, linked to the page that shows the photo, else to the licence. Only a web page is linked."""
    licence = provenance.get("license", "")
    name = (
        LICENCES.get(licence, f"CC {licence.upper()} {provenance.get('license_version', '')}".strip())
        if licence
        else "licence not recorded"
    )
    creator = "drawn" if provenance.get("source") == "generated" else provenance.get("creator", "")
    text = html.escape(", ".join(filter(None, [creator, name])))
    page = provenance.get("source_page") or provenance.get("license_url", "")
    if page.startswith(("https://", "http://")):
        return f'<a href="{html.escape(page)}" target="_blank" rel="noopener noreferrer">{text}</a>'
    return text


def _picture_reader(path: Path, group: int, number: int) -> Callable[[], bytes]:
    """Reads one picture. Each call opens the file for itself: one ParquetFile is not safe to share between threads."""

    import pyarrow.parquet as pq

    def read() -> bytes:
        with pq.ParquetFile(path, memory_map=True) as file:
            return bytes(file.read_row_group(group, columns=["image"])["image"][number]["bytes"].as_py())

    return read
