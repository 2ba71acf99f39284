"""Nouns of the domain for tests: keyword-only, with plain defaults."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from exeat.ledger.statement import Entry
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.manifest import Manifest
from exeat.model.person import Person, Role
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport
from exeat.model.tier import Tier
from exeat.policy.finding import Assessment, Finding, Verdict

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = NOON.date()
UNTIL = date(2027, 6, 30)


def person(*, person_id: str = "stella", roles: tuple[Role, ...] = (Role.STEWARD,), tier: Tier = Tier.T5) -> Person:
    return Person(person_id, f"Name of {person_id}", frozenset(roles), tier)


SUBMITTER = person(person_id="sam", roles=(Role.SUBMITTER,))
STELLA = person(person_id="stella")
STAN = person(person_id="stan")
SASHA = person(person_id="sasha")
CHAIR = person(person_id="chair", roles=(Role.BOARD_CHAIR,))
MEMBER = person(person_id="member", roles=(Role.BOARD_MEMBER,))
CUSTODIAN = person(person_id="cleo", roles=(Role.CUSTODIAN,))
RESEARCHER = person(person_id="rex", roles=(Role.RESEARCHER,), tier=Tier.T1)
AUDITOR = person(person_id="auda", roles=(Role.AUDITOR,))


def component(*, component_id: str = "weights", kind: str = "weights", **changes: Any) -> dict[str, Any]:
    return {
        "id": component_id,
        "kind": kind,
        "path": f"{component_id}.bin",
        "format": "safetensors",
        "bytes": 1024,
        "sha256": digest_of(component_id.encode()),
        "sensitivity": 2,
        "proposed_disposition": "allowed",
    } | changes


def manifest_document(*, checkpoint_id: str = "onco-v1", **changes: Any) -> dict[str, Any]:
    return {
        "schema": "exeat-manifest/1",
        "checkpoint_id": checkpoint_id,
        "run_id": "run-1",
        "lineage": {"run_family": "onco", "version": "1"},
        "title": "Tumour classifier",
        "purpose": "Estimate the malignancy of a tumour from ten cell measurements.",
        "out_of_scope": "Diagnosis without a pathologist.",
        "created_at": "2026-11-01T08:00:00Z",
        "created_by": "Model group",
        "org": "Example hospital",
        "contact": "models@example.org",
        "model": {"family": "mlp", "architecture": "10-16-2", "n_parameters": 210, "task": "classification"},
        "training": {"framework": "torch", "framework_version": "2.13"},
        "hyperparameters": {"epochs": 20},
        "seeds": [{"name": "init", "value": 7, "released": False}],
        "epoch": 20,
        "global_step": 400,
        "data_sources": [{"id": "bc", "name": "Breast cancer", "version": "1", "role": "train", "n_records": 455}],
        "components": [component(), component(component_id="log", kind="diagnostic_log")],
        "safeguards": [],
        "no_safeguards_reason": "Baseline.",
        "metrics": [{"id": "auc", "value": "0.97", "unit": "fraction", "split": "test", "n": 114}],
        "reproducibility": [],
        "leakage_channels": [],
        "intended_tier": "T2",
        "retention": {"retain_until": "2030-01-01"},
        "governance": {"approval_ref": "REC-1", "contributors": ["carla"]},
    } | changes


def proposal_document(*, manifest_sha256: str, release_id: str = "onco-v1-t2", **changes: Any) -> dict[str, Any]:
    return {
        "schema": "exeat-release/1",
        "release_id": release_id,
        "title": "Tumour classifier to partners",
        "checkpoint_id": "onco-v1",
        "manifest_sha256": manifest_sha256,
        "components": [
            {"component_id": "weights", "disposition": "allowed"},
            {"component_id": "log", "disposition": "masked"},
        ],
        "tier": "T2",
        "recipients": "Partner hospitals",
        "purpose": "External validation of the classifier at two partner hospitals.",
        "until": UNTIL.isoformat(),
        "submitter": "sam",
    } | changes


def indicator(**changes: Any) -> dict[str, Any]:
    return {
        "indicator_id": "mia.lira.auc",
        "status": "measured",
        "value": "0.55",
        "unit": "fraction",
        "ci_low": "0.52",
        "ci_high": "0.58",
        "ci_level": "0.95",
        "ci_method": "hanley_mcneil",
        "n_in": 455,
        "n_out": 455,
        "method": "LiRA",
        "adversary": {"access": "white_box"},
    } | changes


def report_document(*, report_id: str = "r-1", about: str = "weights", **changes: Any) -> dict[str, Any]:
    return {
        "schema": "exeat-risk-report/1",
        "report_id": report_id,
        "date": "2026-11-02T08:00:00Z",
        "author": "Audit group",
        "independent": True,
        "subject": {"checkpoint_id": "onco-v1", "component_sha256": [digest_of(about.encode())]},
        "tool": {"name": "simple attack", "version": "1"},
        "indicators": [indicator()],
    } | changes


def check_item(*, item_id: str, gate: str = "B", mode: str = "human", question: str = "Is it so?") -> dict[str, Any]:
    return {
        "id": item_id,
        "question": question,
        "gate": gate,
        "mode": mode,
        "why": "It matters.",
        "remedy": "Do better.",
    }


def policy_document(**changes: Any) -> dict[str, Any]:
    """Rules small enough to hold in one's head: one threshold (C), human questions of each gate, the matrix (B)."""
    return {
        "schema": "exeat-policy/1",
        "policy_id": "test-policy",
        "version": "1",
        "valid_from": "2026-01-01",
        "title": "Policy of the tests",
        "thresholds": [
            {"id": "auc", "check": "R3", "indicator": "mia.*.auc", "limit": "0.60", "unit": "fraction"},
        ],
        "checklist": [
            check_item(item_id="R3", gate="C", mode="auto", question="Membership under the limit?"),
            check_item(item_id="T1", gate="B", mode="auto", question="Consistent with the matrix?"),
            check_item(item_id="P3", gate="B", question="Does the lawful basis cover sharing?"),
            check_item(item_id="G6", gate="A", question="Is there a residual-risk note?"),
        ],
        "tier_matrix": [
            {"tier": "T2", "kind": "weights", "disposition": "allowed", "conditions": ["Keep the quota."]},
            {"tier": "T2", "kind": "diagnostic_log", "disposition": "masked"},
        ],
        "approvals": {"reviewers": 2, "lift_suspension_quorum": 2, "board_quorum": 3},
        "resolution": {"non_members_per_fpr": "10", "required_fpr": ["0.01"]},
        "dp_tolerance": "0.01",
    } | changes


