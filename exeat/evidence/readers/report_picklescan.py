"""picklescan text. A file that it could not parse counts as scanned in its summary and was not assessed.

Source: mmaitre314/picklescan 1.0.5, run on the sample checkpoints (it writes no JSON).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers.report_scan import MAX_FINDINGS, Scanned, converted
from exeat.evidence.readers.report_shape import Converted, ReportReader
from exeat.model.tier import Access

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek

_SUMMARY = b"SCAN SUMMARY"
_COUNT = re.compile(r"(Scanned files|Infected files|Suspicious globals|Dangerous globals): ([0-9]{1,9})")
_GLOBAL = re.compile(r" {0,4}\* (\S{1,200}) - (innocuous|suspicious|dangerous)")
_TROUBLE = ("WARNING:", "ERROR:")
MAX_BYTES = 2**20


def _recognises(peek: Peek) -> bool:
    return peek.whole and peek.size <= MAX_BYTES and _SUMMARY in peek.data and b"Dangerous globals:" in peek.data


def _read(foreign: Foreign) -> Converted:
    lines = (foreign.peek.text or "").splitlines()[:MAX_FINDINGS]
    counts = {match[1]: int(match[2]) for line in lines if (match := _COUNT.fullmatch(line.strip()))}
    if counts.keys() != {"Scanned files", "Infected files", "Suspicious globals", "Dangerous globals"}:
        raise BadInput("The summary of picklescan lacks some of its counts.", "Run picklescan -g again.")
    found = [match for line in lines if (match := _GLOBAL.fullmatch(line.rstrip()))]
    dangerous = tuple(one[1] for one in found if one[2] == "dangerous")
    suspicious = tuple(one[1] for one in found if one[2] == "suspicious")
    if not dangerous and (counts["Dangerous globals"] or counts["Infected files"]):
        dangerous = (f"{counts['Dangerous globals']:,} dangerous globals in {counts['Infected files']:,} files",)
    if not suspicious and counts["Suspicious globals"]:
        suspicious = ("unaudited global",) * min(counts["Suspicious globals"], MAX_FINDINGS)
    return converted(foreign, Scanned("picklescan", dangerous, suspicious, _blind(lines, counts)))


def _blind(lines: list[str], counts: dict[str, int]) -> str:
    if not counts["Scanned files"]:
        return "picklescan scanned no file"
    trouble = [line for line in lines if line.lstrip().startswith(_TROUBLE)]
    return f"picklescan could not parse {len(trouble):,} of what it was given" if trouble else ""


READER = ReportReader(
    "picklescan",
    "a picklescan result",
    "picklescan",
    Access.WHITE_BOX,
    _recognises,
    _read,
    media_type="text/plain",
)
