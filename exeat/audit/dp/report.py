"""Everything about differential privacy in a risk report: recomputed epsilon, measured lower bounds, the verdict."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.audit import membership
from exeat.audit.dp.accounting import epsilon_indicators
from exeat.audit.dp.guesses import OneRun, best_bound
from exeat.audit.dp.tradeoff import Gaussian, SampledGaussian
from exeat.audit.dp.verdict import Verdict, judge
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.epsilon import missing_parameters, recompute
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from exeat.audit.dp.guesses import CanaryScores
    from exeat.audit.dp.tradeoff import Family
    from exeat.audit.membership import Scores
    from exeat.model.manifest import DpClaim

DEFAULT_DELTA = Decimal("1e-5")
_ASSUMED = (
    "assumption: chance alone decided who became a member, not time or place, and records are recognised independently "
    "of each other; exact only then"
)
"""What a bound from rates of one run rests on; canaries with coins of their own need none of it."""
_SOURCES = {
    "binomial": "one training run with canaries (Steinke et al. 2023)",
    "f-dp": "one training run with canaries, trade-off curve (Mahloujifar et al. 2024)",
}


def dp_indicators(
    claim: DpClaim | None,
    *,
    canaries: CanaryScores | None = None,
    scores: Scores | None = None,
    access: Access = Access.API_CONF,
    level: float = 0.95,
    seed: int = 0,
) -> list[Indicator]:
    """Return ``dp.epsilon`` by both accountants and ``dp.epsilon_lower`` with ceiling and verdict.

    ``claim`` is the manifest's; its delta is used, 1e-5 without one. ``canaries`` give two bounds that hold together
    at ``level`` (half of the error each): Steinke et al. without assumption, and the trade-off curve that the claim's
    mechanism has. Without canaries, ``scores`` of a membership attack give the bound of exact rates, which
    holds only for members drawn at random and recognised independently of each other. ``access`` is what the canary
    scores needed. ``seed`` breaks ties and splits records.
    """
    found = epsilon_indicators(claim)
    delta = claim.delta if claim is not None and claim.delta is not None else DEFAULT_DELTA
    claimed = claimed_epsilon(claim)
    if canaries is not None:
        share = 1 - (1 - level) / 2
        for family in (None, family_of(claim)):
            run = best_bound(canaries, delta=float(delta), level=share, family=family, seed=seed)
            found.append(one_run_indicator(run, claimed, access, together=2, caveat=_caveat(claim)))
    elif scores is not None:
        found.append(_from_rates(scores, delta, claimed, seed))
    else:
        reason = "no canaries were inserted by a coin and no membership attack was run"
        found.append(_without_attack(reason, access))
    return found


def claimed_epsilon(claim: DpClaim | None) -> float | None:
    """Return the epsilon to test: the stated one, else what the parameters support; None when nothing is claimed."""
    if claim is None or not claim.claimed:
        return None
    if claim.epsilon is not None:
        return float(claim.epsilon)
    return None if missing_parameters(claim) else float(recompute(claim).tightest)


def family_of(claim: DpClaim | None) -> Family:
    """Return the trade-off curves of the claim's mechanism: sampled DP-SGD where rate and steps are stated.

    Without them, or with every batch full, Gaussian DP. The bound holds under the curve's assumption, which the
    indicator states.
    """
    if claim is None or claim.sample_rate is None or not claim.steps or claim.sample_rate in {0, 1}:
        return Gaussian()
    return SampledGaussian(float(claim.sample_rate), claim.steps)


def _caveat(claim: DpClaim | None) -> str:
    if claim is None or claim.neighbouring != "replace":
        return ""
    return "the claim is about replacing a record, a coin adds or removes one, which changes DP-SGD less"


def one_run_indicator(
    run: OneRun, claimed: float | None, access: Access, *, together: int = 1, caveat: str = ""
) -> Indicator:
    """Return a one-run bound as ``dp.epsilon_lower``; ``together`` bounds share the level that is stated."""
    whole = 1 - together * (1 - run.level)
    verdict = judge(claimed, run.bound, run.ceiling, level=whole)
    ceiling = f"ceiling {run.ceiling:.4f} with every guess right"
    parts = [ceiling, "value = ceiling: the true epsilon may be much larger"] if run.at_ceiling else [ceiling]
    parts += [f"assumption: {run.assumption}", _shared(run, together)]
    parts += [caveat] if caveat else []
    params = {
        "delta": f"{Decimal(repr(run.delta)):f}",
        "canaries": str(run.canaries),
        "guesses": str(run.guesses),
        "correct": str(run.correct),
        "tries": str(run.tries),
        "signal": run.signal,
    }
    return Indicator(
        indicator_id="dp.epsilon_lower", status="measured", value=_down(run.bound), unit="epsilon",
        ci_level=membership.number(whole), ci_method="exact", n_in=run.guesses, n_events=run.correct,
        method=_SOURCES[run.method],
        attack_params=params | _verdict_params(verdict, run.ceiling, at_ceiling=run.at_ceiling, claimed=claimed),
        adversary=Adversary(access=access, knowledge=("the canaries, but not their coins", run.signal)),
        split="train", bound_note=_note(verdict, parts),
    )  # fmt: skip


def _shared(run: OneRun, together: int) -> str:
    text = f"best of {run.tries} numbers of guesses, level shared"
    return f"{text} with {together - 1} other bound" if together > 1 else text


def _down(bound: float) -> Decimal:
    """Round down at nine places: rounding up would claim more than was shown."""
    return Decimal(math.floor(bound * 10**9)).scaleb(-9)


def _verdict_params(verdict: Verdict, ceiling: float, *, at_ceiling: bool, claimed: float | None) -> dict[str, str]:
    params = {"verdict": verdict.word.value, "ceiling": f"{ceiling:.6f}", "at_ceiling": str(at_ceiling).lower()}
    return params if claimed is None else params | {"claimed_epsilon": f"{claimed:g}"}


def _note(verdict: Verdict, parts: list[str]) -> str:
    return f"{verdict.word.value}: {verdict.sentence} ({'; '.join(parts)})"


def rates_ceiling(n_in: int, n_out: int, delta: float) -> float:
    """Return the most that ``membership.epsilon_lower`` can show: all members above a threshold, no non-member.

    It counts on held-out halves of the records with its level shared over its tries.
    """
    tries = 2 * 2 * len(membership.EPSILON_CUTS)
    level = 1 - (1 - membership.LEVEL) / tries
    members, others = n_in - n_in // 2, n_out - n_out // 2
    all_in, none_out = clopper_pearson(members, members, level), clopper_pearson(0, others, level)
    all_out, none_in = clopper_pearson(others, others, level), clopper_pearson(0, members, level)
    gains = ((float(all_in.low), float(none_out.high)), (float(all_out.low), float(none_in.high)))
    return max(0.0, *(math.log((gain - delta) / cost) if gain > delta else 0.0 for gain, cost in gains))


def _from_rates(scores: Scores, delta: Decimal, claimed: float | None, seed: int) -> Indicator:
    found = membership.epsilon_lower(scores, delta, seed=seed)
    bound = float(found.value or 0)
    ceiling = rates_ceiling(len(scores.members), len(scores.non_members), float(delta))
    at_ceiling = bound >= ceiling - 1e-6
    verdict = judge(claimed, bound, ceiling)
    parts = [f"ceiling {ceiling:.4f} with perfect separation"]
    parts += ["value = ceiling: the true epsilon may be much larger"] if at_ceiling else []
    parts += [_ASSUMED]
    params = _verdict_params(verdict, ceiling, at_ceiling=at_ceiling, claimed=claimed)
    return found.model_copy(
        update={"attack_params": {**found.attack_params, **params}, "bound_note": _note(verdict, parts)}
    )


def _without_attack(reason: str, access: Access) -> Indicator:
    return Indicator(
        indicator_id="dp.epsilon_lower", status="not_measured", reason=reason, unit="epsilon",
        method="one training run with canaries", adversary=Adversary(access=access),
    )  # fmt: skip
