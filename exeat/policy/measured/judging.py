"""Judge any indicator of the case by the limits of its tier, as the findings do."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import bad_end
from exeat.policy.reading import applies, judge, label, reading, unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.model.policy import Threshold
    from exeat.model.risk_report import Indicator
    from exeat.policy.binding import Measurement
    from exeat.policy.finding import Reading
    from exeat.policy.matter import Matter

EVERYBODY, SUBGROUP = "R3", "R5"
"""The checks whose limits hold for figures about everybody, and about subgroups."""


class Sort(NamedTuple):
    """Figures that can be compared: the last word of the id, at one false-positive rate."""

    suffix: str
    fpr: Decimal | None


def sort_of(indicator: Indicator) -> Sort:
    """Return what the figure can be compared with: all attacks' areas, all attacks' rates at one rate."""
    return Sort(indicator.indicator_id.rsplit(".", 1)[-1], indicator.fpr)


def membership(indicator: Indicator) -> bool:
    """Return whether it is an area or a rate of a membership attack on the checkpoint itself."""
    name = indicator.indicator_id
    special = name.startswith(("mia.record.", "mia.delta."))
    return name.startswith("mia.") and not special and name.endswith((".tpr_at_fpr", ".auc"))


def limits_at(matter: Matter, check: str) -> tuple[Threshold, ...]:
    """Return the limits of the check that hold at the tier and fail whoever crosses them."""
    found = (limit for limit in matter.policy.thresholds if limit.check == check and limit.effect == "fail")
    return tuple(limit for limit in found if matter.tier in limit.tiers)


def judged(matter: Matter, item: Measurement) -> Reading:
    """Return the figure as the policy judges it at the tier."""
    check = EVERYBODY if item.indicator.subgroup is None else SUBGROUP
    return reading(matter, item, judge(item.indicator, limits_at(matter, check), matter.policy))


def limit_of(matter: Matter, indicator: Indicator) -> Decimal | None:
    """Return the strictest limit in the figure's own unit, if the policy has one."""
    found = [t.limit for t in limits_at(matter, EVERYBODY) if applies(t, indicator) and t.unit == indicator.unit]
    return min(found, default=None)


def resolved(matter: Matter, indicator: Indicator) -> bool:
    """Return whether there is a value that the sample can resolve."""
    return indicator.status == "measured" and not unresolved(indicator, matter.policy)


def worst_of(indicators: Iterable[Indicator]) -> Indicator | None:
    """Return the figure with the highest bad end: the strongest attack counts, never the mean."""
    return max(indicators, key=_badness, default=None)


def _badness(indicator: Indicator) -> Decimal:
    end = bad_end(indicator, "higher_is_worse")
    return end if end is not None else indicator.value or Decimal(0)


def sort_label(indicator: Indicator) -> str:
    """Return the label without the attack: ``TPR at 1 % FPR``."""
    return label(indicator).rsplit(", ", 1)[-1].replace(f" ({indicator.regime} data)", "")
