"""What is stored, and the exact shape of a server-attested statement (whole lists compare far faster than rows)."""

from __future__ import annotations

from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.ledger.canonical import MAX_DEPTH, in_profile
from exeat.ledger.statement import SCHEMA, SERVER_ATTESTED

if TYPE_CHECKING:
    from collections.abc import Sequence

PAYLOAD, REC, SIGS = map(itemgetter, ("payload", "rec", "sigs"))
PLACE, NONCE = itemgetter("seq", "prev", "ts"), itemgetter("nonce")
COLUMNS = itemgetter("kind", "case", "actor", "key", "schema", "assurance")
BODY, HEAD, SEALED, SUBJECT = map(itemgetter, ("body", "head", "sealed", "subject"))
EXPECTS, TEXTS = itemgetter("expects"), itemgetter("role", "authenticated", "signed_at")
_PARTS, _PLACE_PARTS, _PAYLOAD_PARTS = 3, 4, 14
"""How many members each object has: all of them are asked for by name above, so that none is missing or unknown."""
STAMP_LENGTH = len("2026-11-23T21:59:12.345678Z")
_NONCE_LENGTH = 32
_SCALARS = {str, int, bool, type(None)}


class HeadRow(NamedTuple):
    """One tree head as stored."""

    size: int
    root: bytes
    note: str


class VaultItem(NamedTuple):
    """One sealed value as stored."""

    seq: int
    field: str
    salt: bytes
    value: bytes


def columns(*stored: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return what COLUMNS must give for these stored kinds, cases, actors and keys."""
    return list(zip(*stored, repeat(SCHEMA), repeat(SERVER_ATTESTED), strict=False))


def shaped(records: Sequence[Any], recs: Sequence[Any], payloads: Sequence[Any]) -> bool:
    """Return whether every record has exactly the parts of a server-attested statement, of the right types."""
    nonces = list(map(NONCE, recs))
    return (
        set(map(len, records)) == {_PARTS}
        and set(map(len, recs)) == {_PLACE_PARTS}
        and set(map(len, payloads)) == {_PAYLOAD_PARTS}
        and list(map(SIGS, records)) == [[]] * len(records)
        and {type(rec["seq"]) for rec in recs} | set(map(type, map(EXPECTS, payloads))) == {int}
        and set(map(type, chain.from_iterable(map(TEXTS, payloads)))) == {str}
        and _types(SUBJECT, payloads) | _types(SEALED, payloads) <= {str}
        and set(map(len, nonces)) == {_NONCE_LENGTH}
        and len(bytes.fromhex("".join(nonces))) * 2 == _NONCE_LENGTH * len(nonces)
        and (_types(BODY, payloads) <= _SCALARS or all(in_profile(body, MAX_DEPTH - 2) for body in map(BODY, payloads)))
    )


def _types(part: itemgetter[str], payloads: Sequence[Any]) -> set[type]:
    """Return the types of all values of one part; the parser and OPT_STRICT_INTEGER have bounded the integers."""
    return set(map(type, chain.from_iterable(map(dict.values, map(part, payloads)))))
