"""Answers in one sentence, for people."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN
from typing import TYPE_CHECKING

from exeat.policy.figures import figure
from exeat.policy.finding import Barrier, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import DataSource
    from exeat.policy.finding import Assessment, Reading


def answer(assessment: Assessment) -> str:
    """Return whether the release can leave as proposed, and what stands against it."""
    tier = assessment.tier
    barred = [finding for finding in assessment.findings if finding.barrier is not Barrier.NONE]
    if not barred:
        asked = len(assessment.questions)
        more = f" {asked} {'question is' if asked == 1 else 'questions are'} for the reviewers." if asked else ""
        return f"Can leave to {tier} as proposed: every gate passes.{more}"
    failing = sum(finding.verdict is Verdict.FAIL for finding in barred)
    unmeasured = len(barred) - failing
    parts = []
    if failing:
        parts.append(f"{failing} gate fails" if failing == 1 else f"{failing} gates fail")
    if unmeasured:
        noun = "" if failing else (" gate" if unmeasured == 1 else " gates")
        parts.append(
            f"{unmeasured}{noun} is not measured" if unmeasured == 1 else f"{unmeasured}{noun} are not measured"
        )
    against = ", ".join(parts)
    if any(finding.barrier is Barrier.BLOCKING for finding in barred):
        return f"Cannot leave to {tier} as proposed: {against}."
    return f"Can leave to {tier} only with a recorded reason for each exception: {against}."


def noun_for(sources: Sequence[DataSource]) -> str:
    """Return ``people`` when each training record is one person, else ``records``.

    An attack counts records; they are people only when the unit is a person with one record each.
    """
    trained = [source for source in sources if source.role in {"train", "pretrain"}]
    persons = all(source.unit == "person" and source.max_records_per_unit == 1 for source in trained)
    return "people" if trained and persons else "records"


def in_people(reading: Reading, n_in: int | None, noun: str = "people", trained_on: int | None = None) -> str:
    """Return a membership TPR as a count of people, or "" when that cannot honestly be said.

    It can be said of a resolved true-positive rate with an interval, at a false-positive rate of one in a whole
    number, about at least one member. The count is exact, of those that were tried; the interval is about people like
    them. ``trained_on`` is the number of training units: when the attack was tried on fewer, the sentence says so.
    """
    fpr, low, high = reading.fpr, reading.ci_low, reading.ci_high
    sayable = reading.status == "measured" and reading.unit == "fraction" and reading.subgroup is None
    is_tpr = reading.indicator_id.startswith("mia.") and reading.indicator_id.endswith("tpr_at_fpr")
    if not (sayable and is_tpr and n_in) or fpr is None or low is None or high is None or not 0 < fpr < 1:
        return ""
    if reading.value is None:
        return ""
    one_in = 1 / fpr
    if one_in != one_in.to_integral_value():
        return ""
    hits = int((reading.value * n_in).to_integral_value(ROUND_HALF_EVEN))
    tried = "" if trained_on in {None, 0, n_in} else " it was tried on"
    alarm = f"At one false alarm in {int(one_in):,}"
    whom = f"{hits:,} of the {n_in:,} {noun} in the training data{tried}"
    range_ = f"between {figure(low)} and {figure(high)}"
    return f"{alarm}, this attack recognises {whom}; for {noun} like them the rate lies {range_}."
