"""What evidence needs from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from exeat.evidence.intake import RejectRecord


class AddResult(NamedTuple):
    """How many events were new, and how many the store had already."""

    added: int
    duplicates: int
    days: tuple[date, ...]


class Objects(Protocol):
    """Bytes under their SHA-256, and the tray of rejects."""

    def put(self, data: bytes, digest: str | None = None) -> str:
        """Keep the bytes and return their digest; ``digest`` saves hashing twice when the caller just did."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes; raise NotFound, or Tampered when they do not match the digest."""
        ...

    def has(self, digest: str) -> bool:
        """Return whether the bytes are here."""
        ...

    def flush(self) -> None:
        """Make everything put so far durable."""
        ...

    def put_reject(self, record: RejectRecord, data: bytes) -> None:
        """Keep a reject: its record and (capped) bytes; the first record of an id stays."""
        ...

    def settle(self, record: RejectRecord, at: datetime) -> None:
        """Mark a reject as settled: its bytes were taken in after all."""
        ...

    def rejects(self) -> list[RejectRecord]:
        """Return all rejects, oldest first."""
        ...


class AccessEvents(Protocol):
    """Canonical access events by day."""

    def add(self, events: Sequence[Any]) -> AddResult:
        """Store new events; those with a known (source, source_event_id) are counted, not stored."""
        ...

    def day_digests(self) -> dict[date, str]:
        """Return for each stored day the digest over its files."""
        ...
