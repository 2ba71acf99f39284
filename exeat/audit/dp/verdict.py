"""Does the measurement agree with the claimed epsilon? A pure function, and a sentence for a steward."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple


class Word(StrEnum):
    """What a measured lower bound says about a claim."""

    CONSISTENT = "consistent"
    VIOLATED = "violated"
    UNINFORMATIVE = "uninformative"


class Verdict(NamedTuple):
    """The word and a plain sentence for somebody who is no statistician."""

    word: Word
    sentence: str


def judge(claim: float | None, bound: float, ceiling: float, *, level: float = 0.95) -> Verdict:
    """Compare a claimed epsilon with an empirical lower bound and the most that the audit could have shown.

    ``violated`` when the bound lies above the claim. ``uninformative`` when the audit could not have refuted the claim
    even with every guess right (ceiling <= claim), when the attack refuted nothing (bound <= 0), or without a claim.
    """
    shown = f"an epsilon of at least {bound:.2f} ({level:.0%} confidence; this audit can show at most {ceiling:.2f})"
    if claim is None:
        return Verdict(Word.UNINFORMATIVE, f"No epsilon is claimed. The attack shows {shown}: {_people(bound)}.")
    if bound > claim:
        return Verdict(
            Word.VIOLATED,
            f"The claim of epsilon {claim:g} does not hold: the attack shows {shown}. {_people(bound).capitalize()}. "
            "Look for missing clipping, wrong noise or batches that are not sampled as stated.",
        )
    if ceiling <= claim:
        return Verdict(
            Word.UNINFORMATIVE,
            f"This audit says nothing about the claim of epsilon {claim:g}: even with every guess right it could show "
            f"only {ceiling:.2f}. More canaries are needed.",
        )
    if bound <= 0:
        return Verdict(
            Word.UNINFORMATIVE,
            f"The attack did no better than guessing, so it neither supports nor refutes the claim of epsilon "
            f"{claim:g}. A stronger attack or more canaries are needed.",
        )
    return Verdict(
        Word.CONSISTENT,
        f"The claim of epsilon {claim:g} stands so far: the attack shows {shown}, which is not above it. "
        "A stronger attack may show more.",
    )


def _people(bound: float) -> str:
    """Say what an epsilon means for one person whose membership is a coin toss to everybody else."""
    sure = 1 / (1 + math.exp(-bound))
    return f"somebody with this model could be {sure:.0%} sure whether one chosen person's record was used"
