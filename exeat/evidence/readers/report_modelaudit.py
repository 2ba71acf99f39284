"""modelaudit JSON. It hashes what it scans: a scan of another file than the binding names is refused.

Source: promptfoo/modelaudit 0.2.54, run on the sample checkpoints. Its warnings come on healthy files as well and are
suspicions here; an incomplete analysis assessed nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exeat.evidence.readers import report_values as values
from exeat.evidence.readers.report_scan import MAX_FINDINGS, Scanned, check_digests, converted
from exeat.evidence.readers.report_shape import Converted, ReportReader
from exeat.model.tier import Access

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek

MARKS = frozenset({"bytes_scanned", "issues", "checks", "scanner_names", "file_metadata"})


def _recognises(peek: Peek) -> bool:
    return isinstance(peek.json, dict) and peek.json.keys() >= MARKS


def _read(foreign: Foreign) -> Converted:
    given = values.table(foreign.peek.json)
    files = [values.table(one, "$.file_metadata") for one in values.table(given["file_metadata"]).values()]
    hashes = [values.table(one.get("file_hashes") or {}, "$.file_metadata").get("sha256") for one in files]
    check_digests(foreign, [one for one in hashes if one is not None])
    issues = [values.table(one, "$.issues") for one in values.entries(given["issues"], "$.issues", MAX_FINDINGS)]
    grave = tuple(_words(one) for one in issues if values.text(one, "severity") in {"critical", "error"})
    light = tuple(_words(one) for one in issues if values.text(one, "severity") == "warning")
    return converted(foreign, Scanned("modelaudit", grave, light, _blind(given, files), date=_date(given)))


def _words(issue: dict[str, Any]) -> str:
    return values.text(issue, "message") or "an issue without message"


def _blind(given: dict[str, Any], files: list[dict[str, Any]]) -> str:
    if not given["scanner_names"] or not given["bytes_scanned"] or not files:
        return "modelaudit had no scanner for the file"
    if given.get("has_errors") is not False or given.get("success") is not True:
        return "modelaudit did not finish"
    partial = ("analysis_incomplete", "parsing_failed", "import_references_truncated")
    if any(one.get(name) for one in files for name in partial):
        return "modelaudit could not analyse the whole file"
    if any(one.get("scan_outcome") not in {None, "complete", "clean"} for one in files):
        return "modelaudit calls its scan inconclusive"
    return ""


def _date(given: dict[str, Any]) -> datetime | None:
    seconds = values.number(given, "start_time")
    if seconds is None or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


READER = ReportReader("modelaudit", "a modelaudit result", "modelaudit", Access.WHITE_BOX, _recognises, _read)
