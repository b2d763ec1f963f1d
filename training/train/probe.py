"""A linear probe: the body stays as it is, and one linear layer over its mean features is fitted to the share of bays that is taken.

The body carries ImageNet's weights, or those of a model of ours. Of one that counts bays, the layer is over the log-odds that it counts.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.layers import Lambda
from scipy.special import expit
from torch import Tensor, nn
from tqdm import tqdm

from carpark.model.blocks import split_for_features
from carpark.model.counting import counting_layer
from carpark.model.engines import Features, Pixels
from carpark.model.network import FromPixels, pool_features
from training.labels import SHARES
from training.provenance import are_drawn

Array = npt.NDArray[np.float64]
INVERSE_PENALTY = 0.01  # of squared weights, over standardised features; three times more or less changes one photo in 137
BATCH = 16
LEAST_SHARE = 0.02  # a share of 0 or 1 would ask for infinite log-odds
TUNED_BEFORE_LAST = 2  # blocks of a fine-tuned body behind its features, chosen in docs/recipe.md
DRAWN_WEIGHT = 0.1  # of a drawn photo; that of a real one is 1


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Log-odds, of the share taken or of full: `features @ weight + bias`, for what `pool_photos` says of photos."""

    weight: Array  # (width,)
    bias: float

    def log_odds(self, features: Array) -> Array:
        """(n,) for (n, width) features."""
        odds: Array = features @ self.weight + self.bias
        return odds

    def rescaled(self, slope: float, shift: float) -> "Head":
        """The head whose log-odds are `slope` times these plus `shift`: the same order of photos."""
        return Head(slope * self.weight, slope * self.bias + shift)


AS_COUNTED = Head(np.ones(1), 0.0)  # leaves the log-odds that a network counts as they are


def pool_photos(
    body: nn.Module,
    pixels: Pixels,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    *,
    mirrored: bool = True,
    counting: nn.Conv2d | None = None,
) -> tuple[Array, Features]:
    """(n, views, width) what a head is over, for each photo as it is and, if asked for, mirrored; and (n, width) features.

    The former are means of the body's last maps, or, from a `counting` layer over these, log-odds of the share (width 1). The latter are
    those that `carpark.model.network.FromPixels` gives.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    normalise = FromPixels(nn.Sequential(body, nn.Identity()), mean, std).normalise.to(device)
    network = cast(Any, body)  # torch's types leave `memory_format` out
    network.to(device).to(memory_format=torch.channels_last).eval()  # takes two thirds of the time on a CPU
    pool = nn.Sequential(counting, Lambda(share_log_odds)).to(device) if counting else Lambda(partial(torch.mean, dim=(2, 3)))
    first, rest = split_for_features(body, TUNED_BEFORE_LAST if counting else 0)
    pooled, features = [], []
    with tqdm(total=len(pixels), desc="looking at photos", unit="photo") as bar, torch.inference_mode():
        for start in range(0, len(pixels), BATCH):
            batch = normalise(torch.from_numpy(pixels[start : start + BATCH]).to(device).permute(0, 3, 1, 2).float())
            batch = batch.contiguous(memory_format=torch.channels_last)
            views = [first(view) for view in ((batch, batch.flip(3)) if mirrored else (batch,))]
            pooled.append(torch.stack([pool(rest(maps)) for maps in views], dim=1).cpu().numpy())
            features.append(pool_features(views[0]).cpu().numpy())
            bar.update(len(batch))
    network.to("cpu").to(memory_format=torch.contiguous_format)
    pool.to("cpu")
    return np.concatenate(pooled).astype(np.float64), np.concatenate(features)


def share_log_odds(log_counts: Tensor) -> Tensor:
    """(n, 1) log-odds of the share taken, for logarithms of free and taken bays in cells (n, 2, rows, columns)."""
    free, taken = log_counts.logsumexp((2, 3), keepdim=True)[..., 0].unbind(1)
    return taken - free


def shares_of(photos: pd.DataFrame) -> Array:
    """(n,) the share of bays that each photo teaches: its `occupancy`, else what its label stands for."""
    by_label = photos.label.map(SHARES)
    known = photos["occupancy"] if "occupancy" in photos else pd.Series(np.nan, index=photos.index)
    return np.clip(np.array(known.astype(float).fillna(by_label), dtype=np.float64), LEAST_SHARE, 1 - LEAST_SHARE)


def weights_of(photos: pd.DataFrame) -> Array:
    """(n,) how much each photo counts: drawn ones less than real ones. Alone, they ask for a stronger penalty than real ones do."""
    return np.where(are_drawn(photos), DRAWN_WEIGHT, 1.0)


def fit_head(pooled: Array, shares: Array, weights: Array | None = None, prior: Head | None = None) -> Head:
    """The layer for (n, views, width) features of photos with these shares, 0 to 1: its log-odds are those of the share.

    A logistic regression with soft targets (Papke and Wooldridge 1996). With a `prior` the penalty is on how far the layer moves from it,
    rather than from zero. `weights` (n,) are all 1 when None.
    """
    prior = prior or Head(np.zeros(pooled.shape[-1]), 0.0)
    views, flat = pooled.shape[1], pooled.reshape(-1, pooled.shape[-1])
    importance = np.repeat(np.ones(len(shares)) if weights is None else weights, views) / views
    centre, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    standard = (flat - centre) / spread
    moved, intercept = fit_logistic(standard, np.repeat(shares, views), INVERSE_PENALTY * importance, offset=prior.log_odds(flat))
    weight = moved / spread
    return Head(prior.weight + weight, prior.bias + intercept - float(centre @ weight))


def fit_logistic(features: Array, shares: Array, importance: Array, *, offset: Array) -> tuple[Array, float]:
    """Weights (width,) and intercept of a logistic regression on top of log-odds `offset` (n,).

    Squared weights are penalised with 1/2; `importance` (n,) is what each row counts beside them.
    """
    from scipy.optimize import minimize  # slow to import, and needed for training only

    def loss(parameters: Array) -> tuple[float, Array]:
        weight, log_odds = parameters[:-1], offset + features @ parameters[:-1] + parameters[-1]
        pull = importance * (expit(log_odds) - shares)
        cross_entropy = np.logaddexp(0, log_odds) - shares * log_odds
        gradient = np.append(weight + features.T @ pull, pull.sum())
        return float(weight @ weight / 2 + importance @ cross_entropy), gradient

    found = minimize(
        loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": 1e-5, "ftol": 1e-12}
    )
    return found.x[:-1], float(found.x[-1])


def install_head(network: nn.Sequential, head: Head) -> None:
    """Writes the head into the last layer of a network: half of the log-odds for full, half against empty.

    Where the network counts, that layer is over the logarithms of all free and of all taken bays.
    """
    layer = cast(nn.Linear, list(network[1].children())[-1])
    weight = np.array([-head.weight[0], head.weight[0]]) if counting_layer(network[1]) else head.weight
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.stack([-weight, weight]) / 2))
        layer.bias.copy_(torch.tensor([-head.bias, head.bias]) / 2)
