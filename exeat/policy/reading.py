"""Judge one measurement against the limits of the policy: the bad end of the interval decides.

- A rate without interval that lies within its limit is NOT_MEASURED; another figure without interval is capped at
  WARN. A value beyond its limit fails with or without interval. Flags and counts are exact and need none.
- A rate at a false-positive rate that the non-members cannot resolve has no value at all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import LEVEL, bad_end, same_unit, two_sided, widened
from exeat.policy.figures import figure, with_interval
from exeat.policy.finding import Reading, Verdict
from exeat.policy.interval import fpr_upper_bound
from exeat.policy.sentence import in_people, noun_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.model.policy import Policy, Threshold
    from exeat.model.risk_report import Indicator
    from exeat.policy.binding import Measurement
    from exeat.policy.matter import Matter

EXACT_UNITS = frozenset({"flag", "bool", "boolean", "count", "records", "persons"})
_WRONG_WAY = {
    "higher_is_worse": "the report says that lower is worse, the policy that higher is",
    "lower_is_worse": "the report says that higher is worse, the policy that lower is",
}
SEVERITY: dict[Verdict, int] = {verdict: place for place, verdict in enumerate(Verdict)}
"""0 is worst."""
_NAMES = {
    "mia": "membership",
    "mem": "memorization",
    "recon": "reconstruction",
    "attr": "attribute inference",
    "reid": "re-identification",
    "struct": "structure",
    "prop": "property inference",
    "gen": "generalisation",
    "dp": "differential privacy",
    "grad": "gradients",
}
_PARTS = {
    "lira": "LiRA",
    "rmia": "RMIA",
    "qmia": "QMIA",
    "auc": "AUC",
    "adv": "advantage",
    "tpr_at_fpr": "TPR",
    "rero": "success",
    "k_anonymity": "smallest group",
    "smallgroup": "small groups",
    "dof": "degrees of freedom",
    "adv_over_imputation": "advantage over imputation",
}


_SAID_ABOVE = re.compile(
    r"\d+ of \d+ non-members exceed the threshold; their true rate may be as high as [\d.]+ \(95 %\)"
)
"""Our engine's words for what the note computes itself from the counts."""


class Judged(NamedTuple):
    """The verdict of one or more limits on a measurement, with the limit that decided."""

    verdict: Verdict
    limit: Decimal | None
    reason: str


@lru_cache(maxsize=512)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = [re.escape(part) if part != "*" else r"[a-z0-9_]+" for part in glob.split(".")]
    if parts[-1] == r"[a-z0-9_]+":
        parts[-1] = r"[a-z0-9_.]+"
    return re.compile(r"\.".join(parts))


def applies(threshold: Threshold, indicator: Indicator) -> bool:
    """Return whether the limit is about this indicator, at its false-positive rate or a higher one.

    A rate at a lower false-positive rate can only be smaller for the same attack, so the limit still holds for it.
    """
    if threshold.fpr is not None and (indicator.fpr is None or indicator.fpr > threshold.fpr):
        return False
    return _pattern(threshold.indicator).fullmatch(indicator.indicator_id) is not None


def needed_non_members(policy: Policy, fpr: Decimal) -> int:
    """Return how many non-members resolve a true-positive rate at this false-positive rate (0 < fpr)."""
    return int((policy.resolution.non_members_per_fpr / fpr).to_integral_value(rounding="ROUND_CEILING"))


