"""Documents as submitters write them: keyword-only, with plain defaults."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def sha(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return "sha256:" + hashlib.sha256(data).hexdigest()


def manifest(*, checkpoint_id: str = "onco-v1", weights: bytes | str = "weights", **changes: Any) -> dict[str, Any]:
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
        "components": [
            {
                "id": "weights",
                "kind": "weights",
                "path": "model.safetensors",
                "format": "safetensors",
                "bytes": 1024,
                "sha256": sha(weights),
                "sensitivity": 2,
                "proposed_disposition": "allowed",
            }
        ],
        "safeguards": [],
        "no_safeguards_reason": "Baseline.",
        "metrics": [{"id": "auc", "value": "0.97", "unit": "fraction", "split": "test", "n": 114}],
        "reproducibility": [],
        "leakage_channels": [],
        "intended_tier": "T2",
        "retention": {"retain_until": "2030-01-01"},
        "governance": {"approval_ref": "REC-1"},
    } | changes


def indicator(**changes: Any) -> dict[str, Any]:
    return {
        "indicator_id": "mia.lira.auc",
        "status": "measured",
        "value": "0.58",
        "unit": "fraction",
        "ci_low": "0.55",
        "ci_high": "0.61",
        "ci_level": "0.95",
        "ci_method": "hanley_mcneil",
        "n_in": 455,
        "n_out": 114,
        "method": "LiRA",
        "adversary": {"access": "white_box"},
    } | changes


def report(
    *, report_id: str = "r-1", checkpoint_id: str = "onco-v1", weights: bytes | str = "weights", **changes: Any
) -> dict[str, Any]:
    return {
        "schema": "exeat-risk-report/1",
        "report_id": report_id,
        "date": "2026-11-02T08:00:00Z",
        "author": "Audit group",
        "independent": True,
        "subject": {"checkpoint_id": checkpoint_id, "component_sha256": [sha(weights)]},
        "tool": {"name": "simple attack", "version": "1"},
        "indicators": [indicator()],
    } | changes


def proposal(
    *, release_id: str = "onco-v1-t2", checkpoint_id: str = "onco-v1", manifest_sha256: str, **changes: Any
) -> dict[str, Any]:
    return {
        "schema": "exeat-release/1",
        "release_id": release_id,
        "title": "Tumour classifier to partners",
        "checkpoint_id": checkpoint_id,
        "manifest_sha256": manifest_sha256,
        "components": [{"component_id": "weights", "disposition": "allowed"}],
        "tier": "T2",
        "recipients": "Partner hospitals",
        "purpose": "External validation of the classifier at two partner hospitals.",
        "until": "2027-06-30",
        "submitter": "sam",
    } | changes


def binding(
    *, files: dict[str, str], checkpoint_id: str = "onco-v1", weights: bytes | str = "weights", **changes: Any
) -> dict[str, Any]:
    return {
        "schema": "exeat-binding/1",
        "checkpoint_id": checkpoint_id,
        "component_sha256": [sha(weights)],
        "files": files,
        "access": "white_box",
        "independent": False,
        "author": "Model group",
    } | changes


def event(*, source_event_id: str = "e-1", ts: str = "2026-11-20T10:00:00Z", **changes: Any) -> dict[str, Any]:
    return {
        "schema": "exeat-access-event/1",
        "ts": ts,
        "source": "nginx-1",
        "source_event_id": source_event_id,
        "principal": "p-17",
        "action": "read",
        "outcome": "ok",
        "bytes": 1024,
        "tier": 2,
    } | changes


def as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
