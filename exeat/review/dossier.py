"""The dossier of a release: proposal, manifest, reports, policy, and the assessment made from them now."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from exeat.policy.assessment import assess
from exeat.policy.contents import Contents
from exeat.policy.finding import Barrier, Verdict
from exeat.policy.matter import gather
from exeat.policy.measured.case import measured
from exeat.policy.record import as_record
from exeat.policy.what_if import what_if
from exeat.review.basis import bases_of, basis_of
from exeat.review.context import context_of, earlier_releases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from exeat.ledger.statement import LedgerStore
    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import ComponentKind
    from exeat.policy.assessment import BoundReport
    from exeat.policy.context import AssessmentContext
    from exeat.policy.finding import Assessment
    from exeat.policy.measured.case import Measured
    from exeat.policy.what_if import TierOutcome
    from exeat.review.parts import ReleaseState
    from exeat.review.ports import Evidence
    from exeat.review.queries import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything a vote stands on, as of today."""

    proposal: Proposal
    manifest: Manifest
    reports: tuple[BoundReport, ...]
    policy: Policy
    policy_sha256: str
    context: AssessmentContext
    assessment: Assessment
    bases: Mapping[str, str]
    contents: Contents = field(default_factory=Contents)

    @property
    def basis(self) -> str:
        """Return one digest of all evidence: equal on two screens means the same evidence."""
        return basis_of(self.bases, self.reports)

    def what_if(self) -> tuple[TierOutcome, ...]:
        """Return what the same evidence says about this proposal at each tier."""
        return what_if(
            manifest=self.manifest,
            manifest_sha256=self.proposal.manifest_sha256,
            reports=self.reports,
            policy=self.policy,
            policy_sha256=self.policy_sha256,
            proposal=self.proposal,
            context=self.context,
        )

    def measured(self) -> Measured:
        """Return what the reports that count here hold beside single figures: curves, trace, pilots, comparisons."""
        matter = gather(
            manifest=self.manifest,
            manifest_sha256=self.proposal.manifest_sha256,
            reports=self.reports,
            policy=self.policy,
            tier=self.proposal.tier,
            proposal=self.proposal,
            context=self.context,
        )
        return measured(matter)

    @property
    def components(self) -> tuple[str, ...]:
        """Return the ids of the proposed components."""
        return tuple(part.component_id for part in self.proposal.components)

    @property
    def kinds(self) -> dict[str, ComponentKind]:
        """Return component id -> kind, for components that the manifest knows."""
        return {part.id: part.kind for part in self.manifest.components}

    @property
    def contributors(self) -> frozenset[str]:
        """Return who worked on the model or the proposal."""
        return frozenset({*self.proposal.contributors, *self.manifest.governance.contributors})

    def subject(self, assessment_sha256: str) -> dict[str, str]:
        """Return the digests that a statement about this dossier names."""
        return {
            "manifest": self.assessment.manifest_sha256,
            "policy": self.policy_sha256,
            "assessment": assessment_sha256,
        }


def read_proposal(evidence: Evidence, sha256: str) -> Proposal:
    """Return the proposal of this digest."""
    return cast("Proposal", evidence.document(sha256, "exeat-release/1"))


@dataclass(frozen=True, slots=True)
class DossierReader:
    """Reads the documents of a release and assesses them; ``gateway`` may be missing, then siblings are unknown."""

    ledger: LedgerStore
    evidence: Evidence
    gateway: Gateway | None

    def read(self, state: ReleaseState, today: date) -> Dossier:
        """Return the dossier under the adopted policy as of today."""
        proposal = read_proposal(self.evidence, state.proposal_sha256)
        manifest = self.evidence.manifest(proposal.manifest_sha256)
        reports = self.evidence.reports_for(proposal.checkpoint_id, proposal.manifest_sha256)
        policy, policy_sha256 = self.evidence.policy()
        contents = self.evidence.contents_of(proposal.checkpoint_id, proposal.manifest_sha256)
        context = self._context(state, proposal, manifest, contents, today)
        assessment = assess(
            manifest=manifest,
            manifest_sha256=proposal.manifest_sha256,
            reports=reports,
            policy=policy,
            policy_sha256=policy_sha256,
            tier=proposal.tier,
            proposal=proposal,
            context=context,
        )
        return Dossier(
            proposal=proposal,
            manifest=manifest,
            reports=reports,
            policy=policy,
            policy_sha256=policy_sha256,
            context=context,
            assessment=assessment,
            bases=bases_of(proposal, manifest, reports, policy_sha256, contents.digests),
            contents=contents,
        )

    def _context(
        self, state: ReleaseState, proposal: Proposal, manifest: Manifest, contents: Contents, today: date
    ) -> AssessmentContext:
        return context_of(
            state,
            manifest,
            today,
            contributors=frozenset({*proposal.contributors, *manifest.governance.contributors}),
            checkpoint=self.ledger.case(f"checkpoint:{proposal.checkpoint_id}"),
            earlier=earlier_releases(self.gateway, manifest.lineage.run_family, state.release_id),
            inspections=contents.facts,
        )


def assessment_bytes(assessment: Assessment) -> bytes:
    """Return the assessment as it is kept in evidence: sorted JSON, exact decimals as text."""
    document = {"schema": "exeat-assessment/1", **as_record(assessment)}
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False).encode()


def counts_of(assessment: Assessment) -> dict[str, int]:
    """Return how many findings have each verdict and barrier."""
    counts = {f"n_{verdict.value}": assessment.count(verdict) for verdict in Verdict}
    return counts | {
        "n_blocking": len(assessment.barred_by(Barrier.BLOCKING)),
        "n_conditional": len(assessment.barred_by(Barrier.CONDITIONAL)),
    }
