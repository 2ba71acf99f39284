"""Ledgers and drafts for tests: keyword-only, plain defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exeat.ledger.note import parse_skey
from exeat.ledger.statement import Draft
from exeat.model.person import Person, Role
from exeat.storage.ledger_sql import SqlLedger

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "test.example/log"
KEY = parse_skey("PRIVATE+KEY+test.example/log+20a075ea+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
CUSTODIAN = Person("custodian-1", "Cus Todian", frozenset({Role.CUSTODIAN}))
STEWARD = Person("steward-1", "Stew Ard", frozenset({Role.STEWARD}))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make_draft(*, number: int = 0, case: str = "release:onco", **changes: Any) -> Draft:
    """A review with a rationale; ``number`` makes its key."""
    fields: dict[str, Any] = {
        "kind": "review.recorded",
        "case": case,
        "actor": "steward-1",
        "role": "steward",
        "authenticated": "demo",
        "key": f"key-{number}",
        "body": {"round": 1, "votes": [{"component": "weights", "vote": "approve"}]},
        "subject": {"manifest": "sha256:" + "ab" * 32},
    }
    return Draft(**(fields | changes))


def open_ledger(url: str, *, clock: Callable[[], datetime] | None = None, key: Any = KEY) -> SqlLedger:
    return SqlLedger(url, origin=key.name, key=key, **({"clock": clock} if clock else {}))


def fill(ledger: SqlLedger, *, batches: int = 6, of: int = 4) -> None:
    """Batches of statements on a few cases; every second one seals a rationale."""
    for batch in range(batches):
        ledger.append(
            [
                make_draft(
                    number=batch * of + place,
                    case=f"release:r{place % 3}",
                    sealed={} if place % 2 else {"rationale": f"Because of näme {batch}.", "name": "Ada"},
                )
                for place in range(of)
            ]
        )
