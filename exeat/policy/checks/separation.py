"""S: masked portions, seeds, logs, small cells, stand-ins, and what left before."""

from __future__ import annotations

import re

from exeat.model.tier import ComponentKind, Disposition
from exeat.policy.checks.exposure import by_limits
from exeat.policy.checks.registry import check
from exeat.policy.figures import counted, listed
from exeat.policy.finding import Verdict
from exeat.policy.matter import (
    STAND_INS,
    TRAINING_STATE,
    WEIGHTS,
    Matter,
    Outcome,
    failed,
    not_applicable,
    not_measured,
    passed,
    warned,
)

_BY_PRODUCTS = TRAINING_STATE - {ComponentKind.RNG_STATE} | {ComponentKind.DIAGNOSTIC_LOG, ComponentKind.EMBEDDING}
_PER_RECORD = re.compile(
    r"per.?(example|sample|record|patient|person)|sample.?ids?|indices|attention|t-?sne|umap|member", re.IGNORECASE
)
_NOISY = frozenset({"dp_sgd", "gradient_perturbation"})


@check("S1")
def masking_explained(matter: Matter) -> Outcome:
    """Check that each component proposed as masked has an entry with method, reversibility and key holder."""
    parts = [p.component for p in matter.leaving if p.disposition is Disposition.MASKED]
    if not parts:
        return not_applicable("No component is proposed as masked.")
    entries = {entry.component_id: entry for entry in matter.manifest.masked}
    silent = tuple(c.id for c in parts if c.id not in entries and c.masked_ref not in entries)
    if silent:
        return not_measured(f"How {listed(silent)} is masked is not stated.", components=silent)
    used = [(c.id, entries.get(c.id) or entries[c.masked_ref or ""]) for c in parts]
    keyless = tuple(name for name, e in used if e.reversible in {"by_key", "by_controller"} and not e.key_holder)
    if keyless:
        return failed(f"{listed(keyless)} can be unmasked, and nobody is named who holds the key.", components=keyless)
    if open_ := tuple(name for name, e in used if e.reversible == "by_combination" and not e.residual_note):
        return failed(f"{listed(open_)} can be unmasked by combination, and no note says with what.", components=open_)
    return passed(f"{counted(len(used), 'masked component')} explained, with who can reverse it.")


@check("S2")
def seeds_harmless(matter: Matter) -> Outcome:
    """Check that no seed or generator state leaves while noise or a permutation depends on it."""
    noise = [s.kind.replace("_", "-") for s in matter.manifest.safeguards if s.kind in _NOISY]
    if matter.manifest.dp is not None and matter.manifest.dp.claimed:
        noise.append("differential privacy")
    if not noise:
        return not_applicable("No noise, canary or permutation protects this checkpoint.")
    states = tuple(p.component.id for p in matter.of_kinds(frozenset({ComponentKind.RNG_STATE})))
    if states:
        return failed(f"{listed(states)} leaves and makes the noise of {noise[-1]} predictable.", components=states)
    out = [seed.name for seed in matter.manifest.seeds if seed.released]
    out += _seeds_in_config(matter)
    if out:
        return failed(f"Seed {listed(out)} is published and makes the noise of {noise[-1]} predictable.")
    if not matter.manifest.seeds:
        return not_measured("Seeds are not listed, so nobody knows which were published.")
    return passed(f"{counted(len(matter.manifest.seeds), 'seed')} listed, none published.")


def _seeds_in_config(matter: Matter) -> list[str]:
    """Return hyperparameters that are seeds while the configuration leaves unmasked."""
    configs = matter.of_kinds(frozenset({ComponentKind.CONFIG}))
    if not any(part.disposition is Disposition.ALLOWED for part in configs):
        return []
    return [name for name in matter.manifest.hyperparameters if "seed" in name.lower()]


