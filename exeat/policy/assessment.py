"""Assess a proposal: every automatic item of the policy's checklist, worst first. Pure: no clock, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.policy.binding import BoundReport
from exeat.policy.checks import REGISTRY
from exeat.policy.finding import Assessment, Barrier, Finding, Verdict
from exeat.policy.matter import Matter, Outcome, gather, not_measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import Manifest
    from exeat.model.policy import ChecklistItem, Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import Tier
    from exeat.policy.context import AssessmentContext

__all__ = ["BoundReport", "assess"]
_BARRIERS = list(Barrier)
_VERDICTS = list(Verdict)


def assess(
    *,
    manifest: Manifest,
    manifest_sha256: str,
    reports: Sequence[BoundReport],
    policy: Policy,
    policy_sha256: str,
    tier: Tier,
    proposal: Proposal | None,
    context: AssessmentContext,
) -> Assessment:
    """Return all findings for the tier; items that people answer are returned as questions.

    Without a proposal, what the manifest itself proposes per component is assessed. An item that the policy calls
    automatic and that no check answers is NOT_MEASURED.
    """
    matter = gather(
        manifest=manifest,
        manifest_sha256=manifest_sha256,
        reports=reports,
        policy=policy,
        tier=tier,
        proposal=proposal,
        context=context,
    )
    findings = [_finding(item, matter) for item in policy.checklist if item.mode == "auto"]
    return Assessment(
        findings=tuple(sorted(findings, key=_worst_first)),
        questions=tuple(item for item in policy.checklist if item.mode == "human"),
        tier=tier,
        as_of=context.today,
        policy_sha256=policy_sha256,
        manifest_sha256=manifest_sha256,
        report_sha256s=tuple(bound.sha256 for bound in matter.reports.used),
    )


def _finding(item: ChecklistItem, matter: Matter) -> Finding:
    check = REGISTRY.get(item.id)
    outcome = check(matter) if check else not_measured(f"This version of Exeat cannot compute {item.id}.")
    evidence = outcome.evidence or tuple(sorted({r.report_sha256 for r in outcome.readings}))
    return Finding(
        check=item.id,
        question=item.question,
        gate="B" if outcome.stricter and item.gate == "C" else item.gate,
        verdict=outcome.verdict,
        headline=outcome.headline,
        why=item.why,
        remedy=item.remedy,
        readings=outcome.readings,
        evidence=evidence or _documents(outcome, matter),
        components=outcome.components,
    )


def _documents(outcome: Outcome, matter: Matter) -> tuple[str, ...]:
    """Return the manifest as the evidence of whatever stands on no report."""
    return () if outcome.verdict is Verdict.NOT_APPLICABLE else (matter.manifest_sha256,)


def _worst_first(finding: Finding) -> tuple[int, int]:
    """Blocking, conditional, then advisory; within each the worst verdict. The sort keeps the checklist's order."""
    return _BARRIERS.index(finding.barrier), _VERDICTS.index(finding.verdict)
