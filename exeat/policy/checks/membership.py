"""R1 to R5: membership inference, per component that carries the model; the worst component and attack count."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.policy.binding import overall
from exeat.policy.checks.registry import check
from exeat.policy.figures import counted, digits, figure, listed
from exeat.policy.finding import Verdict
from exeat.policy.matter import (
    MODEL_BEARING,
    STAND_INS,
    WEIGHTS,
    Leaving,
    Matter,
    Outcome,
    failed,
    not_applicable,
    not_measured,
    passed,
    warned,
)
from exeat.policy.reading import (
    SEVERITY,
    Judged,
    applies,
    attack_name,
    limit_words,
    needed_non_members,
    reading,
    readings,
    unresolved,
    value_words,
    worst,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.policy.binding import Measurement
    from exeat.policy.finding import Reading

STRONG = tuple(
    f"mia.{name}."
    for name in (
        *("lira", "lira_offline", "lira_online", "lira_online_fixed", "lira_bounded", "lira_online_bounded"),
        *("rmia", "rmia_online", "qmia"),
    )
)
"""Attacks with reference models or calibrated thresholds; others are judged as well, but do not suffice."""
_SMALL_P = Decimal("0.001")
_NO_LIMIT = "no limit of the policy covers it"
_RATE_UNITS = frozenset({"fraction", "rate", "percent", "%"})
NOTHING_LEAVES = "No component leaves from which an attacker could ask who was in the training data."


def targets(matter: Matter) -> tuple[Leaving, ...]:
    """Return the components that need membership evidence of their own.

    Weights do; training state when it leaves without weights. Stand-ins have their own item (S5).
    """
    return matter.of_kinds(WEIGHTS) or matter.of_kinds(MODEL_BEARING - STAND_INS) or matter.of_kinds(STAND_INS)


def about(matter: Matter, part: Leaving) -> tuple[Measurement, ...]:
    """Return the membership measurements on this component's bytes, subgroups apart."""
    return tuple(m for m in matter.under("mia.") if part.component.sha256 in m.source.report.subject.component_sha256)


def per_target(matter: Matter, answer: Callable[[Leaving], Outcome]) -> Outcome:
    """Return the worst answer over the components, with all readings and the components that do not pass."""
    parts = targets(matter)
    if not parts:
        return not_applicable(NOTHING_LEAVES)
    found = [(part.component.id, answer(part)) for part in parts]
    name, decisive = min(found, key=lambda pair: SEVERITY[pair[1].verdict])
    shown = tuple(dict.fromkeys(reading for _, outcome in found for reading in outcome.readings))
    bad = tuple(part for part, o in found if o.verdict in {Verdict.FAIL, Verdict.NOT_MEASURED})
    headline = decisive.headline if len(parts) == 1 else f"{name}: {decisive.headline}"
    return Outcome(
        decisive.verdict,
        headline,
        readings=shown,
        evidence=tuple(sorted({r.report_sha256 for r in shown})),
        components=bad,
    )


@check("R1")
def strong_attack(matter: Matter) -> Outcome:
    """Check that a strong attack (LiRA, RMIA, QMIA) was run at each required false-positive rate, with interval."""
    return per_target(matter, lambda part: _strong_attack(matter, part))


def _strong_attack(matter: Matter, part: Leaving) -> Outcome:
    strong = [m for m in overall(about(matter, part)) if m.indicator.indicator_id.startswith(STRONG)]
    rates = [m for m in strong if m.indicator.fpr is not None and m.indicator.regime == "real"]
    if not rates:
        return not_measured("No strong membership attack (LiRA, RMIA or QMIA) at a low false-positive rate.")
    measured = {m.indicator.fpr for m in rates if _is_interval(m) and not unresolved(m.indicator, matter.policy)}
    absent = [figure(fpr) for fpr in matter.policy.resolution.required_fpr if fpr not in measured]
    if absent:
        return not_measured(f"No strong attack measures its TPR, resolved and with interval, at {listed(absent)} FPR.")
    if not measured:
        return not_measured("No strong attack gives a resolved rate with its interval.")
    names = sorted({attack_name(m.indicator.indicator_id.split(".")[1]) for m in rates})
    return passed(f"{listed(names)} was run at each required false-positive rate.")


def _is_interval(found: Measurement) -> bool:
    return found.indicator.status == "measured" and found.indicator.ci_high is not None


@check("R2")
def resolved(matter: Matter) -> Outcome:
    """Check that non-members suffice for each required false-positive rate: n_out >= non_members_per_fpr / fpr."""
    return per_target(matter, lambda part: _resolved(matter, part))


