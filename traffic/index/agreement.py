"""How far measured levels can be trusted: their agreement with what people say of the same frames, camera by camera.

A file of labels has the columns `file`, a frame's path that ends in the archive's `{folder}/{date}/{date}@{HH}_{MM}GMT.jpg`, and
`occupancy` (share of the road that is taken, 0 to 1) or `level` (0 empty, 1 light, 2 moderate, 3 heavy, 4 jam). The photos.csv of
`training.review` is one too: it names a frame by `scene`, folder and day, and `slot`.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from carpark.day.level import SHARES_OF_LEVELS
from carpark.errors import BadSetting
from carpark.slots import read_slot
from traffic.dataset import list_days, read_frames
from traffic.index.quarters import Measure

ALL = ""  # the folder of the row for all cameras together
FEWEST = 4  # labels of a camera; fewer have no interval
NO_FRAMES = pd.DataFrame({"folder": [], "slot": [], "expected": []})


def read_labels(paths: Sequence[Path]) -> pd.DataFrame:
    """`folder`, `slot` (UTC) and `expected` (0 to 1) of each label; files of other archives are passed over. Raises BadSetting."""
    tables = [NO_FRAMES]
    for path in paths:
        try:
            labels = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"--labels {path} cannot be read ({error}). Expected a CSV with the columns file and level or occupancy."
            ) from error
        name = next((name for name in ("occupancy", "level") if name in labels), None)
        if name is None or "file" not in labels:
            raise BadSetting(
                f"--labels {path} has the columns {', '.join(map(str, labels.columns))}; expected file and level or occupancy."
            )
        values = labels[name].to_numpy(np.float64)
        if not np.isin(values, np.arange(len(SHARES_OF_LEVELS))).all() if name == "level" else not ((values >= 0) & (values <= 1)).all():
            raise BadSetting(
                f"--labels {path} has values of {name} out of range; expected {'0, 1, 2, 3 or 4' if name == 'level' else '0 to 1'}."
            )
        if {"scene", "slot"} <= set(labels):
            folders, slots = labels["scene"].str.rpartition(" ")[0], pd.to_datetime(labels["slot"], utc=True)
        else:
            places = [PurePosixPath(file) for file in labels["file"]]
            folders, slots = pd.Series([place.parent.parent.name for place in places]), pd.Series([read_slot(it.name) for it in places])
        expected = np.array(SHARES_OF_LEVELS)[values.astype(int)] if name == "level" else values
        table = pd.DataFrame({"folder": folders, "slot": slots, "expected": expected})
        tables.append(table[table["slot"].notna()])
    return pd.concat(tables[1:] or tables, ignore_index=True).astype({"slot": "datetime64[us, UTC]"})


def compare_with_labels(data: Path, measure: Measure, labels: pd.DataFrame) -> pd.DataFrame:
    """For each camera with labelled frames, and for all together: `n`, `spearman` with `low` and `high` (95%), `bias` and `error`.

    `bias` is the mean of measured minus expected, `error` the mean distance. The interval is Fisher's, with 1.06 / (n - 3) as the
    variance (Fieller, Hartley and Pearson 1957); NaN below four labels.
    """
    days = [day for day in list_days(data) if len(labels)]
    columns = ["folder", "slot", "state", measure]
    frames = [read_frames(data, day, columns).to_pandas().merge(labels, on=["folder", "slot"]) for day in days]
    known = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*columns, "expected"])
    known = known[known["state"] == "ok"]
    groups = [*known.groupby("folder"), *([(ALL, known)] if len(known) else [])]
    rows = [{"folder": folder} | _agreement(some[measure], some["expected"]) for folder, some in groups]
    return pd.DataFrame(rows, columns=["folder", "n", "spearman", "low", "high", "bias", "error"])


def _agreement(measured: pd.Series, expected: pd.Series) -> dict[str, float]:
    far = measured - expected
    found = {"n": len(far), "bias": float(far.mean()), "error": float(far.abs().mean())}
    if len(far) < FEWEST or expected.nunique() == 1 or measured.nunique() == 1:
        return found | dict.fromkeys(("spearman", "low", "high"), float("nan"))
    rank = float(spearmanr(measured, expected).statistic)
    middle, half = np.arctanh(np.clip(rank, -0.999, 0.999)), 1.96 * np.sqrt(1.06 / (len(far) - 3))
    return found | {"spearman": rank, "low": float(np.tanh(middle - half)), "high": float(np.tanh(middle + half))}
