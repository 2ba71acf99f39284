"""What intake reads and what it reports: one source, what became of it, and the record of a reject."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from exeat.errors import BadInput

KEPT_BYTES = 8 * 2**20 + 1
"""How much of a rejected file is kept; one byte more than the largest document, so that the cut shows."""


@dataclass(slots=True)
class Source:
    """One file or upload as read; ``data`` is all of it, or None when it stays on disk at ``path``.

    ``head`` holds at least the first KEPT_BYTES, or all of it.
    """

    name: str
    size: int
    sha256: str
    head: bytes
    data: bytes | None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing taken in (or known already): file name, kind, digest, and what it is about."""

    name: str
    kind: str
    sha256: str
    subject_id: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRecord:
    """Why something was not taken in; ``bytes`` and ``sha256`` describe the whole of it, kept or not.

    ``settled`` is when the same bytes were taken in after all, or empty.
    """

    id: str
    at: str
    name: str
    sha256: str
    kind: str
    place: str
    reason: str
    what_to_do: str
    bytes: int
    settled: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that intake left alone on purpose."""

    name: str
    reason: str


@dataclass(slots=True)
class IntakeResult:
    """What became of every file of one ingest."""

    accepted: list[Item] = field(default_factory=list)
    known: list[Item] = field(default_factory=list)
    rejected: list[RejectRecord] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many were accepted, known, rejected and skipped."""
        return {name: len(getattr(self, name)) for name in ("accepted", "known", "rejected", "skipped")}

    @property
    def sentence(self) -> str:
        """Return the outcome in one sentence."""
        words = ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
        return f"Intake: {words or 'nothing found'}."


def reject_record(source: Source, error: BadInput, *, at: datetime, kind: str = "") -> RejectRecord:
    """Describe a refusal; the same file refused at the same place for the same reason has the same id."""
    parts = (source.name, source.sha256, error.place, error.headline)
    identity = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
    return RejectRecord(
        id=identity[:32],
        at=at.isoformat(),
        name=source.name,
        sha256=source.sha256,
        kind=kind,
        place=error.place,
        reason=error.headline,
        what_to_do=error.what_to_do,
        bytes=source.size,
    )
