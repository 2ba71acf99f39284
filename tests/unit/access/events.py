"""Access events for tests: keyword-only, with plain defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from exeat.model.access_event import AccessEvent

MONDAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def event(number: int, **changes: Any) -> AccessEvent:
    return AccessEvent.model_validate(
        {
            "schema": "exeat-access-event/1",
            "ts": MONDAY,
            "source": "gateway",
            "source_event_id": f"e{number}",
            "principal": "ada",
            "role": "reader",
            "checkpoint_id": "onco-v1",
            "lineage_id": "onco",
            "component": "weights",
            "tier": 2,
            "action": "read",
            "bytes": 1000,
            "outcome": "ok",
            "simulated": True,
        }
        | changes
    )
