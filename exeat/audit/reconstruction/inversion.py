"""White-box inversion of each class by gradient ascent on the input (Fredrikson et al. 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from exeat.audit.reconstruction.gradients import frozen

if TYPE_CHECKING:
    from torch import Tensor, nn

    from exeat.audit.reconstruction.baseline import Population

STEPS = 300
PULL = 0.01
"""Weight of the squared distance to the average person, per coordinate sum, as a normal prior has it."""
RATE = 0.05


def invert_classes(model: nn.Module, population: Population, labels: Tensor) -> Tensor:
    """Return per label the row [d] that the model takes for the label most surely and the prior allows.

    The attacker knows means and spreads of the features; the search starts at the average person and is
    deterministic. Rows are on the population's scale.
    """
    twin = frozen(model)
    rows = torch.zeros(len(labels), population.rows.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([rows], lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        fit = cross_entropy(twin(population.inputs(rows)), labels, reduction="sum")
        loss = fit + PULL * rows.square().sum()
        torch.autograd.backward([loss])
        optimizer.step()
    return rows.detach()
