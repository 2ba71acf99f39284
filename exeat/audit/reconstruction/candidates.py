"""The attacker of the bound: a finite list of candidates, one of which was trained on, and a noisy gradient.

Knowing everything but which candidate it was, the best attack picks the most likely one (Hayes et al. 2023 attack so).
With a uniform list of k the blind guess succeeds with kappa = 1/k exactly, so nothing about the prior is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.func import vmap

from exeat.audit.reconstruction.gradients import frozen, record_gradient
from exeat.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

MIN_CANDIDATES = 2


@dataclass(frozen=True, slots=True)
class Picked:
    """How often the true record was picked out of ``candidates``."""

    hits: int
    trials: int
    candidates: int


def signals(model: nn.Module, x: Tensor, y: Tensor, clip_norm: float) -> Tensor:
    """Return the clipped gradient [k, p] that each candidate would add."""
    return vmap(record_gradient(frozen(model), clip_norm))(x.double(), y)


def pick(added: Tensor, *, noise: float, sample_rate: float, steps: int, trials: int, seed: int) -> Picked:
    """Return how often the most likely of the candidates ``added`` [k, p] is the one that took part.

    Each step releases b·g + normal noise of standard deviation ``noise``, b = 1 with probability ``sample_rate``; the
    rest of the batch is known and subtracted. The weights stay put between steps, which helps the attacker.
    Only the span of the candidates matters, so the noise is drawn there: at most k numbers per step.
    """
    if len(added) < MIN_CANDIDATES or not noise > 0 or trials < 1:
        raise BadInput("Picking needs two candidates, noise and a trial.", "Give at least one more.")
    generator = torch.Generator().manual_seed(seed)
    within = _coordinates(added)
    squares = within.square().sum(dim=1)
    truth = torch.arange(trials) % len(added)
    evidence = torch.zeros(trials, len(added), dtype=torch.float64)
    for _ in range(steps):
        took = torch.rand(trials, generator=generator) < sample_rate
        noises = noise * torch.randn(trials, within.shape[1], generator=generator, dtype=torch.float64)
        seen = within[truth] * took[:, None] + noises
        evidence += _log_likelihood((seen @ within.T - squares / 2) / noise**2, sample_rate)
    jitter = torch.rand(evidence.shape, generator=generator, dtype=torch.float64) * 1e-12
    return Picked(int(((evidence + jitter).argmax(dim=1) == truth).sum()), trials, len(added))


def _coordinates(added: Tensor) -> Tensor:
    """Return the vectors in an orthonormal basis of their span: same inner products, [k, at most k]."""
    _, upper = torch.linalg.qr(added.double().T)
    result: Tensor = upper.T.contiguous()
    return result


def _log_likelihood(ratio: Tensor, sample_rate: float) -> Tensor:
    """Return log(1 - q + q·e^ratio): how likely a release is with the record, against without."""
    if sample_rate == 1:
        return ratio
    q = torch.tensor(sample_rate, dtype=torch.float64)
    return torch.logaddexp(torch.log1p(-q), torch.log(q) + ratio)
