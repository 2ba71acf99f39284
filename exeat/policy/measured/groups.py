"""Membership rates of subgroups, the worst first, beside the rate of everybody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import bad_end
from exeat.policy.finding import Verdict
from exeat.policy.measured.judging import judged, membership, resolved
from exeat.policy.measured.people import share

if TYPE_CHECKING:
    from exeat.policy.binding import Measurement
    from exeat.policy.finding import Reading
    from exeat.policy.matter import Matter

LEAST = 10
"""Smaller groups are never shown: their rate would describe people, not a group."""


class Groups(NamedTuple):
    """One indicator by subgroup; ``hidden`` counts groups that are too small to be shown."""

    rows: tuple[Reading, ...]
    everybody: Reading | None
    limit: Decimal | None
    hidden: int
    least: int
    sentence: str


def groups(matter: Matter, noun: str) -> Groups | None:
    """Return the indicator under which a subgroup fares worst; None when no subgroup was measured."""
    least = max(LEAST, matter.policy.resolution.min_subgroup_n)
    found = [m for m in matter.under("mia.") if m.indicator.subgroup is not None and membership(m.indicator)]
    large = [m for m in found if smaller_side(m) >= least and resolved(matter, m.indicator)]
    if not large:
        return None
    worst = max(large, key=lambda m: (_real(m), _fails(matter, m), _rate_first(m), _bad(m)))
    same = [m for m in found if _alike(m, worst)]
    kept: dict[str, Measurement] = {}
    for one in sorted((m for m in same if m in large), key=_bad, reverse=True):
        kept.setdefault(str(one.indicator.subgroup), one)
    rows = tuple(judged(matter, one) for one in kept.values())
    everybody = _everybody(matter, worst)
    hidden = len({m.indicator.subgroup for m in same if smaller_side(m) < least})
    limit = next((row.limit for row in rows if row.limit is not None), None)
    return Groups(rows, everybody, limit, hidden, least, _sentence(rows, everybody, noun))


def smaller_side(found: Measurement) -> int:
    """Return the smaller of members and non-members; 0 when one is not stated."""
    return min(found.indicator.n_in or 0, found.indicator.n_out or 0)


def _bad(found: Measurement) -> Decimal:
    return bad_end(found.indicator, "higher_is_worse") or found.indicator.value or Decimal(0)


def _fails(matter: Matter, found: Measurement) -> bool:
    return judged(matter, found).verdict is Verdict.FAIL


def _real(found: Measurement) -> bool:
    """Prefer the true records: those of other data are for comparison."""
    return found.indicator.regime == "real"


def _rate_first(found: Measurement) -> bool:
    """Prefer rates: they can be said in people."""
    return found.indicator.fpr is not None


def _alike(one: Measurement, other: Measurement) -> bool:
    a, b = one.indicator, other.indicator
    return (a.indicator_id, a.fpr, a.regime) == (b.indicator_id, b.fpr, b.regime)


def _everybody(matter: Matter, worst: Measurement) -> Reading | None:
    """Return the same figure over everybody, of the same report where it has one."""
    found = [
        m
        for m in matter.under(worst.indicator.indicator_id)
        if m.indicator.subgroup is None and _alike(m, worst) and resolved(matter, m.indicator)
    ]
    found.sort(key=lambda m: m.source.sha256 != worst.source.sha256)
    return judged(matter, found[0]) if found else None


def _sentence(rows: tuple[Reading, ...], everybody: Reading | None, noun: str) -> str:
    worst = rows[0]
    if worst.value is None:
        return ""
    size = f"{worst.n_in:,} {noun}" if worst.n_in else "size not stated"
    if worst.fpr is None:
        return f"Worst group: {worst.subgroup} ({size}). {_beside(worst, everybody)}"
    found = share(worst.value, worst.ci_low, worst.ci_high)
    return (
        f"Worst group: {worst.subgroup} ({size}). Of {found.of:,} like them, {found} would be recognised"
        f"{_of_everybody(everybody, found.of)}. {_beside(worst, everybody)}"
    )


def _of_everybody(everybody: Reading | None, of: int) -> str:
    return "" if everybody is None or everybody.value is None else f"; of everybody, about {everybody.value * of:.0f}"


def _beside(worst: Reading, everybody: Reading | None) -> str:
    """Return whether the worst group differs from everybody by more than its own interval."""
    if everybody is None or everybody.value is None or worst.ci_low is None:
        return "The rate of everybody is not given beside it."
    if worst.ci_low > everybody.value:
        return "Even the low end of its interval lies above the rate of everybody."
    return "The rate of everybody lies inside its interval: the group may fare no worse than the rest."