def unresolved(indicator: Indicator, policy: Policy) -> str:
    """Return why the sample cannot resolve the rate; empty when it can or the question does not arise."""
    if indicator.fpr is None:
        return "" if not indicator.indicator_id.endswith("tpr_at_fpr") else "the false-positive rate is not stated"
    if indicator.fpr == 0:
        return "not resolvable: no number of non-members shows a false-positive rate of zero"
    needed = needed_non_members(policy, indicator.fpr)
    if indicator.n_out is None:
        return f"not resolvable: the number of non-members is not stated (needs {needed:,})"
    if indicator.n_out < needed:
        return f"not resolvable with n = {indicator.n_out:,} non-members (needs {needed:,})"
    return ""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; NOT_APPLICABLE when there is none."""
    return min(verdicts, key=SEVERITY.__getitem__, default=Verdict.NOT_APPLICABLE)


def judge(indicator: Indicator, thresholds: Iterable[Threshold], policy: Policy) -> Judged:
    """Return the worst verdict of the limits that apply."""
    if indicator.status == "not_applicable":
        return Judged(Verdict.NOT_APPLICABLE, None, indicator.reason)
    matching = sorted(
        (t for t in thresholds if applies(t, indicator)), key=lambda t: Decimal(2) if t.fpr is None else t.fpr
    )
    if indicator.status != "measured":
        return Judged(Verdict.NOT_MEASURED, _shown_limit(matching), indicator.reason)
    if reason := unresolved(indicator, policy):
        return Judged(Verdict.NOT_MEASURED, _shown_limit(matching), reason)
    if not matching:
        return Judged(Verdict.NOT_APPLICABLE, None, "the policy sets no limit")
    alike = [limit for limit in matching if _figures(indicator, limit) is not None]
    if not alike:
        reason = f"measured in {indicator.unit}, but the policy's limit is in {matching[0].unit}"
        return Judged(Verdict.NOT_MEASURED, _shown_limit(matching), reason)
    judged = [_judge_one(indicator, limit, policy.resolution.min_ci_level) for limit in alike]
    return min(judged, key=lambda j: SEVERITY[j.verdict])


def _shown_limit(thresholds: list[Threshold]) -> Decimal | None:
    fails = [limit for limit in thresholds if limit.effect == "fail"] or thresholds
    return fails[0].limit if fails else None


def _figures(indicator: Indicator, threshold: Threshold) -> tuple[Decimal, Decimal | None] | None:
    """Return value and bad end in the limit's unit, or None when the units cannot be compared."""
    value = indicator.value
    if value is None:
        return None
    value, bad = two_sided(indicator, threshold) or (value, bad_end(indicator, threshold.direction))
    if threshold.unit == "ratio_to_baseline":
        base = indicator.baseline_value
        if base is None or base <= 0:
            return None
        return value / base, None if bad is None else bad / base
    if threshold.unit == "p_value" or same_unit(indicator.unit) != same_unit(threshold.unit):
        return None
    return value, value if indicator.unit in EXACT_UNITS else bad


def _judge_one(indicator: Indicator, threshold: Threshold, min_level: Decimal) -> Judged:
    value, bad = _figures(indicator, threshold) or (Decimal(0), None)
    crossed = Verdict.FAIL if threshold.effect == "fail" else Verdict.WARN
    ratio = threshold.unit == "ratio_to_baseline"
    shown = threshold.limit * (indicator.baseline_value or 1) if ratio else threshold.limit
    if indicator.direction != threshold.direction:
        return Judged(Verdict.NOT_MEASURED, shown, _WRONG_WAY[threshold.direction])
    if _beyond(value if bad is None else bad, threshold.limit, threshold.direction):
        return Judged(crossed, shown, "")
    if bad is not None:
        weak = _too_weak(indicator, min_level)
        return Judged(Verdict.NOT_MEASURED if weak else Verdict.PASS, shown, weak)
    if same_unit(indicator.unit) == "fraction":
        return Judged(Verdict.NOT_MEASURED, shown, "a rate without its interval is not a measurement")
    return Judged(Verdict.WARN, shown, "given without interval")


def _too_weak(indicator: Indicator, min_level: Decimal) -> str:
    """Return why the interval is too weak to show that a figure lies within its limit; empty when it is not."""
    if indicator.unit in EXACT_UNITS:
        return ""
    if indicator.ci_level is None:
        return "the confidence level of the interval is not stated"
    if indicator.ci_level < min_level:
        return f"the interval holds at {figure(indicator.ci_level)} confidence; the policy asks for {figure(min_level)}"
    return "the number of members is not stated" if _needs_members(indicator) else ""


def _needs_members(indicator: Indicator) -> bool:
    return indicator.indicator_id.endswith("tpr_at_fpr") and not indicator.n_in


def _beyond(value: Decimal, limit: Decimal, direction: str) -> bool:
    return value > limit if direction == "higher_is_worse" else value < limit


def label(indicator: Indicator) -> str:
    """Return what the figure is, in words: ``membership, LiRA, TPR at 1 % FPR``.

    A subgroup's rate stands at the threshold of everybody; the false-positive rate within the subgroup may differ.
    """
    head, *rest = indicator.indicator_id.split(".")
    words = [_NAMES.get(head, head), *(attack_name(part) for part in rest)]
    text = ", ".join(words)
    if indicator.fpr is not None:
        text += f" at {figure(indicator.fpr)} FPR"
        text += "" if indicator.subgroup is None else " at the overall threshold"
    return text if indicator.regime == "real" else f"{text} ({indicator.regime} data)"


def attack_name(attack: str) -> str:
    """Return the attack as people write it: ``LiRA offline`` for ``lira_offline``."""
    return _PARTS.get(attack) or " ".join(_PARTS.get(word, word) for word in attack.split("_"))


