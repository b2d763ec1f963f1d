"""A folder of photos as a table: `empty/ full/ [partial/]` image files, with or without a `photos.csv` beside them; or a dataset repo."""

import codecs
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from carpark.day.level import SHARES_OF_LEVELS
from carpark.errors import BadImage, BadPhotos
from carpark.hub.source import REPO_ID, open_source
from carpark.images import open_image
from carpark.model.config import Box
from carpark.model.engines import Pixels, prepare
from carpark.quality.faults import JAMCAM_SCENE, JAMCAM_SIZE
from training.labels import LABELS, PARTIAL, STREET_LABELS
from training.provenance import PROVENANCE, STREET
from training.splits import fewest_scenes, scene_folds

SCENE_BOXES: dict[str, Box] = {"{}x{}".format(*JAMCAM_SIZE): JAMCAM_SCENE}  # of a new model: JamCam stills without their overlays
MAX_UNREADABLE_SHARE = 0.2
DARK = 80  # mean brightness, 0 to 255: photos by night and in ill-lit garages are below
SIZES_PX = {"up to 320 px": 320, "up to 640 px": 640}  # of the longest side
# A hash of digits and an id are not numbers.
TEXTS = ("file", "label", "scene", *(column for column in PROVENANCE if column not in ("width", "height")))
KNOWN_COLUMNS = {*TEXTS, "width", "height", "view", "light", "occupancy", "resolution"}
TO_LEARN_FROM = ("train", "validation")  # splits of a dataset repo; its test split is for `training.evaluate` alone


@dataclass(frozen=True, slots=True)
class Origin:
    """Where photos come from: a folder, which may be the snapshot of a dataset repo."""

    folder: Path
    repo: str = ""  # owner/name
    revision: str = ""  # commit id

    @property
    def setting(self) -> str:
        """What names it on a command line, without where it lies on this machine."""
        return f"{self.repo}@{self.revision}" if self.repo else self.folder.name

    def as_config(self) -> dict[str, str]:
        """As config.json names it."""
        if not self.repo:
            return {"name": self.folder.name}
        return {"name": self.repo.split("/")[1], "repo": self.repo, "revision": self.revision}


def find_photos(setting: str) -> Origin:
    """The folder `setting`, or the Hub's dataset repo `owner/name[@revision]`, downloaded. Raises BadSetting for a repo that is none."""
    named = REPO_ID.fullmatch(setting)
    if named is None or Path(setting).exists():
        return Origin(Path(setting))
    folder = open_source(setting, repo_type="dataset").folder
    return Origin(folder, named["repo"], folder.name)  # the client names a snapshot's folder by its commit


def describe_origins(origins: Sequence[Origin]) -> dict[str, str]:
    """As config.json names one or several: the first that is a repo gives repo and revision."""
    first = next((origin for origin in origins if origin.repo), origins[0])
    return first.as_config() | {"name": " + ".join(origin.as_config()["name"] for origin in origins)}


def read_photos(folder: Path, splits: Sequence[str] = TO_LEARN_FROM) -> pd.DataFrame:
    """One row a photo: `path`, `file`, `label`, `scene`, and whatever else photos.csv tells. Raises BadPhotos.

    Without photos.csv the folder names are the labels, and every photo is its own scene. Of a dataset repo folder, the photos of `splits`,
    whose `path` is their bytes, ready for `open_image`. `folder` may also be such a table of another name, `X.csv`.
    """
    csv = folder / "photos.csv"
    if folder.suffix.lower() == ".csv" and folder.is_file():
        csv, folder = folder, folder.parent
    elif not folder.is_dir():
        raise BadPhotos(f"{folder} is not a folder; expected one with {'/, '.join(LABELS)}/. `python -m training.sample` makes a sample.")
    if csv.parent == folder and not csv.is_file() and any((folder / "data").glob("*.parquet")):
        from training.parquet import read_parquet  # `datasets` takes a second to import, and is needed here only

        return read_parquet(folder, splits)
    photos = _read_csv(csv) if csv.is_file() else _list_files(folder)
    if photos.empty:
        raise BadPhotos(f"{folder} has no photos; expected image files in {' and '.join(f'{label}/' for label in LABELS)}.")
    unknown = photos[~photos.label.isin([*LABELS, PARTIAL])]
    if len(unknown):
        row = unknown.iloc[0]
        where = f"{csv} line {unknown.index[0] + 2}" if csv.is_file() else folder
        raise BadPhotos(f"{where}: {row.file} is labelled {row.label!r}; expected one of {', '.join([*LABELS, PARTIAL])}.")
    return photos.assign(path=[folder / file for file in photos.file]).reset_index(drop=True)


