"""A dataset repo folder: photos described, split by scene, and written as Parquet with attribution and card."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagehash
import pandas as pd
from tqdm import tqdm

from carpark.errors import BadImage, BadPhotos
from carpark.hub.revisions import digest_file
from carpark.images import open_image
from training.cards.attribution import attribute
from training.cards.dataset import dataset_card
from training.labels import LABELS, PARTIAL
from training.parquet import write_parquet
from training.photos import check_trainable, read_photos
from training.provenance import LICENSES, NO_DERIVATIVES, PERMISSIVE, PROVENANCE
from training.sample.scenery.truth import map_of
from training.splits import SPLITS, split_photos
from training.staging import staged

KEPT = ("cleaning.csv", "shortcuts.csv")  # what training.clean wrote beside the photos
LICENSE = """Each photo has the licence that its row names in the columns license, license_version and license_url.
ATTRIBUTION.md lists all photos with their credits. Pass a photo on under its own licence.

Labels, tables and texts: Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0
"""


def describe_photos(folder: Path) -> pd.DataFrame:
    """The rows of a photos folder with every column of `PROVENANCE`, checked against the files, and `map` where all have one.

    Raises BadPhotos.
    """
    if any((folder / "data").glob("*.parquet")):
        raise BadPhotos(f"{folder} is a dataset repo already; expected photos in {' and '.join(f'{label}/' for label in LABELS)}.")
    photos = read_photos(folder).sort_values("file", ignore_index=True)  # splits depend on the photos, not on how their table is sorted
    for column in PROVENANCE:
        known = photos[column] if column in photos else pd.Series("", index=photos.index)
        photos[column] = known.fillna("").astype(str)
    for file, license_id in zip(photos.file, photos.license, strict=True):
        check_license(license_id, f"{folder}: {file}")
    bar = tqdm(photos.itertuples(), total=len(photos), desc="reading photos", unit="photo")
    photos = photos.assign(**pd.DataFrame([_measure(photo.path, str(photo.sha256), folder) for photo in bar]))
    maps = photos.path.map(map_of)
    return photos.assign(map=maps) if maps.map(Path.is_file).all() else photos


def check_license(license_id: str, whose: str) -> None:
    """Raises BadPhotos unless photos under this licence may be passed on, scaled."""
    if not license_id:
        raise BadPhotos(
            f"{whose} has no license, and a photo without one cannot be passed on. "
            "Adopt pictures of your own with python -m training.collect --source folder."
        )
    if license_id not in LICENSES:
        raise BadPhotos(f"{whose} has the license {license_id!r}; expected one of {', '.join(LICENSES)}.")
    if license_id in NO_DERIVATIVES:
        raise BadPhotos(f"{whose} is under {LICENSES[license_id]}, which forbids scaled copies. Take its row out of photos.csv.")


def _measure(path: Any, sha256: str, folder: Path) -> dict[str, Any]:
    """The columns that the file itself tells; `sha256` is what photos.csv says, or empty."""
    found = digest_file(path)
    if sha256 not in ("", found):
        raise BadPhotos(f"{path} is not the file that photos.csv names: expected sha256 {sha256[:12]}…, found {found[:12]}….")
    try:
        image = open_image(path)
    except BadImage as error:
        raise BadPhotos(f"{error} Clean the photos first: python -m training.clean --data {folder} --out data/clean") from error
    return {"sha256": found, "phash": str(imagehash.phash(image)), "width": image.width, "height": image.height}


def write_splits(photos: pd.DataFrame, folder: Path) -> dict[str, dict[str, str]]:
    """Writes `data/` and `partial/`; what the card's `configs` say: config -> split -> pattern of its files.

    A photo is stored once: those of the permissive config are the default's files with that word in their names.
    """
    configs: dict[str, dict[str, str]] = {}
    for split, rows in by_split(photos):
        classes, partial = rows[rows.label.isin(LABELS)], rows[rows.label == PARTIAL]
        for part, some in classes.groupby(classes.license.isin(PERMISSIVE).map({True: "permissive", False: "other"})):
            write_parquet(some, folder / "data", f"{split}-{part}")
            configs.setdefault("default", {})[split] = f"data/{split}-*.parquet"
            if part == "permissive":
                configs.setdefault("permissive", {})[split] = f"data/{split}-permissive-*.parquet"
        if len(partial):
            write_parquet(partial, folder / PARTIAL, split)
            configs.setdefault(PARTIAL, {})[split] = f"{PARTIAL}/{split}-*.parquet"
    return configs


def by_split(photos: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each split's name and photos, in order."""
    return ((split, photos[photos.split == split]) for split in SPLITS)


def write_dataset(data: Path, out: Path, *, generated: Path | None = None, seed: int = 0) -> pd.DataFrame:
    """Writes the dataset repo folder `out`; its photos with their `split`. Raises a CarparkError, and then nothing is written."""
    photos = describe_photos(data)
    check_trainable(photos, data)
    photos["split"] = split_photos(photos, seed=seed)
    drawn = describe_photos(generated) if generated else pd.DataFrame()
    with staged(out, marker="ATTRIBUTION.md") as folder:
        configs = write_splits(photos, folder)
        if len(drawn):
            write_parquet(drawn, folder / "generated", "train")
            configs["generated"] = {"train": "generated/train-*.parquet"}
        for name in KEPT:
            if (data / name).is_file():
                shutil.copy(data / name, folder / name)
        (folder / "LICENSE").write_text(LICENSE, encoding="utf-8")
        (folder / "ATTRIBUTION.md").write_text(attribute(photos), encoding="utf-8")
        (folder / "README.md").write_text(dataset_card(photos, folder, configs=configs, drawn=len(drawn), seed=seed), encoding="utf-8")
    return photos