@check("S3")
def by_products_assessed(matter: Matter) -> Outcome:
    """Check that each log, trace, gradient or embedding that leaves is an assessed channel without rows per record."""
    parts = matter.of_kinds(_BY_PRODUCTS)
    if not parts:
        return not_applicable("No log, trace, gradient, intermediate or embedding leaves.")
    rows = tuple(
        p.component.id
        for p in parts
        if p.disposition is Disposition.ALLOWED and _PER_RECORD.search(" ".join(p.component.contains))
    )
    if rows:
        return failed(f"{listed(rows)} holds figures per record and would leave as it is.", components=rows)
    assessed = {c.component_id for c in matter.manifest.leakage_channels if c.assessed}
    refused = {c.component_id for c in matter.manifest.leakage_channels if not c.assessed}
    open_ = tuple(p.component.id for p in parts if p.component.id not in assessed or p.component.id in refused)
    if open_:
        return not_measured(f"Not assessed as a leakage channel: {listed(open_)}.", components=open_)
    return passed(f"{counted(len(parts), 'by-product')} assessed as leakage channels.")


@check("S4")
def cells_large_enough(matter: Matter) -> Outcome:
    """Check that no utility figure rests on fewer people than the policy's minimum."""
    metrics = matter.manifest.metrics
    if not metrics:
        return not_measured("The manifest gives no metrics with their n.")
    least = matter.policy.resolution.min_subgroup_n
    small = [metric.id for metric in metrics if metric.n < least]
    if small:
        return failed(f"{counted(len(small), 'figure')} under n = {least}: {listed(small)}.")
    return passed(f"{counted(len(metrics), 'figure')}, each on at least {least} people.")


@check("S5")
def stand_in_tested(matter: Matter) -> Outcome:
    """Check that a surrogate or synthetic data set is described and has a privacy test about its own digest."""
    parts = matter.of_kinds(STAND_INS)
    if not parts:
        return not_applicable("No surrogate and no synthetic data leave.")
    names = tuple(part.component.id for part in parts)
    described = matter.manifest.surrogate
    if described is None:
        return not_measured("Method, closeness and limits of the stand-in are not stated.", components=names)
    for part in parts:
        own = tuple(
            m
            for m in matter.under("mia.", "reid.")
            if part.component.sha256 in m.source.report.subject.component_sha256 and m.indicator.subgroup is None
        )
        outcome = by_limits(matter, "S5", own, f"{part.component.id} has no privacy test of its own.")
        if outcome.verdict is not Verdict.PASS:
            return Outcome(
                outcome.verdict, outcome.headline, readings=outcome.readings, components=(part.component.id,)
            )
    return passed(f"{listed(names)}: {described.method}, with limits and an own privacy test.")


@check("S6")
def left_before(matter: Matter) -> Outcome:  # noqa: PLR0911 one sentence per answer
    """Check that no other checkpoint of the family left before, or the attack on the difference is within limits."""
    if not matter.of_kinds(WEIGHTS | TRAINING_STATE):
        return not_applicable("No component leaves that could be compared with an earlier one.")
    earlier = matter.context.earlier
    if earlier is None:
        if matter.from_files:
            return not_applicable("Answered at the desk: earlier releases stand in the ledger.")
        return not_measured("What left before from this lineage is not known.")
    ours = matter.manifest.checkpoint_id
    kin = [e for e in earlier if e.checkpoint_id != ours and (WEIGHTS | TRAINING_STATE).intersection(e.kinds)]
    if not kin:
        return passed("No other checkpoint of this lineage has left.")
    others = sorted({release.checkpoint_id for release in kin})
    text = f"{counted(len(others), 'other checkpoint')} of this lineage left before ({listed(others)})"
    outcome = by_limits(matter, "S6", matter.under("mia.delta."), f"{text}; the difference was not attacked.")
    if outcome.verdict is Verdict.NOT_MEASURED:
        return not_measured(f"{text}; the difference was not measured.", readings=outcome.readings)
    if all(found.verdict is Verdict.NOT_APPLICABLE for found in outcome.readings):
        return warned(f"{text}. {outcome.headline}")
    return outcome
