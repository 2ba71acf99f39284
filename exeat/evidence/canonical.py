"""Take in canonical documents: manifests, risk reports, proposals, policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence import statements
from exeat.evidence.intake import Item
from exeat.model.documents import parse_document
from exeat.model.manifest import Manifest
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    from exeat.evidence.intake import Source
    from exeat.evidence.register import Fact
    from exeat.evidence.run import Run
    from exeat.model.risk_report import Subject

PASSIVE = frozenset({statements.RELEASE_DRAFTED, "comment.recorded", "release.viewed", "redaction.recorded"})
"""Statements of a release case that leave it where it was."""


def take_policy(run: Run, source: Source) -> None:
    """Keep a policy as a proposal; taking in files never changes the rules: see adoption.py."""
    policy = parse_document(run.bytes_of(source), Policy)
    run.register.case(statements.POLICY_PROPOSALS)
    if not _known(run, source, "exeat-policy/1", policy.policy_id):
        _put(run, source)
        note = "a proposal: it is in force once a second person adopts it on the Intake page"
        item = Item(source.name, "exeat-policy/1", source.sha256, policy.policy_id, note)
        run.accept(source, item, statements.proposed(run.by, policy, source.sha256))


def take_manifest(run: Run, source: Source) -> None:
    """Register a checkpoint, or a new manifest version of one."""
    manifest = parse_document(run.bytes_of(source), Manifest)
    earlier = run.register.checkpoint(manifest.checkpoint_id, statements.CHECKPOINT_REGISTERED)
    run.listing.add(source.sha256, manifest)
    if _known(run, source, "exeat-manifest/1", manifest.checkpoint_id):
        return
    former = earlier[-1].subject["manifest"] if earlier else None
    _put(run, source)
    note = "a new version of a registered manifest" if former else ""
    item = Item(source.name, "exeat-manifest/1", source.sha256, manifest.checkpoint_id, note)
    run.accept(source, item, statements.registered(run.by, manifest, source, former))


def take_report(run: Run, source: Source) -> None:
    """Attach a risk report to the checkpoint whose digests it names."""
    report = parse_document(run.bytes_of(source), RiskReport)
    manifest = bound_manifest(run, report.subject)
    if _known(run, source, "exeat-risk-report/1", report.subject.checkpoint_id):
        return
    check_new_report_id(run, report)
    _put(run, source)
    item = Item(source.name, "exeat-risk-report/1", source.sha256, report.subject.checkpoint_id)
    run.accept(source, item, statements.attached(run.by, report, {"report": source.sha256, "manifest": manifest}))


def take_proposal(run: Run, source: Source) -> None:
    """Draft a release, or change a draft, as long as it is the submitter's turn."""
    proposal = parse_document(run.bytes_of(source), Proposal)
    earlier = run.register.case(statements.release_case(proposal.release_id))
    if _known(run, source, "exeat-release/1", proposal.release_id):
        return
    _check_manifest_of(run, proposal)
    _check_changeable(proposal, earlier)
    policy = run.register.case(statements.POLICY_CASE)
    if not policy:
        raise BadInput("No policy is adopted yet.", "Adopt one first (Intake page).")
    _put(run, source)
    item = Item(source.name, "exeat-release/1", source.sha256, proposal.release_id)
    expects = earlier[-1].version if earlier else 0
    run.accept(
        source,
        item,
        statements.drafted(run.by, proposal, source.sha256, policy[-1].subject["policy"], expects),
    )


def _known(run: Run, source: Source, kind: str, subject_id: str) -> bool:
    if run.register.subject_of(source.sha256) is None:
        return False
    run.know(source, kind, subject_id)
    return True


def _put(run: Run, source: Source) -> None:
    run.stores.objects.put(run.bytes_of(source), source.sha256)


def bound_manifest(run: Run, subject: Subject) -> str:
    """Return the newest manifest that lists every digest the report names; raise BadInput when there is none."""
    facts = run.register.checkpoint(subject.checkpoint_id, statements.CHECKPOINT_REGISTERED)
    if not facts:
        raise BadInput(
            f"The report is about checkpoint {subject.checkpoint_id}, which is not registered.",
            "Ingest its manifest, before the report or together with it.",
            place="$.subject.checkpoint_id",
        )
    named = set(subject.component_sha256)
    for fact in reversed(facts):
        sha256 = fact.subject["manifest"]
        if subject.manifest_sha256 in (None, sha256) and named <= components_of(run, sha256):
            return sha256
    raise BadInput(
        f"The report was measured on files that no manifest of {subject.checkpoint_id} lists.",
        "Compare subject.component_sha256 (and manifest_sha256) with the manifest; measure again if the files changed.",
        place="$.subject",
    )


def components_of(run: Run, manifest_sha256: str) -> frozenset[str]:
    """Return the digests of the components that a registered manifest lists."""
    found = run.listing.components.get(manifest_sha256)
    if found is None:
        return run.listing.add(manifest_sha256, run.stores.library.document(manifest_sha256, Manifest))
    return found


def check_new_report_id(run: Run, report: RiskReport) -> None:
    """Refuse another report under a report_id that this checkpoint has already."""
    attached = run.register.checkpoint(report.subject.checkpoint_id, statements.REPORT_ATTACHED)
    if any(fact.body.get("report_id") == report.report_id for fact in attached):
        raise BadInput(
            f"Another report of this checkpoint has the report_id {report.report_id}.",
            "Give it a new report_id, and name the old one in supersedes if it replaces it.",
            place="$.report_id",
        )


def _check_manifest_of(run: Run, proposal: Proposal) -> None:
    facts = run.register.checkpoint(proposal.checkpoint_id, statements.CHECKPOINT_REGISTERED)
    if proposal.manifest_sha256 not in {fact.subject["manifest"] for fact in facts}:
        raise BadInput(
            f"The proposal names a manifest of {proposal.checkpoint_id} that is not registered.",
            "Ingest the manifest, or correct manifest_sha256 (the digest of the manifest file).",
            place="$.manifest_sha256",
        )
    manifest = run.stores.library.document(proposal.manifest_sha256, Manifest)
    ids = {component.id for component in manifest.components}
    for i, part in enumerate(proposal.components):
        if part.component_id not in ids:
            raise BadInput(
                f"The component {part.component_id} is not in the manifest.",
                f"Components there: {', '.join(sorted(ids))[:300]}.",
                place=f"$.components[{i}].component_id",
            )


def _is_with_the_submitter(earlier: list[Fact]) -> bool:
    """Return whether the case was never submitted, was returned, or was deferred by the board."""
    moved = [fact for fact in earlier if fact.kind not in PASSIVE]
    if not moved or moved[-1].kind == "release.returned":
        return True
    decided = [fact for fact in moved if fact.kind == "board.decided"]
    last = moved[-1].kind in ("board.decided", "board.cosigned")
    return last and bool(decided) and decided[-1].body.get("outcome") == "defer"


def _check_changeable(proposal: Proposal, earlier: list[Fact]) -> None:
    if not earlier:
        return
    if not _is_with_the_submitter(earlier):
        raise BadInput(
            f"The release {proposal.release_id} is no longer a draft; its proposal cannot change now.",
            "Use a new release_id, or have the release returned to the submitter first.",
            place="$.release_id",
        )
    submitters = {fact.body.get("submitter") for fact in earlier if fact.kind == statements.RELEASE_DRAFTED}
    if submitters - {proposal.submitter}:
        raise BadInput(
            f"The release {proposal.release_id} belongs to another submitter.",
            "Use a new release_id.",
            place="$.submitter",
        )
