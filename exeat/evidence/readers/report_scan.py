"""What a scanner of model files says, in three words: unsafe, nothing found, not assessed.

A scan that looked at nothing, stopped, or could not parse a file assessed nothing; it is never clean. And a clean scan
by a block-list never makes up for an inspection of our own: see checklist M4.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.readers.report_shape import Converted

if TYPE_CHECKING:
    from datetime import datetime

    from exeat.evidence.readers.report_shape import Foreign
    from exeat.model.risk_report import Indicator

MAX_FINDINGS = 10_000
NOTE = "A scanner with a block-list: finding nothing is no proof that the file is safe to load."


class Scanned(NamedTuple):
    """The findings that are unsafe and those that are suspicious, in words, and why the scan assessed nothing.

    ``blind`` empty means that it looked at everything it was given.
    """

    tool: str
    unsafe: tuple[str, ...] = ()
    suspicious: tuple[str, ...] = ()
    blind: str = ""
    version: str = ""
    date: datetime | None = None


def converted(foreign: Foreign, scanned: Scanned) -> Converted:
    """Return the flag ``scan.<tool>`` (1 unsafe, 0 nothing found) and the number of suspicions."""
    found = [_flag(foreign, scanned)]
    if scanned.suspicious:
        found.append(
            foreign.figure(
                f"scan.{scanned.tool}.suspicions",
                unit="count",
                value=Decimal(len(scanned.suspicious)),
                bound_note=_first(scanned.suspicious),
                split="files",
            )
        )
    return Converted(found, version=scanned.version, date=scanned.date, notes=NOTE)


def _flag(foreign: Foreign, scanned: Scanned) -> Indicator:
    indicator_id = f"scan.{scanned.tool}"
    if scanned.unsafe:
        note = _first(scanned.unsafe)
        return foreign.figure(indicator_id, unit="flag", value=Decimal(1), bound_note=note, split="files")
    if scanned.blind:
        return foreign.not_measured(indicator_id, f"not assessed: {scanned.blind}", unit="flag", split="files")
    return foreign.figure(indicator_id, unit="flag", value=Decimal(0), bound_note=NOTE.rstrip("."), split="files")


def _first(findings: tuple[str, ...]) -> str:
    shown = "; ".join(one[:120] for one in findings[:3])
    return shown if len(findings) <= 3 else f"{shown}; and {len(findings) - 3:,} more"  # noqa: PLR2004 three are shown


def check_digests(foreign: Foreign, seen: list[Any]) -> None:
    """Refuse a scan that says the digest of what it looked at when that is not a file of the binding."""
    bound = foreign.bound.binding.component_sha256
    for digest in seen:
        named = isinstance(digest, str) and f"sha256:{digest.lower()}" in bound
        if not named:
            raise BadInput(
                f"The scan looked at a file with sha256 {str(digest)[:64]}, which the binding does not name.",
                "Scan the file of the checkpoint, or correct component_sha256 in the binding.",
            )
