"""Sample photos to click, out of the dataset: labels in turn, no scene twice, from the part that training did not see."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path

from PIL.Image import Image
from pyarrow.lib import ArrowException

from carpark.errors import BadImage, BadPhotos
from carpark.images import IMAGE_SUFFIXES, open_image

Sample = tuple[Path, str]  # a picture file, and its label
UNSEEN_FIRST = ("test", "validation", "train")
LONGEST_SIDE_PX = 1024  # enough for the page; a dataset may hold camera originals


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo that may become a sample."""

    label: str
    scene: str
    read: Callable[[], bytes]  # its image file


def write_samples(dataset: Path, out: Path, *, count: int = 8) -> list[Sample]:
    """Up to `count` photos of `dataset` written to `out` as JPEG, with the label of each; none where it has none.

    `dataset` is a dataset repo folder (data/*.parquet) or a photos folder (photos.csv, or a folder a label). Raises BadPhotos for another.
    """
    samples: list[Sample] = []
    for candidate in in_turn(find_candidates(dataset)):
        if len(samples) == count:
            break
        try:
            image = open_image(BytesIO(candidate.read()))
        except (BadImage, OSError, TypeError, ValueError):  # no file, no bytes in the row, a name that no file can have
            continue  # training names unreadable photos; a sample is simply another one
        path = out / f"sample-{len(samples) + 1}.jpg"
        shrunk(image).save(path, quality=90)
        samples.append((path, candidate.label))
    return samples


def find_candidates(dataset: Path) -> list[Candidate]:
    """The photos of the first part of the dataset that has any, in the dataset's order. Raises BadPhotos."""
    parts = [file for split in UNSEEN_FIRST for file in sorted((dataset / "data").glob(f"{split}-*.parquet"))]
    try:
        if parts:
            return _in_parquet(parts[0])
        return _in_csv(dataset) if (dataset / "photos.csv").is_file() else _in_folders(dataset)
    except (ArrowException, csv.Error, OSError, KeyError, TypeError, ValueError) as error:
        raise BadPhotos(f"{dataset} is not a dataset of car park photos ({error!r}); expected what `training` writes.") from error


def in_turn(candidates: Sequence[Candidate]) -> list[Candidate]:
    """One of each scene, spread over each label's list, the labels taking turns."""
    by_label: dict[str, dict[str, Candidate]] = {}
    for candidate in candidates:
        by_label.setdefault(candidate.label, {}).setdefault(candidate.scene, candidate)
    clear_first = sorted(by_label, key=lambda label: (label == "partial", label))  # the first sample shows what the classes are
    columns = [_spread(list(by_label[label].values())) for label in clear_first]
    return [candidate for row in zip_longest(*columns) for candidate in row if candidate]


def shrunk(image: Image) -> Image:
    """The image, at most `LONGEST_SIDE_PX` wide and high."""
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return image


def _spread(candidates: list[Candidate], steps: int = 4) -> list[Candidate]:
    """The same list in strides, since neighbours in a dataset look alike."""
    stride = max(1, len(candidates) // steps)
    return list(chain.from_iterable(candidates[start::stride] for start in range(stride)))


def _in_parquet(file: Path) -> list[Candidate]:
    """The rows of a parquet file that `datasets` wrote: `image` holds the file's bytes, `label` counts in the schema's names."""
    import pyarrow.parquet as pq

    table = pq.read_table(file, columns=["image", "label", "scene"])
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    names: list[str] = features["label"]["names"]

    def candidate(row: int) -> Candidate:
        label, scene = names[table["label"][row].as_py()], str(table["scene"][row].as_py())
        return Candidate(label, scene, lambda: bytes(table["image"][row]["bytes"].as_py()))

    return [candidate(row) for row in range(len(table))]


def _in_csv(dataset: Path) -> list[Candidate]:
    with (dataset / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("file") and row.get("label")]
    return [Candidate(row["label"], row.get("scene") or row["file"], (dataset / row["file"]).read_bytes) for row in rows]


def _in_folders(dataset: Path) -> list[Candidate]:
    files = sorted(path for path in dataset.glob("*/*") if path.suffix.lower() in IMAGE_SUFFIXES)
    return [Candidate(path.parent.name, str(path), path.read_bytes) for path in files]