def load_photos(
    folder: Path, input_size: tuple[int, int], splits: Sequence[str] = TO_LEARN_FROM, *, scene_boxes: Mapping[str, Box] = SCENE_BOXES
) -> tuple[pd.DataFrame, Pixels]:
    """The rows of `read_photos` whose pictures open, and what a network of that input size sees of them, (n, *input_size, 3).

    `light` (dark, bright) and `resolution` (of the longest side) are measured where photos.csv does not say them.
    Every unreadable file is named and left out. Raises BadPhotos when more than a fifth are unreadable.
    """
    photos = read_photos(folder, splits)
    pixels: list[npt.NDArray[np.uint8]] = []
    readable: list[int] = []
    measured: list[tuple[str, str]] = []
    with tqdm(total=len(photos), desc="reading photos", unit="photo") as bar:
        for number, path in enumerate(photos.path):
            bar.update()
            try:
                image = open_image(path, photos.file.iloc[number])
                pixels.append(prepare(image, input_size, scene_boxes))
                measured.append(("dark" if pixels[-1].mean() < DARK else "bright", _size_in_words(max(image.size))))
                readable.append(number)
            except BadImage as error:
                bar.write(f"skipped: {error}")
    lost = len(photos) - len(readable)
    if lost > MAX_UNREADABLE_SHARE * len(photos):
        raise BadPhotos(f"{lost} of the {len(photos)} photos in {folder} cannot be read (named above); at most a fifth may be.")
    if lost:
        print(f"{lost} of {len(photos)} photos skipped, since they cannot be read")
    table = photos.iloc[readable].reset_index(drop=True)
    for name, column in zip(("light", "resolution"), zip(*measured, strict=True), strict=False):
        if name not in table:
            table[name] = column
    return table, np.stack(pixels)


def load_all(origins: Sequence[Origin], input_size: tuple[int, int]) -> tuple[pd.DataFrame, Pixels]:
    """`load_photos` of several folders, one below the other; with more than one, `file` begins with the folder's name."""
    loaded = [load_photos(origin.folder, input_size) for origin in origins]
    tables = [photos for photos, _ in loaded]
    if len(origins) > 1:
        tables = [photos.assign(file=f"{origin.folder.stem}/" + photos.file) for photos, origin in zip(tables, origins, strict=True)]
    return pd.concat(tables, ignore_index=True), np.concatenate([pixels for _, pixels in loaded])


def without_pictures(photos: pd.DataFrame) -> pd.DataFrame:
    """What is known of the photos, without the columns that open as pictures."""
    return photos.drop(columns=["path", "map"], errors="ignore")


def _size_in_words(longest_px: int) -> str:
    return next((words for words, most in SIZES_PX.items() if longest_px <= most), "larger")


def check_trainable(photos: pd.DataFrame, folder: Path) -> None:
    """Raises BadPhotos unless both classes are there with at least two scenes each (one to learn from, one to check on)."""
    present = [label for label in LABELS if (photos.label == label).any()]
    if len(present) < len(LABELS):
        absent = next(label for label in LABELS if label not in present)
        found = f"{len(present)} class ({', '.join(present)})" if present else "no class"
        raise BadPhotos(f"{folder} has {found}; training needs 2: {', '.join(LABELS)}. Add photos to {folder / absent}.")
    for label in LABELS:
        scenes = photos.scene[photos.label == label].nunique()
        if scenes < 2:
            raise BadPhotos(f"{folder} shows {label} in {scenes} scene; training needs at least 2 a class. Add photos of another place.")


def split_by_scene(photos: pd.DataFrame, *, validation: float, seed: int) -> pd.Series:
    """True where a photo belongs to validation: about that share, stratified by label, no scene on both sides. Raises BadPhotos."""
    n_folds = min(round(1 / validation), fewest_scenes(photos.label, photos.scene))
    strata = photos.label.where(photos.label != PARTIAL, LABELS[0])  # partial photos follow; the two classes are what is balanced
    for _, rows in scene_folds(strata, photos.scene, n_folds, seed=seed):
        chosen = pd.Series(np.isin(np.arange(len(photos)), rows), index=photos.index)
        sides = photos.label.groupby(chosen).agg(set)
        if len(sides) == 2 and all(set(LABELS) <= side for side in sides):
            return chosen
    raise BadPhotos(f"{photos.scene.nunique()} scenes cannot be split so that both sides show {' and '.join(LABELS)}. Add other places.")


def _list_files(folder: Path) -> pd.DataFrame:
    files = sorted(
        path.relative_to(folder).as_posix()
        for label in (*LABELS, PARTIAL)
        for path in (folder / label).glob("**/*")
        if path.is_file() and not path.name.startswith(".")
    )
    return pd.DataFrame({"file": files, "label": [file.split("/")[0] for file in files], "scene": files}, dtype=str)


