"""Reconstruction robustness: how often any attacker can rebuild a record, from the mechanism alone.

``kappa`` is the success of the best guess made without looking at the release: the probability, under the attacker's
prior, of the ball of the tolerance that holds the most. Every function returns an upper bound of the probability that
an attacker who knows all other records, the prior and the algorithm comes within the tolerance of the true record.

Why it holds (Balle et al. 2022; Hayes et al. 2023): let E_z be the releases from which the attacker rebuilds z. Under
training without the record these events have probability at most kappa on average over the prior. With the record,
an event of probability a has at most B(a) = sup {P(E): Q(E) <= a}, and B is concave, so Jensen's inequality gives
E[P_z(E_z)] <= B(kappa). Privacy bounds B: P(E) <= e^eps Q(E) + delta(eps) at every eps, so the least value over eps of
kappa·e^eps + delta(eps) is a bound, and for the exact privacy profile it is B(kappa) itself.

The bound is about one record (add or remove one). A person with several records needs group privacy.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exeat.model.manifest import DpClaim

    Profile = Callable[[NDArray[np.float64]], NDArray[np.float64]]

MAX_STEPS = 10**6
MAX_PLD_EPSILON = 60.0
"""A privacy-loss distribution needs memory in proportion to epsilon; above this Rényi DP answers alone."""
DELTAS = tuple(10.0**-k for k in range(1, 13))
_MIDDLE = 5
_COARSE, _FINE = 1e-3, 5e-4
"""Width of a cell of the loss, in nats: each step adds at most its square over four to the variance of the loss."""
_POINTS = 2001
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DpSgd:
    """Gaussian noise on Poisson samples: noise as a multiple of the clipping norm, sample rate, number of steps."""

    noise_multiplier: float
    sample_rate: float
    steps: int

    def __post_init__(self) -> None:
        fine = self.noise_multiplier > 0 and 0 < self.sample_rate <= 1 and 0 < self.steps <= MAX_STEPS
        if not fine:
            raise BadInput(
                f"Noise {self.noise_multiplier:g}, sample rate {self.sample_rate:g} and {self.steps:,} steps are no "
                "DP-SGD run.",
                f"Give positive noise, a sample rate in (0, 1] and 1 to {MAX_STEPS:,} steps.",
            )

    @classmethod
    def from_claim(cls, claim: DpClaim) -> DpSgd | None:
        """Return the run that a manifest claims; None where noise, rate or steps are not stated."""
        if claim.noise_multiplier is None or claim.sample_rate is None or claim.steps is None:
            return None
        return cls(
            noise_multiplier=float(claim.noise_multiplier), sample_rate=float(claim.sample_rate), steps=claim.steps
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """The largest success probability that the mechanism allows, and by which argument."""

    value: float
    method: str

    @property
    def vacuous(self) -> bool:
        """Return whether the bound is its cap and excludes nothing."""
        return self.value >= 1


def pure_dp(kappa: float, epsilon: float) -> float:
    """Return kappa·e^epsilon, at most 1, for an epsilon-DP mechanism (Balle et al. 2022, 2201.04845)."""
    _check(kappa, epsilon)
    return min(1.0, kappa * math.exp(min(epsilon, 700.0)))


def approximate_dp(kappa: float, epsilon: float, delta: float) -> float:
    """Return kappa·e^epsilon + delta, at most 1, for an (epsilon, delta)-DP mechanism (derived above)."""
    _check(kappa, epsilon)
    if not 0 <= delta <= 1:
        raise BadInput(f"delta lies between 0 and 1, not {delta:g}.", "Give it as a probability.")
    return min(1.0, pure_dp(kappa, epsilon) + delta)


def gaussian(kappa: float, mu: float) -> float:
    """Return Phi(Phi^-1(kappa) + mu) for a mu-Gaussian-DP mechanism (Hayes et al. 2023, 2302.07225).

    mu is sensitivity over noise; ``steps`` full-batch steps of noise sigma·C have mu = sqrt(steps)/sigma.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 the command line starts without scipy

    _check(kappa, mu)
    return float(ndtr(ndtri(kappa) + mu))


