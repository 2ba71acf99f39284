"""From a draft to the line in the log, and from the line back to an entry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from exeat.errors import BadInput, Tampered
from exeat.ledger.canonical import canonical
from exeat.ledger.statement import SCHEMA, SERVER_ATTESTED, Draft, Entry
from exeat.ledger.tree import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

GENESIS = "genesis"
REDACTION = "redaction.recorded"
LOG_CASE = "log"
NO_PREV = b"\x00" * 32
MAX_LINE = 1 << 20
"""Longest entry, and longest sealed value, in bytes."""
SALT_BYTES = 16
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_ID = re.compile(r"[^\x00-\x1f\x7f]{1,500}")


class Opening(NamedTuple):
    """What opens one commitment."""

    field: str
    salt: bytes
    value: bytes


class Built(NamedTuple):
    """One line ready to be written, with what the vault keeps."""

    line: bytes
    leaf: bytes
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where the log puts a draft: number, leaf before, time, case version before, tree head before."""

    seq: int
    prev: bytes
    ts: str
    signed_at: str
    expects: int
    head: Mapping[str, Any]


def stamp(moment: datetime) -> str:
    """Return a time as the log writes it: UTC, six digits, ``Z``; such texts sort as time does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def commitment(salt: bytes, value: bytes) -> str:
    """Return the commitment to canonical bytes: ``sha256:`` of salt || value.

    The salt has a fixed length, so that no byte of the value can be passed off as salt; raises ValueError.
    """
    if len(salt) != SALT_BYTES:
        msg = f"a salt has {SALT_BYTES} bytes"
        raise ValueError(msg)
    return "sha256:" + sha256(salt + value).hexdigest()


def redaction_key(seq: int, field: str) -> str:
    """Return the idempotency key of an erasure; the database guard of the vault asks for exactly this key."""
    return f"{REDACTION}:{seq}:{field}"


def check_draft(draft: Draft) -> None:
    """Raise BadInput when the draft cannot become a statement."""
    if not _KIND.fullmatch(draft.kind):
        raise BadInput(f"{draft.kind[:60]!r} is not a kind of statement.", "Use lower-case words with dots.")
    for name in ("case", "actor", "role", "authenticated", "key"):
        value = getattr(draft, name)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise BadInput(f"The {name} of a statement is missing, too long or not one line.", place=f"$.{name}")
    if draft.expects is not None and (type(draft.expects) is not int or draft.expects < 0):
        raise BadInput("The expected version of a case is a whole number.", place="$.expects")
    if not all(isinstance(value, str) for value in draft.subject.values()):
        raise BadInput("The subject of a statement names digests and ids as text.", place="$.subject")


def build(draft: Draft, at: Position) -> Built:
    """Return the canonical line of the draft at its place; raise BadInput when it is outside the profile."""
    openings = tuple(_seal(name, value) for name, value in draft.sealed.items())
    payload = {
        "actor": draft.actor,
        "assurance": SERVER_ATTESTED,
        "authenticated": draft.authenticated,
        "body": dict(draft.body),
        "case": draft.case,
        "expects": at.expects,
        "head": at.head,
        "key": draft.key,
        "kind": draft.kind,
        "role": draft.role,
        "schema": SCHEMA,
        "sealed": {opening.field: commitment(opening.salt, opening.value) for opening in openings},
        "signed_at": at.signed_at,
        "subject": dict(draft.subject),
    }
    rec = {"nonce": token_hex(16), "prev": at.prev.hex(), "seq": at.seq, "ts": at.ts}
    line = canonical({"payload": payload, "rec": rec, "sigs": []})
    if len(line) > MAX_LINE:
        raise BadInput("The statement is longer than 1 MiB.", "Keep documents as evidence and name their digest.")
    return Built(line, leaf_hash(line), openings)


def _seal(field: str, value: object) -> Opening:
    data = canonical(value)
    if len(data) > MAX_LINE:
        raise BadInput("A sealed text is longer than 1 MiB.", "Shorten it.", place=f"$.sealed.{field}")
    return Opening(field, token_bytes(16), data)


def read_entry(seq: int, leaf: bytes, line: bytes) -> Entry:
    """Return the entry that a stored line holds; raise Tampered when line and leaf do not belong together."""
    if leaf_hash(line) != leaf:
        raise Tampered(f"Entry {seq} was changed after it was written.", "Run: exeat ledger verify", seq=seq)
    return entry_of(line, leaf)


def entry_of(line: bytes, leaf: bytes) -> Entry:
    """Return the entry that a line of ours holds."""
    record = orjson.loads(line)
    payload, rec = record["payload"], record["rec"]
    return Entry(
        seq=rec["seq"],
        ts=datetime.fromisoformat(rec["ts"]),
        kind=payload["kind"],
        case=payload["case"],
        version=payload["expects"] + 1,
        actor=payload["actor"],
        role=payload["role"],
        authenticated=payload["authenticated"],
        body=payload["body"],
        subject=payload["subject"],
        sealed=payload["sealed"],
        line=line,
        leaf=leaf,
    )
