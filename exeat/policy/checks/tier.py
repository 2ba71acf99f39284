"""T: the form each component leaves in, the agreement, and what can be reproduced."""

from __future__ import annotations

from exeat.model.tier import Tier
from exeat.policy.checks.registry import check
from exeat.policy.figures import counted, listed
from exeat.policy.matrix import permits
from exeat.policy.matter import Matter, Outcome, failed, not_applicable, not_measured, passed

AGREEMENT_TIERS = frozenset({Tier.T2, Tier.T3, Tier.T4})
"""T0 is public and T1 registers persons under general terms; T5 keeps the data already."""


@check("T1")
def matrix_allows(matter: Matter) -> Outcome:
    """Check that each component leaves in a form that the matrix permits at the tier."""
    if matter.unknown_components:
        return failed(
            f"Not in the manifest: {listed(matter.unknown_components)}.", components=matter.unknown_components
        )
    if not matter.leaving:
        return passed("Nothing leaves.")
    over = [p for p in matter.leaving if not permits(matter.policy, matter.tier, p.component.kind, p.disposition)]
    if over:
        first = over[0]
        cell = matter.policy.cell(matter.tier, first.component.kind).disposition.title
        text = f"{first.component.id} is proposed as {first.disposition.title}; the matrix says {cell} at {matter.tier}"
        more = f" ({len(over) - 1} more)" if len(over) > 1 else ""
        return failed(f"{text}{more}.", components=tuple(p.component.id for p in over))
    return passed(
        f"{counted(len(matter.leaving), 'component')} within the matrix at {matter.tier}.{_conditions(matter)}"
    )


def _conditions(matter: Matter) -> str:
    stated = {c: None for p in matter.leaving for c in matter.policy.cell(matter.tier, p.component.kind).conditions}
    return f" Conditions: {listed(list(stated), 8)}." if stated else ""


@check("T2")
def agreement_complete(matter: Matter) -> Outcome:  # noqa: PLR0911 one sentence per answer
    """Check that the agreement (T2 to T4) is signed, with persons, quota, deletion date and incident contact."""
    if matter.tier not in AGREEMENT_TIERS:
        return not_applicable(f"{matter.tier} ({matter.tier.title}) needs no agreement with the recipient.")
    if matter.proposal is None:
        if matter.from_files:
            return not_applicable("Asked when a release is proposed.")
        return not_measured("There is no proposal, so there is no agreement to look at.")
    draft = matter.proposal.agreement
    if draft is None:
        return not_measured("No agreement is attached to the proposal.")
    missing = [
        words
        for words, there in (
            ("a signature", draft.signed),
            ("named persons", draft.named_persons > 0),
            ("a quota", draft.quota_downloads is not None),
            ("a deletion date", draft.deletion_due is not None),
            ("an incident contact", bool(draft.incident_contact)),
        )
        if not there
    ]
    if missing:
        return failed(f"Agreement {draft.reference} lacks {listed(missing, 5)}.")
    if draft.deletion_due and draft.deletion_due < matter.context.today:
        return failed(f"The deletion date of agreement {draft.reference} has passed ({draft.deletion_due}).")
    return passed(f"Agreement {draft.reference} signed for {counted(draft.named_persons, 'person', 'persons')}.")


@check("T4")
def reproducible(matter: Matter) -> Outcome:
    """Check that some part is stated to be reproducible at this tier or a lower one."""
    stated = matter.manifest.reproducibility
    if not stated:
        return not_measured("Nothing is said about reproducibility.")
    here = [r for r in stated if r.requires_tier.rank <= matter.tier.rank and r.level != "none"]
    if not here:
        lowest = min((r.requires_tier for r in stated if r.level != "none"), key=lambda t: t.rank, default=None)
        return failed(f"Nothing can be reproduced at {matter.tier}" + (f", only from {lowest}." if lowest else "."))
    return passed(f"{counted(len(here), 'part')} of {len(stated)} can be reproduced at {matter.tier}.")
