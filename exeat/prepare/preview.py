"""What reviewers will see of a draft: the same assessment, of the documents that submitting would put on the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.gaps import manifest_of
from exeat.evidence.partial import complete
from exeat.model.base import digest_of
from exeat.policy.assessment import BoundReport, assess
from exeat.policy.context import AssessmentContext, InspectedFile
from exeat.policy.what_if import what_if
from exeat.review.context import earlier_releases, received_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from exeat.evidence.partial import Merged
    from exeat.ledger.statement import Entry
    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import Tier
    from exeat.policy.finding import Assessment
    from exeat.policy.what_if import TierOutcome
    from exeat.prepare.ports import Evidence
    from exeat.review.queries import Gateway

MAX_ORIGINS = 2000


class Described(NamedTuple):
    """The manifest of a draft as a document with its bytes and digest."""

    manifest: Manifest
    data: bytes
    sha256: str


class Preview(NamedTuple):
    """The findings for the proposed tier, and what each other tier would say; none before there is a proposal."""

    assessment: Assessment
    tiers: tuple[TierOutcome, ...]


class Rules(NamedTuple):
    """The policy in force."""

    policy: Policy
    sha256: str


def manifest_from(merged: Merged) -> Described:
    """Return the whole manifest; raise BadInput that names the first contradiction or gap.

    Where each field comes from stands in ``x_origin``: file, place and reader, or that the submitter typed it.
    """
    complete(merged)
    document = merged.document() | {"x_origin": _origins(merged)}
    manifest = manifest_of(document)
    data = manifest.to_bytes()
    return Described(manifest, data, digest_of(data))


def _origins(merged: Merged) -> dict[str, str]:
    found = {}
    for path in merged.paths[:MAX_ORIGINS]:
        origin = merged.facts_of(path)[0].origin
        found[path] = f"{origin.file}, {origin.place} ({origin.reader})" if origin.file else "typed by the submitter"
    return found


def reports_on_record(evidence: Evidence, entries: Sequence[Entry], manifest: Manifest) -> tuple[BoundReport, ...]:
    """Return earlier reports of the checkpoint that speak for this manifest's files."""
    listed = {part.sha256 for part in manifest.components}
    digests = dict.fromkeys(entry.subject["report"] for entry in entries if entry.kind == "report.attached")
    found = (BoundReport(sha256, evidence.report(sha256)) for sha256 in digests)
    return tuple(bound for bound in found if listed.issuperset(bound.report.subject.component_sha256))


def context_for(
    manifest: Manifest,
    release_id: str,
    today: date,
    *,
    on_record: Sequence[Entry],
    uploaded: frozenset[str],
    gateway: Gateway | None,
    inspections: Mapping[str, InspectedFile],
) -> AssessmentContext:
    """Return what reviewers' assessment will know: nobody has a seat yet, and the files that submitting brings in."""
    here = {part.id: part.sha256 for part in manifest.components if part.sha256 in uploaded}
    files = here | (received_files(on_record, manifest) or {})
    earlier = earlier_releases(gateway, manifest.lineage.run_family, release_id)
    return AssessmentContext(
        today=today, reviewers=(), earlier=earlier, file_digests=files or None, inspections=inspections
    )


def preview(
    described: Described,
    reports: Sequence[BoundReport],
    rules: Rules,
    tier: Tier,
    proposal: Proposal | None,
    context: AssessmentContext,
) -> Preview:
    """Assess the draft at its tier; with a proposal at every other tier as well."""
    assessment = assess(
        manifest=described.manifest,
        manifest_sha256=described.sha256,
        reports=reports,
        policy=rules.policy,
        policy_sha256=rules.sha256,
        tier=tier,
        proposal=proposal,
        context=context,
    )
    if proposal is None:
        return Preview(assessment, ())
    tiers = what_if(
        manifest=described.manifest,
        manifest_sha256=described.sha256,
        reports=reports,
        policy=rules.policy,
        policy_sha256=rules.sha256,
        proposal=proposal,
        context=context,
    )
    return Preview(assessment, tiers)
