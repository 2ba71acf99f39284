"""What changed between two releases of a lineage: components and indicators. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from exeat.model.risk_report import Indicator
    from exeat.review.dossier import Dossier

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``worse`` is None where it cannot be said."""

    about: str
    what: str
    before: str
    after: str
    worse: bool | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is compared of a release."""

    components: Mapping[str, tuple[str, int, str]]
    """Component -> disposition, bytes, digest."""
    indicators: Mapping[str, Indicator]
    """Label -> the measurement with the worst bad end."""


def snapshot(dossier: Dossier) -> Snapshot:
    """Return what can be compared of a dossier."""
    files = {part.id: part for part in dossier.manifest.components}
    proposed = {
        part.component_id: (part.disposition.value, files[part.component_id].bytes, files[part.component_id].sha256)
        for part in dossier.proposal.components
        if part.component_id in files
    }
    worst: dict[str, Indicator] = {}
    for bound in dossier.reports:
        for one in bound.report.indicators:
            label = label_of(one)
            if label not in worst or _worse(worst[label], one):
                worst[label] = one
    return Snapshot(proposed, worst)


def label_of(one: Indicator) -> str:
    """Return what makes two measurements comparable: indicator, rate, subgroup, adversary."""
    rate = f" at FPR {one.fpr}" if one.fpr is not None else ""
    group = f", {one.subgroup}" if one.subgroup else ""
    return f"{one.indicator_id}{rate}{group} ({one.adversary.access.value.replace('_', ' ')})"


def bad_end(one: Indicator) -> Decimal | None:
    """Return the end of the interval that the decision uses, the value where there is no interval."""
    if one.status != "measured":
        return None
    end = one.ci_high if one.direction == "higher_is_worse" else one.ci_low
    return one.value if end is None else end


def _worse(before: Indicator, after: Indicator) -> bool | None:
    """Return whether ``after`` is worse by its bad end; None when one of them was not measured."""
    old, new = bad_end(before), bad_end(after)
    if old is None or new is None:
        return None if old == new or new is None else True
    return new > old if after.direction == "higher_is_worse" else new < old


def changes_between(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Return the differences: components first, then indicators, what got worse before the rest."""
    found = [*_component_changes(before, after), *_indicator_changes(before, after)]
    return tuple(sorted(found, key=lambda change: (change.about != "component", change.worse is not True)))


def _component_changes(before: Snapshot, after: Snapshot) -> list[Change]:
    found = []
    for part in sorted({*before.components, *after.components}):
        old, new = before.components.get(part), after.components.get(part)
        if old != new:
            found.append(Change("component", part, _component(old), _component(new)))
    return found


def _component(one: tuple[str, int, str] | None) -> str:
    return NOTHING if one is None else f"{one[0].replace('_', ' ')}, {one[1]:,} bytes, {one[2][7:15]}"


def _indicator_changes(before: Snapshot, after: Snapshot) -> list[Change]:
    found = []
    for label in sorted({*before.indicators, *after.indicators}):
        old, new = before.indicators.get(label), after.indicators.get(label)
        if _shown(old) != _shown(new):
            worse = _worse(old, new) if old is not None and new is not None and bad_end(new) is not None else None
            found.append(Change("indicator", label, _shown(old), _shown(new), worse))
    return found


def _shown(one: Indicator | None) -> str:
    if one is None:
        return NOTHING
    if one.status != "measured":
        return one.status.replace("_", " ")
    interval = f" [{one.ci_low:f}, {one.ci_high:f}]" if one.ci_low is not None and one.ci_high is not None else ""
    return f"{one.value:f}{interval} {one.unit}"
