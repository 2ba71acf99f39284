"""Rates and areas of attacks with their intervals, the same for every producer.

A rate at a false-positive rate that the non-members cannot show is no measurement, whatever was printed.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from exeat.policy.interval import Interval, auc_hanley_mcneil, clopper_pearson

LEVEL = Decimal("0.95")
ZERO_NOTE = "A zero can come from tied attack scores as well as from safety; read it with the area and the interval."
_WHOLE = Decimal("1e-4")
"""How far a rate times its number of records may lie from a whole count, for producers that round to eight places."""


def interval_fields(interval: Interval, value: Decimal, method: str) -> dict[str, Any]:
    """Return value and interval as fields of an indicator; the interval always holds the value."""
    low, high = min(interval.low, value), max(interval.high, value)
    return {"value": value, "ci_low": low, "ci_high": high, "ci_level": LEVEL, "ci_method": method}


def exact_interval(rate: Decimal, n: int, level: Decimal = LEVEL) -> Interval:
    """Return the exact interval of a rate of n; a rate that is no whole count takes the wider side at each end."""
    successes = rate * n
    low = clopper_pearson(math.floor(successes + _WHOLE), n, level).low
    high = clopper_pearson(min(math.ceil(successes - _WHOLE), n), n, level).high
    return Interval(low, high)


def whole_count(rate: Decimal, n: int) -> int | None:
    """Return how many of n the rate is, or None when it is no whole count."""
    events = rate * n
    nearest = events.to_integral_value()
    return int(nearest) if abs(events - nearest) < _WHOLE else None


def unresolvable(n_out: int, fpr: Decimal) -> str:
    """Return why n_out non-members cannot show this false-positive rate; empty when they can."""
    if fpr == 0:
        return "not resolvable: no number of non-members shows a false-positive rate of zero"
    if math.floor(n_out * fpr) >= 1:
        return ""
    smallest = Decimal(100) / n_out
    return (
        f"not resolvable with {n_out:,} non-members: the smallest false-positive rate they can show is {smallest:.2g} %"
    )


def rate_fields(value: Decimal, fpr: Decimal, n_in: int, n_out: int) -> dict[str, Any]:
    """Return the fields of a true-positive rate at a false-positive rate: measured with its interval, or why not."""
    base: dict[str, Any] = {"fpr": fpr, "n_in": n_in, "n_out": n_out}
    reason = unresolvable(n_out, fpr)
    if reason:
        return base | {"status": "not_measured", "reason": reason}
    noted = {"bound_note": ZERO_NOTE} if value == 0 else {}
    found = interval_fields(exact_interval(value, n_in), value, "clopper_pearson")
    return base | noted | found | {"n_events": whole_count(value, n_in)}


def area_fields(value: Decimal, n_in: int, n_out: int) -> dict[str, Any]:
    """Return the fields of an area under the ROC curve with the Hanley-McNeil interval."""
    found = interval_fields(auc_hanley_mcneil(value, n_in, n_out, LEVEL), value, "hanley_mcneil")
    return {"n_in": n_in, "n_out": n_out, "baseline_value": Decimal("0.5")} | found
