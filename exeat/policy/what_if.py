"""The same evidence at every tier: what would pass where, for the board and the submitter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.model.tier import Disposition, Tier
from exeat.policy.assessment import assess
from exeat.policy.matrix import clamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal, ProposedComponent
    from exeat.policy.binding import BoundReport
    from exeat.policy.context import AssessmentContext
    from exeat.policy.finding import Assessment


class TierOutcome(NamedTuple):
    """One tier: the form of each component there, and the assessment of that."""

    tier: Tier
    forms: tuple[ProposedComponent, ...]
    assessment: Assessment

    @property
    def leaves(self) -> bool:
        """Return whether anything would leave at all."""
        return any(part.disposition is not Disposition.DENIED for part in self.forms)


def what_if(
    *,
    manifest: Manifest,
    manifest_sha256: str,
    reports: Sequence[BoundReport],
    policy: Policy,
    policy_sha256: str,
    proposal: Proposal,
    context: AssessmentContext,
) -> tuple[TierOutcome, ...]:
    """Assess the proposal for all six tiers, T0 first.

    At its own tier as proposed; elsewhere each component in its proposed form if the matrix permits that, else in the
    form of the matrix. An agreement is taken over as it stands.
    """
    found = []
    for tier in Tier:
        there = proposal if tier is proposal.tier else _at(tier, proposal, manifest, policy)
        assessment = assess(
            manifest=manifest,
            manifest_sha256=manifest_sha256,
            reports=reports,
            policy=policy,
            policy_sha256=policy_sha256,
            tier=tier,
            proposal=there,
            context=context,
        )
        found.append(TierOutcome(tier, there.components, assessment))
    return tuple(found)


def _at(tier: Tier, proposal: Proposal, manifest: Manifest, policy: Policy) -> Proposal:
    kinds = {component.id: component.kind for component in manifest.components}
    forms = tuple(
        part.model_copy(update={"disposition": clamp(policy, tier, kinds[part.component_id], part.disposition)})
        for part in proposal.components
        if part.component_id in kinds
    )
    return proposal.model_copy(update={"tier": tier, "components": forms})
