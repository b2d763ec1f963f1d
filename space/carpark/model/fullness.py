"""How full: the share of bays, or of the road, that is taken, and an interval measured on places that training did not see."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
LARGEST_LOG_ODDS = 12.0  # of P(full), which float32 still tells apart; a network surer than that is taken to be so sure
LEAST_SCALE = 0.1  # of residuals; without it an interval at 0 or 1 would have no width


@dataclass(frozen=True, slots=True)
class Fullness:
    """Of one model: how the share follows from P(full), and how far the truth lay from it at places that the model had not seen.

    The log-odds of the share are `slope` times those of P(full), plus `shift`. Both quantiles are of |truth - share| / `scale_of(share)`:
    split conformal prediction (Lei et al. 2018) with residuals scaled, since shares near 0 and 1 stray less.
    """

    slope: float
    shift: float
    quantile_80: float  # for pictures like the training photos: 80% of the truths lie within
    quantile_95: float  # for pictures unlike them, where 80% is not promised


def log_odds_of(p_full: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The log-odds of probabilities or shares, of any shape, -12 to 12."""
    p = np.clip(np.asarray(p_full, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.clip(np.log(p / (1 - p)), -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)


def share_of(p_full: npt.ArrayLike, fullness: Fullness) -> Floats:
    """The share taken, 0 to 1, for P(full), of any shape."""
    log_odds = fullness.slope * log_odds_of(p_full) + fullness.shift
    share: Floats = (1 / (1 + np.exp(-log_odds))).astype(np.float32)
    return share


def scale_of(share: npt.ArrayLike) -> Floats:
    """How far the truth tends to lie from a share, up to a factor: 0.1 at 0 and 1, 0.6 at 0.5."""
    values = np.clip(np.asarray(share, dtype=np.float64), 0, 1)
    scale: Floats = (LEAST_SCALE + np.sqrt(values * (1 - values))).astype(np.float32)
    return scale


def interval_of(share: npt.ArrayLike, fullness: Fullness, *, is_like_training: npt.ArrayLike = True) -> tuple[Floats, Floats]:
    """The lowest and highest share, 0 to 1, that each share stands for: 80% of the truths, or the wider one for an unlike picture."""
    half = np.where(is_like_training, fullness.quantile_80, fullness.quantile_95) * scale_of(share)
    values = np.asarray(share, dtype=np.float32)
    return np.clip(values - half, 0, 1), np.clip(values + half, 0, 1)
