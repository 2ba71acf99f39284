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
    said, more = _sentence(matter, shown, noun), tuple(one.name for one in shown[MOST:])
    return Rocs(shown[:MOST], _limits(matter), min(gate_from, Decimal(1)), said, more)


def _roc(bound: BoundReport, curve: Curve) -> Roc:
    attack, tool = f"mia.{curve.attack}.", bound.report.tool
    like = (i for i in bound.report.indicators if i.indicator_id.startswith(attack) and i.regime == curve.regime)
    access = next((i.adversary.access.value.replace("_", " ") for i in like), "")
    name = (
        attack_name(curve.attack) if curve.regime == "real" else f"{attack_name(curve.attack)} on {curve.regime} data"
    )
    return Roc(curve, name, f"{tool.name} {tool.version}", access, bound.sha256)


def point_at(curve: Curve, fpr: Decimal) -> CurvePoint:
    """Return the last point at no higher false-positive rate; the first where there is none."""
    below = [point for point in curve.points if point.fpr <= fpr]
    return below[-1] if below else curve.points[0]


def shown_points(curve: Curve) -> tuple[CurvePoint, ...]:
    """Return the points that the non-members can show.

    Of those at no false positive only the last tells anything, and of no smaller rate than one of all non-members: it
    is moved there. The start of every curve, where nobody is accused, tells nothing.
    """
    none = [point for point in curve.points if point.fpr < curve.resolution and point.tpr > 0]
    rest = [point for point in curve.points if point.fpr >= curve.resolution and point.fpr > 0]
    starts = bool(none) and (not rest or rest[0].fpr > curve.resolution)
    first = [none[-1].model_copy(update={"fpr": curve.resolution})] if starts else []
    return (*first, *rest)


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


def _sentence(matter: Matter, shown: tuple[Roc, ...], noun: str) -> str:
    """Return the worst attack that can be said in people."""
    said = next((text for one in shown if (text := _said(matter, one, noun))), "")
    if said:
        return said
    curve = shown[0].curve
    if _anchor(matter, [shown[0]]) is None:
        return f"{curve.n_out:,} outsiders are too few to say how many {noun} an attacker would recognise."
    return "No attack here has a threshold at which few outsiders are accused, so its rate cannot be said in people."


def _said(matter: Matter, one: Roc, noun: str) -> str:
    """Return the curve in people: the report's own figure where it has one, else a point near the rate."""
    anchor = _anchor(matter, [one])
    if anchor is None:
        return ""
    stated = [
        judged(matter, m)
        for m in matter.under(f"mia.{one.curve.attack}.tpr_at_fpr")
        if m.source.sha256 == one.sha256
        and (m.indicator.fpr, m.indicator.subgroup, m.indicator.regime) == (anchor, None, one.curve.regime)
    ]
    seen = next((found for found in stated if found.value is not None), None)
    if seen is not None and seen.value is not None:
        return recognised(seen.value, seen.ci_low, seen.ci_high, anchor, noun)
    point = point_at(one.curve, anchor)
    near = point.fpr >= max(anchor / 2, one.curve.resolution)
    return recognised(point.tpr, point.tpr_low, point.tpr_high, anchor, noun) if near else ""
