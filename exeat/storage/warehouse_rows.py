"""Documents and entries as rows of the warehouse: pure, one function per table. Per-record scores are never read."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from exeat.ledger.statement import Entry
    from exeat.model.manifest import Manifest
    from exeat.model.risk_report import RiskReport

Row = dict[str, Any]


def utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC without its zone, as the warehouse keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def number(value: Decimal | None) -> float | None:
    """Return the decimal for display; decisions never read the warehouse."""
    return None if value is None else float(value)


def statement_row(entry: Entry) -> Row:
    """Return one entry without body: what the ledger page lists."""
    return {
        "seq": entry.seq,
        "ts": utc(entry.ts),
        "kind": entry.kind,
        "case_id": entry.case,
        "version": entry.version,
        "actor": entry.actor,
        "role": entry.role,
        "authenticated": entry.authenticated,
        "leaf": entry.leaf.hex(),
    }


_CAME_IN = {
    "checkpoint.registered": ("manifest", "manifest"),
    "component.inspected": ("inspection", "inspection"),
    "component.minimised": ("minimisation", "minimised file"),
    "report.attached": ("report", "risk report"),
    "release.drafted": ("proposal", "release proposal"),
    "policy.proposed": ("policy", "policy"),
    "access.partition_closed": ("partition", "access day"),
}
"""Statement kind -> field of its subject, document as people say it."""


def intake_row(entry: Entry) -> Row | None:
    """Return what came in with this entry, if anything did."""
    if entry.kind not in _CAME_IN:
        return None
    field, title = _CAME_IN[entry.kind]
    digest = entry.subject.get(field) or next(iter(entry.subject.values()), None)
    subject = entry.body.get("report_id") or entry.case.partition(":")[2] or entry.case
    row = {"seq": entry.seq, "ts": utc(entry.ts), "kind": title, "actor": entry.actor}
    return row | {"subject_id": str(subject), "sha256": digest}


def protection_of(manifest: Manifest) -> str:
    """Return the safeguards as one facet value: ``dp sgd`` alone when claimed, else their kinds, else ``none``."""
    kinds = {guard.kind for guard in manifest.safeguards}
    if "dp_sgd" in kinds or (manifest.dp is not None and manifest.dp.claimed):
        return "dp sgd"
    return ", ".join(kind.replace("_", " ") for kind in sorted(kinds)) or "none"


def checkpoint_row(manifest: Manifest, sha256: str, seq: int) -> Row:
    """Return the checkpoint as its newest manifest describes it."""
    dp = manifest.dp
    return {
        "checkpoint_id": manifest.checkpoint_id,
        "title": manifest.title,
        "run_family": manifest.lineage.run_family,
        "version": manifest.lineage.version,
        "supersedes": manifest.lineage.supersedes,
        "org": manifest.org,
        "purpose": manifest.purpose,
        "task": manifest.model.task,
        "architecture": manifest.model.architecture,
        "n_parameters": manifest.model.n_parameters,
        "data_sources": sorted({source.name for source in manifest.data_sources}),
        "regime": " + ".join(sorted({source.regime for source in manifest.data_sources})),
        "protection": protection_of(manifest),
        "dp_epsilon": number(dp.epsilon) if dp is not None and dp.claimed else None,
        "created_at": utc(manifest.created_at),
        "intended_tier": manifest.intended_tier.value,
        "contact": manifest.contact,
        "custodian": manifest.governance.custodian,
        "manifest_sha256": sha256,
        "retain_until": manifest.retention.retain_until,
        "seq": seq,
    }


def component_rows(manifest: Manifest, sha256: str) -> Iterator[Row]:
    """Yield one row per component of this manifest."""
    for part in manifest.components:
        yield {
            "checkpoint_id": manifest.checkpoint_id,
            "manifest_sha256": sha256,
            "component_id": part.id,
            "kind": part.kind.value,
            "path": part.path,
            "format": part.format,
            "bytes": part.bytes,
            "sha256": part.sha256,
            "sensitivity": part.sensitivity,
            "disposition": part.proposed_disposition.value,
        }


def metric_rows(manifest: Manifest) -> Iterator[Row]:
    """Yield one row per utility figure."""
    for metric in manifest.metrics:
        yield {
            "checkpoint_id": manifest.checkpoint_id,
            "metric_id": metric.id,
            "value": number(metric.value),
            "unit": metric.unit,
            "ci_low": number(metric.ci_low),
            "ci_high": number(metric.ci_high),
            "split": metric.split,
            "regime": metric.regime,
            "subgroup": metric.subgroup,
            "n": metric.n,
        }


def report_row(report: RiskReport, sha256: str, seq: int) -> Row:
    """Return the report without its figures."""
    return {
        "report_id": report.report_id,
        "report_sha256": sha256,
        "checkpoint_id": report.subject.checkpoint_id,
        "producer": report.tool.name,
        "producer_version": report.tool.version,
        "supersedes": report.supersedes,
        "reported_at": utc(report.date),
        "seq": seq,
    }


def measurement_rows(report: RiskReport, sha256: str, seq: int) -> Iterator[Row]:
    """Yield one row per indicator of the report."""
    about = report_row(report, sha256, seq)
    del about["supersedes"]
    for place, one in enumerate(report.indicators):
        yield about | {
            "place": place,
            "indicator_id": one.indicator_id,
            "status": one.status,
            "reason": one.reason,
            "value": number(one.value),
            "unit": one.unit,
            "direction": one.direction,
            "ci_low": number(one.ci_low),
            "ci_high": number(one.ci_high),
            "ci_level": number(one.ci_level),
            "ci_method": one.ci_method,
            "fpr": number(one.fpr),
            "n_in": one.n_in,
            "n_out": one.n_out,
            "n_events": one.n_events,
            "method": one.method,
            "access": one.adversary.access.value,
            "split": one.split,
            "regime": one.regime,
            "subgroup": one.subgroup,
            "baseline_value": number(one.baseline_value),
        }
