"""The exact shape of a server-attested statement, asked of many at once (whole lists compare far faster than rows)."""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from typing import Any

from exeat.ledger.canonical import MAX_DEPTH, in_profile
from exeat.ledger.statement import SCHEMA, SERVER_ATTESTED

RECORD_KEYS = ("payload", "rec", "sigs")
REC_KEYS = ("nonce", "prev", "seq", "ts")
PAYLOAD_KEYS = (
    *("actor", "assurance", "authenticated", "body", "case", "expects", "head", "key", "kind", "role"),
    *("schema", "sealed", "signed_at", "subject"),
)
PAYLOAD, REC, SIGS = map(itemgetter, RECORD_KEYS)
PLACE, NONCE = itemgetter("seq", "prev", "ts"), itemgetter("nonce")
COLUMNS, FIXED = itemgetter("kind", "case", "actor", "key"), itemgetter("schema", "assurance")
BODY, HEAD, SEALED, EXPECTS = map(itemgetter, ("body", "head", "sealed", "expects"))
TEXTS, NAMES = itemgetter("role", "authenticated", "signed_at"), itemgetter("subject", "sealed")
STAMP_LENGTH = len("2026-11-23T21:59:12.345678Z")
NONCE_LENGTH = 32


def shaped(records: list[Any], recs: list[Any], payloads: list[Any]) -> bool:
    """Return whether every record has exactly the parts of a server-attested statement, of the right types."""
    named = [value for pair in map(NAMES, payloads) for part in pair for value in part.values()]
    nonces = list(map(NONCE, recs))
    return (
        set(map(tuple, records)) == {RECORD_KEYS}
        and set(map(tuple, recs)) == {REC_KEYS}
        and set(map(tuple, payloads)) == {PAYLOAD_KEYS}
        and set(map(FIXED, payloads)) == {(SCHEMA, SERVER_ATTESTED)}
        and not any(map(SIGS, records))
        and {type(rec["seq"]) for rec in recs} | set(map(type, map(EXPECTS, payloads))) == {int}
        and set(map(type, chain.from_iterable(map(TEXTS, payloads)))) == {str}
        and set(map(type, named)) <= {str}
        and set(map(len, nonces)) == {NONCE_LENGTH}
        and len(bytes.fromhex("".join(nonces))) * 2 == NONCE_LENGTH * len(nonces)
        and all(in_profile(body, MAX_DEPTH - 2) for body in map(BODY, payloads))
    )