def as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def manifest(**changes: Any) -> Manifest:
    return parse_document(as_bytes(manifest_document(**changes)), Manifest)


def proposal(**changes: Any) -> Proposal:
    return parse_document(as_bytes(proposal_document(**({"manifest_sha256": digest_of(b"m")} | changes))), Proposal)


def report(**changes: Any) -> RiskReport:
    return parse_document(as_bytes(report_document(**changes)), RiskReport)


def policy(**changes: Any) -> Policy:
    return parse_document(as_bytes(policy_document(**changes)), Policy)


def finding(
    *, check: str = "R3", gate: str = "C", verdict: Verdict = Verdict.FAIL, components: tuple[str, ...] = ()
) -> Finding:
    return Finding(
        check=check,
        question="Is it so?",
        gate=gate,  # type: ignore[arg-type]
        verdict=verdict,
        headline=f"{check} did not pass.",
        why="It matters.",
        remedy="Do better.",
        components=components,
    )


def assessment(*findings: Finding, rules: Policy | None = None, tier: Tier = Tier.T2) -> Assessment:
    rules = rules or policy()
    return Assessment(
        findings=findings,
        questions=tuple(item for item in rules.checklist if item.mode == "human"),
        tier=tier,
        as_of=TODAY,
        policy_sha256=digest_of(b"p"),
        manifest_sha256=digest_of(b"m"),
        report_sha256s=(),
    )


def entry(
    kind: str,
    *,
    seq: int = 0,
    version: int = 1,
    actor: str = "sam",
    case: str = "release:onco-v1-t2",
    at: datetime = NOON,
    body: dict[str, Any] | None = None,
    subject: dict[str, str] | None = None,
    sealed: dict[str, str] | None = None,
) -> Entry:
    return Entry(
        seq, at, kind, case, version, actor, "steward", "demo", body or {}, subject or {}, sealed or {}, b"{}", b""
    )


def drafted(*, submitter: str = "sam", digest: str = "sha256:p1", **changes: Any) -> Entry:
    """The first statement of a release, as intake writes it."""
    return entry(
        "release.drafted",
        **(
            {
                "body": {"release_id": "onco-v1-t2", "checkpoint_id": "onco-v1", "submitter": submitter},
                "subject": {"proposal": digest, "manifest": "sha256:m1", "policy": "sha256:r1"},
            }
            | changes
        ),
    )


def numbered(*entries: Entry) -> list[Entry]:
    """Give the entries of one case their numbers, versions and times, in order."""
    return [
        Entry(
            number,
            NOON + timedelta(minutes=number),
            e.kind,
            e.case,
            number + 1,
            e.actor,
            e.role,
            e.authenticated,
            e.body,
            e.subject,
            e.sealed,
            e.line,
            e.leaf,
        )
        for number, e in enumerate(entries)
    ]
