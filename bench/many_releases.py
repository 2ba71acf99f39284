"""A home with many releases in every state, through the real intake and the real ledger."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exeat.demo.people import load_people
from exeat.desk import open_desk
from exeat.model.person import SYSTEM, Permission, Person, Role
from exeat.review.lifecycle import Kind
from exeat.review.statements import release_draft
from exeat.settings import load_settings

if TYPE_CHECKING:
    from exeat.desk import Desk
    from exeat.ledger.statement import Draft

NOW = datetime.now(UTC)
PURPOSE = "A model made for the benchmark; nobody was harmed in its training and nobody will use it."
BATCH = 1000
WAITING, REFERRED = "r-00040", "r-00042"
"""One release that waits for reviewers, one that waits for the board."""


def digest(text: str) -> str:
    """Return a made-up file's digest."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def manifest(i: int) -> dict[str, Any]:
    """Return the i-th manifest: 50 families of versions."""
    return {
        "schema": "exeat-manifest/1",
        "checkpoint_id": f"c-{i:05}",
        "run_id": f"run-{i:05}",
        "lineage": {"run_family": f"family-{i % 50:02}", "version": str(i // 50 + 1)},
        "title": f"Model {i}",
        "purpose": PURPOSE,
        "out_of_scope": "Everything else.",
        "created_at": (NOW - timedelta(days=i % 300 + 1)).isoformat(),
        "created_by": "benchmark",
        "org": f"org-{i % 7}",
        "contact": "office",
        "model": {"family": "mlp", "architecture": "mlp", "n_parameters": 1000 + i, "task": f"task {i % 5}"},
        "training": {"framework": "torch", "framework_version": "2"},
        "hyperparameters": {"epochs": 10},
        "seeds": [],
        "epoch": 10,
        "global_step": 100,
        "data_sources": [
            {"id": f"data-{i % 9}", "name": f"Data {i % 9}", "version": "1", "role": "train", "n_units": 500}
        ],
        "components": [
            {
                "id": "weights",
                "kind": "weights",
                "path": "weights.pt",
                "format": "state_dict",
                "bytes": 4096,
                "sha256": digest(f"weights {i}"),
                "sensitivity": 2,
                "proposed_disposition": "allowed",
            }
        ],
        "safeguards": [],
        "no_safeguards_reason": "benchmark",
        "metrics": [{"id": "accuracy", "value": "0.9", "unit": "fraction", "split": "test", "n": 400}],
        "reproducibility": [],
        "leakage_channels": [],
        "intended_tier": f"T{i % 4}",
        "retention": {"retain_until": "2030-01-01"},
        "governance": {},
    }


def report(i: int) -> dict[str, Any]:
    """Return the i-th risk report: one rate with its interval."""
    value = (i % 90) / 1000
    return {
        "schema": "exeat-risk-report/1",
        "report_id": f"p-{i:05}",
        "date": (NOW - timedelta(days=i % 200)).isoformat(),
        "author": "benchmark",
        "independent": bool(i % 2),
        "subject": {"checkpoint_id": f"c-{i:05}", "component_sha256": [digest(f"weights {i}")]},
        "tool": {"name": "benchmark", "version": "1"},
        "indicators": [
            {
                "indicator_id": "mia.lira.tpr_at_fpr",
                "status": "measured",
                "value": f"{value:.3f}",
                "ci_low": f"{max(value - 0.01, 0):.3f}",
                "ci_high": f"{value + 0.02:.3f}",
                "ci_level": "0.95",
                "ci_method": "clopper_pearson",
                "fpr": "0.01",
                "n_in": 500,
                "n_out": 2000,
                "unit": "fraction",
                "method": "benchmark",
                "adversary": {"access": "white_box"},
            }
        ],
    }


def event(i: int, hour: int) -> dict[str, Any]:
    """Return one read of the i-th checkpoint."""
    return {
        "schema": "exeat-access-event/1",
        "ts": (NOW - timedelta(days=i % 28 + 1, hours=hour)).isoformat(),
        "source": "benchmark",
        "source_event_id": f"{i}-{hour}",
        "principal": f"someone-{i % 40}",
        "checkpoint_id": f"c-{i:05}",
        "tier": i % 4,
        "action": "read",
        "bytes": 4096,
        "outcome": "denied" if hour % 7 == 0 else "ok",
        "simulated": True,
    }


def proposal(i: int, manifest_sha256: str, submitter: str) -> dict[str, Any]:
    """Return the i-th proposal."""
    return {
        "schema": "exeat-release/1",
        "release_id": f"r-{i:05}",
        "title": f"Model {i} to group {i % 11}",
        "checkpoint_id": f"c-{i:05}",
        "manifest_sha256": manifest_sha256,
        "components": [{"component_id": "weights", "disposition": "allowed"}],
        "tier": f"T{i % 4}",
        "recipients": f"Group {i % 11}",
        "purpose": PURPOSE,
        "until": (date.today() + timedelta(days=200)).isoformat(),  # noqa: DTZ011 a day is enough
        "submitter": submitter,
    }


def drafts(i: int, steward: Person, submitter: Person) -> list[Draft]:
    """Return what happened to the i-th release: a few wait, in review or before the board; most were decided."""
    release = f"r-{i:05}"
    said = [release_draft(Kind.SUBMITTED, release, submitter, key=f"s{i}")]
    if i % 20 != 0:
        said.append(release_draft(Kind.REVIEW_STARTED, release, steward, key=f"t{i}", body={"conflict": "none"}))
    if i % 20 == 2:
        said.append(release_draft(Kind.REFERRED, release, steward, key=f"b{i}"))
    elif i % 20 > 2:
        outcome = Kind.REJECTED if i % 20 > 14 else Kind.APPROVED
        row = {"component": "weights", "tier": f"T{i % 4}", "disposition": "allowed", "until": "2029-01-01"}
        said.append(release_draft(outcome, release, steward, key=f"d{i}", body={"matrix": [row]}))
    return said


def make_home(home: Path, count: int) -> None:
    """Write a home with so many releases."""
    people = load_people()
    steward = next(who for who in people if Role.STEWARD in who.roles)
    submitter = next(who for who in people if who.can(Permission.RELEASE_SUBMIT))
    os.environ |= {"EXEAT_HOME": str(home), "EXEAT_DEMO": "true"}
    desk = open_desk(load_settings())
    try:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), count, submitter.person_id)
            result = desk.evidence.ingest([Path(folder)], SYSTEM)
        if result.rejected:
            raise RuntimeError(f"the benchmark's own documents were rejected: {result.rejected[0]}")
        _decide(desk, count, steward, submitter)
    finally:
        desk.close()


def _write(folder: Path, count: int, submitter: str) -> None:
    for i in range(count):
        document = json.dumps(manifest(i)).encode()
        sha256 = "sha256:" + hashlib.sha256(document).hexdigest()
        (folder / f"{i}-manifest.json").write_bytes(document)
        (folder / f"{i}-report.json").write_text(json.dumps(report(i)))
        (folder / f"{i}-release.json").write_text(json.dumps(proposal(i, sha256, submitter)))
    for first in range(0, count, BATCH):
        lines = [json.dumps(event(i, hour)) for i in range(first, min(first + BATCH, count)) for hour in range(8)]
        (folder / f"{first}-access.jsonl").write_text("\n".join(lines))


def _decide(desk: Desk, count: int, steward: Person, submitter: Person) -> None:
    waiting: list[Draft] = []
    for i in range(count):
        waiting += drafts(i, steward, submitter)
        if len(waiting) >= BATCH:
            desk.ledger.append(waiting)
            waiting = []
    desk.ledger.append(waiting)
