"""Mechanisms whose trade-off curve is known exactly: what a bound may not exceed, with nothing to hide behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exeat.audit.dp import CanaryScores, Gaussian, PureCurve, best_bound
from exeat.audit.dp.tradeoff import gaussian_epsilon

if TYPE_CHECKING:
    from collections.abc import Iterator


def gaussian_bounds(
    runs: int, *, mu: float, canaries: int, delta: float, seed: int = 0
) -> Iterator[tuple[float, float]]:
    """Yield the plain bound and that of the true curve; every coin is seen through noise, as far as mu allows."""
    rng = np.random.default_rng(seed)
    for run in range(runs):
        inside = rng.random(canaries) < 0.5
        found = CanaryScores(mu * inside + rng.normal(size=canaries), inside, "Gaussian mechanism")
        yield tuple(best_bound(found, delta=delta, family=f, seed=run).bound for f in (None, Gaussian()))  # type: ignore[misc]  # two of them


def response_bounds(runs: int, *, epsilon: float, canaries: int, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the plain bound and that of its curve against randomised response, the worst that pure DP allows."""
    rng = np.random.default_rng(seed)
    for run in range(runs):
        inside = rng.random(canaries) < 0.5
        told = inside ^ (rng.random(canaries) < 1 / (1 + np.exp(epsilon)))
        found = CanaryScores(told + rng.random(canaries) / 2, inside, "response")
        yield tuple(best_bound(found, delta=0, family=f, seed=run).bound for f in (None, PureCurve()))  # type: ignore[misc]  # two of them


def truth(mu: float, delta: float) -> float:
    """Return the epsilon of the Gaussian mechanism."""
    return gaussian_epsilon(mu, delta)
