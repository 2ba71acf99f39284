"""modelscan JSON. ``total_scanned`` 0 means that nothing was looked at, whatever else the report says.

Source: protectai/modelscan 0.8.8, run on the sample checkpoints; modelscan issues 218, 250 and 290.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.readers import report_values as values
from exeat.evidence.readers.report_scan import MAX_FINDINGS, Scanned, converted
from exeat.evidence.readers.report_shape import Converted, ReportReader
from exeat.model.tier import Access

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek

_GRAVE = frozenset({"HIGH", "CRITICAL"})


def _recognises(peek: Peek) -> bool:
    summary = peek.json.get("summary") if isinstance(peek.json, dict) else None
    return isinstance(summary, dict) and "modelscan_version" in summary


def _read(foreign: Foreign) -> Converted:
    given = values.table(foreign.peek.json)
    summary = values.table(given["summary"], "$.summary")
    issues = values.entries(given.get("issues", []), "$.issues", MAX_FINDINGS)
    tables = [values.table(issue, f"$.issues[{i}]") for i, issue in enumerate(issues)]
    grave = tuple(_words(one) for one in tables if values.text(one, "severity").upper() in _GRAVE)
    light = tuple(_words(one) for one in tables if values.text(one, "severity").upper() not in _GRAVE)
    claimed = _total(summary)
    if not tables and claimed:
        grave = (f"{claimed} issues are counted and none is listed",)
    return converted(
        foreign,
        Scanned(
            "modelscan",
            grave,
            light,
            _blind(given, summary),
            values.text(summary, "modelscan_version"),
            values.moment(summary, "timestamp"),
        ),
    )


def _words(issue: dict[str, Any]) -> str:
    return values.text(issue, "description") or "an issue without description"


def _total(summary: dict[str, Any]) -> int:
    return values.count(summary, "total_issues", "$.summary") if "total_issues" in summary else 0


def _blind(given: dict[str, Any], summary: dict[str, Any]) -> str:
    scanned = values.table(summary.get("scanned") or {}, "$.summary.scanned")
    if "total_scanned" not in scanned or values.count(scanned, "total_scanned", "$.summary.scanned") == 0:
        return "modelscan scanned no file (total_scanned is 0)"
    errors = values.entries(given.get("errors") or [], "$.errors", MAX_FINDINGS)
    if errors:
        return f"modelscan stopped on {len(errors):,} error{'s' if len(errors) > 1 else ''}"
    skipped = values.table(summary.get("skipped") or {}, "$.summary.skipped")
    if skipped.get("total_skipped"):
        return f"modelscan skipped {str(skipped['total_skipped'])[:20]} files"
    return ""


READER = ReportReader("modelscan", "a modelscan result", "modelscan", Access.WHITE_BOX, _recognises, _read)
