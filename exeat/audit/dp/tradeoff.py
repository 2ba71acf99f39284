"""Lower bound on epsilon from one run under a hypothesised trade-off curve (f-DP), with the proof it stands on.

Source: Mahloujifar, Melis and Chaudhuri 2024 (arXiv 2410.22235, ICML 2025). Written from this derivation:

Let m canaries have fair coins, let the auditor always guess exactly k of them, and let p_i be the probability that
exactly i guesses are right. Flip the coin of one canary j: the two trainings are neighbours, and an outcome with "j
guessed right, at least i right in all" becomes one with "j guessed wrong, at least i − 1 right in all". So with
F(x) = 1 − f(x), which f-DP bounds probabilities by, and averaging over coins and over j (F is concave):

    r_i <= F(h_{i−1}),  r_i = sum over n >= i of (n/m)·p_n,  h_i = sum over n >= i of ((k − n)/m)·p_n.

If P[right >= c] = tau is possible at all, it is possible with that mass on exactly c (moving mass down to c lowers each
r_i and raises each h_i for i <= c). From r_c = tau·c/m and h_c = tau·(k − c)/m the smallest h_{i−1} that the
inequality allows is max(h_i, F⁻¹(r_i)), and r_{i−1} = r_i + (i − 1)/(k − i + 1)·(h_{i−1} − h_i). All h and r are
smallest at once, because the factor (i − 1)/(k − i + 1) grows with i. The masses add up to (r_0 + h_0)·m/k; more than 1
means that a tail of tau is impossible. Curves must hold for adding and for removing a canary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from exeat.audit.dp.one_run import check_counts, largest_refuted
from exeat.errors import BadInput
from exeat.policy.epsilon import dp_sgd_epsilon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Inverse = Callable[[float], float]

_PRECISION = 1e-6
_GRID = 1.03


class Family(Protocol):
    """Trade-off curves in order of weaker privacy, by one parameter from 0 (perfect privacy) upwards."""

    @property
    def assumption(self) -> str:
        """Say for which trainings the bound holds."""

    @property
    def precision(self) -> float:
        """Return how closely the parameter is searched."""

    def __hash__(self) -> int:
        """Families are values: the same ones share their curves."""

    def inverse(self, parameter: float, delta: float) -> Inverse:
        """Return F⁻¹ of the curve: the least probability under one dataset given the one under its neighbour."""

    def epsilon(self, parameter: float, delta: float) -> float:
        """Return the epsilon at delta that the curve amounts to."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Gaussian DP (Dong, Roth and Su 2022), by mu: f(x) = Phi(Phi⁻¹(1 − x) − mu).

    Exact for the Gaussian mechanism and its compositions without sampling, mu = sqrt(steps)/noise multiplier. With
    Poisson batches it is an approximation of many steps at a small rate; use ``SampledGaussian`` there.
    """

    precision: float = _PRECISION

    @property
    def assumption(self) -> str:
        """Say for which trainings the bound holds."""
        return "the training is Gaussian-DP (exact for full batches; with sampled batches a limit of many small steps)"

    def inverse(self, parameter: float, delta: float) -> Inverse:  # noqa: ARG002 the curve does not depend on it
        """Return y -> Phi(Phi⁻¹(y) − mu)."""
        from scipy.special import ndtr, ndtri  # noqa: PLC0415 a page that reads reports does not pay for it

        return lambda y: float(ndtr(ndtri(y) - parameter))

    def epsilon(self, parameter: float, delta: float) -> float:
        """Return the epsilon with delta = Phi(−eps/mu + mu/2) − e^eps·Phi(−eps/mu − mu/2)."""
        return gaussian_epsilon(parameter, delta)


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Return the epsilon of mu-Gaussian-DP at ``delta`` (Balle and Wang 2018; Dong et al. 2022, corollary 2.13)."""
    from scipy.special import log_ndtr, ndtr  # noqa: PLC0415 a page that reads reports does not pay for it

    if mu <= 0:
        return 0.0
    if delta <= 0:
        return math.inf

    def above(epsilon: float) -> bool:
        first = float(ndtr(mu / 2 - epsilon / mu))
        return first - math.exp(epsilon + float(log_ndtr(-mu / 2 - epsilon / mu))) > delta

    return largest_refuted(above, most=1e6)


@dataclass(frozen=True, slots=True)
class PureCurve:
    """The curve of (epsilon, delta)-DP itself, by epsilon: no assumption beyond the claim."""

    precision: float = _PRECISION

    @property
    def assumption(self) -> str:
        """Say for which trainings the bound holds."""
        return "none beyond (epsilon, delta)-DP"

    def inverse(self, parameter: float, delta: float) -> Inverse:
        """Return the inverse of F(x) = min(e^eps·x + delta, 1 − e^(−eps)·(1 − delta − x))."""
        return profile_inverse(np.array([parameter]), np.array([delta]))

    def epsilon(self, parameter: float, delta: float) -> float:  # noqa: ARG002 the parameter is the answer
        """Return the parameter itself."""
        return parameter


