"""From scores of canaries to guesses about their coins, and from guesses to the best bound that still holds.

How many to guess is fixed before anybody looks: a list of tries, and the confidence level is shared over all of them
(Bonferroni), so the largest of their bounds is a bound too. Scores may depend on the coins through the model only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from exeat.audit.dp import one_run, tradeoff
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Method = Literal["binomial", "f-dp"]
SHARES = (0.05, 0.1, 0.25, 0.5, 0.8)
"""Parts of all canaries that are guessed, half of them as included and half as left out; the rest is abstained on.

Not all of them: the coins seldom fall half and half, so guessing halves about everybody is wrong for some.
"""
MIN_CANARIES = 20
"""With fewer, even a perfect attack shows an epsilon of at most 1.8."""


class Try(NamedTuple):
    """How many canaries are guessed to be in (the highest scores) and to be out (the lowest)."""

    inside: int
    outside: int

    @property
    def guesses(self) -> int:
        """Return the number of guesses."""
        return self.inside + self.outside


@dataclass(frozen=True, slots=True)
class CanaryScores:
    """One score per canary, higher meaning included, shape [m], beside the coins, shape [m].

    ``signal`` says in a few words what was scored. Every canary had its own fair coin; canaries that were always
    included or always left out do not belong here. Raises BadInput where that cannot be true.
    """

    scores: NDArray[np.float64]
    inside: NDArray[np.bool_]
    signal: str

    def __post_init__(self) -> None:
        m = len(self.inside)
        if len(self.scores) != m or m < MIN_CANARIES:
            raise BadInput(
                f"{len(self.scores)} scores for {m} canaries are too few or do not fit.",
                f"Insert at least {MIN_CANARIES} canaries by a fair coin each, and score every one of them.",
            )
        if not np.isfinite(self.scores).all():
            raise BadInput("Some canaries have no finite score.", "Score every canary on the log scale, without gaps.")
        if abs(2 * int(self.inside.sum()) - m) > 5 * m**0.5:
            raise BadInput(
                f"{int(self.inside.sum())} of {m} canaries are included; a fair coin does not do that.",
                "Include each canary by its own fair coin, for instance with exeat.audit.canaries.canary_records.",
            )

    @classmethod
    def of(cls, inserted: NDArray[np.float64], left_out: NDArray[np.float64], signal: str) -> CanaryScores:
        """Return the same from the scores of the canaries that the coin put in and of those that it left out."""
        inside = np.arange(len(inserted) + len(left_out)) < len(inserted)
        return cls(np.concatenate([inserted, left_out]), inside, signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRun:
    """The best bound of one method over all tries, and the most that this audit could have shown.

    ``level`` is that of the whole, shared over ``tries``; ``ceiling`` is the bound that a perfect attack would reach.
    """

    method: Method
    assumption: str
    bound: float
    ceiling: float
    delta: float
    canaries: int
    guesses: int
    correct: int
    tries: int
    level: float
    signal: str

    @property
    def at_ceiling(self) -> bool:
        """Return whether every guess was right, so that the figure is the audit's own limit."""
        return self.bound >= self.ceiling - 1e-6


def default_tries(canaries: int) -> tuple[Try, ...]:
    """Return the tries of SHARES for so many canaries, each once."""
    halves = (max(int(share * canaries) // 2, 1) for share in SHARES)
    return tuple(Try(half, half) for half in dict.fromkeys(halves))


def correct_guesses(found: CanaryScores, one: Try, *, seed: int = 0) -> int:
    """Return how many guesses are right; ties are broken by a seeded draw that knows nothing of the coins."""
    if one.inside < 0 or one.outside < 0 or not 0 < one.guesses <= len(found.inside):
        raise BadInput(
            f"{one.inside} and {one.outside} guesses about {len(found.inside)} canaries are not possible.",
            "Guess at least one canary and none twice.",
        )
    shuffled = np.random.default_rng(seed).permutation(len(found.inside))
    order = shuffled[np.argsort(found.scores[shuffled], kind="stable")]
    wrong_side = found.inside[order[: one.outside]]
    right_side = found.inside[order[len(order) - one.inside :]]
    return int(right_side.sum() + (~wrong_side).sum())


def best_bound(
    found: CanaryScores,
    *,
    delta: float,
    level: float = 0.95,
    family: tradeoff.Family | None = None,
    tries: Sequence[Try] | None = None,
    seed: int = 0,
) -> OneRun:
    """Return the largest bound over the tries, each at its share of the level.

    Without ``family`` the bound is that of Steinke et al. 2023; with one, that of Mahloujifar et al. 2024 under its
    trade-off curves. ``seed`` breaks ties.
    """
    tries = default_tries(len(found.inside)) if tries is None else tuple(tries)
    if not tries:
        raise BadInput("No number of guesses is given.", "Leave tries out, or give at least one.")
    share = 1 - (1 - level) / len(tries)
    m = len(found.inside)
    counted = [(one.guesses, correct_guesses(found, one, seed=seed)) for one in tries]
    bounds = [_bound(family, delta, m, guesses, correct, share) for guesses, correct in counted]
    ceiling = max(_bound(family, delta, m, one.guesses, one.guesses, share) for one in tries)
    at = int(np.argmax(bounds))
    return OneRun(
        method="binomial" if family is None else "f-dp",
        assumption="none beyond (epsilon, delta)-DP" if family is None else family.assumption,
        bound=bounds[at] if family is None else family.epsilon(bounds[at], delta),
        ceiling=ceiling if family is None else family.epsilon(ceiling, delta),
        delta=delta,
        canaries=m,
        guesses=counted[at][0],
        correct=counted[at][1],
        tries=len(tries),
        level=level,
        signal=found.signal,
    )


def _bound(
    family: tradeoff.Family | None, delta: float, canaries: int, guesses: int, correct: int, level: float
) -> float:
    """Return the bound on epsilon, or with a family the parameter of its weakest refuted curve."""
    if family is None:
        return one_run.epsilon_bound(delta=delta, canaries=canaries, guesses=guesses, correct=correct, level=level)
    return tradeoff.weakest_refuted(
        family, delta=delta, canaries=canaries, guesses=guesses, correct=correct, level=level
    )
