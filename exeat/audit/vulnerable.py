"""How far an attack tells members from others at its best threshold, and how many members it can name."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.model.risk_report import Indicator
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exeat.audit.scores import Scores

    Floats = NDArray[np.float64]

LEVEL = Decimal("0.95")
FALSE_DISCOVERIES = Decimal("0.1")
"""Share of wrongly named members that is tolerated, on average, among those named."""
FEWEST = 10
"""Records on a side of the half that counts; with fewer, the interval says nothing."""
_STEP = Decimal("1e-9")


def advantage(scores: Scores, *, seed: int = 0) -> Indicator:
    """Return true-positive minus false-positive rate at the best threshold (Yeom et al. 2018).

    The threshold is chosen on one random half of the records and the rates counted on the other, so that choosing it
    does not flatter the attack. Interval of the difference by Newcombe (1998), method 10, from exact intervals.
    """
    rng = np.random.default_rng(seed)
    members, others = rng.permutation(scores.members), rng.permutation(scores.non_members)
    half_in, half_out = len(members) // 2, len(others) // 2
    if min(len(members) - half_in, len(others) - half_out) < FEWEST:
        reason = f"one half of the records chooses the threshold; the other needs {FEWEST} on each side to count rates"
        return _row(scores, "mia.adv", status="not_measured", unit="fraction", reason=reason)
    cut = _best_cut(members[:half_in], others[:half_out])
    members, others = members[half_in:], others[half_out:]
    hits, false = int((members > cut).sum()), int((others > cut).sum())
    value, low, high = _difference((hits, len(members)), (false, len(others)))
    none = Decimal(0)
    note = f"threshold chosen on one half of the records, counted on the other: {hits} of {len(members)} members and "
    note += f"{false} of {len(others)} others exceed it"
    if value <= 0:
        note += "; a difference below zero is given as 0: no better than guessing"
    return _row(
        scores, "mia.adv", status="measured", unit="fraction", value=max(value, none), ci_low=max(low, none),
        ci_high=max(high, none), ci_level=LEVEL, ci_method="newcombe", n_in=len(members), n_out=len(others),
        baseline_value=none, bound_note=note,
    )  # fmt: skip


def _best_cut(members: Floats, others: Floats) -> float:
    """Return the score with the largest difference of the shares that exceed it."""
    cuts = np.unique(np.concatenate([members, others]))
    gains = np.searchsorted(np.sort(others), cuts, side="right") / len(others)
    gains = gains - np.searchsorted(np.sort(members), cuts, side="right") / len(members)
    return float(cuts[int(np.argmax(gains))])


def _difference(ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[Decimal, Decimal, Decimal]:
    """Return p - q with both ends of its interval."""
    p, q = ours[0] / ours[1], theirs[0] / theirs[1]
    a, b = clopper_pearson(*ours, LEVEL), clopper_pearson(*theirs, LEVEL)
    below = math.hypot(p - float(a.low), float(b.high) - q)
    above = math.hypot(float(a.high) - p, q - float(b.low))
    value, low, high = (Decimal(end).quantize(_STEP) for end in (p - q, p - q - below, p - q + above))
    return value, min(low, value), min(max(high, value), Decimal(1))


def vulnerable(scores: Scores) -> Indicator:
    """Return how many members stand out at a controlled share of false discoveries.

    A member's p-value is the share of non-members, itself added, that score as high; Benjamini and Hochberg (1995)
    decide how many may be named. Such p-values share their non-members, which keeps the control valid (Bates et al.
    2023, Annals of Statistics 51, 149). The smallest p-value is 1 / (n_out + 1), so few members can only be named where
    many non-members were scored.
    """
    identifier, n_in, n_out = f"mia.{scores.attack}.vulnerable_records", len(scores.members), len(scores.non_members)
    level = float(FALSE_DISCOVERIES)
    smallest = math.ceil(n_in / (level * (n_out + 1)) - 1e-9)
    base: dict[str, Any] = {"unit": "records", "n_in": n_in, "n_out": n_out}
    if smallest > n_in:
        reason = f"with {n_out} non-members no p-value lies below {1 / (n_out + 1):.4f}; nobody could be named"
        return _row(scores, identifier, status="not_measured", reason=reason, **base)
    found = named(p_values(scores), level)
    note = f"Benjamini–Hochberg: on average at most {FALSE_DISCOVERIES} of the members named are named wrongly; "
    note += f"{n_out} non-members resolve p-values to {1 / (n_out + 1):.4f}, so fewer than {smallest} members standing "
    note += "out above all of them would not be counted"
    return _row(scores, identifier, status="measured", value=Decimal(found), n_events=found, bound_note=note, **base)


def p_values(scores: Scores) -> Floats:
    """Return for each member the share of non-members, itself added, that score at least as high."""
    ordered = np.sort(scores.non_members)
    as_high = len(ordered) - np.searchsorted(ordered, scores.members, side="left")
    result: Floats = (as_high + 1) / (len(ordered) + 1)
    return result


def named(p_values: Floats, level: float) -> int:
    """Return how many hypotheses Benjamini and Hochberg's step-up procedure rejects."""
    ordered = np.sort(p_values)
    passing = np.flatnonzero(ordered <= level * np.arange(1, len(ordered) + 1) / len(ordered) + 1e-12)
    return int(passing[-1]) + 1 if len(passing) else 0


def _row(scores: Scores, identifier: str, **fields: Any) -> Indicator:
    return Indicator(
        indicator_id=identifier, method=scores.method, attack_params=dict(scores.params), adversary=scores.adversary,
        **fields,
    )  # fmt: skip
