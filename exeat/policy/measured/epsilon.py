"""Claimed, recomputed and measured epsilon of one checkpoint."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.policy.checks.dp import LEVEL, claim_of, lower_bounds
from exeat.policy.epsilon import missing_parameters, recompute
from exeat.policy.epsilon_verdict import EpsilonVerdict, LowerBound, compare, most_recognised
from exeat.policy.figures import digits, figure
from exeat.policy.interval import clopper_pearson, fpr_upper_bound
from exeat.policy.measured.people import one_in
from exeat.policy.reading import attack_name

if TYPE_CHECKING:
    from exeat.model.manifest import DpClaim
    from exeat.policy.checks.dp import Bound
    from exeat.policy.epsilon import Recomputed
    from exeat.policy.matter import Matter

AT = Decimal("0.01")
"""The false-positive rate at which a claim is said in people."""
_CEILING = re.compile(r"ceiling\D{0,30}?(\d+(?:\.\d+)?)")
_AT_CAP = Decimal("0.999")
_ANY_DELTA = Decimal("1e-6")
"""Delta for bounds from rates where nothing is claimed."""


class Shown(NamedTuple):
    """One lower bound; ``tests`` says whether it can contradict the claim, ``note`` why not."""

    value: Decimal
    ceiling: Decimal | None
    name: str
    method: str
    tests: bool
    note: str

    @property
    def at_ceiling(self) -> bool:
        """Return whether it is the most that this test can show: then it says nothing of the true epsilon's size."""
        return self.ceiling is not None and self.value > 0 and self.value >= self.ceiling * _AT_CAP


class Epsilons(NamedTuple):
    """What is claimed, what its parameters support, what attacks show, and the word for it."""

    claimed: Decimal | None
    delta: Decimal | None
    unit: str
    recomputed: Recomputed | None
    why_not: str
    bounds: tuple[Shown, ...]
    verdict: EpsilonVerdict
    sentence: str


def epsilons(matter: Matter, noun: str) -> Epsilons | None:
    """Return claim and bounds; None when nothing is claimed and no report bounds epsilon."""
    claim = claim_of(matter)
    delta = claim.delta if claim is not None else None
    bounds = _bounds(matter, delta)
    if claim is None and not any(one.value > 0 for one in bounds):
        return None
    claimed = claim.epsilon if claim is not None else None
    recomputed, why_not = _recomputed(claim)
    verdict = compare(claimed, [LowerBound(one.value, one.ceiling) for one in bounds if one.tests])
    said = _sentence(claim, bounds, verdict, noun)
    return Epsilons(claimed, delta, (claim.unit or "") if claim else "", recomputed, why_not, bounds, verdict, said)


def _recomputed(claim: DpClaim | None) -> tuple[Recomputed | None, str]:
    if claim is None:
        return None, "nothing is claimed"
    missing = missing_parameters(claim)
    if missing:
        return None, f"the claim does not state {', '.join(name.replace('_', ' ') for name in missing)}"
    try:
        return recompute(claim), ""
    except BadInput as exc:
        return None, exc.headline


def _bounds(matter: Matter, delta: Decimal | None) -> tuple[Shown, ...]:
    """Return what reports state, largest first, and the best bound that follows from the membership rates."""
    found = lower_bounds(matter, _ANY_DELTA if delta is None else delta)
    stated = [one for one in found if one.source.indicator.indicator_id.startswith("dp.epsilon_lower")]
    derived = [one for one in found if one not in stated]
    shown = [_stated(one, delta) for one in sorted(stated, key=lambda one: -one.epsilon)]
    if derived:
        tests = len({(one.source.indicator.indicator_id, one.source.indicator.fpr) for one in derived})
        best = max(derived, key=lambda one: one.epsilon)
        shown.append(_derived(best, _ANY_DELTA if delta is None else delta, tests))
    return tuple(shown)


def _stated(bound: Bound, delta: Decimal | None) -> Shown:
    it = bound.source.indicator
    own = _decimal(it.attack_params.get("delta", ""))
    too_small = delta is not None and own is not None and own < delta
    note = f"holds at δ {digits(own)}, below the claim's: no test of it" if too_small and own is not None else ""
    return Shown(
        bound.epsilon,
        _ceiling(it.attack_params, it.bound_note),
        it.method.split(";")[0],
        it.method,
        not too_small,
        note,
    )


def _derived(bound: Bound, delta: Decimal, tests: int) -> Shown:
    """Return a bound from one rate; its ceiling is what the same counts would give if every member were recognised."""
    it = bound.source.indicator
    level = 1 - (1 - LEVEL) / max(tests, 1)
    n_in, n_out, fpr = it.n_in or 1, it.n_out or 1, it.fpr or Decimal(0)
    gain = clopper_pearson(n_in, n_in, level).low - delta
    cost = fpr_upper_bound(int(fpr * n_out), n_out, level)
    ceiling = Decimal(repr(round(math.log(gain / cost), 6))) if gain > cost else Decimal(0)
    name = f"the rates of {attack_name(it.indicator_id.split('.')[1])}"
    return Shown(bound.epsilon, ceiling, name, f"{it.method}, TPR at {figure(fpr)} FPR", True, "")


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


def _sentence(claim: DpClaim | None, bounds: tuple[Shown, ...], verdict: EpsilonVerdict, noun: str) -> str:
    best = max((one.value for one in bounds if one.tests), default=None)
    return f"{_promise(claim, noun)} {_tested(claim, best, verdict)}".strip()


def _promise(claim: DpClaim | None, noun: str) -> str:
    """Return what the claim alone allows, in people; the guarantee is per unit of the claim."""
    if claim is None or claim.epsilon is None:
        return "No differential privacy is claimed: nothing is promised to anybody."
    most = int((100 * most_recognised(claim.epsilon, claim.delta or Decimal(0), AT)).to_integral_value(ROUND_CEILING))
    accuser = f"an attacker who wrongly accuses {one_in(AT)} outsiders"
    if most >= 100:  # noqa: PLR2004 all of a hundred
        return (
            f"The claim of ε {digits(claim.epsilon)} promises next to nothing here: even if it is true, "
            f"{accuser} could recognise all of 100 {noun}. Guessing finds 1."
        )
    return (
        f"If the claim of ε {digits(claim.epsilon)} is true, {accuser} recognises at most {most} of 100 {noun}; "
        "guessing finds 1."
    )


def _tested(claim: DpClaim | None, best: Decimal | None, verdict: EpsilonVerdict) -> str:
    if best is None:
        return "No attack has tested it: not tested is not confirmed."
    shown = digits(best)
    if verdict is EpsilonVerdict.VIOLATED:
        return f"Attacks show at least ε {shown}: the claim is not true of this model."
    if verdict is EpsilonVerdict.CONSISTENT:
        return (
            f"Attacks show at least ε {shown}: no contradiction; what lies between may be protection or a weak attack."
        )
    if claim is None or claim.epsilon is None:
        below = f"Attacks show that any claim below ε {shown} would be false."
        return below if best > 0 else "Attacks show no ε above 0."
    return "The attacks were too weak, or too few, to have contradicted it: this is no evidence for the claim."
