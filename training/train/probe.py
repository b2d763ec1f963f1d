"""Transfer learning by a linear probe: the pretrained body stays as it is, and one linear layer over its mean features is fitted.

With some hundred photos this beats fine-tuning (docs/recipe.md): nothing that the body knows of cars at night or from above is
unlearnt, and the answer is the same every time.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from carpark.model.engines import Pixels
from carpark.model.network import FromPixels
from training.labels import LABELS, PARTIAL

Array = npt.NDArray[np.float64]
INVERSE_PENALTY = 0.01  # of squared weights, over standardised features; three times more or less changes one photo in 137
BATCH = 16
ORDER = (LABELS[0], PARTIAL, LABELS[1])


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Log-odds of full: `features @ weight + bias`."""

    weight: Array  # (width,)
    bias: float

    def log_odds(self, features: Array) -> Array:
        """(n,) for (n, width) features."""
        odds: Array = features @ self.weight + self.bias
        return odds

    def at(self, temperature: float) -> "Head":
        """The same order of photos, surer or less sure."""
        return Head(self.weight / temperature, self.bias / temperature)


def pool_photos(body: nn.Module, pixels: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
    """(n, 2, width): the means of the body's last maps for each photo, as it is and mirrored."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    normalise = FromPixels(nn.Sequential(body, nn.Identity()), mean, std).normalise.to(device)
    body.to(device).eval()
    pooled = []
    with tqdm(total=len(pixels), desc="looking at photos", unit="photo") as bar, torch.inference_mode():
        for start in range(0, len(pixels), BATCH):
            batch = normalise(torch.from_numpy(pixels[start : start + BATCH]).to(device).permute(0, 3, 1, 2).float())
            views = [body(view).mean((2, 3)) for view in (batch, batch.flip(3))]
            pooled.append(torch.stack(views, dim=1).cpu().numpy())
            bar.update(len(batch))
    body.to("cpu")
    return np.concatenate(pooled).astype(np.float64)


def fit_head(pooled: Array, labels: pd.Series, prior: Head | None = None) -> Head:
    """The layer for (n, views, width) features of photos labelled empty, partial or full.

    Two logistic regressions ask "more than empty?" and "full?" (ordinal classification, Frank and Hall 2001); the sum of their
    log-odds is one linear function again, in which partial photos lie between the others. With a `prior` the penalty is on how far the
    layer moves from it, rather than from zero.
    """
    prior = prior or Head(np.zeros(pooled.shape[-1]), 0.0)
    flat = pooled.reshape(-1, pooled.shape[-1])
    rank = np.repeat([ORDER.index(label) for label in labels], pooled.shape[1])
    centre, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    standard = (flat - centre) / spread
    axes = np.linalg.svd(standard, full_matrices=False)[2]  # the weights lie in the span of the photos, which has few dimensions
    weight, bias = np.zeros(flat.shape[1]), 0.0
    for is_more in (rank > 0, rank > 1):
        moved, intercept = fit_logistic(standard @ axes.T, is_more, offset=prior.log_odds(flat) / 2)
        weight += moved @ axes / spread
        bias += intercept
    return Head(prior.weight + weight, prior.bias + bias - float(centre @ weight))


def fit_logistic(features: Array, truth: npt.NDArray[np.bool_], *, offset: Array) -> tuple[Array, float]:
    """Weights (width,) and intercept of a logistic regression on top of log-odds `offset` (n,), squared weights penalised."""
    from scipy.optimize import minimize  # slow to import, and needed for training only

    sign = np.where(truth, 1.0, -1.0)

    def loss(parameters: Array) -> tuple[float, Array]:
        weight, margin = parameters[:-1], sign * (offset + features @ parameters[:-1] + parameters[-1])
        pull = -INVERSE_PENALTY * sign / (1 + np.exp(np.clip(margin, -60, 60)))  # derivative by the log-odds
        gradient = np.append(weight + features.T @ pull, pull.sum())
        return float(weight @ weight / 2 + INVERSE_PENALTY * np.logaddexp(0, -margin).sum()), gradient

    found = minimize(
        loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": 1e-5, "ftol": 1e-12}
    )
    return found.x[:-1], float(found.x[-1])


def install_head(network: nn.Sequential, head: Head) -> None:
    """Writes the head into the last layer of a network: half of the log-odds for full, half against empty."""
    layer = cast(nn.Linear, list(network[1].children())[-1])
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.stack([-head.weight, head.weight]) / 2))
        layer.bias.copy_(torch.tensor([-head.bias, head.bias]) / 2)
