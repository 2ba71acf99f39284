"""E: the claim of differential privacy, recomputed and tested."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.policy.checks.membership import NOTHING_LEAVES, targets
from exeat.policy.checks.registry import check
from exeat.policy.epsilon import missing_parameters, recompute
from exeat.policy.epsilon_verdict import EpsilonVerdict
from exeat.policy.figures import digits, figure, listed
from exeat.policy.finding import Verdict
from exeat.policy.lower_bounds import lower_bounds, verdict_of
from exeat.policy.matter import Matter, Outcome, failed, not_applicable, not_measured, passed, warned
from exeat.policy.reading import Judged, reading

if TYPE_CHECKING:
    from exeat.model.manifest import DpClaim
    from exeat.policy.epsilon import Recomputed
    from exeat.policy.lower_bounds import Bound

_STATED = (
    "epsilon",
    "delta",
    "mechanism",
    "accountant",
    "accountant_version",
    "unit",
    "neighbouring",
    "sampling",
    "sample_rate",
    "noise_multiplier",
    "clip_norm",
    "steps",
)


def claim_of(matter: Matter) -> DpClaim | None:
    """Return the claim, if differential privacy is claimed."""
    dp = matter.manifest.dp
    return dp if dp is not None and dp.claimed else None


def _no_claim(matter: Matter) -> Outcome:
    if matter.manifest.dp is None and any(s.kind == "dp_sgd" for s in matter.manifest.safeguards):
        return not_measured("DP-SGD is listed as a safeguard, but no claim states its parameters.")
    return not_applicable("Differential privacy is not claimed.")


@check("E1")
def parameters_stated(matter: Matter) -> Outcome:
    """Check that all parameters of the claim are stated."""
    dp = claim_of(matter)
    if dp is None:
        return _no_claim(matter)
    missing = [name.replace("_", " ") for name in _STATED if getattr(dp, name) is None]
    if missing:
        return failed(f"The claim does not state {listed(missing, 6)}.")
    return passed(
        f"ε {digits(dp.epsilon or Decimal(0))} at δ {figure(dp.delta or Decimal(0), '')} per {dp.unit}, fully stated."
    )


@check("E2")
def epsilon_supported(matter: Matter) -> Outcome:  # noqa: PLR0911 one sentence per answer
    """Check that the claimed epsilon is not below the one recomputed from noise, rate, steps and delta."""
    dp = claim_of(matter)
    if dp is None:
        return not_applicable("Differential privacy is not claimed.")
    missing = missing_parameters(dp) if dp.epsilon is not None else ("epsilon",)
    if missing or dp.epsilon is None:
        return not_measured(f"Epsilon cannot be recomputed without {listed([m.replace('_', ' ') for m in missing])}.")
    try:
        again = recompute(dp)
    except BadInput as exc:
        return failed(exc.headline)
    claimed, tolerance = dp.epsilon, matter.policy.dp_tolerance
    both = f"Claimed ε {digits(claimed)}, recomputed {digits(again.tightest)}"
    if claimed < again.tightest * (1 - tolerance):
        return failed(f"{both}: the parameters do not support the claim.")
    if claimed > again.loosest * (1 + tolerance):
        return warned(f"{both}: the claim is looser than its parameters; are they of this run?")
    if other := _reported_epsilon(matter, claimed, again):
        return warned(f"{both}, but a report says ε {digits(other)}.")
    return passed(f"{both}: supported.")


def _reported_epsilon(matter: Matter, claimed: Decimal, again: Recomputed) -> Decimal | None:
    """Return a reported epsilon that is neither the claim nor what either accountant gives for its parameters."""
    tolerance = matter.policy.dp_tolerance
    low, high = again.tightest * (1 - tolerance), again.loosest * (1 + tolerance)
    values = [m.indicator.value for m in matter.under("dp.epsilon") if m.indicator.indicator_id == "dp.epsilon"]
    others = (v for v in values if v is not None and abs(v - claimed) > claimed * tolerance)
    return next((v for v in others if not low <= v <= high), None)


@check("E3")
def claim_sound(matter: Matter) -> Outcome:
    """Check that delta lies below one over the number of persons, sampling is Poisson, tuning is accounted for."""
    dp = claim_of(matter)
    if dp is None:
        return not_applicable("Differential privacy is not claimed.")
    people = sum(source.n_units or 0 for source in matter.people_sources)
    if dp.delta is not None and people and dp.delta * people >= 1:
        return failed(f"δ {digits(dp.delta)} is not below 1/{people:,}: one person's data could be given away whole.")
    if dp.sampling == "shuffle":
        return failed("Batches were shuffled, but the accountant assumes Poisson sampling: ε is understated.")
    if dp.tuning_accounted is False:
        return failed("Tuning runs on the same data are not accounted for.")
    unknown = [name for name, value in (("delta", dp.delta), ("sampling", dp.sampling)) if value is None]
    unknown += [] if people else ["the number of persons"]
    unknown += ["whether tuning is accounted for"] if dp.tuning_accounted is None else []
    if unknown:
        return not_measured(f"Not stated: {listed(unknown)}.")
    return _doubts(matter, dp) or passed(
        "δ below 1 over the number of persons, Poisson sampling, tuning accounted for."
    )


def _doubts(matter: Matter, dp: DpClaim) -> Outcome | None:
    if dp.sampling == "fixed":
        return warned("Batches have a fixed size; the accountant assumes Poisson sampling.")
    most = max((source.max_records_per_unit or 1 for source in matter.people_sources), default=1)
    if most > 1 and dp.unit not in {"record", "example", "row", "sample"}:
        return warned(f"The unit is {dp.unit}, who may have {most} records: check that clipping is per {dp.unit}.")
    return None


@check("E4")
def claim_survives(matter: Matter) -> Outcome:
    """Check that no attack shows an epsilon above the claim, and say whether any could have."""
    dp = claim_of(matter)
    if dp is None:
        return not_applicable("Differential privacy is not claimed.")
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    if dp.epsilon is None or dp.delta is None:
        return not_measured("The claim states no epsilon or no delta to test.")
    found = lower_bounds(matter, dp.delta)
    tests = [bound for bound in found if not bound.no_test]
    if not tests:
        return not_measured(
            f"A bound {found[0].no_test}." if found else "No attack with counts bounds epsilon from below."
        )
    return _tested(matter, dp.epsilon, tests)


def _tested(matter: Matter, claimed: Decimal, tests: list[Bound]) -> Outcome:
    """Return what the bounds that test the claim say of it; a test that could not contradict it supports nothing."""
    word = verdict_of(claimed, tests)
    best = max(tests, key=lambda b: b.epsilon)
    verdict = {EpsilonVerdict.VIOLATED: Verdict.FAIL, EpsilonVerdict.CONSISTENT: Verdict.PASS}.get(word, Verdict.WARN)
    shown = (reading(matter, best.source, Judged(verdict, None, "")),)
    text = f"Attacks show ε of at least {digits(max(best.epsilon, Decimal(0)))}, claimed is {digits(claimed)}"
    if verdict is Verdict.FAIL:
        return failed(f"{text}: the implementation breaks its claim.", readings=shown)
    if verdict is Verdict.PASS:
        return passed(f"{text}: consistent.", readings=shown)
    return warned(f"{text}: uninformative, {_why_uninformative(claimed, tests)}.", readings=shown)


def _why_uninformative(claimed: Decimal, tests: list[Bound]) -> str:
    most = max((bound.ceiling for bound in tests if bound.ceiling is not None), default=None)
    if most is not None and most <= claimed:
        return f"these tests can show {digits(most)} at most; this is no evidence for the claim"
    return "the attacks that could contradict the claim show nothing; this is no evidence for it"
