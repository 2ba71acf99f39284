"""The bad end of an interval: never better than the value, nor than the counts allow."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from exeat.model.policy import Threshold
    from exeat.model.risk_report import Indicator

_SAME = {"bool": "flag", "boolean": "flag", "rate": "fraction", "difference": "fraction", "dimensionless": "epsilon"}
"""Units that are compared as one; a difference of two shares is judged like a share."""
LEVEL = Decimal("0.95")
"""Confidence at which counts are turned into an interval, unless the report's is higher."""
_HIGHEST = Decimal("0.999999")
"""No count gives an interval that holds for certain; a report that says so is taken at this level."""
_WHOLE = Decimal("1e-4")
"""Counts that differ from a whole number by no more are whole."""
_ROUNDING = Decimal("1e-6")
"""Ends of intervals that differ by no more are the same but for rounding."""


def bad_end(indicator: Indicator, direction: str) -> Decimal | None:
    """Return the bad end of the interval, never better than the value; None without interval.

    A true-positive rate is widened to the exact interval of its counts (see ``widened``).
    """
    low, high = widened(indicator)
    if low is None or high is None or indicator.value is None:
        return None
    return max(indicator.value, high) if direction == "higher_is_worse" else min(indicator.value, low)


def two_sided(indicator: Indicator, threshold: Threshold) -> tuple[Decimal, Decimal | None] | None:
    """Return an area and its bad end with an attack that ranks the wrong way round turned round; None for the rest.

    Whoever knows that an attack has an area of 0.05 believes the opposite and has one of 0.95.
    """
    area = indicator.indicator_id.endswith("auc") and same_unit(indicator.unit) == "fraction"
    if not area or threshold.direction != "higher_is_worse" or indicator.value is None:
        return None
    value = max(indicator.value, 1 - indicator.value)
    if indicator.ci_low is None or indicator.ci_high is None:
        return value, None
    return value, max(value, indicator.ci_high, 1 - indicator.ci_low)


def widened(indicator: Indicator) -> tuple[Decimal | None, Decimal | None]:
    """Return the interval as stated, or the exact one of the counts at each end where that is wider.

    Counts that round to the value are taken when a rate does not state its own.
    """
    low, high, n = indicator.ci_low, indicator.ci_high, indicator.n_in
    if low is None or high is None or not n or not indicator.indicator_id.endswith("tpr_at_fpr"):
        return low, high
    if indicator.value is None or indicator.unit != "fraction":
        return low, high
    level = min(max(indicator.ci_level or LEVEL, LEVEL), _HIGHEST)
    hits = indicator.value * n
    fewest = math.floor(hits + _WHOLE) if indicator.n_events is None else indicator.n_events
    most = math.ceil(hits - _WHOLE) if indicator.n_events is None else indicator.n_events
    exact_low, exact_high = clopper_pearson(fewest, n, level).low, clopper_pearson(most, n, level).high
    return (low if low - exact_low <= _ROUNDING else exact_low), (
        high if exact_high - high <= _ROUNDING else exact_high
    )


def same_unit(unit: str) -> str:
    """Return the unit by the name it is compared under."""
    return _SAME.get(unit, unit)
