"""One stored figure judged by the policy's own rule, so that oversight never differs from an assessment."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.model.risk_report import Indicator
from exeat.policy.finding import Verdict
from exeat.policy.reading import applies, judge, label, unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.policy import Policy, Threshold
    from exeat.model.tier import Tier

NO_LIMIT = "no_limit"
"""Measured, but the policy sets no limit: neither a pass nor a failure."""
BEYOND, NEAR, WITHIN, UNLIMITED = "beyond its limit", "near its limit", "within its limit", "measured, no limit set"
BANDS = {
    "fail": BEYOND,
    "warn": NEAR,
    NO_LIMIT: UNLIMITED,
    "not_measured": "not measured",
    "not_applicable": "not applicable",
}
NEAR_SHARE = 0.8
"""From this share of a limit on, a figure counts as near it."""
_NOT_OF_THE_VALUE = frozenset({"p_value"})
"""Limits that ask something else of an indicator than its value: here, whether it is significant."""
_GROUPS, _DELTAS = "R5", "S6"
"""The checks with limits of their own: for subgroups and single records, and for what two versions give away."""
_ENDS = 2
_NUMBERS = ("value", "ci_low", "ci_high", "ci_level", "fpr", "baseline_value")
_TEXTS = ("indicator_id", "status", "reason", "unit", "direction", "n_in", "n_out", "n_events", "regime", "subgroup")


class Judgement(NamedTuple):
    """What the policy says of one figure; ``limit`` (which decided) and ``fails_at`` are in the figure's own unit.

    ``fails_at`` is None when crossing a limit only warns. ``resolved`` is False when the sample cannot resolve the
    rate: then it has no value at all.
    """

    label: str
    family: str
    verdict: str
    limit: float | None
    why: str
    resolved: bool
    fails_at: float | None = None


class Judge:
    """Judges figures by one policy, each by the limits of the check that reads it; remembers which those are."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._limits: dict[tuple[str, Decimal | None, bool, Tier | None], tuple[Threshold, ...]] = {}
        self._labels: dict[tuple[str, Decimal | None, str, bool], tuple[str, str]] = {}

    def judge(self, figure: Mapping[str, Any], tier: Tier | None) -> Judgement:
        """Return the judgement of one row of ``measurement`` at a tier; without a tier no limit applies."""
        indicator = indicator_of(figure)
        limits = self._limits_of(indicator, tier)
        found = judge(indicator, limits, self._policy)
        resolved = indicator.status != "measured" or not unresolved(indicator, self._policy)
        unlimited = found.verdict is Verdict.NOT_APPLICABLE and indicator.status == "measured"
        verdict = NO_LIMIT if unlimited else found.verdict.value
        fails = judge(indicator, [one for one in limits if one.effect == "fail"], self._policy)
        ends = (None if one.limit is None else float(one.limit) for one in (found, fails))
        limit, fails_at = ends
        return Judgement(*self._words(indicator), verdict, limit, found.reason, resolved, fails_at)

    def _limits_of(self, indicator: Indicator, tier: Tier | None) -> tuple[Threshold, ...]:
        key = (indicator.indicator_id, indicator.fpr, indicator.subgroup is not None, tier)
        if key not in self._limits:
            limits = self._policy.thresholds if tier is not None else ()
            own = _own_check(indicator)
            read = (one for one in limits if (one.check == own if own else one.check not in {_GROUPS, _DELTAS}))
            about = (one for one in read if tier in one.tiers and one.unit not in _NOT_OF_THE_VALUE)
            self._limits[key] = tuple(one for one in about if applies(one, indicator))
        return self._limits[key]

    def _words(self, indicator: Indicator) -> tuple[str, str]:
        """Return the figure in words, and what it measures whatever the attack: first and last part of its name.

        Figures on other data than the true ones are a family of their own.
        """
        key = (indicator.indicator_id, indicator.fpr, indicator.regime, indicator.subgroup is not None)
        if key not in self._labels:
            parts = indicator.indicator_id.split(".")
            ends = ".".join(parts if len(parts) <= _ENDS else (parts[0], parts[-1]))
            family = label(indicator.model_copy(update={"indicator_id": ends, "subgroup": None}))
            self._labels[key] = (label(indicator), family)
        return self._labels[key]


def _own_check(indicator: Indicator) -> str:
    """Return the check that alone reads the figure; empty when any check of whole populations may."""
    if indicator.indicator_id.startswith("mia.delta."):
        return _DELTAS
    alone = indicator.subgroup is not None or indicator.indicator_id.startswith("mia.record.")
    return _GROUPS if alone and indicator.indicator_id.startswith("mia.") else ""


def indicator_of(figure: Mapping[str, Any]) -> Indicator:
    """Return a stored row as the indicator it came from; it was validated when it was taken in."""
    known: dict[str, Any] = {name: _decimal(figure[name]) for name in _NUMBERS}
    return Indicator.model_construct(**known, **{name: figure[name] for name in _TEXTS})


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def band(verdict: str, bad_end: float | None, limit: float | None, *, lower_is_worse: bool = False) -> str:
    """Return the judgement as words for those who may not see the figure."""
    if verdict in BANDS or bad_end is None or limit is None:
        return BANDS.get(verdict, WITHIN)
    near = bad_end * NEAR_SHARE <= limit if lower_is_worse else bad_end >= limit * NEAR_SHARE
    return NEAR if near else WITHIN
