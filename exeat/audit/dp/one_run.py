"""Lower bound on epsilon from one training run with canaries that a fair coin put in or left out.

Source: Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846), main theorem. Of m canaries each is included by its own
fair coin; an auditor who sees the model guesses r of them and is right v times. Under (epsilon, delta)-DP the number
of right guesses exceeds a binomial with success e^epsilon/(1 + e^epsilon) only through delta.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_PRECISION = 1e-9
_MOST = 200.0
"""No count of canaries that fits in memory refutes a larger epsilon."""


def check_counts(canaries: int, guesses: int, correct: int, delta: float) -> None:
    """Raise BadInput unless 0 <= correct <= guesses <= canaries, guesses > 0 and 0 <= delta < 1."""
    if not 0 <= correct <= guesses <= canaries or guesses < 1:
        raise BadInput(
            f"{correct} right guesses of {guesses} on {canaries} canaries are not possible.",
            "Give counts with 0 <= correct <= guesses <= canaries and at least one guess.",
        )
    if not 0 <= delta < 1:
        raise BadInput(f"Delta is a probability below 1, not {delta}.", "Give the delta of the claim, such as 1e-5.")


def p_value(epsilon: float, *, delta: float, canaries: int, guesses: int, correct: int) -> float:
    """Return the largest probability of so many right guesses that any (epsilon, delta)-DP training allows.

    With W binomial of ``guesses`` trials and success e^epsilon/(1 + e^epsilon):
    P[W >= v] + 2·m·delta·max over i in 1..v of (P[W >= v − i] − P[W >= v]) / i, at most 1.
    """
    check_counts(canaries, guesses, correct, delta)
    tail = _binomial_tail(np.arange(correct + 1), guesses, epsilon)
    beta = float(tail[-1])
    if delta == 0 or correct == 0:
        return beta
    steps = np.arange(1, correct + 1)
    steepest = float(((tail[-2::-1] - beta) / steps).max())
    return min(beta + 2 * canaries * delta * max(steepest, 0.0), 1.0)


def _binomial_tail(counts: NDArray[np.int_], trials: int, epsilon: float) -> NDArray[np.float64]:
    """Return P[W >= v] for each v, from the incomplete beta function on the side that keeps precision."""
    from scipy.special import betaincc, expit  # noqa: PLC0415 a page that reads reports does not pay for it

    wrong = float(expit(-epsilon))
    tail = np.ones(len(counts))
    some = counts > 0
    tail[some] = betaincc(trials - counts[some] + 1, counts[some], wrong)
    return tail


@lru_cache(maxsize=4096)
def epsilon_bound(*, delta: float, canaries: int, guesses: int, correct: int, level: float = 0.95) -> float:
    """Return the largest epsilon that the guesses refute at this delta and confidence level; 0 when they refute none.

    Each epsilon with a p-value of at most 1 − level is refuted, and with it all smaller ones, because a training that
    is (smaller, delta)-DP is also (larger, delta)-DP.
    """
    check_counts(canaries, guesses, correct, delta)

    def refuted(epsilon: float) -> bool:
        counts = {"canaries": canaries, "guesses": guesses, "correct": correct}
        return p_value(epsilon, delta=delta, **counts) <= 1 - level + 1e-15

    return largest_refuted(refuted)


def epsilon_ceiling(*, delta: float, canaries: int, guesses: int, level: float = 0.95) -> float:
    """Return the bound that all guesses right would give: this audit can never show more."""
    return epsilon_bound(delta=delta, canaries=canaries, guesses=guesses, correct=guesses, level=level)


def largest_refuted(
    refuted: Callable[[float], bool], *, start: float = 1.0, most: float = _MOST, precision: float = _PRECISION
) -> float:
    """Return by bisection a value that is refuted and lies within ``precision`` of one that is not; 0 when 0 stands."""
    if not refuted(0.0):
        return 0.0
    low, high = 0.0, start
    while high < most and refuted(high):
        low, high = high, 2 * high
    while high - low > precision:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low
