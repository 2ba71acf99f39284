"""The ROC curve of an attack for a risk report: few points, each over many people."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from exeat.errors import BadInput
from exeat.model.curves import MAX_POINTS, Curve, CurvePoint
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exeat.audit.scores import Scores

LEVEL = Decimal("0.95")
PEOPLE = 10
"""Fewest records between one point and the next: what a point adds to the one before tells of no smaller group."""
_STEP = Decimal("1e-9")


def curve_of(scores: Scores) -> Curve:
    """Return the curve at up to 200 false-positive rates, evenly spaced on a log axis, with an exact band.

    Each point's threshold lies between two scores, and at least ten records more than at the point before exceed it.
    The band holds for each point alone, not for the curve as a whole. Raises BadInput below ten records.
    """
    n_in, n_out = len(scores.members), len(scores.non_members)
    if n_in + n_out < PEOPLE:
        raise BadInput(f"A curve over {n_in + n_out} records would describe single people.", "Score more records.")
    hits, false = _counts(scores)
    kept = _apart(hits + false, _wanted(false, n_out))
    points = [_point(int(hits[at]), n_in, int(false[at]), n_out) for at in kept]
    return Curve(
        attack=scores.attack, method=scores.method, ci_level=LEVEL, resolution=(Decimal(1) / n_out).quantize(_STEP),
        n_in=n_in, n_out=n_out, points=tuple(points),
    )  # fmt: skip


def _counts(scores: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return members and non-members at or above each score that occurs, from none to all."""
    cuts = np.unique(np.concatenate([scores.members, scores.non_members]))[::-1]
    sides = []
    for values in (scores.members, scores.non_members):
        at_least = len(values) - np.searchsorted(np.sort(values), cuts, side="left")
        sides.append(np.concatenate([[0], at_least]))
    return sides[0], sides[1]


def _wanted(false: NDArray[np.int64], n_out: int) -> list[int]:
    """Return where the curve first leaves each of the wanted false-positive counts, the start and the end."""
    grid = np.unique(np.concatenate([[0], np.geomspace(1, n_out, MAX_POINTS - 2).round()]))
    last = np.searchsorted(false, grid, side="right") - 1
    return sorted({0, *last.tolist(), len(false) - 1})


def _apart(counts: NDArray[np.int64], wanted: list[int]) -> list[int]:
    """Return the wanted places that at least ten records lie between; first and last always stay."""
    kept, end = [wanted[0]], wanted[-1]
    for at in wanted[1:-1]:
        if min(counts[at] - counts[kept[-1]], counts[end] - counts[at]) >= PEOPLE:
            kept.append(at)
    return [*kept, end]


def _point(hits: int, n_in: int, false: int, n_out: int) -> CurvePoint:
    low, high = clopper_pearson(hits, n_in, LEVEL)
    rate = (Decimal(hits) / n_in).quantize(_STEP)
    return CurvePoint(
        fpr=(Decimal(false) / n_out).quantize(_STEP), tpr=rate, tpr_low=min(low, rate), tpr_high=max(high, rate)
    )
