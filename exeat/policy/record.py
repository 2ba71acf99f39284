"""An assessment as plain JSON values: decimals as text, no floats, enums as their words."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from exeat.policy.finding import Verdict
from exeat.policy.sentence import answer

if TYPE_CHECKING:
    from exeat.policy.finding import Assessment


def as_record(assessment: Assessment) -> dict[str, Any]:
    """Return the answer, the counts and every finding; what ``exeat assess --json`` prints."""
    return {
        "answer": answer(assessment),
        "passes": assessment.passes,
        "counts": {verdict.value: assessment.count(verdict) for verdict in Verdict},
        "tier": assessment.tier.value,
        "as_of": assessment.as_of.isoformat(),
        "policy_sha256": assessment.policy_sha256,
        "manifest_sha256": assessment.manifest_sha256,
        "report_sha256s": list(assessment.report_sha256s),
        "findings": [_plain(finding) | {"barrier": finding.barrier.value} for finding in assessment.findings],
        "questions": [{"id": item.id, "gate": item.gate, "question": item.question} for item in assessment.questions],
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {name: part for name, part in parts.items() if part is not None}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
