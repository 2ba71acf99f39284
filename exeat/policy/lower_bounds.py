"""Measured lower bounds on epsilon: which of them test a claim, and the most that each could have shown."""

from __future__ import annotations

import math
import re
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.binding import overall
from exeat.policy.epsilon_verdict import EpsilonVerdict, LowerBound, compare
from exeat.policy.figures import digits
from exeat.policy.interval import clopper_pearson, fpr_upper_bound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.policy.binding import Measurement
    from exeat.policy.matter import Matter

LEVEL = 0.95
"""Confidence of the bounds from rates, shared among all rates that are tried (Bonferroni)."""
_CEILING = re.compile(r"ceiling\D{0,30}?(\d+(?:\.\d+)?)")
_STATED = "dp.epsilon_lower"


class Bound(NamedTuple):
    """A lower bound on epsilon and the measurement behind it.

    ``ceiling`` is the most that the same test could have shown (None: not stated). ``no_test`` says why the bound
    cannot contradict the claim; empty when it can.
    """

    epsilon: Decimal
    source: Measurement
    ceiling: Decimal | None = None
    no_test: str = ""

    @property
    def stated(self) -> bool:
        """Return whether a report states it, rather than that it follows from a membership rate."""
        return self.source.indicator.indicator_id.startswith(_STATED)


def verdict_of(claimed: Decimal | None, bounds: Iterable[Bound]) -> EpsilonVerdict:
    """Return the word for a claim and all bounds that test it."""
    return compare(claimed, [LowerBound(one.epsilon, one.ceiling) for one in bounds if not one.no_test])


def lower_bounds(matter: Matter, delta: Decimal) -> tuple[Bound, ...]:
    """Return the lower bound that each membership rate gives, and those that reports state themselves.

    Source: Kairouz et al. 2015 (hypothesis testing view) with Clopper-Pearson ends as in Nasr et al. 2021. Each rate
    is tested at 1 − 0.05/m, half of it in each tail, so that the bounds from rates hold together at 95 %; m counts each
    attack once per kind of data and required false-positive rate. Stated bounds keep their own level. Subgroups,
    single records and differences of two checkpoints are no test of this claim.
    """
    rates = [m for m in overall(matter.under("mia.")) if _usable(m) and _required(matter, m)]
    tests = {(m.indicator.indicator_id, m.indicator.fpr, m.indicator.regime) for m in rates}
    level = 1 - (1 - LEVEL) / max(len(tests), 1)
    found = [bound for m in rates if (bound := _from_rate(m, delta, level)) is not None]
    stated = [m for m in matter.under(_STATED) if m.indicator.value is not None]
    return (*found, *(_stated(m, delta) for m in stated))


def _usable(found: Measurement) -> bool:
    it = found.indicator
    return it.status == "measured" and it.fpr is not None and it.unit == "fraction" and bool(it.n_in and it.n_out)


def _required(matter: Matter, found: Measurement) -> bool:
    return found.indicator.fpr in matter.policy.resolution.required_fpr


def _from_rate(found: Measurement, delta: Decimal, level: float) -> Bound | None:
    """Return the bound; 0 when the rates allow no positive one. False positives are the most that the FPR allows.

    That makes it valid although the threshold was chosen on the same non-members: the true rate beyond their k-th
    highest score is beta-distributed, and its upper quantile is the exact end for k − 1 false positives. The ceiling is
    what the same counts would give if every member were recognised.
    """
    it = found.indicator
    n_in, n_out = it.n_in or 0, it.n_out or 0
    hits = it.n_events if it.n_events is not None else int((it.value or Decimal(0)) * n_in)
    if not 0 <= hits <= n_in:
        return None
    false_positives = int(((it.fpr or Decimal(0)) * n_out).to_integral_value(ROUND_FLOOR))
    cost = fpr_upper_bound(false_positives, n_out, level)
    shown, most = (_log_ratio(clopper_pearson(k, n_in, level).low - delta, cost) for k in (hits, n_in))
    return Bound(shown, found, most)


def _log_ratio(gain: Decimal, cost: Decimal) -> Decimal:
    return Decimal(repr(round(math.log(gain / cost), 6))) if gain > cost else Decimal(0)


def _stated(found: Measurement, delta: Decimal) -> Bound:
    it = found.indicator
    own = _decimal(it.attack_params.get("delta", ""))
    no_test = f"holds at δ {digits(own)}, below the claim's: no test of it" if own is not None and own < delta else ""
    return Bound(it.value or Decimal(0), found, _ceiling(it.attack_params, it.bound_note), no_test)


def _ceiling(params: dict[str, str], note: str) -> Decimal | None:
    """Return the most that the test could show, from ``attack_params`` or the note."""
    named, found = _decimal(params.get("ceiling", "")), _CEILING.search(note)
    return named if named is not None or found is None else _decimal(found[1])


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
