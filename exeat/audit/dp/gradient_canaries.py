"""White-box canaries for DP-SGD: gradients along one weight each, the strongest test of clipping bound and noise.

Source: Dirac canaries of Nasr et al. 2023 (2302.07956), used in one run by Steinke et al. 2023. A canary that its coin
included behaves like a record: each step samples it at the batch's rate, and its gradient, ``clip_norm`` long, joins
the sum before the noise. Afterwards the change of its weight tells. Such canaries see wrong noise, wrong rates and
wrong counts of steps; whether other records are clipped only records can tell (exeat/audit/canaries.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.audit.dp.guesses import CanaryScores
from exeat.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class GradientCanaries:
    """Canaries on the flat weight vector: ``coordinates`` [n], each its own, ``signs`` [n] and coins [n]."""

    parameters: int
    coordinates: Tensor
    signs: Tensor
    inside: NDArray[np.bool_]

    @classmethod
    def draw(cls, parameters: int, n: int, seed: int) -> GradientCanaries:
        """Return ``n`` canaries on different weights of ``parameters``; keep the seed secret until the audit."""
        if not 0 < n <= parameters:
            raise BadInput(
                f"{n} gradient canaries do not fit a model of {parameters:,} weights.", "Use at most one per weight."
            )
        rng = np.random.default_rng(seed)
        chosen = torch.from_numpy(rng.choice(parameters, n, replace=False))
        signs = torch.from_numpy(rng.choice([-1.0, 1.0], n))
        return cls(parameters, chosen, signs, rng.random(n) < 0.5)  # noqa: PLR2004 a fair coin

    def sampled_sum(self, rate: float, clip_norm: float, draw: torch.Generator | None = None) -> Tensor:
        """Return what one step's Poisson sample of the included canaries adds to the sum of clipped gradients."""
        chosen = torch.from_numpy(self.inside) & (torch.rand(len(self.inside), generator=draw) < rate)
        total = torch.zeros(self.parameters)
        total[self.coordinates[chosen]] = clip_norm * self.signs[chosen].float()
        return total

    def scores(self, before: Tensor, after: Tensor) -> CanaryScores:
        """Return how far each canary's weight went against its gradient, from the flat weights before and after.

        Linear in the gradients, and so the best score, for SGD with or without momentum; valid for any optimizer.
        """
        if len(before) != self.parameters or len(after) != self.parameters:
            raise BadInput(
                f"The canaries are for {self.parameters:,} weights, the model has {len(after):,}.",
                "Flatten the weights in the order of model.parameters(), before and after.",
            )
        moved = (before - after)[self.coordinates].double() * self.signs
        return CanaryScores(moved.numpy(), self.inside, "weight along the canary's gradient")


def flat_weights(model: torch.nn.Module) -> Tensor:
    """Return a copy of all trained weights as one vector, in the order of ``model.parameters()``."""
    return torch.cat([weight.detach().flatten().clone() for weight in model.parameters()])
