"""Does style give the class away? A model that can tell full from empty by brightness learns brightness, and fails on other photos.

Each trait of style is scored alone by the area under the ROC curve (AUROC): 0.5 says nothing about the class, 1 and 0 say everything.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.clean.survey import Floats, StyleMeasures
from training.labels import LABELS
from training.splits import scene_folds

SHORTCUTS_FILE = "shortcuts.csv"
SHORTCUT_COLUMNS = ("trait", "auroc", "low", "high", "n", "verdict")
TRAIT_COLUMNS = ("source", "license", "view", "flag")  # columns of photos.csv that may give the class away
FEWEST = 5  # photos with a value, and as many without it, for the value to be tested
STRONG = 0.1  # distance of AUROC from 0.5
DRAWS = 500  # of the bootstrap

Scored = tuple[str, float, float, float, int, str]  # as `SHORTCUT_COLUMNS`


def find_shortcuts(photos: pd.DataFrame, styles: Sequence[StyleMeasures | None], seed: int = 0) -> pd.DataFrame:
    """One row for each trait, with the columns `SHORTCUT_COLUMNS`, strongest first: AUROC of "full" by the trait, 95% interval over scenes.

    `n` counts photos. Partial and unreadable photos are left out.
    """
    rows = [number for number, style in enumerate(styles) if style is not None and photos.label.iloc[number] in LABELS]
    chosen = photos.iloc[rows]
    is_full = (chosen.label == LABELS[1]).to_numpy()
    if is_full.all() or not is_full.any():
        return pd.DataFrame(columns=list(SHORTCUT_COLUMNS))
    measured = pd.DataFrame([styles[number] for number in rows])
    traits = _column_traits(chosen)
    traits |= {str(name): np.asarray(values, np.float64) for name, values in measured.items()}
    scenes = pd.factorize(chosen.scene)[0]
    if (together := _all_traits(measured, is_full, scenes, seed)) is not None:
        traits["all measured traits together"] = together
    rng = np.random.default_rng(seed)
    draws = [_draw_scenes(rng, scenes) for _ in range(DRAWS)]
    table: list[Scored] = [_score(name, values, is_full, draws) for name, values in traits.items() if len(np.unique(values)) > 1]
    table.sort(key=lambda row: (-abs(row[1] - 0.5), row[0]))
    return pd.DataFrame(table, columns=list(SHORTCUT_COLUMNS))


def _column_traits(photos: pd.DataFrame) -> dict[str, Floats]:
    """For each value of a column that is neither rare nor nearly everywhere: 1 for the photos that have it, 0 for the others."""
    traits: dict[str, Floats] = {}
    for column in TRAIT_COLUMNS:
        values = photos[column].fillna("").astype(str) if column in photos else pd.Series("", index=photos.index)
        for value in sorted(set(values) - {""}):
            has = np.asarray(values == value, np.float64)
            if FEWEST <= has.sum() <= len(has) - FEWEST:
                traits[f"{column} {value}"] = has
    return traits


def _all_traits(measured: pd.DataFrame, is_full: npt.NDArray[np.bool_], scenes: npt.NDArray[np.intp], seed: int) -> Floats | None:
    """P(full) by style alone, out of fold by scene; None if there are too few scenes."""
    fewest = min(len(np.unique(scenes[is_full == side])) for side in (True, False))
    if fewest < 3:
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    folds = list(scene_folds(is_full, scenes, min(5, fewest), seed=seed))
    return np.asarray(cross_val_predict(model, measured, is_full, cv=folds, method="predict_proba")[:, 1])


def _score(name: str, values: Floats, is_full: npt.NDArray[np.bool_], draws: Sequence[npt.NDArray[np.intp]]) -> Scored:
    value = fast_auroc(values, is_full)
    drawn = [fast_auroc(values[rows], is_full[rows]) for rows in draws if 0 < is_full[rows].sum() < len(rows)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    is_real = low > 0.5 or high < 0.5
    verdict = "no sign" if not is_real else "predicts the class" if abs(value - 0.5) >= STRONG else "weak"
    return name, round(value, 3), round(float(low), 3), round(float(high), 3), len(values), verdict


def fast_auroc(values: Floats, is_full: npt.NDArray[np.bool_]) -> float:
    """The chance that a full photo has more of the trait than an empty one; ties count half (Mann-Whitney).

    `roc_auc_score` of scikit-learn gives the same number. It checks its inputs at each call, which takes 8 s in the 7,000 calls of a run.
    """
    full = int(is_full.sum())
    return float((rankdata(values)[is_full].sum() - full * (full + 1) / 2) / (full * (len(values) - full)))


def _draw_scenes(rng: np.random.Generator, scenes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Row numbers of scenes drawn with replacement, as many as there are. Photos of one scene are not independent, so scenes are drawn."""
    order = np.argsort(scenes, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(scenes))[:-1])
    return np.concatenate([groups[number] for number in rng.integers(len(groups), size=len(groups))])
