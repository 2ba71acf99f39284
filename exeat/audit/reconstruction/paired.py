"""Differences of two shares with intervals built from exact ones (Newcombe 1998, Statistics in Medicine 17)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    Truths = NDArray[np.bool_]


class Difference(NamedTuple):
    """A difference of shares in [-1, 1] with both ends of its interval."""

    value: float
    low: float
    high: float


def independent_difference(first: Truths, second: Truths, level: float | Decimal = 0.95) -> Difference:
    """Return share of ``first`` minus share of ``second``, two groups of different people (p. 873, method 10)."""
    return _combined(first, second, 0.0, level)


def paired_difference(first: Truths, second: Truths, level: float | Decimal = 0.95) -> Difference:
    """Return share of ``first`` minus share of ``second`` over the same people (p. 2635, method 10).

    The correlation of the two answers narrows the interval; it is corrected for continuity where it is positive.
    Exact ends of each share stand in for the score intervals of the paper, which errs on the wide side.
    """
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    product = both * neither - only_first * only_second
    if product > 0:
        product = max(product - len(first) // 2, 0)
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    return _combined(first, second, product / math.sqrt(margins) if margins else 0.0, level)


def _combined(first: Truths, second: Truths, phi: float, level: float | Decimal) -> Difference:
    p, q = float(first.mean()), float(second.mean())
    a = clopper_pearson(int(first.sum()), len(first), level)
    b = clopper_pearson(int(second.sum()), len(second), level)
    down = _reach(p - float(a.low), float(b.high) - q, phi)
    up = _reach(float(a.high) - p, q - float(b.low), phi)
    return Difference(p - q, max(p - q - down, -1.0), min(p - q + up, 1.0))


def _reach(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one**2 + other**2 - 2 * phi * one * other, 0.0))
