"""The tables of the warehouse as data: names, columns, types. All times are UTC without zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ARROW: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
}


def _columns(text: str) -> dict[str, str]:
    """Read ``name TYPE, …``; a name without a type is text."""
    parts = [part.split() for part in text.replace("\n", " ").split(",")]
    return {part[0]: (part[1] if len(part) > 1 else "VARCHAR") for part in parts}


TABLES: Mapping[str, Mapping[str, str]] = {
    "checkpoint": _columns(
        """checkpoint_id, title, run_family, version, supersedes, org, purpose, task, architecture,
        n_parameters BIGINT, data_sources VARCHAR[], regime, protection, dp_epsilon DOUBLE, created_at TIMESTAMP,
        intended_tier, contact, custodian, manifest_sha256, retain_until DATE, seq BIGINT"""
    ),
    "component": _columns(
        """checkpoint_id, manifest_sha256, component_id, kind, path, format, bytes BIGINT, sha256,
        sensitivity INTEGER, disposition"""
    ),
    "metric": _columns(
        """checkpoint_id, metric_id, value DOUBLE, unit, ci_low DOUBLE, ci_high DOUBLE, split, regime, subgroup,
        n BIGINT"""
    ),
    "report": _columns(
        """report_id, report_sha256, checkpoint_id, producer, producer_version, supersedes, reported_at TIMESTAMP,
        seq BIGINT"""
    ),
    "measurement": _columns(
        """checkpoint_id, report_id, report_sha256, place INTEGER, producer, producer_version, indicator_id, status,
        reason, value DOUBLE, unit, direction, ci_low DOUBLE, ci_high DOUBLE, ci_level DOUBLE, ci_method, fpr DOUBLE,
        n_in BIGINT, n_out BIGINT, n_events BIGINT, method, access, split, regime, subgroup, baseline_value DOUBLE,
        reported_at TIMESTAMP, seq BIGINT"""
    ),
    "release_state": _columns(
        """release_id, title, checkpoint_id, manifest_sha256, tier, recipients, until DATE, submitter, state,
        live BOOLEAN, turn, round INTEGER, case_version INTEGER, submitted_at TIMESTAMP, updated_at TIMESTAMP,
        n_fail INTEGER, n_not_measured INTEGER, n_warn INTEGER, n_pass INTEGER, n_blocking INTEGER,
        n_conditional INTEGER, reviews_in INTEGER, reviewers VARCHAR[], reviewed_by VARCHAR[], barred VARCHAR[],
        open BOOLEAN,
        decided_at TIMESTAMP, decision_seq BIGINT, risk"""
    ),
    "judgement": _columns(
        """report_sha256, place INTEGER, label, family, verdict, max_value DOUBLE, fails_at DOUBLE, why,
        resolved BOOLEAN"""
    ),
    "in_force": _columns("policy_sha256, reviewers_needed INTEGER, review_due_days INTEGER, seq BIGINT"),
    "release_part": _columns("release_id, manifest_sha256, component_id, proposed, decided, until DATE"),
    "statement": _columns("seq BIGINT, ts TIMESTAMP, kind, case_id, version INTEGER, actor, role, authenticated, leaf"),
    "intake": _columns("seq BIGINT, ts TIMESTAMP, kind, subject_id, sha256, actor"),
    "unreadable": _columns("seq BIGINT, kind, sha256, headline"),
    "access_event": _columns(
        """ts TIMESTAMP, source, source_event_id, principal, principal_kind, role, client_ip, user_agent,
        checkpoint_id, lineage_id, version, component, tier INTEGER, path, action, bytes BIGINT, outcome, status,
        agreement_id, agreement_source, simulated BOOLEAN, day DATE, file VARCHAR"""
    ),
}
"""``unreadable`` names documents that the ledger knows and the evidence store cannot give (lost or changed)."""

VIEWS: Mapping[str, str] = {
    "indicator": """SELECT m.checkpoint_id, m.report_id, m.report_sha256, m.producer, m.producer_version,
        m.indicator_id,
        CASE WHEN j.resolved THEN m.status ELSE 'not_measured' END AS status,
        CASE WHEN j.verdict = 'no_limit' THEN '' ELSE coalesce(nullif(j.why, ''), m.reason) END AS reason,
        m.unit, m.direction, m.ci_level, m.ci_method, m.fpr, m.n_in,
        m.n_out, m.method, m.access, m.split, m.regime, m.subgroup, m.baseline_value, m.reported_at, m.seq,
        CASE WHEN j.resolved THEN m.value END AS value, CASE WHEN j.resolved THEN m.ci_low END AS ci_low,
        CASE WHEN j.resolved THEN m.ci_high END AS ci_high, CASE WHEN j.resolved THEN m.n_events END AS n_events,
        c.run_family, c.version, s.supersedes IS NOT NULL AS superseded, j.label, j.family, j.verdict, j.max_value,
        j.fails_at
        FROM measurement m
        JOIN judgement j ON j.report_sha256 = m.report_sha256 AND j.place = m.place
        LEFT JOIN checkpoint c USING (checkpoint_id)
        LEFT JOIN (SELECT DISTINCT checkpoint_id, supersedes FROM report WHERE supersedes IS NOT NULL) s
        ON s.checkpoint_id = m.checkpoint_id AND s.supersedes = m.report_id""",
    "release": """SELECT r.*, c.run_family, c.version AS ckpt_version, f.reviewers_needed,
        CASE WHEN r.open THEN r.submitted_at + to_days(f.review_due_days) END AS due_at
        FROM release_state r
        LEFT JOIN checkpoint c USING (checkpoint_id)
        LEFT JOIN (SELECT * FROM in_force ORDER BY seq DESC LIMIT 1) f ON true""",
    "release_component": """SELECT p.release_id, p.component_id, c.kind, p.proposed, p.decided, p.until, c.bytes
        FROM release_part p
        LEFT JOIN component c ON c.manifest_sha256 = p.manifest_sha256 AND c.component_id = p.component_id""",
}
"""What pages read beside the tables. Joined when read, so that it never matters which document came first.

``indicator`` is a figure as the policy judges it for the checkpoint's intended tier; a rate that its sample cannot
resolve has no value there.
"""


def create_statements() -> list[str]:
    """Return the statements that make an empty warehouse."""
    tables = [
        f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
        for name, columns in TABLES.items()
    ]
    return [*tables, *(f"CREATE VIEW {name} AS {query}" for name, query in VIEWS.items())]


def arrow_schema(name: str) -> pa.Schema:
    """Return the columns of the table as Arrow types."""
    return pa.schema([(column, _ARROW[kind]) for column, kind in TABLES[name].items()])


def arrow_table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the rows as one Arrow table with exactly the columns of the table; absent cells are null."""
    schema = arrow_schema(name)
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)
