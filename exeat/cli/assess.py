"""``exeat assess``: the findings for one checkpoint from files, with exit codes for pipelines."""

from __future__ import annotations

import json as json_lib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from exeat.errors import BadInput
from exeat.model.base import Document, digest_of
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_document
from exeat.model.manifest import Manifest
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport
from exeat.model.tier import Tier
from exeat.policy.adoption import load_default
from exeat.policy.assessment import BoundReport, assess
from exeat.policy.context import AssessmentContext
from exeat.policy.finding import Assessment, Barrier, Finding
from exeat.policy.record import as_record
from exeat.policy.sentence import answer

D = TypeVar("D", bound=Document)
NOT_PASSED = 1


def assess_command(
    manifest: Annotated[Path, typer.Option(help="The checkpoint's manifest (exeat-manifest/1).")],
    tier: Annotated[Tier, typer.Option(help="The tier that the components would go to.", case_sensitive=False)],
    report: Annotated[list[Path] | None, typer.Option(help="A risk report (exeat-risk-report/1); repeat it.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The policy; without it the default one.")] = None,
    proposal: Annotated[Path | None, typer.Option(help="The proposal (exeat-release/1), if there is one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Assess a checkpoint from files: exit 0 when every gate passes, 1 when not, 3 when a file cannot be read."""
    data = _read(manifest)
    rules = _read(policy) if policy else load_default()
    assessment = assess(
        manifest=_parse(data, Manifest, manifest),
        manifest_sha256=digest_of(data),
        reports=[_report(path) for path in report or ()],
        policy=_parse(rules, Policy, policy or Path("default policy")),
        policy_sha256=digest_of(rules),
        tier=tier,
        proposal=_parse(_read(proposal), Proposal, proposal) if proposal else None,
        context=AssessmentContext(today=datetime.now(UTC).date(), scope="files"),
    )
    typer.echo(json_lib.dumps(as_record(assessment), indent=1) if json else _text(assessment))
    if not assessment.passes:
        raise typer.Exit(NOT_PASSED)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}.", "Check the path and its permissions.") from exc


def _parse(data: bytes, kind: type[D], path: Path) -> D:
    try:
        return parse_document(data, kind)
    except BadInput as exc:
        raise BadInput(f"{path}: {exc.headline}", exc.what_to_do, place=exc.place) from exc


def _report(path: Path) -> BoundReport:
    data = _read(path)
    return BoundReport(digest_of(data), _parse(data, RiskReport, path))


def _text(assessment: Assessment) -> str:
    asked = [f"ASK             {item.id:4}{item.question}" for item in assessment.questions]
    return "\n".join([answer(assessment), "", *(_line(finding) for finding in assessment.findings), *asked])


def _line(finding: Finding) -> str:
    line = f"{finding.verdict.title.upper():15} {finding.check:4}{finding.headline}"
    return line if finding.barrier is Barrier.NONE else f"{line}\n{'':20}Remedy: {finding.remedy}"