@dataclass(frozen=True, slots=True)
class SampledGaussian:
    """DP-SGD with Poisson batches of one rate and number of steps, by 1/noise multiplier; curve from an accountant.

    Each (epsilon, delta(epsilon)) pair that the privacy-loss distribution gives is a line under f; their envelope is a
    valid curve, a little below the true one, so the bound stays one. Noise is tried on a grid of 3 % steps, so that
    all tries share their curves.
    """

    sample_rate: float
    steps: int
    precision: float = 1e-3

    @property
    def assumption(self) -> str:
        """Say for which trainings the bound holds."""
        return f"the training is DP-SGD of {self.steps} Poisson batches at rate {self.sample_rate:g} with some noise"

    def inverse(self, parameter: float, delta: float) -> Inverse:  # noqa: ARG002 the curve does not depend on it
        """Return the inverse of the envelope; no noise refutes nothing below 1."""
        if parameter <= 0:
            return lambda y: y
        return profile_inverse(*sampled_profile(_noise(parameter), self.sample_rate, self.steps))

    def epsilon(self, parameter: float, delta: float) -> float:
        """Return the epsilon that the accountant of the claim gives for this noise."""
        if parameter <= 0:
            return 0.0
        stated = {"noise_multiplier": _noise(parameter), "sample_rate": self.sample_rate, "steps": self.steps}
        return float(dp_sgd_epsilon(**stated, delta=delta).tightest)


def _noise(parameter: float) -> float:
    """Return the next noise multiplier of the grid that is not above 1/parameter, which is the weaker privacy."""
    return float(_GRID ** math.floor(math.log(1 / parameter, _GRID)))


@lru_cache(maxsize=512)
def sampled_profile(noise: float, rate: float, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return epsilons and the deltas that DP-SGD has there at most, by a privacy-loss distribution.

    The distribution is coarser than an accountant's; it errs towards larger deltas, which keeps the curve valid.
    """
    from dp_accounting.pld import privacy_loss_distribution as distribution  # noqa: PLC0415 it costs about a second

    one_step = distribution.from_gaussian_mechanism(noise, value_discretization_interval=5e-3, sampling_prob=rate)
    epsilons = np.concatenate([np.linspace(0, 4, 81), np.linspace(4.25, 16, 48)])
    deltas = one_step.self_compose(steps).get_delta_for_epsilon(epsilons)
    return epsilons, np.asarray(deltas, dtype=np.float64)


def profile_inverse(epsilons: NDArray[np.float64], deltas: NDArray[np.float64]) -> Inverse:
    """Return F⁻¹ of a training that is (epsilon, delta)-DP for each of these pairs: the largest of their answers."""
    grown, shrunk = np.exp(epsilons), np.exp(-epsilons)

    def inverse(y: float) -> float:
        return max(float(((y - deltas) * shrunk).max()), float((1 - deltas - (1 - y) * grown).max()), 0.0)

    return inverse


def impossible(inverse: Inverse, *, tail: float, canaries: int, guesses: int, correct: int) -> bool:
    """Return whether P[right >= correct] = tail contradicts the curve; see the module's docstring for the proof."""
    right, wrong = tail * correct / canaries, tail * (guesses - correct) / canaries
    for i in range(correct, 0, -1):
        least = max(wrong, inverse(right))
        right += (i - 1) / (guesses - i + 1) * (least - wrong)
        wrong = least
        if right + wrong > guesses / canaries:
            return True
    return False


@lru_cache(maxsize=4096)
def weakest_refuted(
    family: Family, *, delta: float, canaries: int, guesses: int, correct: int, level: float = 0.95
) -> float:
    """Return the parameter of the weakest curve of the family that the guesses refute; 0 when they refute none."""
    check_counts(canaries, guesses, correct, delta)
    counts = {"canaries": canaries, "guesses": guesses, "correct": correct}

    def refuted(parameter: float) -> bool:
        return impossible(family.inverse(parameter, delta), tail=1 - level, **counts)

    return largest_refuted(refuted, start=family.precision * 250, most=64, precision=family.precision)


def epsilon_bound(
    family: Family, *, delta: float, canaries: int, guesses: int, correct: int, level: float = 0.95
) -> float:
    """Return the epsilon at ``delta`` of the weakest curve of the family that the guesses refute."""
    counts = {"canaries": canaries, "guesses": guesses, "correct": correct}
    return family.epsilon(weakest_refuted(family, delta=delta, level=level, **counts), delta)


def epsilon_ceiling(family: Family, *, delta: float, canaries: int, guesses: int, level: float = 0.95) -> float:
    """Return the bound that all guesses right would give."""
    return epsilon_bound(family, delta=delta, canaries=canaries, guesses=guesses, correct=guesses, level=level)


def claim_refuted(
    profile: Sequence[tuple[float, float]], *, canaries: int, guesses: int, correct: int, level: float = 0.95
) -> bool:
    """Return whether the guesses refute that the training is (epsilon, delta)-DP for every pair of ``profile``."""
    check_counts(canaries, guesses, correct, 0.0)
    if not profile:
        raise BadInput("There is no (epsilon, delta) pair to test.", "Give at least the claimed one.")
    pairs = np.asarray(profile, dtype=np.float64)
    inverse = profile_inverse(pairs[:, 0], pairs[:, 1])
    return impossible(inverse, tail=1 - level, canaries=canaries, guesses=guesses, correct=correct)
