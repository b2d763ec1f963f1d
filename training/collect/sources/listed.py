"""Pictures that a person lists: a CSV of addresses with licences, or a folder of the person's own pictures."""

import csv
import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from carpark.errors import BadPhotos, BadSetting
from carpark.images import IMAGE_SUFFIXES
from training.collect.paced import find_fault
from training.collect.sources.offer import Offer, Page, credited, file_stem, one_line
from training.labels import LABELS, PARTIAL
from training.photos import read_photos
from training.provenance import LICENSES

REQUIRED_COLUMNS = ("image_url", "license")
KNOWN_COLUMNS = (*REQUIRED_COLUMNS, "label", "scene", "title", "creator", "license_version", "license_url", "source_page", "attribution")


@dataclass(frozen=True, slots=True)
class Listed:
    """A source whose offers are all known at the start."""

    name: str
    offers: tuple[Offer, ...]

    def search(self, query: str, cursor: str) -> Page:
        """All offers, whatever the query."""
        return Page(self.offers, "")


def read_list(path: Path) -> tuple[Offer, ...]:
    """The offers of a CSV with columns of `KNOWN_COLUMNS`, all of `REQUIRED_COLUMNS` among them. Raises BadPhotos, which names the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or []
            missing = [name for name in REQUIRED_COLUMNS if name not in columns]
            if missing:
                raise BadPhotos(
                    f"{path} has no column {' or '.join(missing)}; "
                    f"expected {','.join(REQUIRED_COLUMNS)} and, if known, {','.join(KNOWN_COLUMNS[2:])}."
                )
            unknown = [name for name in columns if name not in KNOWN_COLUMNS]
            if unknown:
                raise BadPhotos(f"{path} has an unknown column {unknown[0]!r}; expected some of {','.join(KNOWN_COLUMNS)}.")
            rows = [(table.line_num, {name: one_line(value) for name, value in row.items() if name}) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadPhotos(f"{path} cannot be read as a CSV table ({error}).") from error
    first_line: dict[str, int] = {}
    for line, row in rows:
        _check_row(path, line, row)
        if row["image_url"] in first_line:
            raise BadPhotos(
                f"{path} line {line} lists {row['image_url']} again, after line {first_line[row['image_url']]}; expected one row a picture."
            )
        first_line[row["image_url"]] = line
    return tuple(_read_row(row) for _, row in rows)


def _check_row(path: Path, line: int, row: dict[str, str]) -> None:
    if fault := find_fault(row["image_url"]):
        raise BadPhotos(f"{path} line {line}: image_url {fault}.")
    if row["license"] not in LICENSES:
        raise BadPhotos(f"{path} line {line}: license {row['license']!r} is not a licence id; expected one of {', '.join(LICENSES)}.")
    if row.get("label") and row["label"] not in (*LABELS, PARTIAL):
        raise BadPhotos(f"{path} line {line}: label {row['label']!r} is not a label; expected {', '.join((*LABELS, PARTIAL))}, or nothing.")
    if row["license"].startswith("by") and not (row.get("creator") or row.get("attribution")):
        raise BadPhotos(f"{path} line {line}: {LICENSES[row['license']]} requires credit; expected a creator or an attribution.")


def _read_row(row: dict[str, str]) -> Offer:
    url = row["image_url"]
    source_id = hashlib.sha256(url.encode()).hexdigest()[:16]
    offer = Offer("csv", source_id, url, row.get("source_page") or url, row["license"])
    return credited(
        replace(
            offer,
            title=row.get("title", ""),
            creator=row.get("creator", ""),
            license_version=row.get("license_version", ""),
            license_url=row.get("license_url", ""),
            attribution=row.get("attribution", ""),
            label=row.get("label", ""),
            scene=row.get("scene", ""),
        )
    )


def read_folder(folder: Path, *, license_id: str, creator: str) -> tuple[Offer, ...]:
    """The pictures in a folder, which `creator` took and publishes under `license_id`.

    Only the pictures in its photos.csv are taken, each with its label and, where known, scene, occupancy and view. Without one, subfolders
    named like labels are labels, and each picture is its own scene: cameras number their files, so names say nothing of the place.
    Raises BadSetting and BadPhotos.
    """
    if not folder.is_dir():
        raise BadSetting(f"--from {folder} is not a folder; expected one with your own pictures.")
    if (folder / "photos.csv").is_file():
        photos = read_photos(folder)
        told = photos.reindex(columns=["label", "scene", "occupancy", "view"]).astype(object).fillna("").astype(str)
        return tuple(
            replace(_read_picture(path, folder, license_id, creator), label=label, scene=scene, occupancy=occupancy, view=view)
            for path, (label, scene, occupancy, view) in zip(photos.path, told.to_numpy().tolist(), strict=True)
        )
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    if not paths:
        raise BadSetting(f"--from {folder} has no pictures; expected files such as {', '.join(sorted(IMAGE_SUFFIXES)[:4])}.")
    return tuple(_read_picture(path, folder, license_id, creator) for path in paths)


def _read_picture(path: Path, folder: Path, license_id: str, creator: str) -> Offer:
    inside = path.relative_to(folder).as_posix()
    label = next((part for part in inside.split("/")[:-1] if part in (*LABELS, PARTIAL)), "")
    source_id = f"{re.sub(r'[^a-z0-9]+', '-', path.stem.lower()).strip('-')[:40]}-{hashlib.sha256(os.fsencode(inside)).hexdigest()[:8]}"
    version = "4.0" if license_id.startswith("by") else ""
    offer = Offer("folder", source_id, "", "", license_id, one_line(path.stem), creator, version, label=label, path=path)
    return credited(replace(offer, scene=file_stem(offer)))
