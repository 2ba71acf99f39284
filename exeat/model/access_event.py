"""The canonical access event: one read, list, query, write or delete of protected material."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exeat.model.base import Document, Line, Moment

Action = Literal["read", "list", "head", "query", "write", "delete", "admin"]
Outcome = Literal["ok", "denied", "notfound", "error"]
Text300 = Annotated[str, Field(max_length=300)]


class AccessEvent(Document):
    """One access; ``bytes`` moved in bytes, ``tier`` 0–5, ``ts`` in UTC. Field list: docs/schemas.md."""

    schema_: Annotated[Literal["exeat-access-event/1"], Field(alias="schema")]
    ts: Moment
    source: Line
    source_event_id: Line
    principal: Line
    principal_kind: Literal["human", "service", "unknown"] = "unknown"
    role: Text300 | None = None
    client_ip: Text300 | None = None
    user_agent: Text300 | None = None
    checkpoint_id: Text300 | None = None
    lineage_id: Text300 | None = None
    version: Text300 | None = None
    component: Text300 | None = None
    tier: Annotated[int, Field(ge=0, le=5)] | None = None
    path: Text300 | None = None
    action: Action
    bytes: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    outcome: Outcome
    status: Text300 | None = None
    agreement_id: Text300 | None = None
    agreement_source: Literal["header", "query", "tag", "joined", "none"] = "none"
    simulated: bool = False
