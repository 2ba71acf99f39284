"""What evidence says on the ledger: digests, ids and counts; no free text and no personal names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import NotPermitted
from exeat.ledger.statement import Draft
from exeat.model.person import Permission, Person

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from exeat.evidence.inspecting import Looked
    from exeat.evidence.intake import Source
    from exeat.model.manifest import Component, Manifest
    from exeat.model.minimisation import Minimisation
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.risk_report import RiskReport

CHECKPOINT_REGISTERED = "checkpoint.registered"
COMPONENT_RECEIVED = "component.received"
REPORT_ATTACHED = "report.attached"
COMPONENT_INSPECTED = "component.inspected"
COMPONENT_MINIMISED = "component.minimised"
FILES_BOUND = "files.bound"
RELEASE_DRAFTED = "release.drafted"
POLICY_PROPOSED = "policy.proposed"
POLICY_ADOPTED = "policy.adopted"
PARTITION_CLOSED = "access.partition_closed"
POLICY_CASE = "policy"
POLICY_PROPOSALS = "policy-proposals"


def checkpoint_case(checkpoint_id: str) -> str:
    """Return the case that collects what is said about a checkpoint."""
    return f"checkpoint:{checkpoint_id}"


def release_case(release_id: str) -> str:
    """Return the case of a release."""
    return f"release:{release_id}"


class Author(NamedTuple):
    """Who says it, in which role, authenticated how."""

    actor: str
    role: str
    authenticated: str

    @classmethod
    def of(cls, person: Person) -> Author:
        """Return the author for a person who may ingest; raise NotPermitted."""
        role = person.role_for(Permission.EVIDENCE_INGEST)
        if role is None:
            raise NotPermitted(
                "Only stewards, custodians and operators bring evidence in.", "Ask a steward to ingest the files."
            )
        return cls(person.person_id, role.value, person.authenticated)

    @classmethod
    def submitting(cls, person: Person) -> Author:
        """Return the author for a person who submits a release of their own; raise NotPermitted."""
        role = person.role_for(Permission.RELEASE_SUBMIT)
        if role is None:
            raise NotPermitted("Only submitters prepare releases.", "Ask a submitter of the project.")
        return cls(person.person_id, role.value, person.authenticated)

    def says(
        self,
        kind: str,
        case: str,
        *,
        subject: Mapping[str, str],
        body: Mapping[str, Any],
        key: str,
        expects: int | None = None,
    ) -> Draft:
        """Return the statement before the log orders it; the key makes a repeat harmless."""
        return Draft(
            kind=kind,
            case=case,
            actor=self.actor,
            role=self.role,
            authenticated=self.authenticated,
            key=f"{kind}:{key}",
            expects=expects,
            body=body,
            subject=subject,
        )


def registered(by: Author, manifest: Manifest, source: Source, former: str | None) -> Draft:
    """Say that a manifest describes a checkpoint; ``former`` is the digest of the manifest it replaces."""
    return by.says(
        CHECKPOINT_REGISTERED,
        checkpoint_case(manifest.checkpoint_id),
        subject={"manifest": source.sha256} | ({"former": former} if former else {}),
        body={"checkpoint_id": manifest.checkpoint_id, "bytes": source.size},
        key=source.sha256,
    )


def attached(by: Author, report: RiskReport, digests: Mapping[str, str]) -> Draft:
    """Say that a report is about a checkpoint; ``digests`` names report, manifest and any foreign source."""
    checkpoint_id = report.subject.checkpoint_id
    return by.says(
        REPORT_ATTACHED,
        checkpoint_case(checkpoint_id),
        subject=dict(digests),
        body={"report_id": report.report_id, "checkpoint_id": checkpoint_id, "producer": slug(report.tool.name)},
        key=digests["report"],
    )


def bound(by: Author, checkpoint_id: str, binding_sha256: str) -> Draft:
    """Say that a binding ties foreign files to a checkpoint."""
    return by.says(
        FILES_BOUND,
        checkpoint_case(checkpoint_id),
        subject={"binding": binding_sha256},
        body={"checkpoint_id": checkpoint_id},
        key=binding_sha256,
    )


def received(by: Author, component: Component, checkpoint_id: str, manifest_sha256: str) -> Draft:
    """Say that the file of a component is in the evidence store."""
    return by.says(
        COMPONENT_RECEIVED,
        checkpoint_case(checkpoint_id),
        subject={"component": component.sha256, "manifest": manifest_sha256},
        body={"checkpoint_id": checkpoint_id, "component_id": component.id, "bytes": component.bytes},
        key=f"{checkpoint_id}:{component.sha256}",
    )


def inspected(by: Author, component: Component, checkpoint_id: str, looked: Looked) -> Draft:
    """Say what an inspection found in the file of a component: verdict and counts, no text of the file."""
    return by.says(
        COMPONENT_INSPECTED,
        checkpoint_case(checkpoint_id),
        subject={"component": component.sha256, "inspection": looked.sha256},
        body={
            "checkpoint_id": checkpoint_id,
            "component_id": component.id,
            "bytes": looked.inspection.bytes,
            "verdict": looked.inspection.verdict.value,
            "channels": looked.channels,
        },
        key=f"{checkpoint_id}:{component.sha256}:{looked.sha256}",
    )


def minimised(
    by: Author,
    component: Component,
    checkpoint_id: str,
    record: Minimisation,
    sha256: str,
    checked: str,
    channels: Mapping[str, int],
) -> Draft:
    """Say that the file of a component is the minimised form of another, with the digests of both.

    ``checked`` says which of the two files the record was compared with; the bytes of the others are the record's word.
    ``channels`` are counts by our own inspections.
    """
    return by.says(
        COMPONENT_MINIMISED,
        checkpoint_case(checkpoint_id),
        subject={"component": component.sha256, "source": record.source_sha256, "minimisation": sha256},
        body={
            "checkpoint_id": checkpoint_id,
            "component_id": component.id,
            "bytes_before": record.source_bytes,
            "bytes_after": record.output_bytes,
            "checked": checked,
            **channels,
        },
        key=f"{checkpoint_id}:{sha256}",
    )


def drafted(by: Author, proposal: Proposal, sha256: str, policy_sha256: str, expects: int | None) -> Draft:
    """Say that a release was proposed, under the policy of the moment."""
    return by.says(
        RELEASE_DRAFTED,
        release_case(proposal.release_id),
        subject={"proposal": sha256, "manifest": proposal.manifest_sha256, "policy": policy_sha256},
        body={
            "release_id": proposal.release_id,
            "checkpoint_id": proposal.checkpoint_id,
            "submitter": proposal.submitter,
            "contributors": sorted(proposal.contributors),
        },
        key=sha256,
        expects=expects,
    )


def proposed(by: Author, policy: Policy, sha256: str) -> Draft:
    """Say that a policy came in; it is not in force until a second person adopts it."""
    return by.says(
        POLICY_PROPOSED,
        POLICY_PROPOSALS,
        subject={"policy": sha256},
        body={"policy_id": policy.policy_id, "valid_from": policy.valid_from.isoformat()},
        key=sha256,
    )


def adopted(by: Author, policy: Policy, sha256: str, proposed_by: str, expects: int) -> Draft:
    """Say that a policy is in force from now on; the same policy may come into force again later."""
    return by.says(
        POLICY_ADOPTED,
        POLICY_CASE,
        subject={"policy": sha256},
        body={
            "policy_id": policy.policy_id,
            "valid_from": policy.valid_from.isoformat(),
            "proposed_by": proposed_by,
        },
        key=f"{sha256}:{expects}",
        expects=expects,
    )


def closed(by: Author, day: date, digest: str) -> Draft:
    """Say which files hold the access events of a past day; late events close it again with another digest."""
    return by.says(
        PARTITION_CLOSED,
        f"access:{day.isoformat()}",
        subject={"partition": digest},
        body={"day": day.isoformat()},
        key=f"{day.isoformat()}:{digest}",
    )


def slug(text: str) -> str:
    """Return a name as a slug, so that no free text reaches the ledger."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:80] or "unknown"
