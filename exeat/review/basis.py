"""What a vote stands on, as one digest per component: changed evidence resets the votes it touches, and no others.

A vote on a component stands on the component's file, the form proposed for it, the reports about that file, its
inspection, and on what concerns the whole release: manifest, policy, tier, recipients, purpose, duration.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.model.manifest import Component, Manifest
    from exeat.model.release import Proposal, ProposedComponent
    from exeat.policy.assessment import BoundReport


def bases_of(
    proposal: Proposal,
    manifest: Manifest,
    reports: Sequence[BoundReport],
    policy_sha256: str,
    inspections: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return component id -> digest of everything a vote on it stands on; unknown components are left out.

    ``inspections`` is component id -> digest of the inspection of its file.
    """
    seen = inspections or {}
    files = {component.id: component for component in manifest.components}
    return {
        part.component_id: _basis(
            part, files[part.component_id], proposal, reports, policy_sha256, seen.get(part.component_id)
        )
        for part in proposal.components
        if part.component_id in files
    }


def _basis(
    part: ProposedComponent,
    file: Component,
    proposal: Proposal,
    reports: Sequence[BoundReport],
    policy_sha256: str,
    inspection: str | None,
) -> str:
    about = sorted(bound.sha256 for bound in reports if file.sha256 in bound.report.subject.component_sha256)
    about += [inspection] if inspection else []
    whole = [proposal.manifest_sha256, policy_sha256, proposal.tier, proposal.recipients, proposal.purpose]
    return _digest([file.sha256, part.disposition, about, *whole, proposal.until.isoformat()])


def basis_of(bases: Mapping[str, str], reports: Sequence[BoundReport] = ()) -> str:
    """Return one digest of all bases and of every report about the checkpoint: equal means the same evidence."""
    return _digest([sorted(bases.items()), sorted(bound.sha256 for bound in reports)])


def _digest(value: object) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
