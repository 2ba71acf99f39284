"""Does the measurement agree with the claimed epsilon? A pure function, and a sentence for a steward."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from exeat.policy.epsilon_verdict import EpsilonVerdict, LowerBound, compare


class Verdict(NamedTuple):
    """The word and a plain sentence for somebody who is no statistician."""

    word: EpsilonVerdict
    sentence: str


def judge(claim: float | None, bound: float, ceiling: float, *, level: float = 0.95) -> Verdict:
    """Compare a claimed epsilon with an empirical lower bound and the most that the audit could have shown.

    The word is the policy's: ``violated`` when the bound lies above the claim, ``uninformative`` when the audit could
    not have refuted the claim even with every guess right (ceiling <= claim) or when the attack refuted nothing.
    """
    shows = LowerBound(Decimal(float(bound)), Decimal(float(ceiling)))
    word = compare(None if claim is None else Decimal(float(claim)), [shows])
    shown = f"an epsilon of at least {bound:.2f} ({level:.0%} confidence; this audit can show at most {ceiling:.2f})"
    if claim is None:
        return Verdict(word, f"No epsilon is claimed. The attack shows {shown}: {_people(bound)}.")
    if word is EpsilonVerdict.VIOLATED:
        return Verdict(
            word,
            f"The claim of epsilon {claim:g} does not hold: the attack shows {shown}. {_people(bound).capitalize()}. "
            "Look for missing clipping, wrong noise or batches that are not sampled as stated.",
        )
    if word is EpsilonVerdict.CONSISTENT:
        return Verdict(
            word,
            f"The claim of epsilon {claim:g} stands so far: the attack shows {shown}, which is not above it. "
            "A stronger attack may show more.",
        )
    if ceiling <= claim:
        return Verdict(
            word,
            f"This audit says nothing about the claim of epsilon {claim:g}: even with every guess right it could show "
            f"only {ceiling:.2f}. More canaries are needed.",
        )
    return Verdict(
        word,
        f"The attack did no better than guessing, so it neither supports nor refutes the claim of epsilon {claim:g}. "
        "A stronger attack or more canaries are needed.",
    )


def _people(bound: float) -> str:
    """Say what an epsilon means for one person whose membership is a coin toss to everybody else."""
    sure = 1 / (1 + math.exp(-bound))
    return f"somebody with this model could be {sure:.0%} sure whether one chosen person's record was used"
