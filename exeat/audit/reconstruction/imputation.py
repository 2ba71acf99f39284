"""A multinomial logistic imputer: the log probability of each value of an attribute from other columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy, log_softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Imputer = Callable[[Tensor], Tensor]

RIDGE = 1.0
"""Weight of half the squared weights against the summed log-likelihood, as a normal prior of spread one has it."""
STEPS = 100
FOLDS = 2


def fit_imputer(x: Tensor, value: Tensor, n_values: int) -> Imputer:
    """Return the imputer of the value numbers ``value`` [n] from ``x`` [n, d]: rows to log probabilities [n, v]."""
    mean, spread = x.mean(dim=0), x.std(dim=0, unbiased=False)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    weight = torch.zeros(x.shape[1], n_values, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(n_values, dtype=torch.float64, requires_grad=True)
    rows = (x - mean) / spread
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        fit = cross_entropy(rows @ weight + bias, value, reduction="sum")
        loss = (fit + RIDGE / 2 * (weight.square().sum() + 1e-3 * bias.square().sum())) / len(x)
        torch.autograd.backward([loss])
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    w, b = weight.detach(), bias.detach()
    return lambda others: log_softmax(((others - mean) / spread) @ w + b, dim=1)


def cross_fitted(x: Tensor, value: Tensor, n_values: int, seed: int) -> Tensor:
    """Return log probabilities [n, v] of each row by an imputer fitted on the other half of the rows."""
    fold = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)) % FOLDS
    found = torch.empty(len(x), n_values, dtype=torch.float64)
    for part in range(FOLDS):
        held = fold == part
        found[held] = fit_imputer(x[~held], value[~held], n_values)(x[held])
    return found
