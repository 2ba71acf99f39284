"""Claimed, recomputed and measured epsilon of one checkpoint."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.policy.checks.dp import claim_of
from exeat.policy.epsilon import missing_parameters, recompute
from exeat.policy.epsilon_verdict import EpsilonVerdict, most_recognised
from exeat.policy.figures import digits, figure
from exeat.policy.lower_bounds import lower_bounds, verdict_of
from exeat.policy.measured.people import one_in
from exeat.policy.reading import attack_name

if TYPE_CHECKING:
    from exeat.model.manifest import DpClaim
    from exeat.policy.epsilon import Recomputed
    from exeat.policy.lower_bounds import Bound
    from exeat.policy.matter import Matter

AT = Decimal("0.01")
"""The false-positive rate at which a claim is said in people."""
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
    found = lower_bounds(matter, _ANY_DELTA if delta is None else delta)
    bounds = _shown(found)
    if claim is None and not any(one.value > 0 for one in bounds):
        return None
    claimed = claim.epsilon if claim is not None else None
    recomputed, why_not = _recomputed(claim)
    verdict = verdict_of(claimed, found)
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


def _shown(found: tuple[Bound, ...]) -> tuple[Shown, ...]:
    """Return what reports state, largest first, and the best bound that follows from the membership rates."""
    stated = sorted((one for one in found if one.stated), key=lambda one: -one.epsilon)
    derived = max((one for one in found if not one.stated), key=lambda one: one.epsilon, default=None)
    return tuple(map(_stated, stated)) + (() if derived is None else (_derived(derived),))


def _stated(bound: Bound) -> Shown:
    it = bound.source.indicator
    name = it.method.split(";")[0]
    return Shown(bound.epsilon, bound.ceiling, name, it.method, not bound.no_test, bound.no_test)


def _derived(bound: Bound) -> Shown:
    it = bound.source.indicator
    name = f"the rates of {attack_name(it.indicator_id.split('.')[1])}"
    return Shown(
        bound.epsilon, bound.ceiling, name, f"{it.method}, TPR at {figure(it.fpr or Decimal(0))} FPR", True, ""
    )


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
