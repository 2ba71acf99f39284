"""A simple membership attack as a risk report: exact intervals, honest resolution, bound to the measured file.

The arithmetic here needs no torch; ``attack`` takes the signals of exeat/audit/signals.py.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.area import area_of, auc, rank_p_value
from exeat.audit.scores import UNITS, Scores
from exeat.audit.vulnerable import advantage, vulnerable
from exeat.model.risk_report import Indicator
from exeat.policy.interval import clopper_pearson, fpr_upper_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "EPSILON_CUTS", "LEVEL", "MIN_SUBGROUP", "RATES", "Scores", "auc", "epsilon_lower", "indicators_of", "number",
    "quantiles", "strongest", "threshold_at",
]  # fmt: skip

LEVEL = Decimal("0.95")
RATES = (Decimal("0.1"), Decimal("0.01"), Decimal("0.001"))
"""False-positive rates at which the true-positive rate is asked for."""
MIN_SUBGROUP = 10
"""Smaller subgroups are not reported: the rate would describe people, not a group."""
EPSILON_CUTS = (0.01, 0.05, 0.1, 0.25, 0.5)
_STEP = Decimal("1e-9")


def number(value: float) -> Decimal:
    """Return a float as a decimal at nine places."""
    return Decimal(repr(float(value))).quantize(_STEP, ROUND_HALF_EVEN)


def threshold_at(non_members: NDArray[np.float64], rate: float | Decimal) -> float | None:
    """Return a score that at most floor(n·rate) non-members exceed; None when n·rate < 1 (not resolvable)."""
    allowed = math.floor(len(non_members) * Decimal(rate))
    if allowed < 1:
        return None
    return float(np.sort(non_members)[::-1][allowed])


def indicators_of(scores: Scores) -> list[Indicator]:
    """Return AUC, advantage, TPR at each rate, per subgroup, and figures about single records of one attack.

    Where the highest score is shared by more non-members than the rate allows, there is no threshold: a rate of nobody
    would be an accident of ties, not safety. That is said once, for everybody.
    """
    result = [_auc_indicator(scores), _worst_record(scores), vulnerable(scores), advantage(scores)]
    for rate in RATES:
        cut = threshold_at(scores.non_members, rate)
        if cut is None:
            result.append(_unresolvable(scores, rate))
            continue
        if cut >= max(scores.members.max(), scores.non_members.max()):
            result.append(_without_threshold(scores, rate, cut))
            continue
        everyone = np.ones(len(scores.members), dtype=bool)
        result.append(_rate_indicator(scores, rate, cut, everyone, None))
        if rate == Decimal("0.01"):
            result += [
                _rate_indicator(scores, rate, cut, mask, name)
                for name, mask in scores.groups.items()
                if mask.sum() >= MIN_SUBGROUP
            ]
    return result


def _indicator(scores: Scores, suffix: str, **fields: Any) -> Indicator:
    return Indicator(
        indicator_id=f"mia.{scores.attack}.{suffix}",
        method=scores.method,
        attack_params=dict(scores.params),
        adversary=scores.adversary,
        **fields,
    )


def _auc_indicator(scores: Scores) -> Indicator:
    found = area_of(scores.members, scores.non_members, LEVEL)
    value, (low, high) = number(found.value), found.interval
    tail = number(rank_p_value(scores.members, scores.non_members))
    note = "p: one-sided rank test against chance, normal approximation, not corrected for several attacks"
    if tail < _STEP:
        note += "; given as 1e-9, it is smaller"
    return _indicator(
        scores, "auc", status="measured", value=value, unit="fraction", ci_low=min(low, value),
        ci_high=max(high, value), ci_level=LEVEL, ci_method=found.method, n_in=len(scores.members),
        n_out=len(scores.non_members), p_value=max(tail, _STEP), baseline_value=Decimal("0.5"), bound_note=note,
    )  # fmt: skip


def _rate_indicator(
    scores: Scores, rate: Decimal, cut: float, mask: NDArray[np.bool_], subgroup: str | None
) -> Indicator:
    n_in, n_out = int(mask.sum()), len(scores.non_members)
    hits = int((scores.members[mask] > cut).sum())
    false = int((scores.non_members > cut).sum())
    low, high = clopper_pearson(hits, n_in, LEVEL)
    note = (
        f"{false} of {n_out} non-members exceed the threshold; their true rate may be as high as "
        f"{fpr_upper_bound(false, n_out):.4f} (95 %)"
    )
    if subgroup is not None:
        note = f"threshold of everybody, not of this subgroup; {_own_rate(scores, cut, subgroup)}"
    return _indicator(
        scores, "tpr_at_fpr", status="measured", value=number(hits / n_in), unit="fraction", ci_low=low, ci_high=high,
        ci_level=LEVEL, ci_method="clopper_pearson", fpr=rate, n_in=n_in, n_out=n_out, n_events=hits,
        subgroup=subgroup, baseline_value=rate,
        bound_note=note,
    )  # fmt: skip


def _own_rate(scores: Scores, cut: float, subgroup: str) -> str:
    """Say how many non-members of the same subgroup exceed the threshold, with the exact upper bound of their rate."""
    mask = scores.outside_groups.get(subgroup)
    if mask is None or mask.sum() < MIN_SUBGROUP:
        return "how many non-members of the subgroup exceed it is not known"
    false, n_out = int((scores.non_members[mask] > cut).sum()), int(mask.sum())
    most = fpr_upper_bound(false, n_out)
    return f"{false} of the {n_out} non-members in the subgroup exceed it; their true rate may be as high as {most:.4f}"


def _unresolvable(scores: Scores, rate: Decimal) -> Indicator:
    n_in, n_out = len(scores.members), len(scores.non_members)
    hits = int((scores.members > scores.non_members.max()).sum())
    most = clopper_pearson(hits, n_in, LEVEL).high
    return _indicator(
        scores, "tpr_at_fpr", status="not_measured", unit="fraction", fpr=rate, n_in=n_in, n_out=n_out,
        reason=f"{n_out} non-members cannot resolve a false-positive rate of {rate}: one of them is already "
        f"{1 / n_out:.4f}; at least {math.ceil(1 / rate)} are needed",
        bound_note=f"{hits} of {n_in} members ({hits / n_in:.4f}, at most {most:.4f}) score above every non-member; "
        f"that stands at a false-positive rate of {fpr_upper_bound(0, n_out):.4f} or less (95 %)",
    )  # fmt: skip


def _without_threshold(scores: Scores, rate: Decimal, top: float) -> Indicator:
    shared, n_out = int((scores.non_members >= top).sum()), len(scores.non_members)
    return _indicator(
        scores, "tpr_at_fpr", status="not_measured", unit="fraction", fpr=rate, n_in=len(scores.members), n_out=n_out,
        baseline_value=rate, reason=f"{shared} of {n_out} non-members share the highest score, so this attack has no "
        f"threshold below a false-positive rate of {shared / n_out:.4f}",
    )  # fmt: skip


def _worst_record(scores: Scores) -> Indicator:
    """Report the single most exposed member beside the most extreme non-member; no record is named."""
    return _indicator(
        scores, "record.max", status="measured", value=number(scores.members.max()),
        unit=UNITS.get(scores.attack, "standard deviations"), n_in=len(scores.members),
        n_out=len(scores.non_members), baseline_value=number(scores.non_members.max()),
        bound_note="score of the most exposed member; the baseline is the highest score of a non-member",
    )  # fmt: skip


def epsilon_lower(scores: Scores, delta: Decimal, *, seed: int = 0) -> Indicator:
    """Return a 95 % lower bound of epsilon that any (epsilon, delta)-DP training must respect.

    Thresholds come from one half of the records, exact counts from the other, both directions, and the level is
    shared over all tries (Bonferroni), so the maximum stays a valid bound. Source: Jagielski et al. 2020;
    ln((TPR_low − delta) / FPR_high) and its mirror image.
    """
    rng = np.random.default_rng(seed)
    members, others = rng.permutation(scores.members), rng.permutation(scores.non_members)
    half_in, half_out = len(members) // 2, len(others) // 2
    cuts = [float(np.quantile(others[:half_out], 1 - rate)) for rate in EPSILON_CUTS]
    cuts += [float(np.quantile(members[:half_in], rate)) for rate in EPSILON_CUTS]
    level = 1 - (1 - LEVEL) / (2 * len(cuts))
    best = max(_epsilon_at(members[half_in:], others[half_out:], cut, float(delta), level) for cut in cuts)
    note = "uninformative: the attack cannot refute any epsilon" if best <= 0 else "one-sided, holds with 95 %"
    return Indicator(
        indicator_id="dp.epsilon_lower", status="measured", value=number(max(best, 0.0)), unit="epsilon",
        ci_level=LEVEL, ci_method="exact", n_in=len(members) - half_in, n_out=len(others) - half_out,
        method=f"{scores.method}; exact bounds on held-out halves, {2 * len(cuts)} tries",
        attack_params={"delta": f"{delta:f}", **scores.params}, adversary=scores.adversary, bound_note=note,
    )  # fmt: skip


def _epsilon_at(
    members: NDArray[np.float64], others: NDArray[np.float64], cut: float, delta: float, level: Decimal
) -> float:
    hits, false = int((members > cut).sum()), int((others > cut).sum())
    tpr, fpr = clopper_pearson(hits, len(members), level), clopper_pearson(false, len(others), level)
    tries = ((float(tpr.low), float(fpr.high)), (1 - float(fpr.high), 1 - float(tpr.low)))
    return max(math.log((gain - delta) / cost) if gain > delta and cost > 0 else -math.inf for gain, cost in tries)


def quantiles(scores: Scores) -> dict[str, str]:
    """Return quantiles of the members' scores; the scores themselves are membership data and stay out."""
    names = {"q50": 0.5, "q90": 0.9, "q99": 0.99, "q99.9": 0.999}
    return {name: f"{number(np.quantile(scores.members, q)):f}" for name, q in names.items()}


def strongest(all_scores: Sequence[Scores]) -> Scores:
    """Return the attack with the largest AUC."""
    return max(all_scores, key=lambda scores: auc(scores.members, scores.non_members))
