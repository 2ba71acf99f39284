"""What is written and what comes back: drafts, entries, tree heads, and the store that the subjects need.

One entry is one canonical JSON line (restricted RFC 8785 profile)::

    {"payload": {"actor": …, "assurance": "server-attested", "authenticated": …, "body": {…}, "case": …,
                 "expects": 3, "head": {"root": hex, "size": 41}, "key": …, "kind": …, "role": …,
                 "schema": "exeat-statement/1", "sealed": {field: "sha256:…"}, "signed_at": …, "subject": {…}},
     "rec": {"nonce": 128-bit hex, "prev": leaf hash hex of the entry before, "seq": 41, "ts": …},
     "sigs": [{"key_id": …, "sig": base64, "type": "ed25519-dsse" | "webauthn"}]}

``sigs`` holds the signatures of people. A *server-attested* statement has none: the signed tree head that is made
in the same transaction attests it. leaf = SHA-256(0x00 || line) (RFC 6962 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from exeat.model.person import Person

SCHEMA = "exeat-statement/1"
PAYLOAD_TYPE = "application/vnd.exeat.statement+json"
SERVER_ATTESTED = "server-attested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One statement before the log orders it.

    ``case`` groups statements, e.g. ``release:onco-v7-t2``. ``expects`` is the case version the person saw (0 for a
    new case); None takes the current one (facts of the system, and followers in one batch).
    ``key`` makes a repeated click harmless: a key that is already in the log writes nothing.
    ``guards`` names other cases, or this one, and the version that each must have when the transaction begins: what the
    statement stands on must not have changed meanwhile. It is not written.
    ``sealed`` holds personal names and free text in clear: the store puts salted commitments in the log and the
    values in the vault.
    """

    kind: str
    case: str
    actor: str
    role: str
    authenticated: str
    key: str
    expects: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    subject: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, Any] = field(default_factory=dict)
    guards: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement in the log; ``version`` is the version of its case after it (1, 2, …)."""

    seq: int
    ts: datetime
    kind: str
    case: str
    version: int
    actor: str
    role: str
    authenticated: str
    body: Mapping[str, Any]
    subject: Mapping[str, str]
    sealed: Mapping[str, str]
    line: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A signed tree head: ``note`` is the C2SP tlog-checkpoint text."""

    size: int
    root: bytes
    note: str


class LedgerStore(Protocol):
    """The log as the subjects see it. There is no other write path than ``append`` (and ``erase`` in the vault)."""

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Write all drafts in one transaction and sign the new tree head; all or nothing.

        A draft whose ``key`` is in the log already returns that entry and writes nothing. Raises Stale when
        ``expects`` is not the current version of the case, or a guarded case is not at the version named.
        """
        ...

    def size(self) -> int:
        """Return the number of entries."""
        ...

    def entries(self, after: int = -1, limit: int | None = None) -> Iterator[Entry]:
        """Yield entries with seq > after, in order."""
        ...

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise NotFound."""
        ...

    def case(self, case: str) -> list[Entry]:
        """Return all entries of a case in order (empty when there are none)."""
        ...

    def head(self) -> TreeHead | None:
        """Return the latest signed tree head."""
        ...

    def opened(self, entries: Sequence[Entry]) -> dict[str, Any]:
        """Return commitment -> value for every sealed field of the entries that is not erased."""
        ...

    def erase(self, seq: int, field_name: str, by: Person, reason_code: str) -> Entry:
        """Delete salt and value of one sealed field and record ``redaction.recorded``."""
        ...
