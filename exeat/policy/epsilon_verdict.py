"""Claimed against measured epsilon: one word, and what the claim promises each person."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class EpsilonVerdict(StrEnum):
    """What the measured lower bounds say about the claim."""

    VIOLATED = "violated"
    CONSISTENT = "consistent"
    UNINFORMATIVE = "uninformative"
    NOT_CLAIMED = "not claimed"


class LowerBound(NamedTuple):
    """A measured lower bound on epsilon, and the most that the same test could have shown (None: not stated)."""

    value: Decimal
    ceiling: Decimal | None = None


def compare(claimed: Decimal | None, bounds: Iterable[LowerBound]) -> EpsilonVerdict:
    """Return the word for a claim and the bounds that test it.

    A bound above the claim violates it. A bound of 0 refutes nothing, and a test whose ceiling does not lie above the
    claim could not have refuted it: neither is evidence for the claim.
    """
    if claimed is None:
        return EpsilonVerdict.NOT_CLAIMED
    tests = tuple(bounds)
    if any(one.value > claimed for one in tests):
        return EpsilonVerdict.VIOLATED
    if any(one.value > 0 and (one.ceiling is None or one.ceiling > claimed) for one in tests):
        return EpsilonVerdict.CONSISTENT
    return EpsilonVerdict.UNINFORMATIVE


def most_recognised(epsilon: Decimal, delta: Decimal, fpr: Decimal) -> Decimal:
    """Return the largest true-positive rate that (epsilon, delta)-DP allows any attack at this false-positive rate.

    Source: Kairouz, Oh and Viswanath 2015, theorem 2.1: TPR <= e^eps FPR + delta and, with the two errors exchanged,
    1 - TPR >= e^-eps (1 - delta - FPR). Rates are fractions.
    """
    eps, slack, rate = min(max(float(epsilon), 0.0), 700.0), float(delta), float(fpr)
    first = math.exp(eps) * rate + slack
    second = 1 - math.exp(-eps) * (1 - slack - rate)
    return Decimal(repr(round(max(rate, min(first, second, 1.0)), 9)))