def from_profile(kappa: float, profile: Profile, reach: float) -> float:
    """Return the least kappa·e^eps + delta(eps) over eps in [-reach, reach], for a privacy profile delta(eps).

    Each eps gives a valid bound, so stopping the search early loses tightness and never soundness. The sum is convex
    in e^eps, so a grid that is narrowed round its least point finds the minimum.
    """
    _check(kappa, reach)
    low, high = -reach, reach
    best = 1.0
    for _ in range(_ROUNDS):
        grid = np.linspace(low, high, _POINTS)
        sums = kappa * np.exp(grid) + np.maximum(profile(grid), 0.0)
        at = int(sums.argmin())
        best = min(best, float(sums[at]))
        low, high = float(grid[max(at - 1, 0)]), float(grid[min(at + 1, _POINTS - 1)])
    return best


def dp_sgd(kappa: float, run: DpSgd) -> Bound:
    """Return the bound of a DP-SGD run from its privacy profile (dp-accounting, privacy-loss distributions).

    The distribution is rounded pessimistically (Doroshenko et al. 2022), so the figure is never below the exact
    blow-up function that Hayes et al. estimate by sampling. Where epsilon is too large for it, Rényi DP answers.
    """
    _check(kappa, 0.0)
    epsilons = _renyi(run)
    by_renyi = min(approximate_dp(kappa, epsilon, delta) for delta, epsilon in zip(DELTAS, epsilons, strict=True))
    if epsilons[_MIDDLE] > MAX_PLD_EPSILON:
        return Bound(by_renyi, "Rényi DP at a dozen deltas (Mironov 2017)")
    distribution = _distribution(run)
    value = from_profile(kappa, distribution.get_delta_for_epsilon, max(epsilons[_MIDDLE], 1.0))
    return Bound(min(value, by_renyi), "privacy profile of the privacy-loss distribution (dp-accounting)")


@lru_cache(maxsize=4)
def _distribution(run: DpSgd) -> Any:
    from dp_accounting.pld import privacy_loss_distribution as pld  # noqa: PLC0415 it costs about a second

    if run.sample_rate == 1:
        noise = run.noise_multiplier / math.sqrt(run.steps)
        return pld.from_gaussian_mechanism(noise, value_discretization_interval=_COARSE)
    cell = max(_COARSE / math.sqrt(run.steps), _FINE)
    step = pld.from_gaussian_mechanism(
        run.noise_multiplier, sampling_prob=run.sample_rate, value_discretization_interval=cell
    )
    return step.self_compose(run.steps)


@lru_cache(maxsize=64)
def _renyi(run: DpSgd) -> tuple[float, ...]:
    """Return epsilon at each of DELTAS, for adding or removing one record."""
    import dp_accounting  # noqa: PLC0415 it costs about a second
    from dp_accounting import rdp  # noqa: PLC0415

    event = dp_accounting.SelfComposedDpEvent(
        dp_accounting.PoissonSampledDpEvent(run.sample_rate, dp_accounting.GaussianDpEvent(run.noise_multiplier)),
        run.steps,
    )
    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        accountant = rdp.RdpAccountant().compose(event)
        return tuple(float(accountant.get_epsilon(delta)) for delta in DELTAS)
    finally:
        absl.setLevel(level)


def _check(kappa: float, strength: float) -> None:
    if not 0 < kappa <= 1:
        raise BadInput(
            f"kappa is the probability of the best blind guess, not {kappa:g}.", "Give it in (0, 1], such as 1/n."
        )
    if not strength >= 0 or math.isinf(strength):
        raise BadInput(f"A privacy parameter of {strength:g} makes no sense.", "Give a finite number of at least 0.")
