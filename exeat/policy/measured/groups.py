"""Membership rates of subgroups, the worst first, beside the rate of everybody."""

from __future__ import annotations

from decimal import Decimal
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import bad_end
from exeat.policy.finding import Verdict
from exeat.policy.interval import clopper_pearson
from exeat.policy.measured.judging import judged, membership, resolved
from exeat.policy.measured.people import share

if TYPE_CHECKING:
    from exeat.model.risk_report import Indicator
    from exeat.policy.binding import Measurement
    from exeat.policy.finding import Reading
    from exeat.policy.matter import Matter

ERROR = 0.05
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
    tries = {(m.indicator.indicator_id, m.indicator.fpr, m.indicator.subgroup) for m in large if _same_data(m, worst)}
    apart = _apart(next(iter(kept.values())), len(tries), everybody)
    return Groups(rows, everybody, limit, hidden, least, _sentence(rows, everybody, apart, noun))


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


def _same_data(one: Measurement, other: Measurement) -> bool:
    return one.indicator.regime == other.indicator.regime


def _apart(worst: Measurement, tries: int, everybody: Reading | None) -> str:
    """Return whether the worst group differs from everybody by more than the worst of so many does by chance.

    The worst of twenty equal groups lies above everybody beyond its own 95 % interval in one case of four, so the
    error is shared over all figures that it was picked from (Bonferroni).
    """
    low = _low_end(worst.indicator, 1 - ERROR / max(tries, 1))
    if everybody is None or everybody.value is None or low is None:
        return "The rate of everybody is not given beside it."
    among = f", as the worst of {tries} figures" if tries > 1 else ""
    if low > everybody.value:
        return f"Even the low end of its interval lies above the rate of everybody{among}."
    return f"The rate of everybody lies inside its interval{among}: the group may fare no worse than the rest."


def _low_end(it: Indicator, level: float) -> Decimal | None:
    """Return the low end at the level: exact from counts, else the stated one widened as a normal interval."""
    if it.value is None or it.ci_low is None:
        return None
    if it.indicator_id.endswith("tpr_at_fpr") and it.n_in:
        hits = it.n_events if it.n_events is not None else round(it.value * it.n_in)
        return min(it.ci_low, clopper_pearson(hits, it.n_in, level).low)
    normal, own = NormalDist(), min(float(it.ci_level or 0.95), 0.999999)
    wider = normal.inv_cdf((1 + level) / 2) / normal.inv_cdf((1 + own) / 2)
    return it.value - (it.value - it.ci_low) * Decimal(max(wider, 1.0))


def _sentence(rows: tuple[Reading, ...], everybody: Reading | None, apart: str, noun: str) -> str:
    worst = rows[0]
    if worst.value is None:
        return ""
    size = f"{worst.n_in:,} {noun}" if worst.n_in else "size not stated"
    if worst.fpr is None:
        return f"Worst group: {worst.subgroup} ({size}). {apart}"
    found = share(worst.value, worst.ci_low, worst.ci_high)
    return (
        f"Worst group: {worst.subgroup} ({size}). Of {found.of:,} like them, {found} would be recognised"
        f"{_of_everybody(everybody, found.of)}. {apart}"
    )


def _of_everybody(everybody: Reading | None, of: int) -> str:
    return "" if everybody is None or everybody.value is None else f"; of everybody, about {everybody.value * of:.0f}"
