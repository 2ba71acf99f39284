"""G: impact assessment, reviewers, retention, monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.model.tier import Disposition
from exeat.policy.checks.provenance import is_about_people, is_sensitive
from exeat.policy.checks.registry import check
from exeat.policy.figures import counted, listed
from exeat.policy.finding import Verdict
from exeat.policy.matter import Matter, Outcome, failed, not_applicable, not_measured, passed

if TYPE_CHECKING:
    from datetime import date

    from exeat.model.release import Proposal


@check("G1")
def impact_assessment(matter: Matter) -> Outcome:
    """Check that the assessment is validated, favourable, not overdue; blocking when the data are sensitive (D2)."""
    if not is_about_people(matter):
        return not_applicable("The data are not about people.")
    found = _impact_assessment(matter)
    return Outcome(found.verdict, found.headline, stricter=is_sensitive(matter))


def _impact_assessment(matter: Matter) -> Outcome:  # noqa: PLR0911 one sentence per answer
    it = matter.manifest.governance
    if not it.pia_ref or it.pia_status is None:
        return not_measured("No impact assessment is named.")
    if it.pia_status not in {"simple_validation", "signed_validation"}:
        return failed(f"Impact assessment {it.pia_ref} is not validated (status: {it.pia_status.replace('_', ' ')}).")
    if it.dpo_opinion == "unfavourable":
        return failed(f"The data protection officer's opinion on {it.pia_ref} is unfavourable.")
    if it.pia_review_due is not None and it.pia_review_due < matter.context.today:
        return failed(f"The review of {it.pia_ref} was due on {it.pia_review_due}.")
    if it.dpo_opinion != "favourable":
        return not_measured(f"The data protection officer's opinion on {it.pia_ref} is not recorded.")
    if it.pia_review_due is None:
        return not_measured(f"When {it.pia_ref} is reviewed next is not stated.")
    return passed(f"{it.pia_ref} validated, opinion favourable, next review {it.pia_review_due}.")


@check("G2")
def reviewers_independent(matter: Matter) -> Outcome:
    """Check that nobody with a reviewer's seat contributed or declared a conflict; an empty seat is not judged."""
    seated = matter.context.reviewers
    if seated is None:
        if matter.from_files:
            return not_applicable("Answered at the desk: reviewers take their seats there.")
        return not_measured("Who reviews is not known.")
    if not seated:
        return not_applicable("No reviewer has taken a seat yet; independence is checked when one does.")
    authors = set(matter.manifest.governance.contributors)
    if matter.proposal:
        authors |= {matter.proposal.submitter, *matter.proposal.contributors}
    involved = [r.person_id for r in seated if r.contributed or r.person_id in authors]
    if involved:
        return failed(f"{counted(len(involved), 'reviewer')} worked on what is reviewed.")
    if conflicted := [r for r in seated if r.conflict != "none"]:
        return failed(f"{counted(len(conflicted), 'reviewer')} declared a conflict of interest.")
    return passed(
        f"{counted(len(seated), 'reviewer')} of {matter.policy.approvals.reviewers} seated, none in conflict."
    )


@check("G3")
def ends_are_set(matter: Matter) -> Outcome:
    """Check that deletion and revocation are set, the release ends before both limits, and escrow has a holder."""
    it, today = matter.manifest.retention, matter.context.today
    if it.retain_until < today:
        return failed(f"The checkpoint should have been deleted on {it.retain_until}.")
    if matter.proposal and (late := _too_long(matter, matter.proposal, today)):
        return failed(late)
    held = tuple(p.component.id for p in matter.leaving if p.disposition is Disposition.ESCROW)
    if held and it.escrow is None:
        return failed(f"{listed(held)} goes to escrow, and no holder is named.", components=held)
    if not it.revocation_procedure.strip():
        return not_measured("No revocation procedure is stated.")
    return passed(f"Kept until {it.retain_until} at most; revocation procedure stated.")


def _too_long(matter: Matter, proposal: Proposal, today: date) -> str:
    until, most = proposal.until, matter.policy.retention.max_days.get(matter.tier)
    if until < today:
        return f"The release would end on {until}, which has passed."
    if until > matter.manifest.retention.retain_until:
        return f"The release would end on {until}, after the deletion date {matter.manifest.retention.retain_until}."
    if most is not None and (until - today).days > most:
        return f"The release would last {(until - today).days:,} days; the limit at {matter.tier} is {most:,}."
    return ""


@check("G4")
def monitored(matter: Matter) -> Outcome:
    """Check that monitoring is active or described."""
    if matter.context.monitored is False:
        return failed("Monitoring is switched off.")
    if matter.context.monitored or matter.manifest.governance.monitoring.strip():
        return Outcome(Verdict.PASS, "Monitoring is arranged.")
    return not_measured("No monitoring is described.")
