"""fickling: JSON of ``--check-safety``, or its text when it failed to parse, which assesses nothing.

Source: trailofbits/fickling 0.1.12, run on the sample checkpoints. It calls healthy torch files LIKELY_UNSAFE, and
broken ones too; only what it calls malicious counts as unsafe here, the rest are suspicions.
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

MARKS = frozenset({"severity", "analysis", "detailed_results"})
MALICIOUS = frozenset({"LIKELY_OVERTLY_MALICIOUS", "OVERTLY_MALICIOUS"})
SAFE = "LIKELY_SAFE"
_FAILED = b"Fickling failed to parse this pickle file"
MAX_BYTES = 2**20


def _recognises(peek: Peek) -> bool:
    if peek.whole and peek.size <= MAX_BYTES and peek.data.startswith(_FAILED):
        return True
    return isinstance(peek.json, dict) and peek.json.keys() >= MARKS


def _read(foreign: Foreign) -> Converted:
    if foreign.peek.data.startswith(_FAILED):
        return converted(foreign, Scanned("fickling", blind="fickling failed to parse the file"))
    given = values.table(foreign.peek.json)
    severity = values.text(given, "severity")
    found = _findings(given)
    if severity in MALICIOUS:
        return converted(foreign, Scanned("fickling", found or (severity,)))
    if severity == SAFE and not found:
        return converted(foreign, Scanned("fickling"))
    if not found:
        return converted(foreign, Scanned("fickling", blind="fickling could not follow the whole file"))
    words = severity.replace("_", " ").lower()
    return converted(foreign, Scanned("fickling", (), found, f"fickling calls it {words}, as it does healthy files"))


def _findings(given: dict[str, Any]) -> tuple[str, ...]:
    results = values.table(given.get("detailed_results") or {}, "$.detailed_results")
    listed = results.get("AnalysisResult") or {}
    found = values.table(listed, "$.detailed_results.AnalysisResult")
    return tuple(f"{name[:60]}: {str(text)[:100]}" for name, text in list(found.items())[:MAX_FINDINGS])


READER = ReportReader("fickling", "a fickling result", "fickling", Access.WHITE_BOX, _recognises, _read)