def readings(matter: Matter, check: str, measurements: Iterable[Measurement]) -> tuple[Reading, ...]:
    """Return the measurements as judged by this check's limits at the tier, worst and strongest first."""
    limits = [limit for limit in matter.policy.thresholds if limit.check == check and matter.tier in limit.tiers]
    found = [reading(matter, item, judge(item.indicator, limits, matter.policy)) for item in measurements]
    return tuple(sorted(found, key=_strongest_first))


def _strongest_first(reading: Reading) -> tuple[int, Decimal, str, str]:
    if reading.value is None:
        return SEVERITY[reading.verdict], Decimal(0), reading.indicator_id, reading.report_sha256
    bad = reading.ci_high if reading.direction == "higher_is_worse" else reading.ci_low
    size = reading.value if bad is None else bad
    limit = reading.limit or Decimal(1)
    strength = size / limit if reading.direction == "higher_is_worse" else -size / limit
    return SEVERITY[reading.verdict], -strength, reading.indicator_id, reading.report_sha256


def reading(matter: Matter, item: Measurement, judged: Judged) -> Reading:
    """Return one judged figure; it keeps no value when the sample cannot resolve it."""
    it = item.indicator
    shown = it.status == "measured" and not unresolved(it, matter.policy)
    tool = item.source.report.tool
    low, high = widened(it)
    made = Reading(
        indicator_id=it.indicator_id,
        label=label(it),
        status=it.status if shown or it.status != "measured" else "not_measured",
        verdict=judged.verdict,
        value=it.value if shown else None,
        ci_low=low if shown else None,
        ci_high=high if shown else None,
        ci_level=it.ci_level if shown else None,
        unit=it.unit,
        limit=judged.limit,
        direction=it.direction,
        fpr=it.fpr,
        n_in=it.n_in,
        n_out=it.n_out,
        subgroup=it.subgroup,
        access=it.adversary.access,
        method=it.method,
        tool=f"{tool.name} {tool.version}",
        report_sha256=item.source.sha256,
        reason=judged.reason,
        note=_note(it, shown=shown),
    )
    return made if made.value is None else _in_people(matter, made)


def _in_people(matter: Matter, made: Reading) -> Reading:
    noun = noun_for(matter.manifest.data_sources)
    people = noun == "people"
    trained_on = sum((source.n_units if people else source.n_records) or 0 for source in matter.people_sources)
    text = in_people(made, made.n_in, noun, trained_on)
    return replace(made, in_people=text) if text else made


def _note(it: Indicator, *, shown: bool) -> str:
    """Return what qualifies the figure: the false-positive rate that its threshold may really have, and its own note.

    A threshold set on n non-members lets floor(n x FPR) of them pass; the exact upper bound of that count is what the
    false-positive rate may be. In a subgroup the threshold is that of everybody, so nothing is said of its own rate.
    """
    parts = []
    if shown and it.fpr is not None and it.n_out and it.subgroup is None and it.indicator_id.endswith("tpr_at_fpr"):
        passing = int((it.fpr * it.n_out).to_integral_value(ROUND_FLOOR))
        most = fpr_upper_bound(passing, it.n_out, LEVEL)
        parts.append(f"false-positive rate at most {figure(most)} at this threshold ({figure(LEVEL)} confidence)")
    if widened(it) != (it.ci_low, it.ci_high):
        parts.append("the interval is widened to the exact one of the counts")
    said = _SAID_ABOVE.sub("", it.bound_note) if parts else it.bound_note
    parts += [said.strip(" .;")] if said.strip(" .;") else []
    return "; ".join(parts)


def shown_unit(reading: Reading) -> str:
    """Return the unit for people: an area under a curve is 0.51, not 51 %; a flag is 0 or 1."""
    if reading.unit in EXACT_UNITS or reading.indicator_id.endswith("auc"):
        return ""
    return reading.unit


def value_words(reading: Reading) -> str:
    """Return value and interval with unit; empty when there is no value."""
    if reading.value is None:
        return ""
    return with_interval(reading.value, reading.ci_low, reading.ci_high, shown_unit(reading))


def limit_words(reading: Reading) -> str:
    """Return ``the limit is 2 %``, or that the interval reaches across it; empty without a limit."""
    if reading.limit is None or reading.value is None:
        return ""
    limit = figure(reading.limit, shown_unit(reading))
    crossed = reading.verdict in {Verdict.FAIL, Verdict.WARN} and reading.ci_high is not None
    if crossed and not _beyond(reading.value, reading.limit, reading.direction):
        return f"the interval reaches across the limit of {limit}"
    return f"the limit is {limit}"
