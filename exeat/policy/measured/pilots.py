"""Privacy beside utility of the protections that were tried on copies."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import bad_end, widened
from exeat.policy.figures import figure, listed
from exeat.policy.measured.judging import Sort, limit_of, membership, resolved, sort_label, sort_of, worst_of
from exeat.policy.measured.people import share
from exeat.policy.reading import attack_name, unresolved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import Metric
    from exeat.model.risk_report import Indicator, Pilot
    from exeat.policy.matter import Matter

ORIGINAL = "original"
LONGEST = 120
"""Characters of a parameter that are shown."""
Ends = tuple[Decimal, Decimal]


class Tried(NamedTuple):
    """One protection, placed: utility and the strongest attack's figure, each with its interval or None."""

    title: str
    original: bool
    utility: Decimal
    utility_ends: Ends | None
    exposure: Decimal
    exposure_ends: Ends | None
    attack: str
    access: str
    within: bool | None
    """Whether the bad end lies within the policy's limit; None without a limit or an interval."""
    parameters: str
    limits: str


class Frontier(NamedTuple):
    """All pilots that can be placed on the same two axes, and why others cannot."""

    points: tuple[Tried, ...]
    utility: str
    utility_unit: str
    exposure: str
    area: bool
    limit: Decimal | None
    unplaced: tuple[tuple[str, str], ...]
    sentence: str


class Axes(NamedTuple):
    """What is compared: one metric of one set, one sort of figure."""

    metric: tuple[str, str]
    sort: Sort


def frontier(matter: Matter, noun: str) -> Frontier | None:
    """Return the pilots of the case beside the original; None when there is none that can be placed."""
    pilots = _pilots(matter)
    axes = _axes(matter, pilots)
    if not any(one.kind != ORIGINAL for one in pilots) or axes is None:
        return None
    placed = [(one, _place(matter, one, axes)) for one in pilots]
    points = [point for _, point in placed if point is not None]
    if not any(point.original for point in points):
        points = [*_from_report(matter, axes), *points]
    if not any(not point.original for point in points):
        return None
    points.sort(key=lambda point: not point.original)
    sample = next(i for one in pilots for i in one.indicators if sort_of(i) == axes.sort)
    metric = next(m for one in pilots for m in one.utility if (m.id, m.split) == axes.metric)
    limit = limit_of(matter, sample)
    unplaced = tuple((one.title, _why_not(matter, one, axes)) for one, point in placed if point is None)
    return Frontier(
        tuple(points), f"{metric.id.replace('_', ' ')}, {metric.split} set", metric.unit, sort_label(sample),
        axes.sort.suffix == "auc", limit, unplaced, _sentence(points, limit, axes, noun),
    )  # fmt: skip


def _pilots(matter: Matter) -> list[Pilot]:
    """Return each pilot once, as the newest report has it; the original first."""
    found: dict[str, Pilot] = {}
    for bound in sorted(matter.reports.used, key=lambda b: b.report.date, reverse=True):
        for pilot in bound.report.pilots:
            found.setdefault(pilot.pilot_id, pilot)
    return sorted(found.values(), key=lambda one: one.kind != ORIGINAL)


def _axes(matter: Matter, pilots: Sequence[Pilot]) -> Axes | None:
    """Return the axes: a rate that the policy asks for if half of the pilots have it, else what most have."""
    metrics = Counter((m.id, m.split) for one in pilots for m in one.utility if m.subgroup is None)
    sorts = Counter(
        sort for one in pilots for sort in {sort_of(i) for i in one.indicators if _about_everybody(matter, i)}
    )
    if not metrics or not sorts:
        return None
    required = matter.policy.resolution.required_fpr
    half = max(sorts.values()) / 2
    asked = [sort for sort in sorts if sort.fpr in required and sorts[sort] >= half]
    best = max(asked or sorts, key=lambda sort: (sorts[sort], sort.suffix == "auc", sort.fpr or 0))
    return Axes(max(metrics, key=lambda one: (metrics[one], one[1] == "test")), best)


def _about_everybody(matter: Matter, indicator: Indicator) -> bool:
    return indicator.subgroup is None and membership(indicator) and resolved(matter, indicator)