def _read_csv(csv: Path) -> pd.DataFrame:
    """The rows of a photos.csv, also as spreadsheets write them: with semicolons or tabs, UTF-16, capitals and blanks in the header.

    A scene called NA or None is a name. Raises BadPhotos, with the line where there is one.
    """
    text = _decode(csv)
    separator = _find_separator(csv, text)
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            photos = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                index_col=False,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,  # so that the line of a row can be named
                skipinitialspace=True,
            ).fillna("")
    except pd.errors.ParserWarning as error:
        raise BadPhotos(f"{csv} has rows with more values than its header has columns. Remove what follows the last column.") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise BadPhotos(f"{csv} is not a CSV table ({str(error).strip()}).") from error
    photos.columns = [name.strip().lower() if name.strip().lower() in KNOWN_COLUMNS else name for name in photos.columns]
    doubled = photos.columns[photos.columns.duplicated()]
    if len(doubled):
        raise BadPhotos(f"{csv} has the column {doubled[0]} twice. Remove or rename one of them.")
    photos = photos[(photos != "").any(axis=1)]  # spreadsheets leave empty rows at the end
    if "level" in photos and "label" not in photos:
        photos = _label_levels(csv, photos)
    missing = {"file", "label"} - set(photos.columns)
    if missing:
        raise BadPhotos(f"{csv} has no column {' or '.join(sorted(missing))}; expected file,label,scene.")
    photos = photos.assign(**{column: photos[column].str.strip() for column in ("label", "scene") if column in photos})
    incomplete = photos.index[(photos.file == "") | (photos.label == "")]
    if len(incomplete):
        raise BadPhotos(f"{csv} line {incomplete[0] + 2} lacks a file or a label.")  # the header is line 1
    photos["file"] = [_with_slashes(csv.parent, file) for file in photos.file]
    twice = photos.file[photos.file.duplicated()]
    if len(twice):
        raise BadPhotos(f"{csv} line {twice.index[0] + 2} names {twice.iloc[0]} twice; expected one row a photo.")
    outside = [file for file in photos.file if Path(file).is_absolute() or ".." in Path(file).parts]
    if outside:
        raise BadPhotos(f"{csv} names {outside[0]}, which lies outside {csv.parent}.")
    scene = photos["scene"] if "scene" in photos else pd.Series("", index=photos.index)
    photos = photos.assign(scene=scene.where(scene != "", photos.file))
    for column in photos.columns.difference(["file", "label", "scene"]):
        photos[column] = photos[column].where(photos[column] != "")  # NaN: not known
        if column not in TEXTS:
            numbers = pd.to_numeric(photos[column], errors="coerce")
            photos[column] = numbers if numbers.notna().equals(photos[column].notna()) else photos[column]
    _check_occupancy(csv, photos)
    return photos


def _label_levels(csv: Path, frames: pd.DataFrame) -> pd.DataFrame:
    """Street frames with a `level`, 0 to 4, as photos: label, occupancy, and as scene the folder of the camera. Raises BadPhotos."""
    wrong = frames.index[~frames.level.isin([str(level) for level in range(len(STREET_LABELS))])]
    if len(wrong):
        raise BadPhotos(f"{csv} line {wrong[0] + 2} has the level {frames.level[wrong[0]]!r}; expected 0 (no vehicle) to 4 (jam).")
    levels = frames.level.astype(int)
    derived = {
        "label": [STREET_LABELS[level] for level in levels],
        "occupancy": [str(SHARES_OF_LEVELS[level]) for level in levels],
        "scene": [_camera_folder(file) for file in frames.file],
        "view": STREET,
    }
    return frames.assign(**{name: values for name, values in derived.items() if name not in frames})


def _camera_folder(file: str) -> str:
    """The folder of a frame, without the one of its day."""
    return "/".join(part for part in Path(file).parts[:-1] if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", part))


def _check_occupancy(csv: Path, photos: pd.DataFrame) -> None:
    """Raises BadPhotos for a share of bays that is not a number from 0 to 1."""
    if "occupancy" in photos:
        shares = pd.to_numeric(photos.occupancy, errors="coerce")
        wrong = photos.index[photos.occupancy.notna() & ~shares.between(0, 1)]
        if len(wrong):
            row = photos.loc[wrong[0]]
            raise BadPhotos(
                f"{csv} line {wrong[0] + 2}: {row.file} has the occupancy {row.occupancy}; expected 0 to 1, the share of bays taken."
            )


def _decode(csv: Path) -> str:
    """The text of a CSV in UTF-8, or in UTF-16 with its mark. Raises BadPhotos."""
    data = csv.read_bytes()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadPhotos(
            f"{csv} line {line} is not {encoding.upper().removesuffix('-SIG')} text (byte 0x{data[error.start]:02x}), "
            "as when a spreadsheet saves cp1252. Save it as CSV in UTF-8."
        ) from error


def _find_separator(csv: Path, text: str) -> str:
    """The separator between the names in the header: comma, semicolon or tab. Raises BadPhotos where none of them is one."""
    header = text.partition("\n")[0].strip().lower()
    for separator in (",", ";", "\t"):
        names = {name.strip(' "') for name in header.split(separator)}
        if "file" in names and names & {"label", "level"}:
            return separator
    if len(header.split("|")) > 1 or len(header.split()) > 2:
        raise BadPhotos(f"{csv} has the header {header[:80]!r}; expected file,label,scene with commas, semicolons or tabs between them.")
    return ","


def _with_slashes(folder: Path, file: str) -> str:
    """The file's name, with backslashes as slashes if only then such a file exists."""
    if "\\" in file and not (folder / file).exists() and (folder / file.replace("\\", "/")).exists():
        return file.replace("\\", "/")
    return file
