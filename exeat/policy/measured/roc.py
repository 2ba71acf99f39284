"""ROC curves of the case, worst first, and the policy's limits on them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.measured.judging import EVERYBODY, judged, limits_at
from exeat.policy.measured.people import recognised
from exeat.policy.reading import attack_name, needed_non_members

if TYPE_CHECKING:
    from exeat.model.curves import Curve, CurvePoint
    from exeat.policy.binding import BoundReport
    from exeat.policy.matter import Matter

MOST = 4
"""Curves drawn at once; the others are named."""
ANCHORS = (Decimal("0.01"), Decimal("0.1"))
"""False-positive rates at which a curve is put into words, the first that the sample resolves."""


class Roc(NamedTuple):
    """One curve and what it is of."""

    curve: Curve
    name: str
    tool: str
    access: str
    sha256: str


class RateLimit(NamedTuple):
    """At false-positive rates up to ``fpr`` a true-positive rate beyond ``limit`` fails; fractions."""

    fpr: Decimal
    limit: Decimal


class Rocs(NamedTuple):
    """The curves to draw, worst first; ``more`` names those left out.

    From ``gate_from`` on, each curve has as many non-members as the policy asks for before a rate counts.
    """

    curves: tuple[Roc, ...]
    limits: tuple[RateLimit, ...]
    gate_from: Decimal
    sentence: str
    more: tuple[str, ...] = ()


def rocs(matter: Matter, noun: str) -> Rocs | None:
    """Return the worst curve of each attack on each kind of data, real data first; None when no report has one."""
    found = [_roc(bound, curve) for bound in matter.reports.used for curve in bound.report.curves]
    if not found:
        return None
    anchor = _anchor(matter, found)
    at = anchor or max(one.curve.resolution for one in found)
    found.sort(key=lambda one: (one.curve.regime != "real", -point_at(one.curve, at).tpr_high, one.name))
    worst: dict[tuple[str, str], Roc] = {}
    for one in found:
        worst.setdefault((one.curve.attack, one.curve.regime), one)
    shown = tuple(worst.values())
    gate_from = matter.policy.resolution.non_members_per_fpr / min(max(one.curve.n_out, 1) for one in shown[:MOST])
    said, more = _sentence(matter, shown[0], noun), tuple(one.name for one in shown[MOST:])
    return Rocs(shown[:MOST], _limits(matter), min(gate_from, Decimal(1)), said, more)


def _roc(bound: BoundReport, curve: Curve) -> Roc:
    attack, tool = f"mia.{curve.attack}.", bound.report.tool
    like = (i for i in bound.report.indicators if i.indicator_id.startswith(attack) and i.regime == curve.regime)
    access = next((i.adversary.access.value.replace("_", " ") for i in like), "")
    name = attack_name(curve.attack) if curve.regime == "real" else f"{attack_name(curve.attack)}, {curve.regime} data"
    return Roc(curve, name, f"{tool.name} {tool.version}", access, bound.sha256)


def point_at(curve: Curve, fpr: Decimal) -> CurvePoint:
    """Return the last point at no higher false-positive rate; the first where there is none."""
    below = [point for point in curve.points if point.fpr <= fpr]
    return below[-1] if below else curve.points[0]


def _anchor(matter: Matter, found: list[Roc]) -> Decimal | None:
    """Return the first rate that the non-members of every curve resolve."""
    least = min(one.curve.n_out for one in found)
    return next((fpr for fpr in ANCHORS if needed_non_members(matter.policy, fpr) <= least), None)


def _limits(matter: Matter) -> tuple[RateLimit, ...]:
    """Return the limits on rates from low to high false-positive rate, each the strictest that holds there."""
    rated = [t for t in limits_at(matter, EVERYBODY) if t.fpr is not None and t.unit == "fraction"]
    steps: list[RateLimit] = []
    for threshold in sorted(rated, key=lambda t: (-(t.fpr or 0), t.limit)):
        limit = min([threshold.limit, *(step.limit for step in steps)])
        steps.append(RateLimit(threshold.fpr or Decimal(0), limit))
    return tuple(reversed(list({step.fpr: step for step in steps}.values())))


def _sentence(matter: Matter, worst: Roc, noun: str) -> str:
    """Return the worst curve in people: the report's own figure where it has one, else the curve's."""
    anchor = _anchor(matter, [worst])
    if anchor is None:
        return f"{worst.curve.n_out:,} outsiders are too few to say how many {noun} an attacker would recognise."
    stated = [
        judged(matter, m)
        for m in matter.under(f"mia.{worst.curve.attack}.tpr_at_fpr")
        if m.source.sha256 == worst.sha256 and m.indicator.fpr == anchor and m.indicator.subgroup is None
    ]
    seen = next((one for one in stated if one.value is not None), None)
    if seen is not None and seen.value is not None and worst.curve.regime == "real":
        return recognised(seen.value, seen.ci_low, seen.ci_high, anchor, noun)
    point = point_at(worst.curve, anchor)
    return recognised(point.tpr, point.tpr_low, point.tpr_high, anchor, noun)