def _place(matter: Matter, pilot: Pilot, axes: Axes) -> Tried | None:
    exposed = _worst(matter, pilot.indicators, axes)
    metric = next((m for m in pilot.utility if (m.id, m.split, m.subgroup) == (*axes.metric, None)), None)
    if exposed is None or metric is None:
        return None
    return _tried(matter, pilot.title, metric, exposed, pilot)


def _worst(matter: Matter, indicators: Sequence[Indicator], axes: Axes) -> Indicator | None:
    return worst_of(i for i in indicators if sort_of(i) == axes.sort and _about_everybody(matter, i))


def _tried(matter: Matter, title: str, metric: Metric, exposed: Indicator, pilot: Pilot | None) -> Tried:
    low, high = widened(exposed)
    limit, end = limit_of(matter, exposed), bad_end(exposed, "higher_is_worse")
    given = [f"{name} {value}"[:LONGEST] for name, value in pilot.parameters.items()] if pilot else []
    return Tried(
        title=title,
        original=pilot is None or pilot.kind == ORIGINAL,
        utility=metric.value,
        utility_ends=None if metric.ci_low is None or metric.ci_high is None else (metric.ci_low, metric.ci_high),
        exposure=exposed.value or Decimal(0),
        exposure_ends=None if low is None or high is None else (low, high),
        attack=attack_name(exposed.indicator_id.split(".")[1]),
        access=(pilot.access if pilot else exposed.adversary.access).value.replace("_", " "),
        within=None if limit is None or end is None else end <= limit,
        parameters=listed(given, 6),
        limits=pilot.limits if pilot else "",
    )


def _from_report(matter: Matter, axes: Axes) -> list[Tried]:
    """Return the release itself from its own report and manifest, where no pilot is the untouched original."""
    exposed = _worst(matter, [m.indicator for m in matter.measurements if m.indicator.regime == "real"], axes)
    metric = next(
        (m for m in matter.manifest.metrics if (m.id, m.split, m.subgroup) == (*axes.metric, None)), None
    )  # fmt: skip
    return [] if exposed is None or metric is None else [_tried(matter, "this release", metric, exposed, None)]


def _why_not(matter: Matter, pilot: Pilot, axes: Axes) -> str:
    same = [i for i in pilot.indicators if sort_of(i) == axes.sort and i.subgroup is None]
    if not same:
        return "the figure of this axis was not measured on it"
    reasons = (i.reason or unresolved(i, matter.policy) for i in same)
    return next((reason for reason in reasons if reason), "its utility was not measured")


def _sentence(points: Sequence[Tried], limit: Decimal | None, axes: Axes, noun: str) -> str:
    """Return how many protections hold the limit, and what the one that keeps most utility would mean for people."""
    tried = [point for point in points if not point.original]
    start = f"{len(tried)} {'protection was' if len(tried) == 1 else 'protections were'} tried on copies"
    if limit is None:
        return f"{start}; the policy sets no limit on this figure."
    within = [point for point in tried if point.within]
    if not within:
        return f"{start}; none brings the bad end of the interval within the limit."
    best = max(within, key=lambda point: (point.utility, -point.exposure))
    many = "all keep" if len(within) == len(tried) else "1 keeps" if len(within) == 1 else f"{len(within)} keep"
    already = " So does this release as it is." if any(point.original and point.within for point in points) else ""
    them = "It is" if len(within) == 1 else "Most useful of them:"
    held = f"{start}; {many} the bad end of the interval within the limit.{already}"
    return f"{held} {them} {best.title}{_cost(points, best, axes, noun)}."


def _cost(points: Sequence[Tried], best: Tried, axes: Axes, noun: str) -> str:
    original = next((point for point in points if point.original), None)
    if original is None:
        return ""
    lost = original.utility - best.utility
    change = f"{figure(abs(lost), 'difference')} {'less' if lost > 0 else 'more'} utility" if lost else "equal utility"
    if axes.sort.suffix != "tpr_at_fpr":
        return f", at {change}"
    now = share(best.exposure, *(best.exposure_ends or (None, None)))
    before = share(original.exposure, None, None)
    same = (now.of, now.about) == (before.of, before.about)
    instead = "as now" if same else f"instead of about {before.about:,} of {before.of:,}"
    return f", at {change}: an attacker would recognise {now} of {now.of:,} {noun} {instead}"
