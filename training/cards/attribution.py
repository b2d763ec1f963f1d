"""ATTRIBUTION.md: title, author, source and licence of each photo, the four that Creative Commons asks a credit to name."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from training.provenance import LICENSES

HEAD = """# Attribution

Photos by licence, each with its title, author, source and licence, and with what was changed. `python -m training.dataset` writes this
file from the rows of the dataset.
"""


def attribute(photos: pd.DataFrame) -> str:
    """The file's text: a section a licence, a line a photo, in the order of their file names."""
    sections = []
    for license_id in LICENSES:
        rows = photos[photos.license == license_id].sort_values("file")
        if len(rows):
            lines = "\n".join(credit(photo) for photo in rows.to_dict("records"))
            sections.append(f"## {LICENSES[license_id]}: {len(rows):,} photos\n\n{lines}\n")
    return "\n".join([HEAD, *sections])


def credit(photo: Mapping[Any, Any]) -> str:
    """One photo's line in Markdown."""
    title = f'"{_plain(photo["title"])}"' if photo["title"] else f"`{photo['file']}`"
    parts = [_link(title, photo["source_page"])]
    if photo["creator"]:
        parts.append(f"by {_plain(photo['creator'])}")
    parts.append(_link(license_name(photo), photo["license_url"]))
    changes = f" Changed: {_plain(photo['edit'])}." if photo["edit"] else ""
    file = f" File: `{photo['file']}`." if photo["title"] else ""
    return f"- {', '.join(parts)}.{changes}{file}"


def license_name(photo: Mapping[Any, Any]) -> str:
    """Such as "CC BY 4.0"."""
    return f"{LICENSES[photo['license']]} {photo['license_version']}".strip()


def _plain(text: str) -> str:
    """Text of a stranger's that means nothing in Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~&])", r"\\\1", " ".join(text.split()))


def _link(text: str, address: str) -> str:
    return f"[{text}](<{address}>)" if re.fullmatch(r"https?://[^\s<>]+", address) else text
