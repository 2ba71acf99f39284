"""Fisher information of a noisy release about one record, and what it forbids.

A release w = f(z) + noise, noise normal with standard deviation s on each coordinate, has Fisher information
I(z) = JᵀJ/s² about the record z, where J is the Jacobian of f at z (the score is Jᵀ(w - f(z))/s²; its covariance is
that). Cramér and Rao: the covariance of any unbiased estimate of z is at least I⁻¹. Hence

* the variance along the most exposed direction is at least 1/eta², eta² = largest eigenvalue (Hannun et al. 2021);
* the mean squared error per coordinate is at least trace(I⁻¹)/d, which is at least d/trace(I) (Guo et al. 2022).

An attacker with a prior is biased and may do better; for a normal prior ``with_prior`` gives the bound that holds for
every estimator (van Trees). Where J has no full column rank nobody can estimate z without bias in some direction; the
exact bound is then infinite and the others stay finite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.func import jacfwd, jacrev

from exeat.audit.reconstruction.least_squares import load_forward_mode
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Release = Callable[[Tensor], Tensor]

MAX_ENTRIES = 2 * 10**7
"""Largest Jacobian that is written out, in numbers (160 MB)."""
_RANK = 1e-12


@dataclass(frozen=True, slots=True)
class Leakage:
    """What one release tells of one record of ``size`` coordinates; bounds are in squared units of the record."""

    size: int
    eta: float
    trace: float
    unbiased_mse: float

    @property
    def variance_bound(self) -> float:
        """Return 1/eta²: the least variance of an unbiased estimate along the most exposed direction."""
        return math.inf if self.eta == 0 else 1 / self.eta**2

    @property
    def mse_bound(self) -> float:
        """Return d/trace(I): a floor of the mean squared error per coordinate of an unbiased estimate."""
        return math.inf if self.trace == 0 else self.size / self.trace


def information(release: Release, record: Tensor, noise: float) -> Tensor:
    """Return the Fisher information [d, d] of ``release(record)`` plus normal noise about the flattened record."""
    if not noise > 0:
        raise BadInput(
            "Without noise a release has no Fisher information: it may determine the record exactly.",
            "Give the standard deviation of the noise, or run an attack instead.",
        )
    point = record.detach().double()
    height = release(point).numel()
    size = height * point.numel()
    if size > MAX_ENTRIES:
        raise BadInput(
            f"The Jacobian of the release would hold {size:,} numbers.",
            f"At most {MAX_ENTRIES:,} are written out; bound a smaller model or a part of its gradient.",
        )
    load_forward_mode()
    mode = jacfwd if point.numel() < height else jacrev
    jacobian = mode(release)(point).reshape(-1, point.numel())
    result: Tensor = jacobian.T @ jacobian / noise**2
    return result


def leakage(matrix: Tensor) -> Leakage:
    """Return the bounds of a Fisher information matrix [d, d]."""
    eigenvalues = torch.linalg.eigvalsh(matrix).clamp_min(0)
    top = float(eigenvalues[-1])
    full = bool(eigenvalues[0] > _RANK * top)
    exact = float((1 / eigenvalues).mean()) if full else math.inf
    return Leakage(len(matrix), math.sqrt(top), float(eigenvalues.sum()), exact)


def with_prior(mean_trace: float, prior_precision: float, size: int) -> float:
    """Return a floor of the mean squared error per coordinate of any estimator, biased or not.

    The attacker's prior is normal with this precision (1/variance) in each of ``size`` coordinates; ``mean_trace`` is
    the trace of the Fisher information averaged over the prior. Van Trees (1968): the Bayes error matrix is at least
    (E[I] + prior information)⁻¹, and trace(A⁻¹) >= d²/trace(A).
    """
    if mean_trace < 0 or not prior_precision > 0 or size < 1:
        raise BadInput("A prior has positive precision, information is not negative.", "Correct them.")
    return size / (mean_trace + size * prior_precision)
