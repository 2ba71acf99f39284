"""Indicators of one attack, in a regime or on the true records, and the subgroup that fares worst."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.audit.membership import indicators_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.audit.regimes import Regime
    from exeat.audit.scores import Scores
    from exeat.model.risk_report import Indicator

RATE = ".tpr_at_fpr"
COMPARED = Decimal("0.01")
"""The false-positive rate at which regimes are compared."""


def figures_of(scores: Scores, regime: Regime | None = None) -> list[Indicator]:
    """Return the indicators of an attack; in a regime those that are compared, the area and the rate at 1 %."""
    found = [_labelled(one, regime) for one in indicators_of(scores)]
    return [one for one in found if regime is None or _is_compared(one)]


def _is_compared(one: Indicator) -> bool:
    return one.subgroup is None and (one.indicator_id.endswith(".auc") or one.fpr == COMPARED)


def _labelled(one: Indicator, regime: Regime | None) -> Indicator:
    if regime is None:
        return one
    params = one.attack_params | {"regime_detail": regime.detail}
    return one.model_copy(update={"regime": regime.kind, "attack_params": params})


def worst_subgroup(indicators: Sequence[Indicator]) -> list[str]:
    """Name the subgroup whose rate is highest, beside everybody's under the same attack; nothing without subgroups.

    The highest of many rates is high by chance as well, so it is said of how many it is the highest.
    """
    rates = [one for one in indicators if one.indicator_id.endswith(RATE) and one.value is not None]
    rates = [one for one in rates if one.regime == "real"]
    those = [one for one in rates if one.subgroup is not None]
    if not those:
        return []
    worst = max(those, key=lambda one: (one.value or 0, one.subgroup or ""))
    same = (worst.indicator_id, worst.fpr)
    everybody = next(one for one in rates if (one.indicator_id, one.fpr, one.subgroup) == (*same, None))
    who = f"{worst.subgroup}, {_rate(worst)} of {worst.n_in} members by {worst.indicator_id}"
    among = f" The highest of {len(those)} rates of subgroups, so in part by chance." if len(those) > 1 else ""
    return [
        f"Most recognised subgroup: {who} at a false-positive rate of {worst.fpr}; of everybody {_rate(everybody)}."
        + among
    ]


def _rate(one: Indicator) -> str:
    return f"{one.value:.3f} [{one.ci_low:.3f}, {one.ci_high:.3f}]"
