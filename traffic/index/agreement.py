"""How far measured levels can be trusted: their agreement with what people, or detectors of vehicles, say of the same frames.

A file of labels has the columns `file`, a frame's path that ends in the archive's `{folder}/{date}/{date}@{HH}_{MM}GMT.jpg`, and
`occupancy` (share of the road that is taken, 0 to 1) or `level` (0 empty, 1 light, 2 moderate, 3 heavy, 4 jam). The photos.csv of
`training.review` is one too: it names a frame by `scene`, folder and day, and `slot`. A file of counts has `file`, and a column for each
detector whose name begins with `vehicles`.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr, t

from carpark.day.level import SHARES_OF_LEVELS
from carpark.errors import BadSetting
from carpark.slots import LONDON, read_slot
from traffic.dataset import list_days, read_frames
from traffic.index.quarters import Measure

ALL = ""  # the folder of the rows for all cameras together
PEOPLE = "people"  # who labels are from; counts are from the detector that their column names
COUNTS = "vehicles"  # how a detector's column begins
FEWEST = 4  # labels of a camera; fewer have no interval
EXPECTED_COLUMNS = ["against", "folder", "slot", "expected"]
AGREEMENT_COLUMNS = ["against", "folder", "hour", "n", "spearman", "low", "high", "bias", "bias_low", "bias_high", "error"]


def read_labels(paths: Sequence[Path]) -> pd.DataFrame:
    """`against` (people), `folder`, `slot` (UTC) and `expected` (0 to 1) of each label; files of other archives are passed over.

    Raises BadSetting.
    """
    tables = []
    for path in paths:
        labels = _read_csv("--labels", path, "the columns file and level or occupancy")
        name = next((name for name in ("occupancy", "level") if name in labels), None)
        if name is None or "file" not in labels:
            raise BadSetting(
                f"--labels {path} has the columns {', '.join(map(str, labels.columns))}; expected file and level or occupancy."
            )
        labels = labels[labels[name].notna()]  # a frame that nobody rated
        values = _numbers("--labels", path, labels[name])
        if not np.isin(values, np.arange(len(SHARES_OF_LEVELS))).all() if name == "level" else not ((values >= 0) & (values <= 1)).all():
            raise BadSetting(
                f"--labels {path} has values of {name} out of range; expected {'0, 1, 2, 3 or 4' if name == 'level' else '0 to 1'}."
            )
        expected = np.array(SHARES_OF_LEVELS)[values.astype(int)] if name == "level" else values
        tables.append(_frames_of(labels).assign(against=PEOPLE, expected=expected))
    return _together(tables)


def read_counts(paths: Sequence[Path]) -> pd.DataFrame:
    """Detector counts in the same columns: `against` is the name of a column, `expected` its count of vehicles. Raises BadSetting."""
    tables = []
    for path in paths:
        counts = _read_csv("--counts", path, f"the columns file and {COUNTS}, or {COUNTS}_ and a detector's name")
        names = [str(name) for name in counts if str(name).startswith(COUNTS)]
        if not names or "file" not in counts:
            raise BadSetting(f"--counts {path} has the columns {', '.join(map(str, counts.columns))}; expected file and {COUNTS}.")
        for name in names:
            counted = counts[counts[name].notna()]
            tables.append(_frames_of(counted).assign(against=name, expected=_numbers("--counts", path, counted[name])))
    return _together(tables)


def _read_csv(flag: str, path: Path, expected: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise BadSetting(f"{flag} {path} cannot be read ({error}). Expected a CSV with {expected}.") from error


def _numbers(flag: str, path: Path, column: pd.Series) -> npt.NDArray[np.float64]:
    """Raises BadSetting where a value is not a number."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    if np.isnan(numbers).any():
        raise BadSetting(f"{flag} {path} has {column[np.isnan(numbers)].iloc[0]!r} as {column.name}; expected a number.")
    return numbers


def _frames_of(table: pd.DataFrame) -> pd.DataFrame:
    """`folder` and `slot` that each row names."""
    if {"scene", "slot"} <= set(table):
        return pd.DataFrame(
            {"folder": table["scene"].str.rpartition(" ")[0], "slot": pd.to_datetime(table["slot"], utc=True, errors="coerce")}
        ).reset_index(drop=True)
    places = [PurePosixPath(file) for file in table["file"]]
    return pd.DataFrame({"folder": [place.parent.parent.name for place in places], "slot": [read_slot(place.name) for place in places]})


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    tables = [table[table["slot"].notna()] for table in tables] or [pd.DataFrame(columns=EXPECTED_COLUMNS)]
    return pd.concat(tables, ignore_index=True)[EXPECTED_COLUMNS].astype({"slot": "datetime64[us, UTC]", "expected": float})


def compare_with_labels(data: Path, measure: Measure, labels: pd.DataFrame) -> pd.DataFrame:
    """AGREEMENT_COLUMNS: a row for each camera with labelled frames, one for all together, and one for each hour of London's day.

    `labels` are those of `read_labels` and `read_counts`. `hour` is NaN except in the rows of hours. `bias` is the mean of measured minus
    expected, with its 95% interval, `error` the mean distance; a count of vehicles has none of these. The interval of `spearman` is
    Fisher's, with 1.06 / (n - 3) as the variance (Fieller, Hartley and Pearson 1957); NaN below four labels.
    """
    days = [day for day in list_days(data) if len(labels)]
    columns = ["folder", "slot", "state", measure]
    frames = [read_frames(data, day, columns).to_pandas().merge(labels, on=["folder", "slot"]) for day in days]
    known = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*columns, "against", "expected"])
    known = known[known["state"] == "ok"]
    rows = []
    for against, some in known.groupby("against"):
        hours = pd.to_datetime(some["slot"]).dt.tz_convert(LONDON).dt.hour
        groups = [*(((folder, np.nan), few) for folder, few in some.groupby("folder")), ((ALL, np.nan), some)]
        groups += [((ALL, hour), few) for hour, few in some.groupby(hours)]
        for (folder, hour), few in groups:
            compared = _agreement(few[measure], few["expected"], has_bias=against == PEOPLE)
            rows.append({"against": against, "folder": folder, "hour": hour} | compared)
    return pd.DataFrame(rows, columns=AGREEMENT_COLUMNS)


def _agreement(measured: pd.Series, expected: pd.Series, *, has_bias: bool) -> dict[str, float]:
    far = measured - expected
    found: dict[str, float] = {"n": len(far)}
    if has_bias:
        found |= {"bias": float(far.mean()), "error": float(far.abs().mean())}
        if len(far) > 1:
            half = float(t.ppf(0.975, len(far) - 1) * far.std() / np.sqrt(len(far)))
            found |= {"bias_low": max(found["bias"] - half, -1.0), "bias_high": min(found["bias"] + half, 1.0)}
    if len(far) < FEWEST or expected.nunique() == 1 or measured.nunique() == 1:
        return found
    rank = float(spearmanr(measured, expected).statistic)
    middle, half = np.arctanh(np.clip(rank, -0.999, 0.999)), 1.96 * np.sqrt(1.06 / (len(far) - 3))
    return found | {"spearman": rank, "low": float(np.tanh(middle - half)), "high": float(np.tanh(middle + half))}
