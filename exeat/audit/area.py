"""The area under an attack's ROC curve, its interval, and its significance against guessing."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.policy.interval import Interval, auc_hanley_mcneil, auc_newcombe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEW = 50
_STEP = Decimal("1e-9")


class Area(NamedTuple):
    """Area with its interval and how that was found: "delong", "newcombe" or "hanley_mcneil"."""

    value: float
    interval: Interval
    method: str


def auc(members: Floats, non_members: Floats) -> float:
    """Return the share of (member, non-member) pairs in which the member scores higher; ties count half."""
    return float(_above(members, non_members).mean())


def _above(those: Floats, others: Floats) -> Floats:
    """Return for each of those the share of the others that score lower; ties count half."""
    ordered = np.sort(others)
    below, not_above = (np.searchsorted(ordered, those, side=side) for side in ("left", "right"))
    result: Floats = (below + not_above) / (2 * len(others))
    return result


def area_of(members: Floats, non_members: Floats, level: float | Decimal) -> Area:
    """Return the area with the interval of DeLong et al. (1988), Biometrics 44, 837, on the log-odds scale.

    It follows the scores at hand: attacks spread members more widely than others, or tie most records, and there the
    formula of Hanley and McNeil covers too little or too much (tests/unit/audit/test_area.py). Theirs stands in where
    the scores give no variance to go by: an area of 0 or 1, all records tied, fewer than two on a side. With fewer
    than FEW records on a side the variance itself is uncertain: at an area of 0.96, ten members and 300 others, DeLong
    covers 84 %. There the interval reaches as far as Newcombe's, whichever side is taken for the wider one.
    """
    value, inside, outside = auc(members, non_members), _above(members, non_members), _above(non_members, members)
    n_in, n_out = len(members), len(non_members)
    error = 0.0
    if min(n_in, n_out) > 1:
        error = math.sqrt(inside.var(ddof=1) / n_in + outside.var(ddof=1) / n_out)
    if error == 0 or value in {0.0, 1.0}:
        return Area(value, auc_hanley_mcneil(value, n_in, n_out, level), "hanley_mcneil")
    half = NormalDist().inv_cdf((1 + float(level)) / 2) * error / (value * (1 - value))
    middle = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-end)) for end in (middle - half, middle + half))
    ends = Interval(Decimal(low).quantize(_STEP, ROUND_FLOOR), Decimal(high).quantize(_STEP, ROUND_CEILING))
    if min(n_in, n_out) >= FEW:
        return Area(value, ends, "delong")
    three = [ends, auc_newcombe(value, n_in, n_out, level), auc_newcombe(value, n_out, n_in, level)]
    return Area(value, Interval(min(one.low for one in three), max(one.high for one in three)), "newcombe")


def rank_p_value(members: Floats, non_members: Floats) -> float:
    """Return the one-sided p-value of an area above 1/2: rank test, normal approximation, corrected for ties.

    Source: Mann and Whitney (1947); variance with ties as in Lehmann (1975), Nonparametrics, 1.4.
    """
    n_in, n_out = len(members), len(non_members)
    n = n_in + n_out
    ties = np.unique(np.concatenate([members, non_members]), return_counts=True)[1].astype(float)
    variance = (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1))) / (12 * n_in * n_out)
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc((auc(members, non_members) - 0.5) / math.sqrt(2 * variance))