def _resolved(matter: Matter, part: Leaving) -> Outcome:
    rates = [m for m in overall(about(matter, part)) if m.indicator.fpr is not None and m.indicator.regime == "real"]
    if not rates:
        return not_measured("No membership rate at a false-positive rate is reported.")
    short = [text for fpr in matter.policy.resolution.required_fpr if (text := _shortage(matter, rates, fpr))]
    if short:
        return not_measured(f"{listed(short)}.")
    least = min(matter.policy.resolution.required_fpr, default=Decimal(1))
    return passed(f"Non-members suffice for {figure(least)} FPR ({needed_non_members(matter.policy, least):,} needed).")


def _shortage(matter: Matter, rates: list[Measurement], fpr: Decimal) -> str:
    at = [m.indicator for m in rates if m.indicator.fpr == fpr]
    needed = needed_non_members(matter.policy, fpr)
    if any(it.status == "measured" and not unresolved(it, matter.policy) for it in at):
        return ""
    most = max((it.n_out or 0 for it in at), default=None)
    if most is None:
        return f"TPR at {figure(fpr)} FPR is not reported"
    if most >= needed:
        return f"TPR at {figure(fpr)} FPR was not measured"
    return f"TPR at {figure(fpr)} FPR is not resolvable with n = {most:,} non-members (needs {needed:,})"


@check("R3")
def within_limits(matter: Matter) -> Outcome:
    """Check that the bad end of each membership interval lies within its limit; attacks are never averaged."""
    return per_target(matter, lambda part: _within_limits(matter, part))


def _within_limits(matter: Matter, part: Leaving) -> Outcome:
    found = overall(about(matter, part))
    shown = covered(readings(matter, "R3", found))
    judged = [r for r in shown if r.verdict not in {Verdict.NOT_APPLICABLE, Verdict.NOT_MEASURED}]
    if judged and judged[0].verdict is Verdict.FAIL:
        return failed(_sentence(judged[0]), readings=shown)
    real = readings(matter, "R3", (m for m in found if m.indicator.regime == "real"))
    groups = {_group(r) for r in real if r.verdict not in {Verdict.NOT_APPLICABLE, Verdict.NOT_MEASURED}}
    missing = [words for group, words in _needed_groups(matter).items() if group not in groups]
    if missing:
        return not_measured(f"Not measured: {listed(missing)}{_because(shown)}.", readings=shown)
    if not judged:
        return not_measured("No membership figure has a limit in this policy.", readings=shown)
    if open_ := without_answer(shown):
        return not_measured(_unjudged(open_), readings=shown)
    return Outcome(judged[0].verdict, _sentence(judged[0]), readings=shown)


