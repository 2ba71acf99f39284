"""The policy's limits as values, and on which side of them a figure lies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exeat.model.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exeat.model.policy import Policy, Threshold

NEAR = 0.8
"""From this share of a limit on, a figure counts as near it."""


class Limit(NamedTuple):
    """What one indicator may reach at one tier; rates are fractions. None: the policy sets no such limit."""

    indicator_id: str
    fpr: float | None
    tier: str
    fail: float | None
    warn: float | None

    @property
    def strictest(self) -> float | None:
        """Return the limit that a chart draws: where it fails, else where it warns."""
        return self.fail if self.fail is not None else self.warn


def matches(pattern: str, indicator_id: str) -> bool:
    """Return whether a threshold's pattern names the indicator: ``*`` is one dotted part, at the end any rest."""
    head, rest = (pattern[:-1], ".*") if pattern.endswith("*") else (pattern, "")
    expression = re.escape(head).replace(r"\*", r"[^.]+") + rest
    return re.fullmatch(expression, indicator_id) is not None


def _applies(threshold: Threshold, indicator_id: str, fpr: float | None, tier: Tier) -> bool:
    same_rate = threshold.fpr is None or (fpr is not None and float(threshold.fpr) == fpr)
    return tier in threshold.tiers and same_rate and matches(threshold.indicator, indicator_id)


def limit_for(policy: Policy, indicator_id: str, fpr: float | None, tier: Tier, *, falling: bool = False) -> Limit:
    """Return the strictest limits that apply: the smallest, or the largest where lower is worse."""
    strictest = max if falling else min
    found = [t for t in policy.thresholds if _applies(t, indicator_id, fpr, tier)]
    fails = [float(t.limit) for t in found if t.effect == "fail"]
    warns = [float(t.limit) for t in found if t.effect == "warn"]
    return Limit(indicator_id, fpr, tier.value, strictest(fails, default=None), strictest(warns, default=None))


def limits_for(policy: Policy, indicators: Iterable[tuple[str, float | None, bool]]) -> tuple[Limit, ...]:
    """Return the limits at every tier of indicators (id, false-positive rate, whether lower is worse)."""
    every = (limit_for(policy, name, fpr, tier, falling=falling) for name, fpr, falling in indicators for tier in Tier)
    return tuple(limit for limit in every if limit.strictest is not None)


def band(status: str, bad_end: float | None, limit: float | None, *, lower_is_worse: bool = False) -> str:
    """Return the figure as words: on which side of the limit its bad end lies, or why there is none."""
    if status != "measured" or bad_end is None:
        return "not applicable" if status == "not_applicable" else "not measured"
    if limit is None:
        return "measured, no limit set"
    if bad_end < limit if lower_is_worse else bad_end > limit:
        return "above its limit" if not lower_is_worse else "below its limit"
    near = bad_end * NEAR < limit if lower_is_worse else bad_end >= limit * NEAR
    return "near its limit" if near else "within its limit"


def parameters(limits: Sequence[Limit]) -> tuple[str, list[object]]:
    """Return a VALUES table of the limits for SQL, and its parameters; never empty, so that it always joins."""
    rows = list(limits) or [Limit("", None, "", None, None)]
    sql = ", ".join("(?::VARCHAR, ?::DOUBLE, ?::VARCHAR, ?::DOUBLE, ?::DOUBLE)" for _ in rows)
    return f"(VALUES {sql}) AS l(indicator_id, fpr, tier, fail_limit, warn_limit)", [
        cell for row in rows for cell in row
    ]
