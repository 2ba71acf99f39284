"""R6 to R12: other attacks, and what the evidence is worth."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from exeat.model.tier import Access
from exeat.policy.binding import overall
from exeat.policy.checks.membership import NOTHING_LEAVES, targets
from exeat.policy.checks.provenance import is_about_people
from exeat.policy.checks.registry import check
from exeat.policy.figures import counted, figure, listed
from exeat.policy.finding import Verdict
from exeat.policy.matter import (
    MODEL_BEARING,
    RECORD_LIKE,
    Leaving,
    Matter,
    Outcome,
    failed,
    not_applicable,
    not_measured,
    passed,
    warned,
)
from exeat.policy.reading import limit_words, readings, unresolved, value_words, worst

if TYPE_CHECKING:
    from exeat.policy.binding import BoundReport, Measurement
    from exeat.policy.finding import Reading

_GENERATIVE = re.compile(
    r"generat|language.?model|\bllm\b|diffusion|\bgan\b|\bvae\b|autoregress|gpt|text.?to|synthesi", re.IGNORECASE
)


_ANSWERS = frozenset({Verdict.PASS, Verdict.WARN, Verdict.FAIL})


def by_limits(matter: Matter, check_id: str, found: tuple[Measurement, ...], missing: str) -> Outcome:
    """Judge the measurements by the limits of a check; the worst reading decides.

    A report that says the question does not apply is a warning: whoever asserts it, a person has to agree.
    """
    shown = readings(matter, check_id, found)
    judged = [r for r in shown if r.verdict is not Verdict.NOT_APPLICABLE]
    if not judged:
        said = next((r for r in shown if r.status == "not_applicable" and r.reason), None)
        if said is None:
            return not_measured(missing, readings=shown)
        return warned(f"Not measured, because the report says that it does not apply: {said.reason}", readings=shown)
    verdict = worst(r.verdict for r in judged)
    first = next(r for r in judged if r.verdict is verdict)
    evidence = tuple(sorted({r.report_sha256 for r in shown}))
    return Outcome(verdict, sentence(first), readings=shown, evidence=evidence)


def sentence(found: Reading) -> str:
    """Return what was measured against which limit, or why it was not."""
    name = found.label[:1].upper() + found.label[1:]
    if found.value is None:
        return f"{name}: {found.reason.rstrip('.')}." if found.reason else f"{name} was not measured."
    limit = limit_words(found)
    text = f"{name} is {value_words(found)}"
    why = f" ({found.reason})" if found.reason else ""
    return f"{text}; {limit}{why}." if limit else f"{text}{why}."


def is_generative(matter: Matter) -> bool:
    """Return whether the model writes records: by its task, family or outputs."""
    model = matter.manifest.model
    return _GENERATIVE.search(f"{model.task} {model.family} {model.architecture}") is not None


@check("R6")
def memorization(matter: Matter) -> Outcome:
    """Check canary exposure and extraction rate against their limits; a generative model needs both."""
    found = matter.under("mem.")
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    if not is_generative(matter) and all(m.indicator.status == "not_applicable" for m in found):
        return not_applicable(f"The model does not generate records (task: {matter.manifest.model.task}).")
    outcome = by_limits(matter, "R6", found, "Neither canary exposure nor extraction rate is reported.")
    names = {m.indicator.indicator_id for m in found if m.indicator.status == "measured"}
    absent = [name for name in ("mem.canary.exposure", "mem.extract.rate") if name not in names]
    if is_generative(matter) and absent and outcome.verdict is not Verdict.FAIL:
        words = {"mem.canary.exposure": "canary exposure", "mem.extract.rate": "extraction rate"}
        return not_measured(f"Not measured: {listed([words[a] for a in absent])}.", readings=outcome.readings)
    return outcome


@check("R7")
def reconstruction(matter: Matter) -> Outcome:
    """Check reconstruction error (against the trivial predictor) and reconstruction success against their limits."""
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    return by_limits(matter, "R7", matter.under("recon."), "No reconstruction attack or bound is reported.")


@check("R8")
def attribute_inference(matter: Matter) -> Outcome:
    """Check attribute inference above imputation from the population against its limit."""
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    if not is_about_people(matter):
        return not_applicable("The data are not about people.")
    found = matter.under("attr.")
    outcome = by_limits(matter, "R8", found, "No attribute inference above the population is reported.")
    if outcome.verdict is not Verdict.FAIL and (open_ := _open_attributes(found, outcome.readings)):
        return not_measured(f"Stated, but not measured: {listed(open_)}.", readings=outcome.readings)
    return outcome


def _open_attributes(found: tuple[Measurement, ...], shown: tuple[Reading, ...]) -> list[str]:
    """Return the attributes that a report names and for which no figure was judged."""
    judged = {(r.report_sha256, r.indicator_id, r.value) for r in shown if r.verdict in _ANSWERS}
    stated = {name: False for m in found if (name := _attribute(m))}
    for m in found:
        key = (m.source.sha256, m.indicator.indicator_id, m.indicator.value)
        if (name := _attribute(m)) and m.indicator.value is not None and key in judged:
            stated[name] = True
    return [name for name, answered in sorted(stated.items()) if not answered]


def _attribute(found: Measurement) -> str:
    params = found.indicator.attack_params
    return params.get("attribute") or params.get("feature") or ""


@check("R9")
def reidentification(matter: Matter) -> Outcome:
    """Check that components that may hold rows per record were tested for linkage with outside data."""
    rows = matter.of_kinds(RECORD_LIKE)
    if not rows:
        return not_applicable("No component leaves that holds rows about records.")
    if not is_about_people(matter):
        return not_applicable("The data are not about people.")
    outcome = by_limits(matter, "R9", matter.under("reid."), "No linkage test against outside data is reported.")
    bad = outcome.verdict in {Verdict.FAIL, Verdict.NOT_MEASURED}
    names = tuple(part.component.id for part in rows) if bad else ()
    return Outcome(outcome.verdict, outcome.headline, readings=outcome.readings, components=names)


def required_access(matter: Matter, part: Leaving) -> Access | None:
    """Return the weakest attacker that evidence may assume; None when the policy asks for none.

    A kind that carries the model needs a white-box attacker unless the policy says otherwise.
    """
    rules = [r for r in matter.policy.adversaries if (r.kind, r.disposition) == (part.component.kind, part.disposition)]
    if rules:
        return max((rule.access for rule in rules), key=lambda access: access.strength)
    return Access.WHITE_BOX if part.component.kind in MODEL_BEARING else None


@check("R10")
def attacker_strong_enough(matter: Matter) -> Outcome:
    """Check that at each false-positive rate measured, some attack had at least the access that the receiver gets."""
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    needs = [(access, part) for part in matter.leaving if (access := required_access(matter, part)) is not None]
    if not needs:
        return not_applicable("The policy asks for no attacker for these components.")
    outcomes = [_attacker(matter, access, part) for access, part in needs]
    bad = [(o, part) for o, (_, part) in zip(outcomes, needs, strict=True) if o.verdict is not Verdict.PASS]
    if not bad:
        return outcomes[0]
    decisive = min((o for o, _ in bad), key=lambda o: list(Verdict).index(o.verdict))
    return Outcome(decisive.verdict, decisive.headline, components=tuple(part.component.id for _, part in bad))


def _attacker(matter: Matter, needed: Access, part: Leaving) -> Outcome:
    found = [m.indicator for m in overall(matter.under("mia.")) if _bears_on(matter, part, m)]
    low = [it for it in found if it.fpr in matter.policy.resolution.required_fpr] or found
    form = f"{part.component.kind.title} ({part.disposition.title})"
    if not low:
        return not_measured(f"No resolved membership attack bears on {form}.")
    for fpr in {it.fpr: None for it in low}:
        strongest = max((it.adversary.access for it in low if it.fpr == fpr), key=lambda access: access.strength)
        if strongest.strength < needed.strength:
            what = "the AUC" if fpr is None else f"TPR at {figure(fpr)} FPR"
            gives = f"{form} gives a {_words(needed)} attacker"
            return failed(f"{gives}, but {what} was measured for a {_words(strongest)} attacker only.")
    return passed(f"Attacks assume at least a {_words(needed)} attacker.")


def _bears_on(matter: Matter, part: Leaving, found: Measurement) -> bool:
    """Return whether the measurement is resolved, has its interval, and is about the component or its weights."""
    it = found.indicator
    if it.status != "measured" or it.ci_high is None or unresolved(it, matter.policy):
        return False
    return not _has_own(matter, part) or part.component.sha256 in found.source.report.subject.component_sha256


def _has_own(matter: Matter, part: Leaving) -> bool:
    """Return whether the component needs evidence on its own bytes, not on the weights beside it."""
    return part in targets(matter)


def _words(access: Access) -> str:
    return {
        Access.API_LABEL: "label-query",
        Access.API_CONF: "confidence-query",
        Access.WHITE_BOX: "white-box",
        Access.TRACE: "training-trace",
    }[access]


@check("R11")
def about_these_files(matter: Matter) -> Outcome:
    """Check that reports name the digest of a proposed component and are not older than the policy allows."""
    others = _others(matter)
    if not targets(matter) and not matter.of_kinds(RECORD_LIKE):
        return not_applicable(NOTHING_LEAVES)
    used = matter.reports.used
    if not used:
        return not_measured(f"No report about these files is attached.{others}")
    today, most = matter.context.today, matter.policy.clocks.report_max_age_days
    if early := [b for b in used if b.report.date.date() > today + timedelta(days=1)]:
        return failed(f"Dated in the future: {_ids(early)}.{others}", evidence=_digests(early))
    if old := [b for b in used if (today - b.report.date.date()).days > most]:
        age = max((today - b.report.date.date()).days for b in old)
        return failed(f"Too old: {_ids(old)} ({age:,} days; the limit is {most}).{others}", evidence=_digests(old))
    return passed(
        f"{counted(len(used), 'report')} about these files, at most {most} days old.{others}",
        evidence=_digests(list(used)),
    )


def _others(matter: Matter) -> str:
    parts = []
    if foreign := matter.reports.foreign:
        parts.append(f" {counted(len(foreign), 'report')} about other files ignored ({_ids(list(foreign))}).")
    if replaced := matter.reports.replaced:
        parts.append(f" {counted(len(replaced), 'report')} superseded ({_ids(list(replaced))}).")
    return "".join(parts)


def _ids(reports: list[BoundReport]) -> str:
    return listed([bound.report.report_id for bound in reports])


def _digests(reports: list[BoundReport]) -> tuple[str, ...]:
    return tuple(bound.sha256 for bound in reports)


@check("R12")
def rerun(matter: Matter) -> Outcome:
    """Check that an independent, seeded rerun of a report agrees: the intervals of the same figure overlap."""
    if not targets(matter):
        return not_applicable(NOTHING_LEAVES)
    by_id = {bound.report.report_id: bound for bound in matter.reports.used}
    reruns = [b for b in matter.reports.used if b.report.independent and b.report.rerun_of in by_id]
    if not reruns:
        if any(bound.report.independent for bound in matter.reports.used):
            return warned("An independent report is attached, but it reruns none of the others.")
        return not_measured("Nobody independent has repeated an attack.")
    for again in reruns:
        if clash := _disagreement(by_id[again.report.rerun_of or ""], again):
            return failed(f"The rerun disagrees on {clash}.", evidence=_digests(reruns))
    if all(bound.report.seed is None for bound in reruns):
        return warned("The rerun names no seed, so it cannot be repeated.", evidence=_digests(reruns))
    return passed(f"{counted(len(reruns), 'independent rerun')}, in agreement.", evidence=_digests(reruns))


def _disagreement(first: BoundReport, again: BoundReport) -> str:
    """Return the first figure whose intervals do not overlap; empty when all do."""
    before = {_key(item): item for item in first.report.indicators}
    for item in again.report.indicators:
        old = before.get(_key(item))
        if old is None or None in {old.ci_low, old.ci_high, item.ci_low, item.ci_high}:
            continue
        if item.ci_low > old.ci_high or item.ci_high < old.ci_low:  # type: ignore[operator]  # None is excluded above
            return item.indicator_id
    return ""


def _key(item: object) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in ("indicator_id", "fpr", "subgroup", "split", "regime", "adversary"))