def covered(shown: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Return the readings with each measured rate that no limit is about as NOT_MEASURED, worst first.

    A name or a false-positive rate that the policy does not know must not take a figure out of sight.
    """
    changed = (replace(r, verdict=Verdict.NOT_MEASURED, reason=_NO_LIMIT) if _uncovered(r) else r for r in shown)
    return tuple(sorted(changed, key=lambda r: SEVERITY[r.verdict]))


def _uncovered(found: Reading) -> bool:
    rate = found.fpr is not None or found.unit in _RATE_UNITS
    return rate and found.value is not None and found.verdict is Verdict.NOT_APPLICABLE


def without_answer(shown: tuple[Reading, ...]) -> list[Reading]:
    """Return the figures that stand in a report as measured and cannot be judged."""
    return [r for r in shown if r.value is not None and r.verdict is Verdict.NOT_MEASURED]


def _unjudged(open_: list[Reading]) -> str:
    label = open_[0].label
    return f"{label[:1].upper()}{label[1:]} cannot be judged: {open_[0].reason.rstrip('.')}."


def _because(shown: tuple[Reading, ...]) -> str:
    """Return why the first required figure is missing, where a report says so."""
    reasons = [r.reason for r in shown if r.verdict is Verdict.NOT_MEASURED and r.limit is not None and r.reason]
    return f" ({reasons[0].rstrip('.')})" if reasons else ""


def _needed_groups(matter: Matter) -> dict[object, str]:
    """Return what the limits of the tier need: each required rate that has a limit, and the AUC if it has one."""
    limits = [t for t in matter.policy.thresholds if t.check == "R3" and matter.tier in t.tiers and t.effect == "fail"]
    rates = {t.fpr for t in limits if t.fpr is not None} & set(matter.policy.resolution.required_fpr)
    groups: dict[object, str] = {fpr: f"TPR at {figure(fpr)} FPR" for fpr in sorted(rates)}
    if any(t.indicator.endswith("auc") for t in limits):
        groups["auc"] = "AUC"
    return groups


def _group(found: Reading) -> object:
    return "auc" if found.indicator_id.endswith("auc") else found.fpr


def _sentence(found: Reading) -> str:
    name = found.label.split(", ")[-1]
    name = name[:1].upper() + name[1:]
    if found.value is None:
        return f"{name} is {found.reason}." if found.reason else f"{name} was not measured."
    text = f"{name} is {value_words(found)}"
    limit = limit_words(found)
    return f"{text}; {limit}." if limit else f"{text}."


@check("R4")
def significance(matter: Matter) -> Outcome:
    """Check that the smallest p-value of the attacks, times their number (Bonferroni), is not below the limit.

    Each attack with an area or a required rate counts once, over everybody: neither subgroups nor figures that nobody
    asked for dilute the correction. The smallest p of all figures over everybody is judged.
    """
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    tested = [m for m in overall(matter.under("mia.")) if m.indicator.p_value is not None]
    limits = [t for t in matter.policy.thresholds if t.check == "R4" and t.unit == "p_value" and matter.tier in t.tiers]
    judged = [(m, t) for m in tested for t in limits if applies(t, m.indicator)]
    if not judged:
        return not_measured("No attack is tested against guessing.")
    m, limit = min(judged, key=lambda pair: pair[0].indicator.p_value or Decimal(0))
    attacks = len({m.indicator.indicator_id.split(".")[1] for m, _ in judged if _asked_for(matter, m)}) or 1
    corrected = min((m.indicator.p_value or Decimal(0)) * attacks, Decimal(1))
    shown_p = digits(corrected) if corrected >= _SMALL_P else f"below {digits(_SMALL_P)}"
    text = f"Smallest p of {counted(attacks, 'attack')} is {shown_p} after correction"
    shown = (reading(matter, m, Judged(Verdict.NOT_APPLICABLE, None, "")),)
    if corrected >= limit.limit:
        return passed(f"{text}: not told apart from guessing at {digits(limit.limit)}.", readings=shown)
    crossed = failed if limit.effect == "fail" else warned
    return crossed(f"{text}: better than guessing (limit {digits(limit.limit)}).", readings=shown)


def _asked_for(matter: Matter, found: Measurement) -> bool:
    """Return whether the figure is the area or the rate at a required false-positive rate."""
    it = found.indicator
    return it.indicator_id.endswith("auc") or it.fpr in matter.policy.resolution.required_fpr


@check("R5")
def worst_group(matter: Matter) -> Outcome:
    """Check that the worst subgroup is within its limit, and that the per-record risk is reported."""
    return per_target(matter, lambda part: _worst_group(matter, part))


def _worst_group(matter: Matter, part: Leaving) -> Outcome:
    groups = [m for m in about(matter, part) if m.indicator.subgroup is not None]
    large = [m for m in groups if _size(m) >= matter.policy.resolution.min_subgroup_n]
    hidden = len({m.indicator.subgroup for m in groups} - {m.indicator.subgroup for m in large})
    shown = covered(readings(matter, "R5", large))
    resolved_ = [r for r in shown if r.value is not None and r.verdict is not Verdict.NOT_APPLICABLE]
    open_ = [r for r in shown if r.verdict is Verdict.NOT_MEASURED]
    note = (
        f" {counted(hidden, 'subgroup')} under n = {matter.policy.resolution.min_subgroup_n} not shown."
        if hidden
        else ""
    )
    if failing := [r for r in resolved_ if r.verdict is Verdict.FAIL]:
        return failed(f"Subgroup {failing[0].subgroup}: {_sentence(failing[0])}{note}", readings=shown)
    if not resolved_:
        return not_measured(f"No subgroup of sufficient size is measured against a limit.{note}", readings=shown)
    if open_:
        return not_measured(f"Subgroup {open_[0].subgroup}: {_unjudged(open_)}{note}", readings=shown)
    if not _has_records(matter, part):
        return not_measured(f"The per-record risk is not reported, only groups.{note}", readings=shown)
    verdict = worst(r.verdict for r in resolved_)
    first = next(r for r in resolved_ if r.verdict is verdict)
    return Outcome(verdict, f"Worst subgroup {first.subgroup}: {_sentence(first)}{note}", readings=shown)


def _size(found: Measurement) -> int:
    """Return the smaller side of a subgroup; 0 when it is not stated."""
    return min(found.indicator.n_in or 0, found.indicator.n_out or 0)


def _has_records(matter: Matter, part: Leaving) -> bool:
    """Return whether a report about the component gives quantiles or the maximum of the per-record risk."""
    reports = [b.report for b in matter.reports.used if part.component.sha256 in b.report.subject.component_sha256]
    quantiles = any(r.worst_records is not None and r.worst_records.quantiles for r in reports)
    largest = [m for m in about(matter, part) if m.indicator.indicator_id == "mia.record.max"]
    return quantiles or any(m.indicator.status == "measured" for m in largest)
