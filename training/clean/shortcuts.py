"""Does style give the class away? A model that can tell full from empty by brightness learns brightness, and fails where it differs.

Each trait of style is scored alone, by the area under the ROC curve (AUROC): 0.5 says nothing of the class, 1 and 0 say all.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.clean.survey import Style
from training.labels import LABELS

SHORTCUTS_FILE = "shortcuts.csv"
SHORTCUT_COLUMNS = ("trait", "auroc", "low", "high", "n", "verdict")
TOLD = ("source", "license", "view", "flag")  # columns of photos.csv that may give the class away
FEWEST = 5  # photos with a value, and without it, for the value to be tested
STRONG = 0.1  # of AUROC away from 0.5
DRAWS = 500

Floats = npt.NDArray[np.float64]
Scored = tuple[str, float, float, float, int, str]  # as `SHORTCUT_COLUMNS`


def find_shortcuts(photos: pd.DataFrame, styles: Sequence[Style | None], seed: int = 0) -> pd.DataFrame:
    """One row a trait with the columns `SHORTCUT_COLUMNS`, strongest first: AUROC of "full" by the trait, with a 95% interval over scenes.

    `n` counts photos; of partial or unreadable photos nothing is known here.
    """
    rows = [number for number, style in enumerate(styles) if style is not None and photos.label.iloc[number] in LABELS]
    chosen = photos.iloc[rows]
    is_full = (chosen.label == LABELS[1]).to_numpy()
    if is_full.all() or not is_full.any():
        return pd.DataFrame(columns=list(SHORTCUT_COLUMNS))
    measured = pd.DataFrame([styles[number] for number in rows])
    traits = _told_traits(chosen)
    traits |= {str(name): np.asarray(values, np.float64) for name, values in measured.items()}
    scenes = pd.factorize(chosen.scene)[0]
    if (together := _all_traits(measured, is_full, scenes, seed)) is not None:
        traits["all measured traits together"] = together
    rng = np.random.default_rng(seed)
    draws = [_draw_scenes(rng, scenes) for _ in range(DRAWS)]
    table: list[Scored] = [_score(name, values, is_full, draws) for name, values in traits.items() if len(np.unique(values)) > 1]
    table.sort(key=lambda row: (-abs(row[1] - 0.5), row[0]))
    return pd.DataFrame(table, columns=list(SHORTCUT_COLUMNS))


def _told_traits(photos: pd.DataFrame) -> dict[str, Floats]:
    """1 where a column has a value and 0 elsewhere, for each value that is neither rare nor everywhere."""
    traits: dict[str, Floats] = {}
    for column in TOLD:
        values = photos[column].fillna("").astype(str) if column in photos else pd.Series("", index=photos.index)
        for value in sorted(set(values) - {""}):
            has = np.asarray(values == value, np.float64)
            if FEWEST <= has.sum() <= len(has) - FEWEST:
                traits[f"{column} {value}"] = has
    return traits


def _all_traits(measured: pd.DataFrame, is_full: npt.NDArray[np.bool_], scenes: npt.NDArray[np.intp], seed: int) -> Floats | None:
    """P(full) by style alone, out of fold by scene; None where there are too few scenes."""
    fewest = min(len(np.unique(scenes[is_full == side])) for side in (True, False))
    if fewest < 3:
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    folds = StratifiedGroupKFold(min(5, fewest), shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(model, measured, is_full, groups=scenes, cv=folds, method="predict_proba")[:, 1])


def _score(name: str, values: Floats, is_full: npt.NDArray[np.bool_], draws: Sequence[npt.NDArray[np.intp]]) -> Scored:
    value = auroc(values, is_full)
    drawn = [auroc(values[rows], is_full[rows]) for rows in draws if 0 < is_full[rows].sum() < len(rows)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    is_real = low > 0.5 or high < 0.5
    verdict = "no sign" if not is_real else "predicts the class" if abs(value - 0.5) >= STRONG else "weak"
    return name, round(value, 3), round(float(low), 3), round(float(high), 3), len(values), verdict


def auroc(values: Floats, is_full: npt.NDArray[np.bool_]) -> float:
    """The chance that a full photo has more of the trait than an empty one; ties count half (Mann-Whitney)."""
    full = int(is_full.sum())
    return float((rankdata(values)[is_full].sum() - full * (full + 1) / 2) / (full * (len(values) - full)))


def _draw_scenes(rng: np.random.Generator, scenes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Row numbers of as many scenes as there are, drawn with replacement: photos of one place say the same thing more than once."""
    order = np.argsort(scenes, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(scenes))[:-1])
    return np.concatenate([groups[number] for number in rng.integers(len(groups), size=len(groups))])
